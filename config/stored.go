package config

import (
	"maps"
	"slices"

	"github.com/fibonacco/fibonacco"
)

// storable are the keys that the database may hold: what a new company says of itself, which makes no
// difference to whether the program starts.
var storable = []string{
	"company.name", "company.postal_address", "http.public_url", "email.from_name", "email.from_email", "email.reply_to",
}

// WithStored is s with values of the database laid over the defaults, below everything that a file, a
// variable or a flag says. Keys that the database may not hold are left out: another version may have.
// Invalid names each value that is wrong. s stays as it is.
func (s *Settings) WithStored(stored map[string]string) (*Settings, error) {
	l := s.again()
	for _, path := range storable {
		text, said := stored[path]
		if layer := s.Origin(path).Layer; !said || layer != FromDefault && layer != FromDatabase {
			continue
		}
		l.set(l.byPath[path], text, Origin{Layer: FromDatabase, Where: "the database"})
	}
	return l.redo(s)
}

// WithFlag is s with one more flag, stronger than all else. Invalid when the value is wrong.
func (s *Settings) WithFlag(path, value, flag string) (*Settings, error) {
	l := s.again()
	l.set(l.byPath[path], value, Origin{Layer: FromFlag, Where: flag})
	return l.redo(s)
}

// again is a run of Read that knows what s was told, but for what the database held then.
func (s *Settings) again() *load {
	l := newLoad()
	l.schema, l.texts, l.origins = s.schema, maps.Clone(s.texts), maps.Clone(s.origins)
	for path, origin := range s.origins {
		if origin.Layer == FromDatabase {
			delete(l.texts, path)
			delete(l.origins, path)
		}
	}
	return l
}

func (l *load) redo(s *Settings) (*Settings, error) {
	fresh, err := l.decode()
	if err != nil {
		return nil, err
	}
	fresh.Config.Services = s.Config.Services
	return l.finish(fresh)
}

// layerSources are the layers as the domain calls them.
var layerSources = map[Layer]fibonacco.SettingSource{
	FromDefault: fibonacco.SourceDefault, FromDatabase: fibonacco.SourceDatabase, FromFile: fibonacco.SourceFile,
	FromEnv: fibonacco.SourceEnvironment, FromFlag: fibonacco.SourceFlag,
}

// Describe is every setting in force with what there is to say of it, secrets and the passwords
// inside URLs redacted.
func (s *Settings) Describe() (*fibonacco.SettingList, error) {
	values, err := s.Values()
	if err != nil {
		return nil, err
	}
	list := &fibonacco.SettingList{}
	for i, v := range values {
		lf := s.schema.leaves[i]
		group := groupOf(v.Path)
		if !slices.ContainsFunc(list.Groups, func(g fibonacco.SettingGroup) bool { return g.Name == group }) {
			list.Groups = append(list.Groups, fibonacco.SettingGroup{Name: group, About: s.schema.sections[group]})
		}
		one := fibonacco.Setting{
			Key: v.Path, Group: group, About: lf.Doc, Value: v.Value, Default: lf.Default, Unit: unitOf(lf), Variable: lf.Env, Secret: v.Secret,
			Source: layerSources[v.Origin.Layer], Where: v.Origin.Where, Storable: slices.Contains(storable, v.Path),
		}
		if v.Origin.Layer == FromDatabase {
			one.Where = ""
		}
		one.Editable = one.Storable && (one.Source == fibonacco.SourceDefault || one.Source == fibonacco.SourceDatabase)
		list.Settings = append(list.Settings, one)
	}
	return list, nil
}
