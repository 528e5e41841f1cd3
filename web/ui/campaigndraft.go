package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// draftOf is a campaign as somebody writes it.
func draftOf(c fibonacco.Campaign) fibonacco.CampaignDraft {
	return fibonacco.CampaignDraft{
		ID: c.ID, Type: c.Type, Day: c.Day, Title: c.Title, Slug: c.Slug, Subject: c.Subject, Subjects: c.Subjects, Preheader: c.Preheader,
		BodyMarkdown: c.BodyMarkdown, LearningButton: c.LearningButton, ServiceType: c.ServiceType, ApprovalButtonText: c.ApprovalButtonText,
		UpsellServices: c.UpsellServices, MeetingTopic: c.MeetingTopic, RVMScript: c.RVMScript,
	}
}

// draftOfVersion is what a campaign said then. What is offered after a yes is no part of a version.
func draftOfVersion(c fibonacco.Campaign, v fibonacco.CampaignVersion) fibonacco.CampaignDraft {
	d := draftOf(c)
	d.Day, d.Title, d.Subject, d.Subjects, d.Preheader, d.BodyMarkdown = v.Day, v.Title, v.Subject, v.Subjects, v.Preheader, v.BodyMarkdown
	d.LearningButton, d.ServiceType, d.ApprovalButtonText = v.LearningButton, v.ServiceType, v.ApprovalButtonText
	d.MeetingTopic, d.RVMScript = v.MeetingTopic, v.RVMScript
	return d
}

// draftLine is one text of a draft: how it is named, shown and sent.
type draftLine struct {
	Field, Label, Hint string
	Value              string
	Rows               int // 0 is one line
	Optional           bool
}

// Described names what stands below the field for those who hear the page.
func (l draftLine) Described() string {
	if l.Hint == "" {
		return slot(l.Field)
	}
	return "h-" + l.Field + " " + slot(l.Field)
}

// moreSubjects is how many subjects may be tried against a campaign's own.
const moreSubjects = 4

// draftLines are the texts of a draft in the order in which a reader meets them.
func draftLines(d fibonacco.CampaignDraft) []draftLine {
	return []draftLine{
		{Field: "subject", Label: "Subject", Value: d.Subject, Hint: "Phones show about 40 characters of it."},
		{Field: "preheader", Label: "Preheader", Value: d.Preheader, Hint: "Inboxes show it after the subject.", Optional: true},
		{Field: "body_markdown", Label: "Text", Value: d.BodyMarkdown, Rows: 16, Hint: "Markdown. {{ first_name }}, {{ business_name }}, {{ category }} and {{ community }} are filled in; the buttons and the way out are added."},
		{Field: "learning_button", Label: "Label of the learning button", Value: d.LearningButton, Optional: true},
		{Field: "approval_button_text", Label: "Label of the approval button", Value: d.ApprovalButtonText, Hint: "Goes with a service.", Optional: true},
		{Field: "title", Label: "Title", Value: d.Title, Hint: "Of the campaign here, and of its learning page."},
		{Field: "meeting_topic", Label: "Topic of a meeting", Value: d.MeetingTopic, Optional: true},
		{Field: "rvm_script", Label: "Voicemail script", Value: d.RVMScript, Rows: 5, Hint: "Spoken when the mail stays unopened. It must say who calls and how to stop it: {{ company_name }}, {{ opt_out_number }}.", Optional: true},
	}
}

// draftFields are the names of everything that a finding may be about, in that order; subjects stand
// below the subject.
func draftFields() (all []string) {
	for _, l := range draftLines(fibonacco.CampaignDraft{}) {
		all = append(all, l.Field)
		if l.Field == "subject" {
			for i := range moreSubjects {
				all = append(all, subjectField(i))
			}
			all = append(all, "subjects")
		}
	}
	return append(all, "id", "type", "slug", "day", "service_type", "mail")
}

func subjectField(i int) string { return fmt.Sprintf("subjects[%d]", i) }

// slot is the id of the place beside a field where findings about it stand.
func slot(field string) string {
	return "found-" + strings.NewReplacer("[", "-", "]", "", "_", "-").Replace(field)
}

// fieldWords name the fields of campaigns and pages.
var fieldWords = map[string]string{
	"subject": "The subject", "preheader": "The preheader", "body_markdown": "The text", "learning_button": "The label of the learning button",
	"approval_button_text": "The label of the approval button", "title": "The title", "meeting_topic": "The topic", "rvm_script": "The voicemail script",
	"subjects": "The further subjects", "id": "The name", "type": "The type", "slug": "The address of its page", "day": "The day",
	"service_type": "The service", "mail": "The mail", "variant": "The subject", "to": "The address", "article_body": "The article", "slides": "The slides",
}

func fieldWord(field string) string {
	if w, ok := fieldWords[field]; ok {
		return w
	}
	var n int
	if _, err := fmt.Sscanf(field, "subjects[%d]", &n); err == nil {
		return fmt.Sprintf("Subject %s", variantLetter(n+1))
	}
	if _, err := fmt.Sscanf(field, "slides[%d]", &n); err == nil {
		_, rest, _ := strings.Cut(field, "].")
		return strings.TrimSpace(fmt.Sprintf("Slide %d: %s", n+1, orWord(rest, "it")))
	}
	return capital(strings.ReplaceAll(field, "_", " "))
}

// variantLetter names a subject of a test: A is the campaign's own.
func variantLetter(variant int) string { return string(rune('A' + variant)) }

// readDraft takes a draft out of a form. What is fixed comes from base.
func readDraft(r *http.Request, base fibonacco.CampaignDraft) (fibonacco.CampaignDraft, error) {
	if err := r.ParseForm(); err != nil {
		return base, fibonacco.Errorf(fibonacco.Malformed, "The form did not arrive whole. Go back and try again.")
	}
	form := r.PostForm
	line := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	text := func(name string) string { return strings.ReplaceAll(form.Get(name), "\r\n", "\n") }
	d := base
	d.Title, d.Subject, d.Preheader = line("title"), line("subject"), line("preheader")
	d.BodyMarkdown, d.RVMScript = text("body_markdown"), strings.TrimSpace(text("rvm_script"))
	d.LearningButton, d.ApprovalButtonText, d.MeetingTopic = line("learning_button"), line("approval_button_text"), line("meeting_topic")
	d.ServiceType, d.Subjects = line("service_type"), nil
	for _, s := range form["subjects"] {
		if s = strings.TrimSpace(s); s != "" {
			d.Subjects = append(d.Subjects, s)
		}
	}
	d.UpsellServices = slices.DeleteFunc(slices.Clone(form["upsell_services"]), func(s string) bool { return s == "" })
	var err error
	if d.Day, err = dayOfForm(form); err != nil {
		return d, err
	}
	return d, nil
}

// dayOfForm is the programme day; empty is outside of the programme.
func dayOfForm(form url.Values) (int, error) {
	text := strings.TrimSpace(form.Get("day"))
	if text == "" {
		return 0, nil
	}
	day, err := strconv.Atoi(text)
	if err != nil || day < 0 || day > 1000 {
		return 0, fibonacco.InvalidFields("the campaign cannot be saved", []fibonacco.FieldError{{Field: "day", Reason: fmt.Sprintf("must be 1 to %d, or empty outside the programme", programmeDays)}})
	}
	return day, nil
}

// difference is one thing that two drafts say differently.
type difference struct {
	Label    string
	Was, Is  string
	Words    []diffWord // from Was to Is
	Verbatim bool       // line breaks matter
}

// differences are what two drafts say differently, in the order of the form.
func differences(was, is fibonacco.CampaignDraft, service func(string) string) (all []difference) {
	add := func(label, a, b string, verbatim bool) {
		if strings.TrimSpace(a) != strings.TrimSpace(b) {
			all = append(all, difference{label, a, b, diffWords(a, b), verbatim})
		}
	}
	old := draftLines(was)
	for i, l := range draftLines(is) {
		add(l.Label, old[i].Value, l.Value, l.Rows > 0)
		if l.Field == "subject" {
			for n := range max(len(was.Subjects), len(is.Subjects)) {
				add("Subject "+variantLetter(n+1), at(was.Subjects, n), at(is.Subjects, n), false)
			}
		}
	}
	day := func(d int) string {
		if d == 0 {
			return "outside the programme"
		}
		return fmt.Sprint("day ", d)
	}
	add("Programme day", day(was.Day), day(is.Day), false)
	add("Service", serviceOr(was.ServiceType, service), serviceOr(is.ServiceType, service), false)
	return all
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func serviceOr(kind string, word func(string) string) string {
	if kind == "" {
		return "none"
	}
	return word(kind)
}
