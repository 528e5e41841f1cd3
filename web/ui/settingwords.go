package ui

import (
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
)

var sourcesInOrder = []fibonacco.SettingSource{
	fibonacco.SourceFlag, fibonacco.SourceEnvironment, fibonacco.SourceFile, fibonacco.SourceDatabase, fibonacco.SourceDefault,
}

var sourceNames = map[fibonacco.SettingSource]string{
	fibonacco.SourceFlag: "Flag", fibonacco.SourceEnvironment: "Environment", fibonacco.SourceFile: "File", fibonacco.SourceDatabase: "Made here", fibonacco.SourceDefault: "Default",
}

// sourceBadge is where a value comes from: what somebody has set stands out from what is shipped.
func sourceBadge(s fibonacco.Setting) badge {
	switch {
	case s.Hidden:
		return badge{"", "Hidden"}
	case s.Source == fibonacco.SourceDefault:
		return badge{"", "Default"}
	}
	return badge{"ink", sourceNames[s.Source]}
}

var groupNames = map[string]string{
	"": "The program", "manifest_destiny": "Programme", "engagement": "Score and tiers", "rvm": "Ringless voicemail", "ai": "Assistant", "tracking": "Opens and clicks",
	"approvals": "Approvals", "email": "Outgoing mail", "company": "Company", "database": "Database", "redis": "Redis", "http": "Web server", "access": "Sessions",
	"oidc": "Single sign-on", "clock": "Clock", "queues": "Queues",
}

func groupName(group string) string {
	if name, ok := groupNames[group]; ok {
		return name
	}
	return capital(strings.ReplaceAll(group, "_", " "))
}

// settingName makes words of a key, without its group: "send_time.from_local" is "Send time, from local".
func settingName(s fibonacco.Setting) string {
	name := strings.TrimPrefix(s.Key, s.Group+".")
	parts := strings.Split(strings.ReplaceAll(name, "_", " "), ".")
	for i, p := range parts {
		words := strings.Fields(p)
		for j, w := range words {
			switch w {
			case "smtp", "ses", "dkim", "url", "api", "id", "oidc":
				words[j] = strings.ToUpper(w)
			}
		}
		parts[i] = strings.Join(words, " ")
	}
	return capital(strings.Join(parts, ", "))
}

// settingValue is a value in words; what is empty says so.
func settingValue(s fibonacco.Setting) string {
	switch {
	case s.Hidden:
		return "Only admins see whether it is set"
	case s.Secret && s.Value == "":
		return "Not set"
	case s.Secret:
		return "Set"
	case s.Value == "":
		return "Empty"
	case s.Value == "true":
		return "Yes"
	case s.Value == "false":
		return "No"
	}
	return s.Value
}

// settingUnit is what stands behind a number; a number of one is still said in the unit's plural, as
// in a table.
func settingUnit(s fibonacco.Setting) string {
	if s.Value == "" || s.Secret {
		return ""
	}
	return s.Unit
}

// secretShape is what of a secret may be shown: a URL without its passwords.
func secretShape(s fibonacco.Setting) string {
	if s.Secret && strings.Contains(s.Value, "://") {
		return s.Value
	}
	return ""
}

// settingWhere says what to change for another value.
func settingWhere(s fibonacco.Setting) string {
	switch s.Source {
	case fibonacco.SourceFlag:
		return fmt.Sprintf("Set by the flag %s. Change it where the program is started.", s.Where)
	case fibonacco.SourceEnvironment:
		return fmt.Sprintf("Set by the environment, %s. Change it there.", s.Where)
	case fibonacco.SourceFile:
		return fmt.Sprintf("Set by %s. Change it there.", s.Where)
	case fibonacco.SourceDatabase:
		return "Made on this site, and kept in the database."
	}
	return "What the program comes with."
}

// storedPage is the page that changes a setting of the database.
func storedPage(key string) string {
	if strings.HasPrefix(key, "email.") {
		return "/setup/domain"
	}
	return "/setup/company"
}

// findingBadge is the state of a finding or a record.
func findingBadge(state string) badge {
	switch state {
	case "ok":
		return badge{"leaf", "In order"}
	case "warning":
		return badge{"honey", "Look at it"}
	}
	return badge{"brick", "Missing or wrong"}
}

// findingAdvice is what to do, in words where the record stands on the page to be copied.
func findingAdvice(f fibonacco.DeliverabilityFinding, records []fibonacco.DNSRecord) string {
	for _, r := range records {
		if strings.HasPrefix(f.Advice, "Publish: "+r.Name+" ") {
			return "Publish the " + r.Type + " record of " + r.Name + "."
		}
	}
	return f.Advice
}

// reportSummary is what a look has found, in a sentence.
func reportSummary(r *fibonacco.DeliverabilityReport) string {
	failed, warned := 0, 0
	for _, f := range r.Findings {
		switch f.State {
		case "failed":
			failed++
		case "warning":
			warned++
		}
	}
	switch {
	case failed > 0 && warned > 0:
		return fmt.Sprintf("%s must be done, and %s deserve a look.", plural(failed, "thing", "things"), plural(warned, "other", "others"))
	case failed > 0:
		return plural(failed, "thing", "things") + " must be done before receivers believe your mail."
	case warned > 0:
		return "Nothing is broken; " + plural(warned, "thing deserves", "things deserve") + " a look."
	}
	return "Everything that receivers look at is in order."
}
