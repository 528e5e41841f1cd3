package config_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
)

// What the database holds counts for more than a default and less than all else.
func TestWithStored(t *testing.T) {
	t.Parallel()
	file := write(t, "own.yaml", "company:\n  name: Of the file\n")
	for name, tc := range map[string]struct {
		env, flags []string
		files      []string
		want       string
		layer      config.Layer
	}{
		"over a default":     {want: "Of the database", layer: config.FromDatabase},
		"under a file":       {files: []string{file}, want: "Of the file", layer: config.FromFile},
		"under a variable":   {env: []string{"COMPANY_NAME=Of the variable"}, want: "Of the variable", layer: config.FromEnv},
		"under a flag":       {flags: []string{"company.name=Of the flag"}, want: "Of the flag", layer: config.FromFlag},
		"under all together": {files: []string{file}, env: []string{"COMPANY_NAME=V"}, flags: []string{"company.name=F"}, want: "F", layer: config.FromFlag},
	} {
		opts := options(t, tc.env...)
		opts.Files, opts.Set = tc.files, tc.flags
		base := read(t, opts)
		was := base.Config.Company.Name
		s, err := base.WithStored(map[string]string{"company.name": "Of the database", "data_dir": "/etc", "colour": "red"})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name, s.Config.Company.Name, tc.want)
		equal(t, name+": layer", s.Origin("company.name").Layer, tc.layer)
		equal(t, name+": what may not be stored", s.Config.DataDir, "./data")
		equal(t, name+": the rest", [2]any{s.Config.Email, s.Config.HTTP}, [2]any{base.Config.Email, base.Config.HTTP})
		equal(t, name+": queues and services", [2]any{s.Supervisors, s.Config.Services}, [2]any{base.Supervisors, base.Config.Services})
		equal(t, name+": the first stays", base.Config.Company.Name, was)
		again, err := s.WithStored(nil)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name+": taken away again", again.Config.Company.Name, was)
	}
}

func TestWithStoredRefuses(t *testing.T) {
	t.Parallel()
	_, err := read(t, options(t)).WithStored(map[string]string{"email.from_email": "sarah at x", "http.public_url": "ftp://x"})
	for _, want := range []string{"email.from_email must be a bare mail address", "http.public_url must be a URL"} {
		if fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(fieldsOf(err), want) {
			t.Errorf("%q is missing in %v %s", want, err, fieldsOf(err))
		}
	}
}

func fieldsOf(err error) string {
	var b strings.Builder
	if known, ok := err.(*fibonacco.Error); ok { //nolint:errorlint // the package returns it bare
		for _, f := range known.Fields {
			b.WriteString(f.Field + " " + f.Reason + "\n")
		}
	}
	return b.String()
}

func TestWithFlag(t *testing.T) {
	t.Parallel()
	base := read(t, options(t, "FIBONACCO_LISTEN=127.0.0.1:1"))
	s, err := base.WithFlag("http.listen", "localhost:9000", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "address", s.Config.HTTP.Listen, "localhost:9000")
	equal(t, "what follows from it", s.Config.HTTP.PublicURL, "http://localhost:9000")
	equal(t, "origin", s.Origin("http.listen").String(), "flag --listen")
	if _, err := base.WithFlag("http.listen", "nowhere", "--listen"); fibonacco.CodeOf(err) != fibonacco.Invalid {
		t.Errorf("no address: %v", err)
	}
}

// Every setting can be shown: with a section, a sentence, its variable, and without a secret.
func TestDescribe(t *testing.T) {
	t.Parallel()
	s, err := read(t, options(t, "SMTP_URL=smtp://user:hunter2@mail.example.com", "MAIL_MAX_PER_SECOND=5", "FIBONACCO_SECRET_KEY="+strings.Repeat("k", 40))).
		WithStored(map[string]string{"company.name": "Port Avery Local"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Describe()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "how many", len(list.Settings), len(config.Keys()))
	groups := map[string]bool{}
	for _, g := range list.Groups {
		if groups[g.Name] || g.Name != "" && g.About == "" {
			t.Errorf("the group %+v", g)
		}
		groups[g.Name] = true
	}
	for _, one := range list.Settings {
		if one.About == "" || one.Variable == "" || one.Source == "" || !groups[one.Group] {
			t.Errorf("%+v", one)
		}
		if strings.Contains(one.Value+one.Default, "hunter2") || strings.Contains(one.Value, "kkkk") {
			t.Errorf("%s tells a secret", one.Key)
		}
	}
	rate, name, key := list.Find("email.max_per_second"), list.Find("company.name"), list.Find("secret_key")
	equal(t, "a number", [4]string{rate.Value, rate.Unit, string(rate.Source), rate.Where}, [4]string{"5", "mails a second", "environment", "MAIL_MAX_PER_SECOND"})
	equal(t, "of the database", [3]any{name.Source, name.Editable, name.Where}, [3]any{fibonacco.SourceDatabase, true, ""})
	equal(t, "a secret", [3]any{key.Secret, key.Editable, key.Value != ""}, [3]any{true, false, true})
	if list.Find("nothing") != nil {
		t.Error("what is not there is found")
	}
}
