package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// validate reports every wrong value of c, by key.
func validate(c fibonacco.Config, report func(path, reason string)) {
	check := checker{report}
	check.programme(c.ManifestDestiny)
	check.engagement(c.Engagement)
	check.rvm(c.RVM)
	check.webhook("approvals.", c.Approvals.WebhookURL, c.Approvals.WebhookSecret)
	check.webhook("alerts.", c.Alerts.WebhookURL, c.Alerts.WebhookSecret)
	for _, address := range c.Alerts.Mail {
		if !fibonacco.ValidEmail(address) {
			check.report("alerts.mail", "must be e-mail addresses"+not(address))
		}
	}
	check.filled("ai.persona", c.AI.Persona)
	check.filled("ai.model", c.AI.Model)
	check.within("ai.max_tokens", c.AI.MaxTokens, 1, 1_000_000)
	check.email(c.Email)
	check.filled("company.name", c.Company.Name)
	check.oneLine("company.name", c.Company.Name)
	check.databaseURL("database.url", c.Database.URL)
	check.within("database.max_connections", c.Database.MaxConnections, 1, 1000)
	check.redisURL("redis.url", c.Redis.URL)
	check.listen("http.listen", c.HTTP.Listen)
	check.publicURL("http.public_url", c.HTTP.PublicURL)
	if c.HTTP.APIPerMinute <= 0 {
		report("http.api_per_minute", "must be more than 0"+notNumber(c.HTTP.APIPerMinute))
	}
	check.trustProxy("http.trust_proxy", c.HTTP.TrustProxy)
	check.lasts("access.session_idle", c.Access.SessionIdle, 5*time.Minute, 30*24*time.Hour)
	check.oidc(c.OIDC)
	if c.Clock.Start != "" {
		if _, err := time.Parse(time.RFC3339, c.Clock.Start); err != nil {
			report("clock.start", "must be a time with zone such as 2026-01-05T09:00:00-05:00"+not(c.Clock.Start))
		}
	}
	check.notNegative("clock.scale", c.Clock.Scale)
	validateServices(c.Services, report)
	check.filled("data_dir", c.DataDir)
	check.secretKey("secret_key", c.SecretKey)
	check.oneOf("log_level", c.LogLevel, "debug", "info", "warn", "error")
}

func (check checker) programme(c fibonacco.ManifestDestinyConfig) {
	const section = "manifest_destiny."
	check.within(section+"total_days", c.TotalDays, 1, 3660)
	types := []fibonacco.CampaignType{fibonacco.Hook, fibonacco.Edu, fibonacco.HowTo, fibonacco.Conv, fibonacco.Intro}
	for _, weekday := range sortedKeys(c.CampaignsPerDay) {
		path := fmt.Sprintf("%scampaigns_per_day.%d", section, weekday)
		if weekday < 1 || weekday > 7 {
			check.report(path, "must be a weekday of the programme, 1 to 7")
		}
		if kind := c.CampaignsPerDay[weekday]; !slices.Contains(types, kind) {
			check.report(path, "must be HOOK, EDU, HOWTO, CONV, INTRO or none"+not(string(kind)))
		}
	}
	planned := check.timeOfDay(section+"plan_time_local", c.PlanTimeLocal)
	sent := check.timeOfDay(section+"send_time_local", c.SendTimeLocal)
	if planned && sent && c.SendTimeLocal < c.PlanTimeLocal {
		check.report(section+"send_time_local", "must not be before plan_time_local, which is "+c.PlanTimeLocal+not(c.SendTimeLocal))
	}
	check.sendTime(c)
	check.quiet(c.Quiet)
	check.within(section+"frequency_cap.mails", c.FrequencyCap.Mails, 0, 1000)
	check.within(section+"frequency_cap.days", c.FrequencyCap.Days, 1, 366)
	check.oneOf(section+"subject_test.metric", c.SubjectTest.Metric, "opens", "clicks")
	if l := c.SubjectTest.Level; !(l > 0 && l <= 0.5) {
		check.report(section+"subject_test.level", "must be more than 0 and at most 0.5"+notNumber(l))
	}
	check.within(section+"subject_test.min_sends", c.SubjectTest.MinSends, 10, 1_000_000)
	check.within(section+"event_retention_days", c.EventRetentionDays, 0, 36600)
	if n := c.EventRetentionDays; n > 0 && n < 60 {
		check.report(section+"event_retention_days", "must be 60 or more, or 0: scores and bounces are counted over weeks"+notNumber(n))
	}
}

func (check checker) sendTime(c fibonacco.ManifestDestinyConfig) {
	const section = "manifest_destiny.send_time."
	check.oneOf(section+"choice", c.SendTime.Choice, "fixed", "learned")
	from := check.timeOfDay(section+"from_local", c.SendTime.FromLocal)
	until := check.timeOfDay(section+"until_local", c.SendTime.UntilLocal)
	if from && until && c.SendTime.UntilLocal < c.SendTime.FromLocal {
		check.report(section+"until_local", "must not be before from_local, which is "+c.SendTime.FromLocal+not(c.SendTime.UntilLocal))
	}
	if learned := c.SendTime.Choice == "learned"; learned && from && c.SendTime.FromLocal < c.PlanTimeLocal {
		check.report(section+"from_local", "must not be before plan_time_local, which is "+c.PlanTimeLocal+not(c.SendTime.FromLocal))
	}
	if e := c.SendTime.Explore; !(e >= 0 && e <= 1) {
		check.report(section+"explore", "must be 0 to 1"+notNumber(e))
	}
}

func (check checker) quiet(c fibonacco.QuietConfig) {
	const section = "manifest_destiny.quiet."
	seen := map[int]bool{}
	for _, day := range c.Weekdays {
		check.within(section+"weekdays", day, 1, 7)
		seen[day] = true
	}
	if len(seen) == 7 {
		check.report(section+"weekdays", "must leave a day on which mail goes")
	}
	for _, date := range c.Dates {
		if _, err := time.Parse("2006-01-02", date); err == nil {
			continue
		}
		if _, err := time.Parse("2006-01-02", "2024-"+date); err != nil {
			check.report(section+"dates", "must be dates such as 2026-12-24, or 12-24 for every year"+not(date))
		}
	}
	check.oneOf(section+"action", c.Action, "move", "skip")
}

// webhook checks where something is posted, and what signs it.
func (check checker) webhook(section, address, secret string) {
	u, err := url.Parse(address)
	switch n := len(secret); {
	case address != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != ""):
		check.report(section+"webhook_url", "must be a URL such as https://example.com/told, without a user or password")
	case n < 16 && (n > 0 || address != ""):
		check.report(section+"webhook_secret", "must have at least 16 characters")
	}
}

const tiers = 4

func (check checker) engagement(c fibonacco.EngagementConfig) {
	const section = "engagement."
	for n := 1; n <= tiers; n++ {
		path := fmt.Sprintf("%stiers.%d", section, n)
		tier, ok := c.Tiers[n]
		if !ok {
			check.report(path, "is missing")
			continue
		}
		check.filled(path+".name", tier.Name)
		check.within(path+".min_score", tier.MinScore, 0, 100)
		if above, ok := c.Tiers[n-1]; ok && tier.MinScore >= above.MinScore {
			check.report(path+".min_score", fmt.Sprintf("must be less than in tier %d, where it is %d%s", n-1, above.MinScore, notNumber(tier.MinScore)))
		}
		if n == tiers && tier.MinScore != 0 {
			check.report(path+".min_score", "must be 0, for every business has a tier"+notNumber(tier.MinScore))
		}
	}
	unknownTiers(check, section+"tiers", c.Tiers)
	check.kinds(section+"score_weights", c.ScoreWeights)
	check.kinds(section+"score_caps", c.ScoreCaps)
	check.within(section+"window_days", c.WindowDays, 1, 3660)
}

// kinds wants a number for each of the seven kinds and for nothing else.
func (check checker) kinds(section string, points map[fibonacco.EngagementKind]int) {
	for _, kind := range fibonacco.EngagementKinds {
		path := join(section, string(kind))
		if n, ok := points[kind]; ok {
			check.within(path, n, 0, 100)
		} else {
			check.report(path, "is missing")
		}
	}
	for _, kind := range sortedKeys(points) {
		if !slices.Contains(fibonacco.EngagementKinds, kind) {
			check.report(join(section, string(kind)), "is not a kind of engagement")
		}
	}
}

func (check checker) rvm(c fibonacco.RVMConfig) {
	check.oneOf("rvm.provider", c.Provider, "drop_cowboy", "simulator")
	check.within("rvm.trigger_after_hours", c.TriggerAfterHours, 1, 24*365)
	check.timeOfDay("rvm.send_time_local", c.SendTimeLocal)
	check.within("rvm.followup_email_delay_minutes", c.FollowupEmailDelayMinutes, 0, 60*24*30)
	for n := 1; n <= tiers; n++ {
		path := fmt.Sprintf("rvm.monthly_limits.%d", n)
		if limit, ok := c.MonthlyLimits[n]; ok {
			check.within(path, limit, 0, 1000)
		} else {
			check.report(path, "is missing")
		}
	}
	unknownTiers(check, "rvm.monthly_limits", c.MonthlyLimits)
	check.rvmWindow(c)
	check.rvmAccount(c)
}

// rvmWindow reports hours that hold no minute of the federal ones: the law is kept in any case, and
// then nothing would ever leave.
func (check checker) rvmWindow(c fibonacco.RVMConfig) {
	from := check.timeOfDay("rvm.window_from_local", c.WindowFromLocal)
	until := check.timeOfDay("rvm.window_until_local", c.WindowUntilLocal)
	if from && until && c.WindowUntilLocal <= c.WindowFromLocal {
		check.report("rvm.window_until_local", "must be after window_from_local, which is "+c.WindowFromLocal+not(c.WindowUntilLocal))
	}
	if len(c.WindowDays) == 0 {
		check.report("rvm.window_days", "must name a day, such as 1 for Monday")
	}
	for _, day := range c.WindowDays {
		check.within("rvm.window_days", day, 1, 7)
	}
}

// rvmAccount reports what is missing beside the key of a provider, without which nothing is dropped.
func (check checker) rvmAccount(c fibonacco.RVMConfig) {
	check.oneOf("rvm.api", c.API, "v2", "v1")
	check.publicURL("rvm.endpoint", c.Endpoint)
	numbers := map[string]string{"rvm.callback_number": c.CallbackNumber, "rvm.opt_out_number": c.OptOutNumber}
	for _, path := range sortedKeys(numbers) {
		if n := numbers[path]; n != "" && !usNumber(n) {
			check.report(path, "must be a number such as +15555550142"+not(n))
		}
	}
	if c.OptOutNumber != "" && usNumber(c.OptOutNumber) && c.OptOutNumber[2] != '8' {
		check.report("rvm.opt_out_number", "must be toll free, such as +18005550100"+not(c.OptOutNumber))
	}
	if c.Key == "" || c.Provider != "drop_cowboy" {
		return
	}
	needed := map[string]string{
		"rvm.secret": c.Secret, "rvm.voice_id": c.VoiceID, "rvm.callback_number": c.CallbackNumber, "rvm.opt_out_number": c.OptOutNumber,
	}
	if c.API == "v1" {
		needed["rvm.brand_id"] = c.BrandID
	}
	for _, path := range sortedKeys(needed) {
		if needed[path] == "" {
			check.report(path, "is empty, and rvm.key is not: voicemails need it")
		}
	}
}

// usNumber reports whether text is a number of ten digits after +1.
func usNumber(text string) bool {
	digits, ok := strings.CutPrefix(text, "+1")
	return ok && len(digits) == 10 && strings.Trim(digits, "0123456789") == ""
}

func unknownTiers[V any](check checker, section string, m map[int]V) {
	for _, n := range sortedKeys(m) {
		if n < 1 || n > tiers {
			check.report(fmt.Sprintf("%s.%d", section, n), "is not a tier, 1 to 4")
		}
	}
}

func (check checker) email(c fibonacco.EmailConfig) {
	check.filled("email.from_name", c.FromName)
	check.oneLine("email.from_name", c.FromName)
	check.address("email.from_email", c.FromEmail)
	check.address("email.reply_to", c.ReplyTo)
	check.oneOf("email.mailer", c.Mailer, "catcher", "smtp", "ses")
	if c.Mailer == "smtp" && c.SMTPURL == "" {
		check.report("email.smtp_url", "is empty, and email.mailer is smtp: set SMTP_URL")
	}
	check.smtpURL("email.smtp_url", c.SMTPURL)
	check.notNegative("email.max_per_second", c.MaxPerSecond)
	if _, err := fibonacco.ParseDomainLimits(c.Domains); err != nil {
		check.report("email.domains", err.Error())
	}
	check.warmup(c.Warmup)
	if len(c.RetryAfter) == 0 {
		check.report("email.retry_after_seconds", "must have an entry, such as 60")
	}
	for _, seconds := range c.RetryAfter {
		check.within("email.retry_after_seconds", seconds, 1, 7*24*60*60)
	}
	check.within("email.chunk_size", c.ChunkSize, 1, 10_000)
	check.dkim(c)
}

func (check checker) warmup(c fibonacco.WarmupConfig) {
	if _, err := time.Parse(time.DateOnly, c.Start); c.Start != "" && err != nil {
		check.report("email.warmup.start", "must be a date such as 2026-11-02"+not(c.Start))
	}
	check.within("email.warmup.first", c.First, 1, 1_000_000)
	if !(c.Growth > 1 && c.Growth <= 10) {
		check.report("email.warmup.growth", "must be more than 1 and at most 10"+notNumber(c.Growth))
	}
	check.within("email.warmup.most", c.Most, 1, 1_000_000_000)
	for _, n := range c.Volumes {
		check.within("email.warmup.volumes", n, 1, 1_000_000_000)
	}
}

func (check checker) dkim(c fibonacco.EmailConfig) {
	given := map[string]string{
		"email.dkim_domain":   c.DKIMDomain,
		"email.dkim_selector": c.DKIMSelector,
		"email.dkim_key_file": c.DKIMKeyFile,
	}
	if c.DKIMDomain+c.DKIMSelector+c.DKIMKeyFile == "" {
		return
	}
	for _, path := range sortedKeys(given) {
		if given[path] == "" {
			check.report(path, "is empty: to sign mails, give the domain, the selector and the key file")
		}
	}
	for _, path := range []string{"email.dkim_domain", "email.dkim_selector"} {
		if strings.ContainsFunc(given[path], notDNS) {
			check.report(path, "must be a name in the DNS"+not(given[path]))
		}
	}
}
