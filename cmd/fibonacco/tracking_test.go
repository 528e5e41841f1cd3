package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTrackingCommands(t *testing.T) {
	dir := house(t)
	own := filepath.Join(dir, "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	try := func(want string, code int, args ...string) {
		t.Helper()
		got, out, errOut := do(t, args...)
		if got != code || !regexp.MustCompile(want).MatchString(out+errOut) {
			t.Errorf("fibonacco %s\n  exit %d, want %d\n  said %s%s\n  want %s", strings.Join(args, " "), got, code, out, errOut, want)
		}
	}
	try(`(?s)hidden_link +machine, certain.*person +human.*network proofpoint, not sure.*67\.231\.144\.0/20`, 0, "tracking", "rules")
	try(`(?m)^\{"id":"head","when":"method HEAD","verdict":"machine"`, 0, "tracking", "rules", "--json")
	try(`^machine, by rule program `, 0, "tracking", "explain", "--user-agent", "curl/8.4.0")
	try(`(?s)^unknown, by rule apple_mpp .*would also hold: person`, 0, "tracking", "explain", "--user-agent", "Mozilla/5.0", "--kind", "opened")
	try(`^machine, by rule head `, 0, "tracking", "explain", "--user-agent", "Firefox/127.0", "--method", "head")
	try(`^machine, by rule exchange_online `, 0, "tracking", "explain", "--user-agent", "Firefox/127.0", "--ip", "::ffff:40.107.1.1")
	try(`^machine, by rule too_soon_after_delivery `, 0, "tracking", "explain", "--user-agent", "Firefox/127.0", "--after-delivery", "1s")
	try(`^machine, by rule many_links `, 0, "tracking", "explain", "--user-agent", "Firefox/127.0", "--links", "3", "--within", "2s")
	try(`^machine, by rule after_hidden_link `, 0, "tracking", "explain", "--user-agent", "Firefox/127.0", "--after-hidden-link", "9s")
	try(`^\[\{"id":"person"`, 0, "tracking", "explain", "--user-agent", "Firefox/127.0", "--ip", "203.0.113.9", "--json")
	try(`--ip is not an address`, 2, "tracking", "explain", "--ip", "here")

	try(`(?s)^0 opens and clicks of 0 mails.*Nothing was changed`, 0, "tracking", "rejudge", "--since", "2026-11-01", "--dry-run")
	try(`--since must be like`, 2, "tracking", "rejudge", "--since", "yesterday")
	try(`no such e-mail`, 1, "tracking", "hits", "4711")
	try(`no such e-mail`, 1, "tracking", "override", "4711", "human", "--reason", "the owner rang")
	try(`reason must be`, 2, "tracking", "override", "4711", "machine")

	t.Setenv("TRACKING_RULES_FILE", own)
	write("rules:\n  - {id: all, verdict: unknown, confidence: guess, why: so, source: test}\n")
	try(`^unknown, by rule all `, 0, "tracking", "explain", "--user-agent", "curl/8.4.0")
	try(`judged again`, 0, "tracking", "rejudge")
	write("rules:\n  - {id: all, verdict: unknown, confidence: guess, why: so, source: test, since: 1970}\n")
	try(`(?s)tracking.rules_file: .*rules.yaml: .*since`, 2, "tracking", "rejudge")
}
