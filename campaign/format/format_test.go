package format_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/library"
)

func shipped(t testing.TB, name string) string {
	t.Helper()
	b, err := fs.ReadFile(library.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// folder makes a library of files.
func folder(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// renumber turns a shipped campaign into another one.
func renumber(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

func TestShippedLibrary(t *testing.T) {
	entries, problems := format.Load(library.FS)
	for _, p := range problems {
		t.Error(p)
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Campaign.ID)
		if e.Unplaced || !e.Campaign.IsActive || !e.Content.IsActive {
			t.Errorf("%s is not in use", e.File)
		}
	}
	want := []string{
		"HOOK-001", "EDU-001", "HOWTO-001", "HOWTO-002", "HOOK-002", "EDU-002", "HOWTO-003", "HOWTO-004",
	}
	if len(ids) < len(want) || !slices.Equal(ids[:len(want)], want) || ids[len(ids)-1] != fibonacco.PremiumWelcomeID {
		t.Errorf("got %v", ids)
	}
}

func TestParse(t *testing.T) {
	e, problems := format.Parse("HOOK-001.md", []byte(shipped(t, "HOOK-001.md")))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c, p := e.Campaign, e.Content
	if c.ID != "HOOK-001" || c.Type != fibonacco.Hook || c.Week != 1 || c.Day != 1 || c.Slug != "a-page-you-control" ||
		c.LandingPageSlug != c.Slug || c.ServiceType != "listing_claim" || c.ApprovalButtonText != "Set up my page" ||
		c.LearningButton != "" || len(c.UpsellServices) != 3 || len(c.EmailTemplateID) != 16 {
		t.Errorf("campaign is %+v", c)
	}
	if !strings.HasPrefix(c.BodyMarkdown, "Hello {{ first_name") || !strings.HasSuffix(c.BodyMarkdown, "AI account manager\n") {
		t.Errorf("e-mail is %q", c.BodyMarkdown)
	}
	if !strings.HasPrefix(c.RVMScript, "This is a recorded") || !strings.HasSuffix(c.RVMScript, "Thank you.") {
		t.Errorf("voicemail is %q", c.RVMScript)
	}
	if p.Slug != c.Slug || p.Type != "hook" || p.CampaignID != c.ID || len(p.Slides) != 6 || p.DurationSeconds != 95 ||
		p.ServiceType != c.ServiceType || p.ApprovalButtonText != c.ApprovalButtonText ||
		fmt.Sprint(p.PersonalizationFields) != "[first_name business_name community]" {
		t.Errorf("content is %+v", p)
	}
	if !strings.HasPrefix(p.ArticleBody, "## One page") || p.Slides[2].Component != "ComparisonSlide" || len(p.Slides[2].Items) != 5 {
		t.Errorf("content is %+v", p)
	}
	welcome, _ := format.Parse("WELCOME-PREMIUM.md", []byte(shipped(t, "WELCOME-PREMIUM.md")))
	if welcome.Content.Type != "article" || welcome.Campaign.Day != 0 || welcome.Campaign.RVMScript != "" {
		t.Errorf("welcome is %+v", welcome)
	}
}

func TestParseJSON(t *testing.T) {
	md, _ := format.Parse("HOOK-001.md", []byte(shipped(t, "HOOK-001.md")))
	c := md.Campaign
	file, err := json.MarshalIndent(map[string]any{
		"id": c.ID, "type": c.Type, "week": c.Week, "day": c.Day, "slug": c.Slug, "title": c.Title, "subject": c.Subject,
		"preheader": c.Preheader, "service": c.ServiceType, "approval_button": c.ApprovalButtonText, "upsells": c.UpsellServices,
		"meeting_topic": c.MeetingTopic, "slides": md.Content.Slides, "rvm_script": c.RVMScript,
		"email": c.BodyMarkdown, "article": md.Content.ArticleBody,
	}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	e, problems := format.Parse("HOOK-001.json", file)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if strings.TrimSpace(e.Campaign.BodyMarkdown) != strings.TrimSpace(c.BodyMarkdown) || e.Campaign.Subject != c.Subject ||
		len(e.Content.Slides) != len(md.Content.Slides) {
		t.Errorf("got %+v", e.Campaign)
	}
}

func TestDaysAreGivenOnce(t *testing.T) {
	hook, edu := shipped(t, "HOOK-001.md"), shipped(t, "EDU-001.md")
	files := map[string]string{
		"HOOK-001.md": hook,
		"HOOK-009.md": renumber(hook, "HOOK-001", "HOOK-009", "a-page-you-control", "another-page", "A page you control", "Another page"),
		"EDU-001.md":  edu,
		"CONV-001.md": renumber(edu, "EDU-001", "CONV-001", "type: EDU", "type: CONV", "how-local-search-chooses", "conv", "title: How local search chooses", "title: Conv"),
	}
	entries, problems := format.Load(folder(files))
	placed := map[string]bool{}
	for _, e := range entries {
		placed[e.Campaign.ID] = !e.Unplaced
		if e.Campaign.IsActive == e.Unplaced {
			t.Errorf("%s: active %v, unplaced %v", e.File, e.Campaign.IsActive, e.Unplaced)
		}
	}
	if want := map[string]bool{"HOOK-001": true, "HOOK-009": false, "EDU-001": true, "CONV-001": false}; !maps.Equal(placed, want) {
		t.Errorf("placed %v, want %v", placed, want)
	}
	if len(problems) != 2 || problems[0].File != "CONV-001.md" || problems[1].File != "HOOK-009.md" ||
		problems[1].Field != "day" || problems[1].Severity != format.Warning || !strings.Contains(problems[1].Message, "unplaced: day 1 belongs to HOOK-001") {
		t.Errorf("problems are %v", problems)
	}
}

func TestTypesKeepTheirOrderOnOneDay(t *testing.T) {
	rules := format.DefaultRules()
	hook, edu := shipped(t, "HOOK-001.md"), shipped(t, "EDU-001.md")
	entries, problems := rules.Load(folder(map[string]string{"EDU-001.md": renumber(edu, "day: 2\n", "day: 1\n"), "HOOK-001.md": hook}))
	if len(entries) != 1 || entries[0].Campaign.ID != "HOOK-001" || len(problems) != 1 || problems[0].Severity != format.Error {
		t.Errorf("EDU on a HOOK's weekday: %v, %v", entries, problems)
	}
	rules.CampaignsPerDay = map[int]fibonacco.CampaignType{1: fibonacco.Edu}
	entries, _ = rules.Load(folder(map[string]string{"EDU-001.md": renumber(edu, "day: 2\n", "day: 1\n"), "HOOK-001.md": hook}))
	if len(entries) != 2 || entries[0].Campaign.ID != "HOOK-001" || !entries[0].Unplaced || entries[1].Unplaced {
		t.Errorf("by other rules: %v", entries)
	}
}

func TestIDsAndSlugsAreGivenOnce(t *testing.T) {
	hook := shipped(t, "HOOK-001.md")
	entries, problems := format.Load(folder(map[string]string{"HOOK-001.md": hook, "copy.md": hook}))
	if len(entries) != 1 {
		t.Errorf("got %d entries", len(entries))
	}
	fields := map[string]bool{}
	for _, p := range problems {
		if p.Severity == format.Error {
			fields[p.Field] = true
		}
	}
	if !maps.Equal(fields, map[string]bool{"id": true, "slug": true}) {
		t.Errorf("problems are %v", problems)
	}
}

func TestLoadLeavesOtherFilesAlone(t *testing.T) {
	entries, problems := format.Load(folder(map[string]string{
		"README.md": "# About", "notes.txt": "x", "drafts/HOOK-001.md": "x", "HOOK-001.md": shipped(t, "HOOK-001.md"),
	}))
	if len(entries) != 1 || len(problems) != 0 {
		t.Errorf("got %v, %v", entries, problems)
	}
}

func TestLoadReportsWhatItCannotRead(t *testing.T) {
	_, problems := format.Load(fstest.MapFS{"HOOK-001.md": {Data: make([]byte, 300<<10)}})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "longer than 256 KB") {
		t.Errorf("got %v", problems)
	}
	_, problems = format.Load(broken{})
	if len(problems) != 1 || problems[0].Severity != format.Error {
		t.Errorf("got %v", problems)
	}
}

type broken struct{}

func (broken) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func ExampleParse() {
	_, problems := format.Parse("HOOK-001.md", []byte("---\nid: HOOK-001\ntype: HOOK\ncolour: red\n"))
	for _, p := range problems {
		fmt.Println(p)
	}
	_, problems = format.Parse("HOOK-001.md", []byte("---\nid: HOOK-001\nid: HOOK-002\n---\n"))
	fmt.Println(problems[len(problems)-1])
	// Output:
	// HOOK-001.md:1: error: has front matter without end: a second line of three dashes
	// HOOK-001.md:3: error: id: is there twice
}
