package format_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/campaign/format"
)

// TestRules breaks a clean file in one place and looks for the one problem.
func TestRules(t *testing.T) {
	long := strings.Repeat("word ", 30)
	cases := map[string]struct {
		file     string // HOOK-001.md when ""
		old, new string
		severity format.Severity
		field    string
		message  string
	}{
		"unknown key":              {"", "meeting_topic:", "meeting:", format.Error, "meeting", "unknown key"},
		"unknown key in a slide":   {"", "    seconds: 12", "    seconds: 12\n    color: red", format.Error, "slides[0].color", "unknown key"},
		"key twice":                {"", "week: 1\n", "week: 1\nweek: 1\n", format.Error, "week", "twice"},
		"missing key":              {"", "title: A page you control\n", "", format.Error, "title", "missing"},
		"missing key in a slide":   {"", "    seconds: 12\n", "", format.Error, "slides[0].seconds", "missing"},
		"number for text":          {"", "title: A page you control", "title: 2024", format.Error, "title", "quotation"},
		"text for number":          {"", "week: 1\n", "week: one\n", format.Error, "week", "whole number"},
		"text for list":            {"", "upsells:\n  - review_automation\n  - appointment_booking\n  - coupon_campaign\n", "upsells: all\n", format.Error, "upsells", "list"},
		"empty text":               {"", "title: A page you control", "title: ' '", format.Error, "title", "empty"},
		"id pattern":               {"", "id: HOOK-001", "id: HOOK-1", format.Error, "id", "three digits"},
		"id of another type":       {"", "id: HOOK-001", "id: EDU-001", format.Error, "id", "HOOK-"},
		"file name":                {"", "id: HOOK-001", "id: HOOK-003", format.Warning, "id", "HOOK-001.md"},
		"unknown type":             {"", "type: HOOK", "type: PUSH", format.Error, "type", "HOOK, EDU"},
		"week":                     {"", "week: 1\n", "week: 2\n", format.Error, "week", "day 1 is in week 1"},
		"weekday":                  {"", "day: 1\n", "day: 2\n", format.Error, "day", "weekday 2"},
		"day out of range":         {"", "day: 1\n", "day: 92\n", format.Error, "day", "1 to 90"},
		"intro has no day":         {"WELCOME-PREMIUM.md", "day: 0\n", "day: 1\n", format.Error, "day", "outside the programme"},
		"slug pattern":             {"", "slug: a-page-you-control", "slug: A-page", format.Error, "slug", "small letters"},
		"slug of the title":        {"", "slug: a-page-you-control", "slug: a-page", format.Warning, "slug", "a-page-you-control"},
		"title too long":           {"", "title: A page you control", "title: " + strings.Repeat("x", 256), format.Error, "title", "255"},
		"subject length":           {"", "if you want it'", "if you want it today'", format.Warning, "subject", "at most 50"},
		"subject pretends":         {"", "subject: 'A page", "subject: 'Re: A page", format.Warning, "subject", "answer"},
		"subject exclaims":         {"", "if you want it'", "if you do!'", format.Warning, "subject", "exclamation"},
		"subject emoji":            {"", "if you want it'", "if you do 🎉'", format.Warning, "subject", "emoji"},
		"subject shouts":           {"", "if you want it'", "if you INSIST'", format.Warning, "subject", "capitals"},
		"subject all capitals":     {"EDU-001.md", "'Three things local search mainly looks at'", "'WHAT A MAP IS'", format.Warning, "subject", "capitals"},
		"preheader short":          {"", "preheader: 'Hours, phone, what you do: one place. Nothing is public until you confirm.'", "preheader: 'Hours.'", format.Warning, "preheader", "40 to 85"},
		"unknown service":          {"", "service: listing_claim", "service: magic", format.Error, "service", "not a service"},
		"foreign upsell":           {"", "  - review_automation\n", "  - late_fees\n", format.Error, "upsells[0]", "not offered after"},
		"upsell twice":             {"", "  - appointment_booking\n", "  - review_automation\n", format.Error, "upsells[1]", "twice"},
		"upsell left out":          {"", "  - appointment_booking\n", "", format.Warning, "upsells", "leaves out"},
		"service without button":   {"", "approval_button: Set up my page", "approval_button: null", format.Error, "approval_button", "missing"},
		"button without service":   {"EDU-001.md", "approval_button: null", "approval_button: Go", format.Error, "approval_button", "needs a service"},
		"learning button":          {"", "upsells:", "learning_button: Look\nupsells:", format.Warning, "learning_button", "without a service"},
		"unknown component":        {"", "component: HeroSlide", "component: VideoSlide", format.Warning, "slides[0].component", "no layout"},
		"headline":                 {"", "headline: Yes, or not now", "headline: one two three four five six seven eight nine ten", format.Warning, "slides[5].headline", "at most 9"},
		"seconds":                  {"", "seconds: 12\n", "seconds: 13\n", format.Warning, "slides[0].seconds", "28 words take 12"},
		"email too long":           {"", "One offer today.", long, format.Warning, "email", "120 to 200"},
		"email with a link":        {"", "One offer today.", "See https://x.example.", format.Warning, "email", "link"},
		"email missing":            {"", "# Email", "# E-mail", format.Error, "", "unknown section"},
		"article twice":            {"", "### Two cautions", "# Article\n", format.Error, "article", "twice"},
		"text before the sections": {"", "---\n\n# Email", "---\n\nHello\n\n# Email", format.Error, "", `before "# Email"`},
		"article too long":         {"", "Those facts exist.", strings.Repeat(long, 10), format.Warning, "article", "500 to 900"},
		"voicemail missing":        {"", "rvm_script: |", "rvm_script: null\nmeeting_topic2: |", format.Error, "rvm_script", "INTRO"},
		"voicemail opening":        {"", "This is a recorded message from", "Hello from", format.Error, "rvm_script", "begin with"},
		"voicemail opt-out late":   {"", "To stop these messages, call {{ opt_out_number }}, toll free.\n  Hello {{ first_name | default: \"there\" }}.", "Hello {{ first_name | default: \"there\" }}. To stop these messages, call {{ opt_out_number }}, toll free.", format.Error, "rvm_script", "right after"},
		"voicemail toll free":      {"", ", toll free", "", format.Error, "rvm_script", "toll free"},
		"voicemail says AI":        {"", "an AI account manager, using", "an account manager, using", format.Error, "rvm_script", `"AI"`},
		"voicemail without number": {"", "Call {{ callback_number }}", "Reply", format.Error, "rvm_script", "number to call"},
		"voicemail too long":       {"", "Thank you.\n---", "Thank you. " + long + "\n---", format.Warning, "rvm_script", "at most 110"},
		"unknown placeholder":      {"", "Hello {{ first_name | default: \"there\" }},", "Hello {{ nick }},", format.Error, "email", `unknown placeholder "nick"`},
		"placeholder not closed":   {"", "headline: 'A page for {{ business_name }}'", "headline: 'A page for {{ business_name'", format.Error, "slides[0].headline", "never closed"},
		"voicemail's placeholder":  {"", "Hello {{ first_name | default: \"there\" }},", "Hello {{ company_name }},", format.Error, "email", "voicemail only"},
		"template":                 {"", "One offer today.", "{% if first_name %}One offer today.", format.Error, "email", "if"},
		"HTML in the email":        {"", "One offer today.", "One <b>offer</b> today.", format.Error, "email", "HTML"},
		"picture in the email":     {"", "One offer today.", "One ![offer](x.png) today.", format.Error, "email", "picture"},
		"greeting without default": {"", "Hello {{ first_name | default: \"there\" }},", "Hello {{ first_name }},", format.Warning, "email", "blank before a comma"},
		"gap in a sentence":        {"", "One offer today.", "One {{ category }} offer.", format.Warning, "email", "two blanks"},
		"tab":                      {"", "One offer today.", "One\toffer today.", format.Warning, "", "tab"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := tc.file
			if file == "" {
				file = "HOOK-001.md"
			}
			text := shipped(t, file)
			if strings.Count(text, tc.old) == 0 {
				t.Fatalf("%s does not hold %q", file, tc.old)
			}
			broken := strings.Replace(text, tc.old, tc.new, 1)
			entry, problems := format.Parse(file, []byte(broken))
			i := slices.IndexFunc(problems, func(p format.Problem) bool {
				return p.Field == tc.field && p.Severity == tc.severity && strings.Contains(p.Message, tc.message)
			})
			if i < 0 {
				t.Fatalf("no such problem among %v", problems)
			}
			failed := slices.ContainsFunc(problems, func(p format.Problem) bool { return p.Severity == format.Error })
			if (entry == nil) != failed {
				t.Errorf("entry %v although there are %v", entry, problems)
			}
			for _, p := range problems {
				if lines := strings.Count(broken, "\n") + 1; p.File != file || p.Message == "" || p.Line < 1 || p.Line > lines {
					t.Errorf("problem without its place: %v", p)
				}
			}
		})
	}
}

// TestLines points at the line that is wrong, in each part of a file.
func TestLines(t *testing.T) {
	for _, tc := range []struct{ old, new, message string }{
		{"week: 1\n", "week: 7 # here\n", "week 1"},
		{"headline: 'A page for {{ business_name }}'", "headline: 'A page for {{ here }}'", "unknown placeholder"},
		{"Questions? Call", "Questions {{ here }}? Call", "unknown placeholder"},
		{"What comes next: 13", "What {{ here }} comes next: 13", "unknown placeholder"},
		{"What comes next: 13", "What <i>here</i> comes next: 13", "HTML"},
		{"### Two cautions", "### Two {{ here }} cautions", "unknown placeholder"},
		{"### Two cautions", "### Two [here]({{ first_name }}) cautions", "inside an address"},
		{"Ads aside, nobody", "here {{ category }} , nobody", "blank"},
	} {
		broken := strings.Replace(shipped(t, "HOOK-001.md"), tc.old, tc.new, 1)
		_, problems := format.Parse("HOOK-001.md", []byte(broken))
		var want int
		for i, l := range strings.Split(broken, "\n") {
			if strings.Contains(l, strings.TrimSuffix(tc.new, "\n")) {
				want = i + 1
			}
		}
		if want == 0 || !slices.ContainsFunc(problems, func(p format.Problem) bool {
			return p.Line == want && strings.Contains(p.Message, tc.message)
		}) {
			t.Errorf("%q: want line %d, got %v", tc.new, want, problems)
		}
	}
}

func TestHostileFiles(t *testing.T) {
	clean := shipped(t, "HOOK-001.md")
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	cases := map[string]struct{ text, message string }{
		"nothing":                {"", "does not begin"},
		"no front matter":        {"# Email\n\nHello\n", "does not begin"},
		"no end":                 {"---\nid: HOOK-001\n", "without end"},
		"only dashes":            {"---\n---\n", "without keys"},
		"list":                   {"---\n- a\n---\n", "without keys"},
		"two documents":          {"---\nid: a\n...\nid: b\n---\n", "not YAML"},
		"not YAML":               {"---\nid: [\n---\n", "not YAML"},
		"tab in YAML":            {"---\nslides:\n\t- a\n---\n", "not YAML"},
		"bomb":                   {"---\n" + bomb + "---\n", "anchor"},
		"alias of itself":        {"---\na: &a [*a]\n---\n", "anchor"},
		"merge key":              {"---\n<<: {id: x}\n---\n", "unknown key"},
		"tag":                    {"---\nid: !!binary aGk=\n---\n", "tag"},
		"mapping as key":         {"---\n{a: b}: c\n---\n", "unknown key"},
		"nested deeply":          {"---\nid: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n---\n", "deep"},
		"huge":                   {clean + strings.Repeat("x", 128<<10), "longer than"},
		"invalid UTF-8":          {strings.Replace(clean, "One offer", "One \xff offer", 1), "not UTF-8"},
		"zero byte":              {strings.Replace(clean, "One offer", "One \x00 offer", 1), "control character"},
		"a lone carriage return": {strings.Replace(clean, "One offer", "One \r offer", 1), "control character"},
		"slide is text":          {strings.Replace(clean, "  - component: HeroSlide\n", "  - HeroSlide\n  - component: HeroSlide\n", 1), "must have keys"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entry, problems := format.Parse("HOOK-001.md", []byte(tc.text))
			if entry != nil {
				t.Error("a broken file gives an entry")
			}
			if !slices.ContainsFunc(problems, func(p format.Problem) bool {
				return p.Severity == format.Error && strings.Contains(p.Message, tc.message) && p.File == "HOOK-001.md"
			}) {
				t.Errorf("got %v", problems)
			}
		})
	}
}

// TestForgivingFiles are odd, but mean what they say.
func TestForgivingFiles(t *testing.T) {
	clean := shipped(t, "HOOK-001.md")
	want, _ := format.Parse("HOOK-001.md", []byte(clean))
	for name, tc := range map[string]struct{ text, message string }{
		"Windows":         {strings.ReplaceAll(clean, "\n", "\r\n"), "Windows"},
		"byte order mark": {"\ufeff" + clean, "byte order mark"},
	} {
		e, problems := format.Parse("HOOK-001.md", []byte(tc.text))
		if e == nil || len(problems) != 1 || problems[0].Severity != format.Warning || !strings.Contains(problems[0].Message, tc.message) {
			t.Errorf("%s: got %v", name, problems)
			continue
		}
		if e.Campaign.BodyMarkdown != want.Campaign.BodyMarkdown || e.Campaign.EmailTemplateID != want.Campaign.EmailTemplateID {
			t.Errorf("%s: reads differently", name)
		}
	}
	if e, problems := format.Parse("HOOK-001.md", []byte(strings.TrimRight(clean, "\n"))); e == nil || len(problems) > 0 {
		t.Errorf("without a last line end: %v", problems)
	}
	code := strings.Replace(clean, "### Two cautions", "```\n# not a section\n```\n\n### Two cautions", 1)
	if e, problems := format.Parse("HOOK-001.md", []byte(code)); e == nil || !strings.Contains(e.Content.ArticleBody, "# not a section") {
		t.Errorf("a heading in code: %v", problems)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(shipped(f, "HOOK-001.md")))
	f.Add([]byte(shipped(f, "WELCOME-PREMIUM.md")))
	f.Add([]byte("---\nid: a\nslides:\n  - items: [a]\n---\n# Email\n{{ x }}\n# Article\n{% if %}"))
	f.Add([]byte("---\na: &a [*a]\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"HOOK-001.md", "HOOK-001.json"} {
			entry, problems := format.Parse(name, data)
			if entry == nil && len(problems) == 0 {
				t.Fatal("a file was refused without a reason")
			}
		}
	})
}
