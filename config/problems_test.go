package config_test

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
)

// refusals are the fields of the Invalid error that Load must return.
func refusals(t testing.TB, opts config.Options) []fibonacco.FieldError {
	t.Helper()
	_, _, err := config.Load(opts)
	var e *fibonacco.Error
	if !errors.As(err, &e) || e.Code != fibonacco.Invalid || len(e.Fields) == 0 {
		t.Fatalf("got %v, want an Invalid error with fields", err)
	}
	return e.Fields
}

// refused checks that exactly one thing was refused, and why.
func refused(t testing.TB, opts config.Options, field, reason string) {
	t.Helper()
	got := refusals(t, opts)
	if len(got) != 1 || got[0].Field != field || !strings.Contains(got[0].Reason, reason) {
		t.Errorf("got %+v, want %s to be refused with %q", got, field, reason)
	}
}

func TestWrongValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 32)
	cases := []struct{ set, reason string }{
		{"manifest_destiny.total_days=0", "at least 1, not 0 (--set)"},
		{"manifest_destiny.total_days=ninety", `a whole number, not "ninety" (--set)`},
		{"manifest_destiny.total_days=", `a whole number, not ""`},
		{"manifest_destiny.campaigns_per_day.3=NEWS", `or none, not "NEWS"`},
		{"manifest_destiny.campaigns_per_day.3=", "or none"},
		{"manifest_destiny.plan_time_local=25:00", "a time of day"},
		{"manifest_destiny.plan_time_local=9:30", "a time of day"},
		{"manifest_destiny.send_time.choice=guessed", "must be fixed or learned"},
		{"manifest_destiny.send_time.until_local=07:00", "must not be before from_local"},
		{"manifest_destiny.send_time.explore=2", "must be 0 to 1"},
		{"manifest_destiny.quiet.weekdays=8", "at most 7"},
		{"manifest_destiny.quiet.weekdays=1,2,3,4,5,6,7", "must leave a day"},
		{"manifest_destiny.quiet.dates=24.12.", "must be dates"},
		{"manifest_destiny.quiet.action=wait", "must be move or skip"},
		{"manifest_destiny.frequency_cap.days=0", "at least 1"},
		{"manifest_destiny.subject_test.level=0", "more than 0"},
		{"manifest_destiny.event_retention_days=7", "must be 60 or more"},
		{"manifest_destiny.send_time_local=00:04", "must not be before plan_time_local, which is 00:05"},
		{"engagement.tiers.1.name= ", "must not be empty"},
		{"engagement.tiers.1.min_score=101", "at most 100"},
		{"engagement.tiers.2.min_score=80", "less than in tier 1, where it is 80"},
		{"engagement.tiers.4.min_score=1", "must be 0"},
		{"engagement.score_weights.email_open=-1", "at least 0"},
		{"engagement.score_caps.approval=1.5", "a whole number"},
		{"engagement.window_days=0", "at least 1"},
		{"rvm.provider=drop_cowgirl", "must be drop_cowboy or simulator"},
		{"rvm.trigger_after_hours=0", "at least 1"},
		{"rvm.send_time_local=10", "a time of day"},
		{"rvm.followup_email_delay_minutes=-5", "at least 0"},
		{"rvm.monthly_limits.4=-1", "at least 0"},
		{"rvm.require_consent=maybe", "true or false"},
		{"rvm.api=v3", "must be v2 or v1"},
		{"rvm.callback_number=5550142", "a number such as"},
		{"rvm.opt_out_number=+15555550142", "must be toll free"},
		{"rvm.window_until_local=09:00", "after window_from_local"},
		{"rvm.window_days=", "must name a day"},
		{"rvm.window_days=0,1", "at least 1"},
		{"rvm.endpoint=ftp://x", "must be a URL"},
		{"ai.persona=", "must not be empty"},
		{"ai.model=", "must not be empty"},
		{"ai.max_tokens=0", "at least 1"},
		{"email.from_name=", "must not be empty"},
		{"email.from_name=Sarah\r\nBcc: x", "one line"},
		{"email.from_email=Sarah <s@example.com>", "a bare mail address"},
		{"email.reply_to=nobody", "a bare mail address"},
		{"email.mailer=sendmail", "must be catcher, smtp or ses"},
		{"email.max_per_second=-1", "0 or more"},
		{"email.max_per_second=NaN", "a number"},
		{"email.retry_after_seconds=", "must have an entry"},
		{"email.retry_after_seconds=60,soon", `a whole number, not "soon"`},
		{"email.retry_after_seconds=60,0", "at least 1"},
		{"email.chunk_size=0", "at least 1"},
		{"queues.email.timeout=soon", "a duration"},
		{"company.name=", "must not be empty"},
		{"company.name=A\nB", "one line"},
		{"company.postal_address=\xff", "text in UTF-8"},
		{"database.url=mysql://db/f", "a URL such as postgres://"},
		{"database.url=sqlite://", "a URL such as postgres://"},
		{"database.max_connections=0", "at least 1"},
		{"redis.url=http://cache", "a URL such as redis://"},
		{"redis.url=redis://", "a URL such as redis://"},
		{"http.listen=8080", "an address and a port"},
		{"http.listen=:http", "an address and a port"},
		{"http.listen=my host:80", "an address and a port"},
		{"http.listen=:99999", "an address and a port"},
		{"http.public_url=news.example.com", "a URL such as https://"},
		{"http.public_url=ftp://news.example.com", "a URL such as https://"},
		{"http.public_url=https://", "a URL such as https://"},
		{"http.public_url=https://news.example.com?a=b", "before any ? or #"},
		{"http.public_url=https://news.example.com/#a", "before any ? or #"},
		{"http.public_url=https://me@news.example.com", "must not hold a user"},
		{"http.api_per_minute=0", "more than 0"},
		{"http.trust_proxy=10.0.0.0/8,proxy", `your own proxies, such as 10.0.0.0/8, not "proxy"`},
		{"http.trust_proxy=0.0.0.0/0", "your own proxies"},
		{"access.session_idle=4m", "at least 5m"},
		{"access.session_idle=721h", "at most 720h"},
		{"oidc.default_role=owner", "must be admin, manager, operator, viewer or empty"},
		{"oidc.group_roles=sales", "groups and roles such as sales=operator"},
		{"oidc.group_roles=sales=owner", "groups and roles"},
		{"oidc.group_roles==viewer", "groups and roles"},
		{"clock.start=2026-01-05", "a time with zone"},
		{"approvals.webhook_url=ftp://example.com", "a URL such as https://"},
		{"approvals.webhook_url=https://me:secret@example.com", "without a user"},
		{"approvals.webhook_secret=short", "at least 16"},
		{"alerts.webhook_url=ftp://example.com", "a URL such as https://"},
		{"alerts.webhook_secret=short", "at least 16"},
		{"alerts.mail=ann@example.com,ops", `e-mail addresses, not "ops"`},
		{"clock.scale=-1", "0 or more"},
		{"clock.scale=inf", "a number"},
		{"data_dir=", "must not be empty"},
		{"secret_key=" + long[1:], "part 1 has fewer"},
		{"secret_key=" + long + ",short", "part 2 has fewer"},
		{"secret_key=" + long + ",", "part 2 has fewer"},
		{"secret_key=" + strings.Repeat("ab", 15), "part 1 has fewer"},
		{"log_level=loud", "must be debug, info, warn or error"},
		{"email.domains=gmail.com", "gmail.com connections=4 rate=20"},
		{"email.domains=a.test rate=2, a.test rate=3", "named twice"},
		{"email.domains=a.test rate=-2", "0 or more"},
		{"email.domains=a.test speed=2", "connections and rate"},
		{"email.warmup.start=monday", "a date such as 2026-11-02"},
		{"email.warmup.first=0", "at least 1"},
		{"email.warmup.growth=1", "more than 1"},
		{"email.warmup.volumes=50,0", "at least 1"},
		{"email.smtp_url=http://mail", "a URL such as smtp://"},
		{"email.smtp_url=smtp://", "a URL such as smtp://"},
		{"email.smtp_url=smtp://mail:99999", "a URL such as smtp://"},
		{"email.smtp_url=smtp://mail?connections=many", "from 1 to 100 connections"},
		{"email.smtp_url=smtp://mail smtp://b?weight=0", "a weight from 1 to 1000"},
		{"email.smtp_url=smtp://mail,smtps://b?rate=quick", "a rate of mails per second"},
		{"email.smtp_url=smtp://mail,imap://b smtp://c", "a URL such as smtp://"},
		{"queues.email.balance=simple", "must be auto or none"},
		{"queues.email.min_processes=0", "at least 1"},
		{"queues.email.max_processes=4", "at least min_processes, which is 5, not 4"},
		{"queues.email.tries=0", "at least 1"},
		{"queues.email.timeout=0s", "at least 1s"},
		{"queues.email.wait_alert=25h", "at most 24h"},
	}
	for _, tc := range cases {
		t.Run(tc.set, func(t *testing.T) {
			t.Parallel()
			opts := options(t)
			opts.Set = []string{tc.set}
			path, _, _ := strings.Cut(tc.set, "=")
			refused(t, opts, path, tc.reason)
		})
	}
}

func TestValuesThatNeedOthers(t *testing.T) {
	t.Parallel()
	refused(t, options(t, "MAIL_MAILER=smtp"), "email.smtp_url", "is empty, and email.mailer is smtp")
	refused(t, options(t, "OIDC_ISSUER=https://login.example.com"), "oidc.client_id", "must not be empty")
	for issuer, reason := range map[string]string{
		"login.example.com": "a URL such as https://", "http://login.example.com": "must begin with https://", "https://me@login.example.com": "a URL such as https://",
	} {
		refused(t, options(t, "OIDC_CLIENT_ID=crm", "OIDC_ISSUER="+issuer), "oidc.issuer", reason)
	}
	refused(t, options(t, "OIDC_CLIENT_ID=crm"), "oidc.issuer", "is empty, and oidc.client_id is not")
	refused(t, options(t, "OIDC_ISSUER=https://login.example.com", "OIDC_CLIENT_ID=crm", "OIDC_SCOPES=openid"), "oidc.scopes", "must hold openid and email")
	refused(t, options(t, "DKIM_DOMAIN=example.com", "DKIM_SELECTOR=s1"), "email.dkim_key_file", "is empty")
	refused(t, options(t, "DKIM_DOMAIN=exam ple", "DKIM_SELECTOR=s1", "DKIM_KEY_FILE=k"), "email.dkim_domain", "a name in the DNS")
}

func TestWrongVariables(t *testing.T) {
	t.Parallel()
	empty := write(t, "empty", "\n")
	cases := []struct {
		env           []string
		field, reason string
	}{
		{[]string{"FIBONACCO_RVM_TRIGGER_AFTER_HOURS=1"}, "FIBONACCO_RVM_TRIGGER_AFTER_HOURS", "did you mean FIBONACCO_RVM__TRIGGER_AFTER_HOURS?"},
		{[]string{"FIBONACCO_SERCET_KEY=x"}, "FIBONACCO_SERCET_KEY", "did you mean FIBONACCO_SECRET_KEY?"},
		{[]string{"FIBONACCO_HELLO_WORLD=x"}, "FIBONACCO_HELLO_WORLD", "is not a known variable"},
		{[]string{"FIBONACCO_HTTP_PORT=80"}, "FIBONACCO_HTTP_PORT", "is not a known variable"},
		{[]string{"FIBONACCO_LOG_LEVEL_FILE=x"}, "FIBONACCO_LOG_LEVEL_FILE", "is not a known variable"}, // no secret
		{[]string{"MAIL_MAILER=pigeon"}, "email.mailer", "(MAIL_MAILER)"},
		{[]string{"FIBONACCO_EMAIL__MAILER=pigeon"}, "email.mailer", "(FIBONACCO_EMAIL__MAILER)"},
		{[]string{"AI_MODEL=a", "FIBONACCO_AI__MODEL=b"}, "ai.model", "is set twice, by AI_MODEL and by FIBONACCO_AI__MODEL"},
		{[]string{"SMTP_URL_FILE=/no/such/file"}, "SMTP_URL_FILE", "cannot be read"},
		{[]string{"DATABASE_URL_FILE=" + empty}, "DATABASE_URL_FILE", "an empty file"},
		{[]string{"DATABASE_URL_FILE=" + filepath.Dir(empty)}, "DATABASE_URL_FILE", "cannot be read"},
		{[]string{"DATABASE_URL_FILE=" + write(t, "big", strings.Repeat("x", 65<<10))}, "DATABASE_URL_FILE", "more than 64 KiB"},
		{
			[]string{"SMTP_URL=smtp://a", "SMTP_URL_FILE=" + write(t, "smtp", "smtp://b")},
			"email.smtp_url", "is set twice, by SMTP_URL and by SMTP_URL_FILE",
		},
		{[]string{"FIBONACCO_CONFIG=/no/such/file"}, "/no/such/file", "cannot be read: no such file"},
	}
	for _, tc := range cases {
		t.Run(tc.field, func(t *testing.T) {
			t.Parallel()
			refused(t, options(t, tc.env...), tc.field, tc.reason)
		})
	}
}

func TestForeignVariables(t *testing.T) {
	t.Parallel()
	read(t, options(t,
		"PATH=/bin", "FIBONACCO_TEST_POSTGRES=postgres://x", "AI_MODEL=a", "FIBONACCO_AI__MODEL=a",
		// What Kubernetes gives every container beside a service named fibonacco, or fibonacco-web.
		"FIBONACCO_SERVICE_HOST=10.0.0.1", "FIBONACCO_SERVICE_PORT=80", "FIBONACCO_SERVICE_PORT_HTTP=80",
		"FIBONACCO_PORT=tcp://10.0.0.1:80", "FIBONACCO_PORT_80_TCP=tcp://10.0.0.1:80", "FIBONACCO_PORT_80_TCP_ADDR=10.0.0.1",
		"FIBONACCO_WEB_PORT_80_TCP_PROTO=tcp", "FIBONACCO_WEB_SERVICE_HOST=10.0.0.2",
	))
}

func TestWrongFlags(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ field, reason string }{
		"rvm.triger_after_hours=1":  {"rvm.triger_after_hours", "did you mean rvm.trigger_after_hours?"},
		"trigger_after_hours=1":     {"trigger_after_hours", "did you mean rvm.trigger_after_hours?"},
		"RVM.Provider=simulator":    {"RVM.Provider", "did you mean rvm.provider?"},
		"rvm=1":                     {"rvm", "is not a known key"},
		"utterly.unlike.anything=1": {"utterly.unlike.anything", "is not a known key (--set)"},
		"email.mailer":              {"email.mailer", "needs a value: --set email.mailer=VALUE"},
		"=1":                        {"--set", "number 1 is not"},
		"":                          {"--set", "number 1 is not"},
		"c2VjcmV0IHNlY3JldA==":      {"--set", "number 1 is not"},
	}
	for set, want := range cases {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			opts := options(t)
			opts.Set = []string{set}
			refused(t, opts, want.field, want.reason)
		})
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, field, reason string }{
		"typo":               {"rvm:\n  provder: simulator\n", "rvm.provder", "is not a known key; did you mean rvm.provider? (FILE:2)"},
		"outside section":    {"provider: simulator\n", "provider", "did you mean rvm.provider? (FILE:1)"},
		"wrong value":        {"\n\nlog_level: loud\n", "log_level", `not "loud" (FILE:3)`},
		"no value":           {"ai:\n  max_tokens:\n", "ai.max_tokens", `a whole number, not "" (FILE:2)`},
		"twice":              {"data_dir: a\ndata_dir: b\n", "data_dir", "is given twice, first on line 1 (FILE:2)"},
		"value for section":  {"rvm: simulator\n", "rvm", "must be a section of keys (FILE:1)"},
		"section for value":  {"ai:\n  model: {name: x}\n", "ai.model", "takes a value, not a section (FILE:2)"},
		"list for value":     {"ai:\n  model: [a, b]\n", "ai.model", "takes one value, not a list (FILE:2)"},
		"list of lists":      {"email:\n  retry_after_seconds: [[1]]\n", "email.retry_after_seconds", "more than plain values (FILE:2)"},
		"unknown kind":       {"engagement:\n  score_weights:\n    email_opens: 3\n", "engagement.score_weights.email_opens", "did you mean engagement.score_weights.email_open?"},
		"fifth tier":         {"rvm:\n  monthly_limits:\n    5: 1\n", "rvm.monthly_limits.5", "is not a known key"},
		"eighth day":         {"manifest_destiny:\n  campaigns_per_day:\n    8: EDU\n", "manifest_destiny.campaigns_per_day.8", "is not a known key"},
		"list at the top":    {"- a\n", "FILE", "must be a section of keys"},
		"text at the top":    {"hello\n", "FILE", "must be a section of keys"},
		"two documents":      {"data_dir: a\n---\ndata_dir: b\n", "FILE", "more than one YAML document"},
		"not YAML":           {"rvm: [\n", "FILE", "cannot be read: line"},
		"no word":            {"? [a]\n: b\n", "FILE", "a key that is not a word (FILE:1)"},
		"unquoted star":      {"secret_key: *star\n", "FILE", "must stand in quotes"},
		"an alias of itself": {"rvm: &a\n  provider: *a\n", "rvm.provider", "takes a value, not a section"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := options(t)
			file := write(t, "f.yaml", tc.text)
			opts.Files = []string{file}
			refused(t, opts, strings.ReplaceAll(tc.field, "FILE", file), strings.ReplaceAll(tc.reason, "FILE", file))
		})
	}
	opts := options(t)
	opts.Files = []string{"/no/such/file.yaml"}
	refused(t, opts, "/no/such/file.yaml", "cannot be read: no such file or directory")
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	opts := options(t, "FIBONACCO_TYPO=1", "FIBONACCO_AI__MAX_TOKENS=many", "MAIL_MAILER=smtp")
	opts.Files = []string{write(t, "f.yaml", "rvm: {provider: x}\nnonsense: 1\n"), "/no/such/file"}
	opts.Set = []string{"log_level=loud", "oops"}
	var fields []string
	for _, f := range refusals(t, opts) {
		fields = append(fields, f.Field)
	}
	want := []string{
		"nonsense", "/no/such/file", "FIBONACCO_TYPO", "--set", "ai.max_tokens", "rvm.provider", "email.smtp_url", "log_level",
	}
	equal(t, "refused", slices.Sorted(slices.Values(fields)), slices.Sorted(slices.Values(want)))
}

// TestValidate is about configurations that were not loaded: their maps may hold anything.
func TestValidate(t *testing.T) {
	t.Parallel()
	fresh := func() fibonacco.Config { return read(t, options(t)).Config }
	if err := config.Validate(fresh()); err != nil {
		t.Error(err)
	}
	cases := map[string]func(*fibonacco.Config){
		"engagement.score_weights.callback":    func(c *fibonacco.Config) { delete(c.Engagement.ScoreWeights, "callback") },
		"engagement.score_caps.wave":           func(c *fibonacco.Config) { c.Engagement.ScoreCaps["wave"] = 1 },
		"engagement.tiers.3":                   func(c *fibonacco.Config) { delete(c.Engagement.Tiers, 3) },
		"engagement.tiers.5":                   func(c *fibonacco.Config) { c.Engagement.Tiers[5] = fibonacco.TierConfig{} },
		"rvm.monthly_limits.1":                 func(c *fibonacco.Config) { delete(c.RVM.MonthlyLimits, 1) },
		"rvm.monthly_limits.0":                 func(c *fibonacco.Config) { c.RVM.MonthlyLimits[0] = 1 },
		"manifest_destiny.campaigns_per_day.8": func(c *fibonacco.Config) { c.ManifestDestiny.CampaignsPerDay[8] = fibonacco.Edu },
	}
	for _, field := range slices.Sorted(maps.Keys(cases)) {
		c := fresh()
		cases[field](&c)
		var e *fibonacco.Error
		if err := config.Validate(c); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != field {
			t.Errorf("got %v, want %s to be refused", err, field)
		}
	}
}
