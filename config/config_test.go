package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
)

// options are Options that see nothing of this machine but the given variables.
func options(t testing.TB, environ ...string) config.Options {
	t.Helper()
	return config.Options{Dir: t.TempDir(), Environ: append([]string{}, environ...)}
}

func read(t testing.TB, opts config.Options) *config.Settings {
	t.Helper()
	s, err := config.Read(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write makes a file in a folder of its own and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// TestDefaults holds the defaults against the specification, literally.
func TestDefaults(t *testing.T) {
	t.Parallel()
	got, _, err := config.Load(options(t))
	if err != nil {
		t.Fatal(err)
	}
	got.Services = nil // services_test.go looks at these
	equal(t, "defaults", got, fibonacco.Config{
		Alerts: fibonacco.AlertsConfig{Mail: []string{}},
		ManifestDestiny: fibonacco.ManifestDestinyConfig{
			TotalDays:       90,
			CampaignsPerDay: map[int]fibonacco.CampaignType{1: "HOOK", 2: "EDU", 4: "HOWTO", 6: "HOWTO"},
			PlanTimeLocal:   "00:05",
			SendTimeLocal:   "10:00",
			SendTime:        fibonacco.SendTimeConfig{Choice: "fixed", FromLocal: "08:00", UntilLocal: "18:00", Explore: 0.1},
			Quiet:           fibonacco.QuietConfig{Weekdays: []int{}, Dates: []string{}, Action: "move"},
			FrequencyCap:    fibonacco.FrequencyConfig{Days: 7},
			SubjectTest:     fibonacco.SubjectTestConfig{Metric: "opens", Level: 0.05, MinSends: 200},
		},
		Engagement: fibonacco.EngagementConfig{
			Tiers: map[int]fibonacco.TierConfig{
				1: {Name: "Premium", MinScore: 80},
				2: {Name: "Engaged", MinScore: 50},
				3: {Name: "Active", MinScore: 20},
				4: {Name: "Passive", MinScore: 0},
			},
			ScoreWeights: map[fibonacco.EngagementKind]int{
				"email_open": 5, "email_click": 10, "content_view": 8, "content_complete": 15,
				"approval": 25, "meeting_scheduled": 30, "callback": 20,
			},
			ScoreCaps: map[fibonacco.EngagementKind]int{
				"email_open": 25, "email_click": 30, "content_view": 20, "content_complete": 30,
				"approval": 50, "meeting_scheduled": 30, "callback": 40,
			},
			WindowDays: 30,
		},
		RVM: fibonacco.RVMConfig{
			Provider:                  "drop_cowboy",
			TriggerAfterHours:         24,
			SendTimeLocal:             "10:00",
			FollowupEmailDelayMinutes: 5,
			MonthlyLimits:             map[int]int{1: 4, 2: 2, 3: 1, 4: 0},
			RequireConsent:            true,
			API:                       "v2", WindowFromLocal: "10:00", WindowUntilLocal: "18:00", WindowDays: []int{1, 2, 3, 4, 5},
		},
		AI: fibonacco.AIConfig{Persona: "sarah", Model: "claude-sonnet-4-20250514", MaxTokens: 1024},
		Email: fibonacco.EmailConfig{
			FromName:  "Sarah",
			FromEmail: "sarah@fibonacco.com",
			ReplyTo:   "reply@fibonacco.com",
			Mailer:    "catcher",
			SESTopics: []string{}, Domains: []string{}, Warmup: fibonacco.WarmupConfig{First: 50, Growth: 1.5, Most: 100000, Volumes: []int{}}, ReceiveListen: "127.0.0.1:2525", RetryAfter: []int{60, 300, 900},
			ChunkSize: 500,
		},
		Company:  fibonacco.CompanyConfig{Name: "Your Local Media Company"},
		Database: fibonacco.DatabaseConfig{MaxConnections: 20},
		HTTP:     fibonacco.HTTPConfig{Listen: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080", APIPerMinute: 6000, TrustProxy: []string{}},
		Access:   fibonacco.AccessConfig{SessionIdle: 72 * time.Hour},
		OIDC: fibonacco.OIDCConfig{
			Name: "Single sign-on", Scopes: []string{"openid", "email", "profile"}, GroupsClaim: "groups", GroupRoles: []string{},
		},
		Clock:    fibonacco.ClockConfig{Scale: 1},
		DataDir:  "./data",
		LogLevel: "info",
	})
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	first := write(t, "first.yaml", "rvm:\n  trigger_after_hours: 1\n  provider: simulator\n")
	second := write(t, "second.yaml", "rvm: {trigger_after_hours: 2}\nai:\n")
	const path, variable = "rvm.trigger_after_hours", "FIBONACCO_RVM__TRIGGER_AFTER_HOURS"
	cases := []struct {
		name  string
		files []string
		env   []string
		set   []string
		hours int
		from  string
	}{
		{name: "nothing", hours: 24, from: "default"},
		{name: "file", files: []string{first}, hours: 1, from: "file " + first + ":2"},
		{name: "later file", files: []string{first, second}, hours: 2, from: "file " + second + ":1"},
		{name: "environment over file", files: []string{first}, env: []string{variable + "=3"}, hours: 3, from: "env " + variable},
		{name: "empty variable counts as not set", files: []string{first}, env: []string{variable + "="}, hours: 1, from: "file " + first + ":2"},
		{
			name: "flag over all", files: []string{first}, env: []string{variable + "=3"}, set: []string{path + "=4", path + " = 5"},
			hours: 5, from: "flag --set",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			opts := options(t, tc.env...)
			opts.Files, opts.Set = tc.files, tc.set
			s := read(t, opts)
			equal(t, path, s.Config.RVM.TriggerAfterHours, tc.hours)
			equal(t, "origin", s.Origin(path).String(), tc.from)
			if tc.files != nil {
				equal(t, "the file's other key", s.Config.RVM.Provider, "simulator")
			}
			equal(t, "a key beside it", s.Config.RVM.FollowupEmailDelayMinutes, 5)
		})
	}
}

func TestUnnamedFiles(t *testing.T) {
	t.Parallel()
	local := write(t, "fibonacco.yaml", "data_dir: local\nai: {persona: local}\n")
	other := write(t, "other.yaml", "data_dir: other\n")
	named := write(t, "named.yaml", "log_level: warn\n")

	opts := config.Options{Dir: filepath.Dir(local), Environ: []string{}}
	equal(t, "data_dir of the local file", read(t, opts).Config.DataDir, "local")

	opts.Environ = []string{"FIBONACCO_CONFIG=" + other}
	s := read(t, opts)
	equal(t, "data_dir of $FIBONACCO_CONFIG", s.Config.DataDir, "other")
	equal(t, "ai.persona of the local file", s.Config.AI.Persona, "local")

	opts.Files = []string{named}
	s = read(t, opts)
	equal(t, "data_dir beside a named file", s.Config.DataDir, "./data")
	equal(t, "log_level of the named file", s.Config.LogLevel, "warn")
}

func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	want := read(t, options(t)).Config
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n", "---\n# nothing\n", "rvm:\n  # provider: simulator\nai: ~\n"} {
		opts := options(t)
		opts.Files = []string{write(t, "empty.yaml", text)}
		equal(t, text, read(t, opts).Config, want)
	}
}

// TestEveryKeyBySource sets each key to its default through each source that can.
func TestEveryKeyBySource(t *testing.T) {
	t.Parallel()
	want := read(t, options(t))
	sources := map[string]func(config.Key) (env, set string){
		"variable": func(k config.Key) (string, string) { return k.Env + "=" + k.Default, "" },
		"generic variable": func(k config.Key) (string, string) {
			return "FIBONACCO_" + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "__")) + "=" + k.Default, ""
		},
		"flag": func(k config.Key) (string, string) { return "", k.Path + "=" + k.Default },
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := options(t)
			for _, k := range config.Keys() {
				env, set := source(k)
				if set != "" {
					opts.Set = append(opts.Set, set)
				} else {
					opts.Environ = append(opts.Environ, env)
				}
			}
			s := read(t, opts)
			equal(t, "configuration", s.Config, want.Config)
			equal(t, "supervisors", s.Supervisors, want.Supervisors)
			for _, k := range config.Keys() {
				if k.Default != "" && s.Origin(k.Path).Layer == config.FromDefault {
					t.Errorf("%s was not taken", k.Path)
				}
			}
		})
	}
}

func TestNamedVariables(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("k", 32)
	c := read(t, options(t,
		"RVM_PROVIDER=simulator", "AI_MODEL=m", "MAIL_FROM_ADDRESS=a@example.com", "MAIL_REPLY_TO=r@example.com", "MAIL_FROM_NAME=Ann",
		"DATABASE_URL=postgres://u:p@db/f", "REDIS_URL=redis://cache:6379", "FIBONACCO_LISTEN=[::]:80",
		"FIBONACCO_DATA_DIR=/data", "FIBONACCO_SECRET_KEY="+secret, "FIBONACCO_CLOCK_START=2026-01-05T09:00:00-05:00",
		"FIBONACCO_CLOCK_SCALE=0.5", "FIBONACCO_LOG_LEVEL=debug", "MAIL_MAILER=smtp", "SMTP_URL=smtps://u:p@mail?connections=3",
		"MAIL_MAX_PER_SECOND=14", "DKIM_DOMAIN=example.com", "DKIM_SELECTOR=s1", "DKIM_KEY_FILE=/key.pem",
		"COMPANY_NAME=News", "COMPANY_POSTAL_ADDRESS=1 Main St", "FIBONACCO_PUBLIC_URL=https://news.example.com/f/",
		"FIBONACCO_ENGAGEMENT__SCORE_WEIGHTS__EMAIL_OPEN=6", "FIBONACCO_MANIFEST_DESTINY__CAMPAIGNS_PER_DAY__3=EDU",
		"FIBONACCO_MANIFEST_DESTINY__CAMPAIGNS_PER_DAY__6=none", "FIBONACCO_EMAIL__RETRY_AFTER_SECONDS=1, 2",
		"FIBONACCO_RVM__REQUIRE_CONSENT=off", "FIBONACCO_TRUST_PROXY=10.0.0.0/8, 192.0.2.7", "FIBONACCO_SESSION_IDLE=12h",
		"OIDC_ISSUER=https://login.example.com", "OIDC_CLIENT_ID=crm", "OIDC_CLIENT_SECRET=s", "OIDC_NAME=Login", "OIDC_SCOPES=openid,email",
		"OIDC_DEFAULT_ROLE=viewer", "OIDC_GROUPS_CLAIM=teams", "OIDC_GROUP_ROLES=sales=operator",
	)).Config
	equal(t, "company", c.Company, fibonacco.CompanyConfig{Name: "News", PostalAddress: "1 Main St"})
	equal(t, "ai.model", c.AI.Model, "m")
	equal(t, "rvm.provider", c.RVM.Provider, "simulator")
	equal(t, "rvm.require_consent", c.RVM.RequireConsent, false)
	equal(t, "email", c.Email, fibonacco.EmailConfig{
		SESTopics: []string{}, Domains: []string{}, Warmup: fibonacco.WarmupConfig{First: 50, Growth: 1.5, Most: 100000, Volumes: []int{}}, ReceiveListen: "127.0.0.1:2525", FromName: "Ann", FromEmail: "a@example.com", ReplyTo: "r@example.com", Mailer: "smtp",
		SMTPURL: "smtps://u:p@mail?connections=3", MaxPerSecond: 14, RetryAfter: []int{1, 2}, ChunkSize: 500,
		DKIMDomain: "example.com", DKIMSelector: "s1", DKIMKeyFile: "/key.pem",
	})
	equal(t, "database", c.Database, fibonacco.DatabaseConfig{URL: "postgres://u:p@db/f", MaxConnections: 20})
	equal(t, "redis", c.Redis.URL, "redis://cache:6379")
	equal(t, "http", c.HTTP, fibonacco.HTTPConfig{Listen: "[::]:80", PublicURL: "https://news.example.com/f", APIPerMinute: 6000, TrustProxy: []string{"10.0.0.0/8", "192.0.2.7"}})
	equal(t, "access", c.Access, fibonacco.AccessConfig{SessionIdle: 12 * time.Hour})
	equal(t, "oidc", c.OIDC, fibonacco.OIDCConfig{
		Issuer: "https://login.example.com", ClientID: "crm", ClientSecret: "s", Name: "Login", Scopes: []string{"openid", "email"},
		DefaultRole: fibonacco.Viewer, GroupsClaim: "teams", GroupRoles: []string{"sales=operator"},
	})
	equal(t, "clock", c.Clock, fibonacco.ClockConfig{Start: "2026-01-05T09:00:00-05:00", Scale: 0.5})
	equal(t, "program", []string{c.DataDir, c.SecretKey, c.LogLevel}, []string{"/data", secret, "debug"})
	equal(t, "weight", c.Engagement.ScoreWeights["email_open"], 6)
	equal(t, "week", c.ManifestDestiny.CampaignsPerDay, map[int]fibonacco.CampaignType{1: "HOOK", 2: "EDU", 3: "EDU", 4: "HOWTO"})
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("s", 40)
	c := read(t, options(t,
		"FIBONACCO_SECRET_KEY_FILE="+write(t, "key", key+"\n"),
		"DATABASE_URL_FILE="+write(t, "db", "postgres://u:p@db/f\r\n"),
		"SMTP_URL_FILE="+write(t, "smtp", "smtp://u:p@mail:587"),
	)).Config
	equal(t, "secrets", []string{c.SecretKey, c.Database.URL, c.Email.SMTPURL}, []string{key, "postgres://u:p@db/f", "smtp://u:p@mail:587"})
}

func TestProcessEnvironment(t *testing.T) {
	t.Setenv("AI_MODEL", "from-process")
	c, _, err := config.Load(config.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "ai.model", c.AI.Model, "from-process")
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080",
		":80":            "http://127.0.0.1:80",
		"0.0.0.0:8080":   "http://127.0.0.1:8080",
		"[::]:8080":      "http://127.0.0.1:8080",
		"news.local:81":  "http://news.local:81",
		"127.0.0.1:0":    "",
	} {
		opts := options(t)
		opts.Set = []string{"http.listen=" + listen}
		equal(t, listen, read(t, opts).Config.HTTP.PublicURL, want)
	}
	equal(t, "the port that the system chose", config.PublicURL("[::]:49152"), "http://127.0.0.1:49152")
}

func TestReadyToServe(t *testing.T) {
	t.Parallel()
	key := "FIBONACCO_SECRET_KEY=" + strings.Repeat("k", 32)
	smtp := []string{"MAIL_MAILER=smtp", "SMTP_URL=smtp://mail:25"}
	real := append([]string{"COMPANY_POSTAL_ADDRESS=1 Main St", "COMPANY_NAME=News", "FIBONACCO_PUBLIC_URL=https://news.example.com"}, smtp...)
	rvm := []string{"RVM_KEY=k", "RVM_SECRET=s", "RVM_VOICE_ID=v", "RVM_CALLBACK_NUMBER=+17185550100", "RVM_OPT_OUT_NUMBER=+18005550100"}
	cases := map[string]struct {
		env      []string
		refused  string
		warnings int
	}{
		"defaults":                       {},
		"real mail without an address":   {env: smtp, refused: "company.postal_address", warnings: 2},
		"real mail":                      {env: real},
		"real mail on a virtual clock":   {env: append([]string{"FIBONACCO_CLOCK_SCALE=60"}, real...), warnings: 1},
		"shared database without a key":  {env: []string{"DATABASE_URL=postgres://db/f"}, refused: "secret_key"},
		"shared database":                {env: []string{"DATABASE_URL=postgres://db/f", key}},
		"real voicemails":                {env: append([]string{"RVM_WEBHOOK_SECRET=s"}, rvm...)},
		"results come once":              {env: rvm, warnings: 1},
		"without consent":                {env: append([]string{"RVM_WEBHOOK_SECRET=s", "FIBONACCO_RVM__REQUIRE_CONSENT=no"}, rvm...), warnings: 1},
		"simulated voicemails":           {env: []string{"RVM_PROVIDER=simulator", "RVM_OPT_OUT_NUMBER=+18005550100"}, warnings: 1},
		"real voicemails, virtual hours": {env: append([]string{"RVM_WEBHOOK_SECRET=s", "FIBONACCO_CLOCK_SCALE=60"}, rvm...), refused: "rvm.key"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			warnings, err := config.ReadyToServe(read(t, options(t, tc.env...)).Config)
			equal(t, "warnings", len(warnings), tc.warnings)
			var e *fibonacco.Error
			switch {
			case tc.refused == "" && err != nil:
				t.Error(err)
			case tc.refused != "" && (!errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != tc.refused):
				t.Errorf("got %v, want %s to be refused", err, tc.refused)
			}
		})
	}
}
