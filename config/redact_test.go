package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/config"
)

// show is all that can be shown of some settings: the table, the JSON, and the error if there is one.
func show(t testing.TB, opts config.Options) string {
	t.Helper()
	s, err := config.Read(opts)
	if err != nil {
		text, _ := json.Marshal(err)
		return err.Error() + string(text)
	}
	var out bytes.Buffer
	if err := config.Print(&out, s); err != nil {
		t.Fatal(err)
	}
	values, err := s.Values()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return out.String() + string(text)
}

func TestPrint(t *testing.T) {
	t.Parallel()
	file := write(t, "f.yaml", "data_dir: ' x'\nemail:\n  smtp_url: smtp://me:hunter2@mail:587?connections=4&token=hunter3\n")
	opts := options(t, "FIBONACCO_SECRET_KEY="+strings.Repeat("hunter2", 5), "DATABASE_URL=postgres://app:hunter2@db/f?sslmode=require")
	opts.Files = []string{file}
	opts.Set = []string{"company.postal_address=1 Main St\nTown", "redis.url=redis://:hunter2@cache:6379/1"}
	got := show(t, opts)
	for _, want := range []string{
		"KEY VALUE FROM",
		"rvm.trigger_after_hours 24 default",
		"manifest_destiny.campaigns_per_day.3 none default",
		"email.smtp_url smtp://me:[redacted]@mail:587?connections=4&[redacted] file " + file + ":3",
		"database.url postgres://app:[redacted]@db/f?sslmode=require env DATABASE_URL",
		"redis.url redis://[redacted]@cache:6379/1 flag --set",
		"secret_key [redacted] env FIBONACCO_SECRET_KEY",
		`company.postal_address "1 Main St\nTown" flag --set`,
		`email.dkim_domain "" default`,
		"queues.email.timeout 5m default",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "hunter") {
		t.Errorf("a secret shows in\n%s", got)
	}
}

// TestSecretsNeverShow puts a password wherever one could end up, right or wrong.
func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	const secret = "Hunter2Hunter2Hunter2Hunter2Hunter2"
	urls := []string{
		"%s", "smtp://u:%s@mail", "smtp://%[1]s:%[1]s@mail", "smtp://%s@mail", "smtp://:%s@mail", "smtp://u:1/%s@mail", "smtp://u:1?%s@mail",
		"smtp://u:1#%s@mail", "smtp://u:%%zz%s@mail", "smtp://u:a@%s@mail", "smtp://u:a b%s@mail", "smtp://mail?password=%s", "smtp://mail?%s",
		"smtp://mail?connections=2&x=%s", "smtp:%s", "://%s", "postgres://u:%s@db/f", "postgres://db/f?password=%s", "host=db password=%s",
		"redis://u:%s@cache", "redis://cache?password=%s", "unix:///s?password=%s", "sqlite:///f?key=%s", "http://u:%s@host", "*%s", "!%s x", "!!int %s", "!!binary %s", "!!null %s", "&%s x", "\xff%s",
		"smtp://a?weight=2 smtp://u:%s@mail", "smtp://u:%s@mail,smtp://b", "smtp://u:1,smtp://%s@mail", "smtp://a smtp://b?client_secret=%s&rate=3",
		"https://host/#%s", "smtp://u:1:%s@mail", "smtp://u:[%s@mail", "smtp://mail:%s",
	}
	keys := []string{"secret_key", "email.smtp_url", "database.url", "redis.url"}
	for _, url := range urls {
		value := url
		if strings.Contains(url, "%") {
			value = fmt.Sprintf(url, secret)
		}
		var tries []config.Options
		for _, path := range keys {
			section, key, nested := strings.Cut(path, ".")
			flags, env, file, missing, list := options(t), options(t), options(t), options(t), options(t)
			flags.Set = []string{path + "=" + value, value, value + "=" + value, "--" + path + " " + value}
			env.Environ = []string{"FIBONACCO_" + strings.ToUpper(strings.ReplaceAll(path, ".", "__")) + "=" + value, "FIBONACCO_X=" + value}
			text := path + ": " + value + "\n"
			if nested {
				text = section + ":\n  " + key + ": " + value + "\n"
			}
			file.Files = []string{write(t, "f.yaml", text)}
			missing.Files = []string{write(t, "f.yaml", section+": "+value+"\n")}
			list.Files = []string{write(t, "f.yaml", section+": ["+value+", {"+value+": 1}]\n"+value+"\n")}
			tries = append(tries, flags, env, file, missing, list)
		}
		for i, opts := range tries {
			if got := show(t, opts); strings.Contains(got, secret) {
				t.Errorf("%s, try %d shows the secret:\n%s", url, i, got)
			}
		}
	}
	misplaced := options(t, "MAIL_MAILER=smtp://u:"+secret+"@mail", "FIBONACCO_PUBLIC_URL=https://u:"+secret+"@host?x", "FIBONACCO_LISTEN=redis://:"+secret+"@h")
	if got := show(t, misplaced); strings.Contains(got, secret) {
		t.Errorf("a misplaced URL shows its password:\n%s", got)
	}
}

// FuzzFile throws anything at the reader of files: it is taken, or refused with a reason.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"rvm:\n  provider: simulator\n", "rvm: &a\n  provider: *a\n", "<<: {a: b}\n", "email: {retry_after_seconds: [1, *x]}", "---\n---\n",
		"? [a]\n: b", "queues:\n  x: &x\n    x: *x\n", "data_dir: !!binary aGk=", "ai: {max_tokens: !!int x}", "\xff", "\t", "%YAML 9", "clock: {scale: .inf}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		opts := config.Options{Dir: "testdata", Environ: []string{}, Files: []string{file}}
		if s, err := config.Read(opts); err != nil {
			refusals(t, opts)
		} else if err := config.Validate(s.Config); err != nil {
			t.Errorf("%q was taken, but is invalid: %v", text, err)
		}
	})
}

// FuzzSet throws anything at --set: it is taken or refused with a reason, and a secret that was taken
// never shows.
func FuzzSet(f *testing.F) {
	for _, seed := range []string{
		"rvm.trigger_after_hours=12", "rvm.provider", "=", "", "a=b=c", "email.retry_after_seconds=1,,2", "queues.email.timeout=1e9",
		"secret_key=Hunter2Hunter2Hunter2Hunter2Hunter2", "email.smtp_url=smtp://u:Hunter2@mail:25", "clock.scale=0x1p-2", "queues.x.tries=1",
		"manifest_destiny.campaigns_per_day.3=none", "company.name=\x00\xff", "http.public_url=http://[::1]:80///", "redis.url=redis://Hunter2@h",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, set string) {
		opts := config.Options{Dir: "testdata", Environ: []string{}, Set: []string{set}}
		s, err := config.Read(opts)
		if err != nil {
			refusals(t, opts)
			return
		}
		path, value, ok := strings.Cut(set, "=")
		path = strings.TrimSpace(path)
		if !ok || s.Origin(path).Layer != config.FromFlag {
			t.Fatalf("%q was taken, but for which key?", set)
		}
		if err := config.Validate(s.Config); err != nil {
			t.Errorf("%q was taken, but is invalid: %v", set, err)
		}
		if got := show(t, opts); path == "secret_key" && len(value) >= 32 && strings.Contains(got, value) {
			t.Errorf("%q shows in\n%s", value, got)
		}
	})
}
