package format_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/library"
)

// foreignHook is a file in the form of another maker, with most of what such files hold.
const foreignHook = `{
  "campaign": {"id": "hook_7", "week": 2, "day": 8, "type": "Hook", "title": "Is [Business Name] easy to find?",
    "subject": "{{firstName}}, a question", "landing_page": "/learn/easy-to-find", "template": "launch"},
  "landing_page": {"hero": "A page for {community}", "sections": [{"title": "Why"}]},
  "slides": [
    {"component": "HeroSlide", "title": "Hello [First Name]", "content": "One minute for %BUSINESS_NAME%.",
     "narration": "Hello there, this is about your page.", "duration_seconds": 12.5, "audio_file": "hook-7/1.mp3"},
    {"component": "DataSlide", "title": "The numbers", "content": {"intro": "Three facts.",
      "stats": [{"label": "Calls", "value": "40%"}, {"label": "Visits", "value": 12, "icon": "eye"}],
      "without_us": {"points": ["Lost calls", "Old hours"]}, "open_rate": "45%"},
     "narration": ["Two", "parts"], "duration_seconds": "20", "transition": "fade"}
  ],
  "emails": {
    "reminder": {"subject": "Still there?", "preview_text": "A reminder", "body": "Please."},
    "launch": {"subject": "{{ first_name }}, is [Business Name] easy to find?", "preview_text": "One minute, [Unknown Thing]",
      "body": "Hi [First Name],\n\nPeople in [Community Name] look *everywhere*:\n• on the map\n• on the web\n\n[SEE THE PAGE →]\n\n[CALL ME →]\n\n1. First\n2. Second\n\nSarah\nAI account manager"}
  },
  "article": {"title": "Be found", "sections": [{"heading": "Why", "body": "Because {{industry}}."}, {"heading": "How", "steps": ["Look", "Write"]}]},
  "extra": {"a": 1}
}`

func problemsAbout(problems []format.Problem, field string) (found []string) {
	for _, p := range problems {
		if p.Field == field {
			found = append(found, p.Message)
		}
	}
	return found
}

func TestForeignFile(t *testing.T) {
	entry, problems := format.Parse("hook_7.json", []byte(foreignHook))
	if entry == nil {
		t.Fatal(problems)
	}
	c, p := entry.Campaign, entry.Content
	for what, pair := range map[string][2]string{
		"id": {c.ID, "HOOK-007"}, "type": {string(c.Type), "HOOK"}, "place": {fmt.Sprint(c.Week, c.Day, c.IsActive), "2 8 true"},
		"slug": {c.Slug, "easy-to-find"}, "title": {c.Title, "Is {{ business_name }} easy to find?"},
		"subject":   {c.Subject, `{{ first_name | default: "there" }}, is {{ business_name }} easy to find?`},
		"preheader": {c.Preheader, "One minute, [Unknown Thing]"}, "button": {c.LearningButton, "SEE THE PAGE"},
		"email": {c.BodyMarkdown, "Hi {{ first_name | default: \"there\" }},\n\nPeople in {{ community }} look \\*everywhere\\*:\n\n" +
			"- on the map\n- on the web\n\nCALL ME →\n\n1\\. First\\\n2\\. Second\n\nSarah\\\nAI account manager\n"},
		"first slide":  {fmt.Sprintf("%+v", p.Slides[0]), `{Component:HeroSlide Headline:Hello {{ first_name | default: "there" }} Body:One minute for {{ business_name }}. Items:[] Narration:Hello there, this is about your page. Seconds:13 Audio:hook-7/1.mp3}`},
		"second slide": {fmt.Sprintf("%+v", p.Slides[1]), "{Component:DataSlide Headline:The numbers Body:Three facts.\nOpen rate: 45% Items:[Calls: 40% Visits: 12 Without us: Lost calls Old hours] Narration:Two\nparts Seconds:20 Audio:}"},
		"article":      {p.ArticleBody, "## Be found\n\n### Why\n\nBecause {{ category | default: \"business\" }}.\n\n### How\n\n- Look\n- Write\n"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is\n%s, want\n%s", what, pair[0], pair[1])
		}
	}
	metadata, err := json.Marshal(p.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"email":"launch","emails":{"reminder":{"body":"Please.","preview_text":"A reminder","subject":"Still there?"}},` +
		`"kept":{"campaign.id":"hook_7","campaign.landing_page":"/learn/easy-to-find","campaign.subject":"{{firstName}}, a question",` +
		`"campaign.type":"Hook","extra":{"a":1},"slides[0].duration_seconds":12.5,"slides[1].content.stats[1].icon":"eye","slides[1].transition":"fade"},` +
		`"landing_page":{"hero":"A page for {community}","sections":[{"title":"Why"}]}}`
	if string(metadata) != want {
		t.Errorf("metadata are\n%s, want\n%s", metadata, want)
	}
	for _, field := range []string{"campaign.id", "campaign.type", "campaign.subject", "emails.reminder", "extra", "slides[1].transition"} {
		if len(problemsAbout(problems, field)) == 0 {
			t.Errorf("nothing is said about %s: %v", field, problems)
		}
	}
	if said := fmt.Sprint(problems); !strings.Contains(said, "[Unknown Thing]") || !strings.Contains(said, `"CALL ME"`) {
		t.Errorf("not everything is said: %v", said)
	}
}

// foreignFile is a small one on a day.
func foreignFile(id, kind string, day int) string {
	return fmt.Sprintf(`{"campaign": {"id": %q, "type": %q, "day": %d, "title": "About %s", "subject": "About"},
		"emails": {"main": {"subject": "About %s", "body": "A text."}}}`, id, kind, day, id, id)
}

func TestForeignDays(t *testing.T) {
	files := map[string]string{
		"a.json": foreignFile("HOWTO-1", "HOWTO", 3), "b.json": foreignFile("HOOK-1", "HOOK", 3), "c.json": foreignFile("EDU-1", "EDU", 3),
		"d.json": foreignFile("HOOK-2", "HOOK", 0), "e.json": foreignFile("EDU-2", "EDU", 90), "f.json": foreignFile("EDU-3", "EDU", 91),
		"g.json": foreignFile("CONV-1", "CONV", 5), "h.json": foreignFile("hook 1", "HOOK", 4),
		"EDU-001.md": shipped(t, "EDU-001.md"), // of ours, on day 2, with the id of one of them
	}
	entries, problems := format.Load(folder(files))
	got := map[string]bool{}
	for _, e := range entries {
		got[e.File+" "+e.Campaign.ID] = e.Campaign.IsActive
	}
	want := map[string]bool{
		"b.json HOOK-001": true, "c.json EDU-001-2": false, "a.json HOWTO-001": false, "d.json HOOK-002": false, "e.json EDU-002": true,
		"f.json EDU-003": false, "g.json CONV-001": false, "h.json HOOK-001-2": true, "EDU-001.md EDU-001": true,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v\n%v", got, want, problems)
	}
	for _, p := range problems {
		if p.Severity == format.Error {
			t.Error(p)
		}
	}
	for file, want := range map[string]string{"a.json": "day 3 belongs to HOOK-001", "c.json": "day 3 belongs", "d.json": "begins with day 1", "f.json": "unplaced", "g.json": "unplaced"} {
		found := false
		for _, p := range problems {
			found = found || p.File == file && p.Field == "day" && strings.Contains(p.Message, want)
		}
		if !found {
			t.Errorf("nothing says that %s is unplaced: %v", file, problems)
		}
	}
}

func TestForeignFilesThatCannotBeUsed(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no object":               {`{"campaign": 5}`, "must be an object"},
		"too deep":                {`{"campaign": {"id": "A"}, "x": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, ""},
		"a mail that is too long": {`{"campaign": {"id": "A"}, "emails": {"a": {"subject": "S", "body": "` + strings.Repeat("word ", 8000) + `"}}}`, "longer than 32 KB"},
	} {
		entry, problems := format.Parse("A.json", []byte(tc.text))
		if entry != nil || !strings.Contains(fmt.Sprint(problems), tc.want) {
			t.Errorf("%s: got %v, %v", name, entry, problems)
		}
	}
}

// foreignDraw makes files of the foreign form, sensible and not, with a marker in every text.
type foreignDraw struct {
	t       *rapid.T
	markers []string
}

func (d *foreignDraw) marker() string {
	m := fmt.Sprintf("mark%dx", len(d.markers))
	d.markers = append(d.markers, m)
	return m
}

func (d *foreignDraw) pick(from ...string) string { return rapid.SampledFrom(from).Draw(d.t, "pick") }

func (d *foreignDraw) text() string {
	m := d.marker()
	return d.pick(m, m+" [Community Name]", "Hi {{first_name}} "+m, "[GO "+m+" →]", "• "+m, "1. "+m+"\n2. next", "# "+m, "{% if %} "+m,
		m+" [Nobody Knows] {what} %%THIS_IS%%", "<b>"+m+"</b> & &amp; *x* _y_", "{{ "+m+" }}", "---\n"+m+"\n---", "a\tb\r\n"+m, "é – “"+m+"”", m+" | {{a|b}}",
		"\u0000"+m+"\b", "```\n"+m, m+" http://example.com/?a={city}", "[a]({{city}}) "+m, "# Email\n"+m)
}

// value is anything, with markers in it.
func (d *foreignDraw) value(depth int) any {
	kind := rapid.IntRange(0, 9).Draw(d.t, "kind")
	switch {
	case kind < 5 || depth > 4:
		return d.text()
	case kind == 5:
		return rapid.SampledFrom([]any{nil, true, 5, 1.5, 12345678901234567, ""}).Draw(d.t, "scalar")
	case kind < 8:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(d.t, "length") {
			list = append(list, d.value(depth+1))
		}
		return list
	default:
		m := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(d.t, "keys") {
			m[d.pick("title", "text", "icon", "stats", "items", "left", "body", "open_rate", "subject", "name", "sections", d.marker())] = d.value(depth + 1)
		}
		return m
	}
}

// object has some of the keys, each with what it should hold or with anything, and perhaps one more.
func (d *foreignDraw) object(keys map[string]func() any) map[string]any {
	m := map[string]any{}
	for _, key := range sortedKeys(keys) {
		switch rapid.IntRange(0, 11).Draw(d.t, key) {
		case 0:
		case 1:
			m[key] = d.value(0)
		default:
			m[key] = keys[key]()
		}
	}
	if rapid.IntRange(0, 4).Draw(d.t, "more") == 0 {
		m[d.marker()] = d.value(0)
	}
	return m
}

func sortedKeys(m map[string]func() any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (d *foreignDraw) file() map[string]any {
	text := func() any { return d.text() }
	anything := func() any { return d.value(0) }
	mail := func() any {
		return d.object(map[string]func() any{"subject": text, "preview_text": text, "body": text})
	}
	slide := func() any {
		return d.object(map[string]func() any{
			"component": text, "title": text, "content": anything, "narration": text,
			"duration_seconds": func() any { return rapid.SampledFrom([]any{5, 7.5, "8", -1, 1e9}).Draw(d.t, "seconds") }, "audio_file": text,
		})
	}
	many := func(of func() any) func() any {
		return func() any {
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(d.t, "many") {
				list = append(list, of())
			}
			return list
		}
	}
	f := d.object(map[string]func() any{
		"landing_page": anything, "slides": many(slide), "article": anything,
		"emails": func() any { return d.object(map[string]func() any{"launch": mail, "later": mail}) },
	})
	f["campaign"] = d.object(map[string]func() any{
		"id": text, "title": text, "subject": text, "landing_page": text, "template": func() any { return "later" },
		"type": func() any { return d.pick("HOOK", "edu", "How-To", "conv", "intro", d.text()) },
		"day":  func() any { return rapid.SampledFrom([]any{0, 1, 3, 90, 91, -1, "5", 1.5}).Draw(d.t, "day") },
		"week": func() any { return rapid.IntRange(0, 14).Draw(d.t, "week") },
	})
	return f
}

// Whatever another maker's file holds is in the campaign, its page or the report, and the file that
// we write for it says the same.
func TestNothingOfAForeignFileIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := &foreignDraw{t: rt}
		file, err := json.Marshal(d.file())
		if err != nil {
			rt.Fatal(err)
		}
		entry, problems := format.Parse("a file.json", file)
		if entry == nil {
			rt.Fatalf("refused: %v\n%s", problems, file)
		}
		imported, err := json.Marshal(entry)
		if err != nil {
			rt.Fatal(err)
		}
		everything := strings.ToLower(string(imported) + fmt.Sprint(problems))
		for _, m := range d.markers {
			if strings.Contains(string(file), m) && !strings.Contains(everything, m) {
				rt.Fatalf("%s is nowhere:\n%s\n%s", m, file, imported)
			}
		}
		again := writeAndRead(rt, *entry)
		if a, b := comparable(*entry), comparable(again); a != b {
			rt.Fatalf("reads differently:\n%s\n%s", a, b)
		}
	})
}

type failer interface {
	Fatalf(format string, args ...any)
}

// writeAndRead writes an entry to a file, and reads it back.
func writeAndRead(t failer, e format.Entry) format.Entry {
	name, data, err := format.DefaultRules().Write(e)
	if err != nil {
		t.Fatalf("%v", err)
	}
	again, problems := format.Parse(name, data)
	if again == nil {
		t.Fatalf("%s cannot be read: %v\n%s", name, problems, data)
		return format.Entry{}
	}
	return *again
}

func comparable(e format.Entry) string {
	e.File, e.Unplaced = "", false
	if e.Campaign.UpsellServices == nil {
		e.Campaign.UpsellServices = []string{}
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// What is exported is what was imported, file by file and as a folder.
func TestWriteShippedLibrary(t *testing.T) {
	entries, _ := format.Load(library.FS)
	files := map[string]string{}
	for _, e := range entries {
		name, data, err := format.DefaultRules().Write(e)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
		if strings.Contains(string(data), "strict: false") || !strings.HasSuffix(name, ".md") {
			t.Errorf("%s is not written in our own form:\n%s", name, data)
		}
	}
	again, problems := format.Load(folder(files))
	for _, p := range problems {
		t.Error(p)
	}
	if len(again) != len(entries) {
		t.Fatalf("%d of %d are there", len(again), len(entries))
	}
	for i := range entries {
		if a, b := comparable(entries[i]), comparable(again[i]); a != b {
			t.Errorf("reads differently:\n%s\n%s", a, b)
		}
	}
}

func TestWriteKeepsWhatIsNotInUse(t *testing.T) {
	entry, _ := format.Parse("EDU-001.md", []byte(shipped(t, "EDU-001.md")))
	entry.Campaign.IsActive = false
	entry.Content.ArticleBody = "# A heading of the highest level\n\n" + entry.Content.ArticleBody
	name, data, err := format.DefaultRules().Write(*entry)
	if err != nil || name != "EDU-001.json" {
		t.Fatalf("%s: %v", name, err)
	}
	again, problems := format.Load(folder(map[string]string{name: string(data), "EDU-009.md": renumber(shipped(t, "EDU-001.md"),
		"EDU-001", "EDU-009", "how-local-search-chooses", "nine", "title: How local search chooses", "title: Nine")}))
	if len(again) != 2 {
		t.Fatal(problems)
	}
	for _, e := range again {
		if e.Campaign.IsActive != (e.Campaign.ID == "EDU-009") {
			t.Errorf("%s: active is %v", e.Campaign.ID, e.Campaign.IsActive)
		}
	}
	entry.Content.Title = "Another title"
	if _, _, err := format.DefaultRules().Write(*entry); fibonacco.CodeOf(err) != fibonacco.Invalid {
		t.Errorf("a page with a title of its own: %v", err)
	}
}

func FuzzForeign(f *testing.F) {
	f.Add([]byte(foreignHook))
	f.Add([]byte(foreignFile("HOOK-1", "HOOK", 3)))
	f.Add([]byte(`{"campaign":{},"emails":[{"body":["a",{"b":"[x →]"}]}],"slides":{"a":{"content":{"b":[{"c":1}]}}},"article":["# a"]}`))
	f.Add([]byte(`{"campaign":{"id":"{{","title":"{%","subject":"{"},"campaign":1,"emails":"{{{a}}}"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entry, problems := format.Parse("a.json", data)
		if entry == nil {
			if len(problems) == 0 {
				t.Fatal("a file was refused without a reason")
			}
			return
		}
		if strings.Contains(string(data), `"campaign"`) {
			writeAndRead(t, *entry)
		}
	})
}
