package config

import (
	"fmt"

	"github.com/fibonacco/fibonacco"
)

// Options says where settings come from beside the embedded defaults.
type Options struct {
	// Files are laid over the defaults, a later one over an earlier. A missing one is an error.
	// When none is named, fibonacco.yaml in Dir and then the file that $FIBONACCO_CONFIG names
	// are used; only the former may be missing.
	Files []string
	// QueueFile is laid over queues.yaml. "" means queues.yaml in Dir, which may be missing,
	// and then the file that $FIBONACCO_QUEUES names.
	QueueFile string
	// The services of services.yaml in Dir, which may be missing, and of the file that
	// $FIBONACCO_SERVICES names are laid over the shipped ones by type.
	//
	// Dir is where unnamed files are looked for; "" means the working directory.
	Dir string
	// Environ is the environment as "NAME=value"; nil means the process's own, empty means none.
	Environ []string
	// Set are the flags, "rvm.trigger_after_hours=12"; a later one wins.
	Set []string
}

// Load reads all settings in the order defaults < file < environment < flag. It returns an Invalid
// error that names every unknown key, unreadable file and wrong value at once, each with the
// file and line, or the variable, that it came from.
func Load(opts Options) (fibonacco.Config, []Supervisor, error) {
	s, err := Read(opts)
	if err != nil {
		return fibonacco.Config{}, nil, err
	}
	return s.Config, s.Supervisors, nil
}

// Settings is what Load reads, with the origin of each value.
type Settings struct {
	// Config holds no empty HTTP.PublicURL, unless the port to listen on is 0: see PublicURL.
	Config fibonacco.Config
	// Supervisors are in the order of the queue file.
	Supervisors []Supervisor

	schema  *schema
	origins map[string]Origin
	texts   map[string]string // what was said of each key, by the layer that counts
}

// Read is Load for those who also want to know where values came from. It fails alike.
func Read(opts Options) (*Settings, error) {
	l := newLoad()
	env := l.environment(opts.Environ)
	for _, name := range l.fileNames(opts.Files, env["FIBONACCO_CONFIG"], opts.Dir, "fibonacco.yaml") {
		l.file(name, "")
	}
	var queueFiles []string
	if opts.QueueFile != "" {
		queueFiles = []string{opts.QueueFile}
	}
	for _, name := range l.fileNames(queueFiles, env["FIBONACCO_QUEUES"], opts.Dir, "queues.yaml") {
		l.file(name, queuesSection)
	}
	l.variables(env)
	for i, flag := range opts.Set {
		l.flag(i, flag)
	}
	l.checkSupervisors()
	s, err := l.decode()
	if err != nil {
		return nil, err
	}
	s.Config.Services = l.services(l.fileNames(nil, env["FIBONACCO_SERVICES"], opts.Dir, "services.yaml"))
	return l.finish(s)
}

// finish refuses what is wrong, and fills in what follows from the rest.
func (l *load) finish(s *Settings) (*Settings, error) {
	validate(s.Config, l.refuse)
	validateSupervisors(s.Supervisors, l.refuse)
	if len(l.problems) > 0 {
		return nil, problems(l.problems)
	}
	s.Config.HTTP.PublicURL = publicURL(s.Config.HTTP)
	return s, nil
}

// Validate returns an Invalid error that names every key of c with a wrong value, for a
// configuration that was not loaded, or was changed since.
func Validate(c fibonacco.Config) error {
	var found []fibonacco.FieldError
	validate(c, func(path, reason string) {
		found = append(found, fibonacco.FieldError{Field: path, Reason: reason})
	})
	return problems(found)
}

// Layer is which of the sources a value came from.
type Layer string

// The layers, from the weakest to the strongest.
const (
	FromDefault  Layer = "default"
	FromDatabase Layer = "database" // see Settings.WithStored
	FromFile     Layer = "file"
	FromEnv      Layer = "env"
	FromFlag     Layer = "flag"
)

// Origin is where a value came from.
type Origin struct {
	Layer Layer  `json:"layer"`
	Where string `json:"where"` // "fibonacco.yaml:12", "RVM_PROVIDER", "--set"; "" for a default
}

func (o Origin) String() string {
	if o.Where == "" {
		return string(o.Layer)
	}
	return string(o.Layer) + " " + o.Where
}

// Origin is where the value of a key came from; a key that nothing set comes from the defaults.
func (s *Settings) Origin(path string) Origin {
	if o, ok := s.origins[path]; ok {
		return o
	}
	return Origin{Layer: FromDefault}
}

func problems(found []fibonacco.FieldError) error {
	what := "1 problem"
	if len(found) != 1 {
		what = fmt.Sprintf("%d problems", len(found))
	}
	return fibonacco.InvalidFields("the configuration has "+what, found)
}
