package voicemail_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/library"
)

func TestUnfit(t *testing.T) {
	t.Parallel()
	svc, err := voicemail.New(voicemail.Options{Config: testConfig()})
	must(t, err)
	const start = "This is a recorded message from Town Media. To stop these messages, call (800) 555-0100, toll free. "
	for name, tc := range map[string]struct{ text, want string }{
		"fine":                 {start + "Thank you.", ""},
		"nobody":               {"Hello. To stop these messages, call (800) 555-0100.", "whom it is from"},
		"identity late":        {"Hello there, I hope you are well and that business is good this week. Town Media here. Call (800) 555-0100 to stop.", "begin with"},
		"no way out":           {"This is a recorded message from Town Media. Thank you.", "number to stop"},
		"the way out is first": {"Call (800) 555-0100 to stop. This is Town Media.", "after whom"},
		"the way out is late":  {"This is a recorded message from Town Media. " + strings.Repeat("We have news for you. ", 6) + "To stop, call (800) 555-0100.", "at its beginning"},
		"too long":             {start + strings.Repeat("And another thing. ", 32), "seconds"},
		"too many letters":     {start + strings.Repeat("antidisestablishmentarianism", 45), "characters"},
	} {
		if got := svc.Unfit(tc.text); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// Every voicemail of the shipped library may be spoken, to a business with long names too.
func TestLibraryScriptsAreFit(t *testing.T) {
	t.Parallel()
	svc, err := voicemail.New(voicemail.Options{Config: testConfig()})
	must(t, err)
	entries, problems := format.Load(library.FS)
	if len(entries) == 0 {
		t.Fatal(problems)
	}
	n := 0
	for _, e := range entries {
		c := e.Campaign
		if c.RVMScript == "" {
			continue
		}
		n++
		for _, contact := range []string{"", "Maximiliano Featherstonehaugh"} {
			text, err := svc.Written(c.RVMScript, contact, "Featherstonehaugh and Daughters Family Bakery and Catering")
			must(t, err)
			if why := svc.Unfit(text); why != "" {
				t.Errorf("%s: %s", c.ID, why)
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d scripts", n)
	}
}
