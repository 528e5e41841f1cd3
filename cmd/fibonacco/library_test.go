package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const foreignCampaign = `{"campaign": {"id": "howto_3", "week": 1, "day": 3, "type": "howto", "title": "Ask for a review",
  "subject": "[Business Name]: ask for a review", "landing_page": "ask-for-a-review", "template": "main"},
  "slides": [{"component": "HeroSlide", "title": "Ask", "content": ["One", {"two": "Two"}], "narration": "Ask for it.", "duration_seconds": 5}],
  "emails": {"main": {"subject": "[Business Name]: ask for a review", "preview_text": "It takes a minute", "body": "Hi {{first_name}},\n\nAsk.\n\n[SEE HOW →]"}}}`

// What comes in, of our form and of others, goes out as files that bring in nothing new.
func TestLibraryGoesInAndOut(t *testing.T) {
	dir := house(t)
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.Mkdir(in, 0o750); err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("../../library/HOOK-001.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"HOOK-001.md": string(own), "howto.json": foreignCampaign,
		"late.json": strings.ReplaceAll(strings.ReplaceAll(foreignCampaign, "howto_3", "howto_4"), `"ask-for-a-review"`, `"ask-again"`),
	} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"campaigns", "lint", in}, 0, "late.json:1: warning: day: is unplaced: day 3 belongs to HOWTO-003"},
		{[]string{"campaigns", "import", in}, 0, "3 campaigns are in, 3 of them new or changed."},
		{[]string{"campaigns", "import", in, "--json"}, 0, `"changed":0`},
		{[]string{"campaigns", "export", out}, 0, "3 of 3 campaigns are in " + out},
		{[]string{"campaigns", "export", out, "--json"}, 0, `"written":3`},
		{[]string{"campaigns", "import", out, "--json"}, 0, `"campaigns":3,"changed":0,"errors":0`},
		{[]string{"campaigns", "stats", "HOOK-001"}, 0, "HOOK-001,0,0,0"},
		{[]string{"campaigns", "stats", "--json"}, 0, `"campaign_id":"HOWTO-004"`},
		{[]string{"campaigns", "stats", "HOOK-999"}, 1, "there is no campaign"},
	} {
		code, said, errOut := do(t, step.args...)
		if code != step.code || !strings.Contains(said+errOut, step.want) {
			t.Errorf("fibonacco %s: exit %d\n%s\n%s", strings.Join(step.args, " "), code, said, errOut)
		}
	}
	file, err := os.ReadFile(filepath.Join(out, "HOWTO-003.md"))
	if err != nil || !strings.Contains(string(file), "strict: false") || !strings.Contains(string(file), "subject: '{{ business_name }}: ask for a review'") {
		t.Errorf("%v\n%s", err, file)
	}
	if err := os.WriteFile(filepath.Join(out, "HOOK-001.md"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said, _ := do(t, "campaigns", "export", out); code != 3 || !strings.Contains(said, "is there already") {
		t.Errorf("a file of somebody's: exit %d, %s", code, said)
	}
}
