package config

import (
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	variablePrefix = "FIBONACCO_"
	fileSuffix     = "_FILE" // NAME_FILE names a file that holds the secret NAME
)

// otherVariables are ours, but set no key.
var otherVariables = map[string]string{
	"FIBONACCO_CONFIG":   "A fibonacco.yaml of your own.",
	"FIBONACCO_QUEUES":   "A queues.yaml of your own.",
	"FIBONACCO_SERVICES": "A services.yaml of your own.",
}

// environment reads "NAME=value" pairs. Empty ones count as not set.
func (l *load) environment(pairs []string) map[string]string {
	if pairs == nil {
		pairs = os.Environ()
	}
	env := map[string]string{}
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" {
			env[name] = value
		}
	}
	return env
}

// variables lays the environment over what was said so far.
func (l *load) variables(env map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if lf, ok := l.byVariable[name]; ok {
			l.variable(lf, name, env[name])
			continue
		}
		if lf, ok := l.byVariable[strings.TrimSuffix(name, fileSuffix)]; ok && lf.Secret {
			if text, ok := l.secretFile(name, env[name]); ok {
				l.variable(lf, name, text)
			}
			continue
		}
		if strings.HasPrefix(name, variablePrefix) && !isForeign(name, env[name]) {
			l.problem(name, "is not a known variable%s", didYouMean(name, l.variableNames()))
		}
	}
}

// variable takes one variable. A key that two of its variables set differently is refused, for
// nobody could say which was meant.
func (l *load) variable(lf *leaf, name, text string) {
	if before, ok := l.origins[lf.Path]; ok && before.Layer == FromEnv && l.texts[lf.Path] != text {
		l.problem(lf.Path, "is set twice, by %s and by %s", before.Where, name)
		return
	}
	l.set(lf, text, Origin{Layer: FromEnv, Where: name})
}

// secretFile reads a secret from the file that the variable names.
func (l *load) secretFile(variable, file string) (text string, ok bool) {
	f, err := os.Open(file)
	if err != nil {
		l.problem(variable, "names a file that cannot be read: %s", cause(err))
		return "", false
	}
	defer f.Close()
	const most = 64 << 10
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	text = strings.TrimSpace(string(raw))
	switch {
	case err != nil:
		l.problem(variable, "names a file that cannot be read: %s", cause(err))
	case len(raw) > most:
		l.problem(variable, "names a file of more than 64 KiB")
	case text == "":
		l.problem(variable, "names an empty file")
	default:
		return text, true
	}
	return "", false
}

// serviceLink matches the variables that Kubernetes gives every container for a service named
// fibonacco or fibonacco-web.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// isForeign is whether a FIBONACCO_ variable is not for this package.
func isForeign(name, value string) bool {
	_, ours := otherVariables[name]
	return ours ||
		strings.HasPrefix(name, "FIBONACCO_TEST_") || // for the project's own tests
		serviceLink.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

func (l *load) variableNames() []string {
	names := slices.Collect(maps.Keys(otherVariables))
	for name, lf := range l.byVariable {
		names = append(names, name)
		if lf.Secret {
			names = append(names, name+fileSuffix)
		}
	}
	slices.Sort(names)
	return names
}
