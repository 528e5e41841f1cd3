package config_test

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
)

var update = flag.Bool("update", false, "write ../.env.example anew")

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// contains is strings.Contains with FILE in part standing for a path.
func contains(text, part, file string) bool {
	return strings.Contains(text, strings.ReplaceAll(part, "FILE", file))
}

func TestKeys(t *testing.T) {
	t.Parallel()
	secrets := []string{"rvm.key", "rvm.secret", "rvm.webhook_secret", "email.smtp_url", "database.url", "redis.url", "secret_key", "oidc.client_secret", "approvals.webhook_secret", "alerts.webhook_secret"}
	seen := map[string]bool{}
	for _, k := range config.Keys() {
		if k.Doc == "" || k.Env == "" {
			t.Errorf("%s has no explanation or no variable: %+v", k.Path, k)
		}
		if seen[k.Path] || seen[k.Env] {
			t.Errorf("%s or %s is there twice", k.Path, k.Env)
		}
		seen[k.Path], seen[k.Env] = true, true
		equal(t, k.Path+" is a secret", k.Secret, slices.Contains(secrets, k.Path))
	}
	equal(t, "a key", config.Keys()[slices.IndexFunc(config.Keys(), func(k config.Key) bool { return k.Path == "rvm.provider" })], config.Key{
		Path: "rvm.provider", Env: "RVM_PROVIDER", Default: "drop_cowboy",
		Doc: "Who drops the voicemails: drop_cowboy, or simulator, which calls nobody.",
	})
}

// TestEveryFieldIsAKey finds fields of the structs that the shipped files forgot.
func TestEveryFieldIsAKey(t *testing.T) {
	t.Parallel()
	var paths []string
	for _, k := range config.Keys() {
		paths = append(paths, k.Path)
	}
	var check func(typ reflect.Type, path string)
	check = func(typ reflect.Type, path string) {
		switch {
		case typ.Kind() == reflect.Struct:
			for field := range typ.Fields() {
				if tag := field.Tag.Get("yaml"); tag != "-" {
					check(field.Type, strings.TrimPrefix(path+"."+tag, "."))
				}
			}
		case typ.Kind() == reflect.Map:
			if !slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, path+".") }) {
				t.Errorf("%s has no entries", path)
			}
		case !slices.Contains(paths, path):
			t.Errorf("%s is no key", path)
		}
	}
	check(reflect.TypeFor[fibonacco.Config](), "")
	for _, name := range []string{"email", "rvm", "ai", "default"} {
		check(reflect.TypeFor[config.Supervisor](), "queues."+name)
	}
}

// TestEnvExample keeps ../.env.example current; go generate writes it.
func TestEnvExample(t *testing.T) {
	t.Parallel()
	const path = "../.env.example"
	var want bytes.Buffer
	if err := config.WriteEnvExample(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error(".env.example is not current: run go generate ./config")
	}
}

// TestEnvExampleIsComplete reads the committed file as an operator would, and does not trust
// what wrote it.
func TestEnvExampleIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^#?([A-Z][A-Z0-9_]*)=(.*)$`)
	var listed, environ []string
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		m := line.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		if !strings.HasPrefix(lines[i-1], "# ") {
			t.Errorf("%s is not explained", m[1])
		}
		listed = append(listed, m[1])
		environ = append(environ, m[1]+"="+strings.Trim(m[2], "'"))
	}
	var want []string
	for _, k := range config.Keys() {
		want = append(want, k.Env)
		if k.Secret {
			want = append(want, k.Env+"_FILE")
		}
	}
	want = append(want, "FIBONACCO_CONFIG", "FIBONACCO_QUEUES", "FIBONACCO_SERVICES")
	slices.Sort(want)
	slices.Sort(listed)
	equal(t, "variables", listed, want)

	// All of it uncommented is the default configuration.
	equal(t, "configuration", read(t, options(t, environ...)).Config, read(t, options(t)).Config)
}
