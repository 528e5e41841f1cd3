package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
)

func TestVoicemailCommands(t *testing.T) {
	dir := house(t)
	for _, name := range []string{"RVM_PROVIDER", "RVM_KEY", "RVM_SECRET", "RVM_WEBHOOK_SECRET"} {
		t.Setenv(name, "")
	}
	t.Setenv("RVM_PROVIDER", "simulator")
	t.Setenv("RVM_CALLBACK_NUMBER", "+17185550100")
	t.Setenv("RVM_OPT_OUT_NUMBER", "+18005550100")
	list := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(list, []byte("Business Name,Email,Phone\r\n\"PIZZA, INC.\",owner@pizza.example,(305) 555-0142\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		args []string
		code int
		want string // a pattern of all that is said
	}{
		{[]string{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York"}, 0, `Added`},
		{[]string{"import", list, "--community", "red-hook", "--json"}, 0, `"created":1`},
		{[]string{"voicemail", "status"}, 0, `simulator, which calls nobody`},
		{[]string{"voicemail", "check", "owner@pizza.example", "--at", "2026-03-03T11:00"}, 0, `(?s)Tue 3 March 2026, 11:00 EST: no voicemail \(no_consent\).*no +consent: there is no written consent.*FCC 22-85.*Fla\. Stat\..*yes  hours of FL in America/New_York.*The next time.*Wed 4 March 2026, 10:00`},
		{[]string{"voicemail", "check", "1", "--at", "2026-03-08T11:00"}, 0, `no +company hours`},
		{[]string{"voicemail", "check", "1", "--at", "teatime"}, 2, `must be a time`},
		{[]string{"voicemail", "check", "owner@nobody.example"}, 1, `no such business`},
		{[]string{"voicemail", "list", "--smb", "1", "--filter", "status=delivered,failed"}, 0, `^$`},
		{[]string{"voicemail", "list", "--filter", "status=lost"}, 2, `filter\[status\]`},
		{[]string{"voicemail", "pause", "--reason", "state of emergency"}, 0, `Voicemails are paused by .*: state of emergency`},
		{[]string{"voicemail", "check", "1"}, 0, `no +lane: voicemails are paused`},
		{[]string{"voicemail", "resume", "--json"}, 0, `"paused":false`},
		{[]string{"explain", "1"}, 0, `The programme has not been started`},
	} {
		code, out, errOut := do(t, s.args...)
		if code != s.code || !regexp.MustCompile(s.want).MatchString(out+errOut) {
			t.Errorf("fibonacco %s\n  exit %d, want %d\n  said %s%s\n  want %s", strings.Join(s.args, " "), code, s.code, out, errOut, s.want)
		}
	}
	_, out, _ := do(t, "voicemail", "check", "1", "--json")
	var p fibonacco.VoicemailPermission
	if err := json.Unmarshal([]byte(out), &p); err != nil || p.Allowed || len(p.Rules) < 12 {
		t.Errorf("JSON: %v, %s", err, out)
	}
	t.Setenv("RVM_OPT_OUT_NUMBER", "")
	if _, out, _ := do(t, "voicemail", "status"); !strings.Contains(out, "not set up") {
		t.Errorf("without numbers: %s", out)
	}
}
