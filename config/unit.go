package config

import "strings"

// groupOf is the section that a key stands in, its first word: the sections below are part of it.
func groupOf(path string) string {
	group, _, inside := strings.Cut(path, ".")
	if !inside {
		return ""
	}
	return group
}

// units are of numbers whose key does not say it.
var units = map[string]string{
	"manifest_destiny.frequency_cap.mails": "mails", "manifest_destiny.frequency_cap.days": "days", "manifest_destiny.subject_test.min_sends": "mails",
	"email.max_per_second": "mails a second", "email.chunk_size": "mails", "email.warmup.first": "mails", "email.warmup.most": "mails",
	"email.warmup.growth": "times the day before", "email.warmup.volumes": "mails a day", "http.api_per_minute": "requests a minute",
	"ai.max_tokens": "tokens", "clock.scale": "seconds a second", "database.max_connections": "connections",
}

// endings are the units that keys say themselves.
var endings = [][2]string{
	{"_days", "days"}, {"_hours", "hours"}, {"_minutes", "minutes"}, {"_seconds", "seconds"}, {"_local", "local time"}, {"min_score", "points"}, {"_processes", "workers"}, {".tries", "attempts"},
}

// below are the units of whole sections.
var below = [][2]string{
	{"engagement.score_weights.", "points"}, {"engagement.score_caps.", "points"}, {"rvm.monthly_limits.", "voicemails a month"},
}

// unitOf is what the value of a key counts; "" for none.
func unitOf(lf *leaf) string {
	if unit, ok := units[lf.Path]; ok {
		return unit
	}
	for _, b := range below {
		if strings.HasPrefix(lf.Path, b[0]) {
			return b[1]
		}
	}
	for _, e := range endings {
		if strings.HasSuffix(lf.Path, e[0]) {
			return e[1]
		}
	}
	return ""
}
