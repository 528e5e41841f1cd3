package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
)

const (
	findingError   = "error"
	findingWarning = "warning"

	clippedAt  = 102 << 10 // Gmail shows so much of a mail's HTML, and hides the unsubscribe link with the rest
	columnSize = 255
	idSize     = 50
	// maxSubjects is how many subjects may be tried against the campaign's own.
	maxSubjects = 4
	// textPerImage is how many characters of text should go with a picture: filters distrust less.
	textPerImage = 300
)

// review collects what is to be said about a draft.
type review struct{ findings []fibonacco.CampaignFinding }

func (r *review) error(field, format string, args ...any) {
	r.findings = append(r.findings, fibonacco.CampaignFinding{Field: field, Message: fmt.Sprintf(format, args...), Severity: findingError})
}

func (r *review) warn(field, format string, args ...any) {
	r.findings = append(r.findings, fibonacco.CampaignFinding{Field: field, Message: fmt.Sprintf(format, args...), Severity: findingWarning})
}

// refusal is the errors among the findings as one error, or nil.
func (r *review) refusal() error {
	var bad []fibonacco.FieldError
	for _, f := range r.findings {
		if f.Severity == findingError {
			bad = append(bad, fibonacco.FieldError{Field: f.Field, Reason: f.Message})
		}
	}
	return fibonacco.InvalidFields("the campaign cannot be saved", bad)
}

var (
	campaignID  = regexp.MustCompile(`^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$`)
	slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// LintCampaign implements fibonacco.CampaignEditor.
func (s *Service) LintCampaign(d fibonacco.CampaignDraft) []fibonacco.CampaignFinding {
	return s.review(d).findings
}

func (s *Service) review(d fibonacco.CampaignDraft) *review {
	r := &review{}
	s.reviewFrame(r, d)
	r.texts(d)
	if r.refusal() == nil {
		s.reviewMail(r, d)
	}
	return r
}

// reviewFrame checks everything but what is said.
func (s *Service) reviewFrame(r *review, d fibonacco.CampaignDraft) {
	if !campaignID.MatchString(d.ID) || len(d.ID) > idSize {
		r.error("id", "must be capital letters, digits and hyphens, at most %d of them", idSize)
	}
	if !slices.Contains([]fibonacco.CampaignType{fibonacco.Hook, fibonacco.Edu, fibonacco.HowTo, fibonacco.Conv, fibonacco.Intro}, d.Type) {
		r.error("type", "must be HOOK, EDU, HOWTO, CONV or INTRO")
	}
	if d.Day < 0 || d.Day > s.cfg.ManifestDestiny.TotalDays {
		r.error("day", "must be 1 to %d, or 0 outside the programme", s.cfg.ManifestDestiny.TotalDays)
	}
	if !slugPattern.MatchString(d.Slug) {
		r.error("slug", "must be small letters, digits and single hyphens")
	}
	if d.ServiceType != "" && d.ApprovalButtonText == "" {
		r.error("approval_button_text", "is missing: the campaign has a service")
	}
	if d.ServiceType == "" && d.ApprovalButtonText != "" {
		r.error("approval_button_text", "needs a service")
	}
	if strings.TrimSpace(d.BodyMarkdown) == "" {
		r.error("body_markdown", "is missing")
	}
	if len(d.Subjects) > maxSubjects {
		r.error("subjects", "are %d; at most %d beside the subject", len(d.Subjects), maxSubjects)
	}
	lines := map[string]string{
		"title": d.Title, "slug": d.Slug, "subject": d.Subject, "preheader": d.Preheader, "learning_button": d.LearningButton,
		"approval_button_text": d.ApprovalButtonText, "meeting_topic": d.MeetingTopic,
	}
	for i, subject := range d.Subjects {
		lines[fmt.Sprintf("subjects[%d]", i)] = subject
		if strings.TrimSpace(subject) == "" || subject == d.Subject || slices.Contains(d.Subjects[:i], subject) {
			r.error(fmt.Sprintf("subjects[%d]", i), "must say something of its own")
		}
	}
	for _, field := range sorted(lines) {
		if text := lines[field]; utf8.RuneCountInString(text) > columnSize || strings.ContainsAny(text, "\r\n") {
			r.error(field, "must be one line of at most %d characters", columnSize)
		}
	}
	for _, field := range []string{"title", "subject"} {
		if strings.TrimSpace(lines[field]) == "" {
			r.error(field, "is missing")
		}
	}
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// texts checks each text by itself.
func (r *review) texts(d fibonacco.CampaignDraft) {
	texts := map[string]string{
		"title": d.Title, "subject": d.Subject, "preheader": d.Preheader, "body_markdown": d.BodyMarkdown,
		"learning_button": d.LearningButton, "approval_button_text": d.ApprovalButtonText, "rvm_script": d.RVMScript,
	}
	for i, subject := range d.Subjects {
		texts[fmt.Sprintf("subjects[%d]", i)] = subject
	}
	for _, field := range sorted(texts) {
		t, err := template.Compile(texts[field], template.Text)
		if err != nil {
			r.error(field, "cannot be read: %v", err)
			continue
		}
		for _, name := range t.Fields() {
			if field != "rvm_script" && slices.Contains(template.VoicemailOnly, name) {
				r.error(field, "uses {{ %s }}, which is for voicemail only", name)
			}
		}
		r.fallbacks(field, t)
		if strings.HasPrefix(field, "subject") {
			r.subject(field, texts[field])
		}
		for _, phrase := range spamPhrases {
			if m := phrase.FindString(texts[field]); m != "" && field != "rvm_script" {
				r.warn(field, "says %q, which spam filters know", m)
			}
		}
	}
}

// unnamed is a business of which nothing is known but what always is.
var unnamed = template.Fields{BusinessName: "Marisol", Community: "Port Avery", CompanyName: "Company", OptOutNumber: "1", CallbackNumber: "1"}

var gap = regexp.MustCompile(`\S {2,}\S| [,.;:!?](\s|$)|(?im)^\W*(hello|hi|dear)\s*[,.!]|\(\s*\)`)

// fallbacks warns when a text has a hole where a name or category is not known.
func (r *review) fallbacks(field string, t *template.Template) {
	out, err := t.Render(nil, unnamed)
	if err == nil && gap.Match(out) && len(t.Fields()) > 0 {
		r.warn(field, `has a hole when the first name or category is missing: give it a default, {{ first_name | default: "there" }}`)
	}
}

func (r *review) subject(field, text string) {
	letters, capitals := 0, 0
	for _, c := range regexp.MustCompile(`\{\{.*?\}\}`).ReplaceAllString(text, "") {
		if unicode.IsLetter(c) {
			letters++
		}
		if unicode.IsUpper(c) {
			capitals++
		}
	}
	if letters > 5 && capitals*2 > letters {
		r.warn(field, "is mostly in capitals")
	}
	if regexp.MustCompile(`(?i)^\s*(re|fwd?)\s*:`).MatchString(text) {
		r.warn(field, "pretends to be an answer, which the law forbids")
	}
	if n := utf8.RuneCountInString(text); n > 60 {
		r.warn(field, "has %d characters; telephones show about 40", n)
	}
	if strings.Count(text, "!") > 1 {
		r.warn(field, "has several exclamation marks")
	}
}

// spamPhrases are what content filters of mail servers have long lists of; these are the ones that a
// programme like this one could fall into.
var spamPhrases = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b100 ?% (free|guaranteed|satisfaction)`),
	regexp.MustCompile(`(?i)\b(act|order|call|buy) now\b`),
	regexp.MustCompile(`(?i)\brisk[- ]free\b`),
	regexp.MustCompile(`(?i)\bno (obligation|catch|strings attached|hidden (costs|fees))\b`),
	regexp.MustCompile(`(?i)\b(limited time|once in a lifetime|while supplies last|offer expires)\b`),
	regexp.MustCompile(`(?i)\b(click here|click below)\b`),
	regexp.MustCompile(`(?i)\b(double|triple) your (income|revenue|sales|money)\b`),
	regexp.MustCompile(`(?i)\b(make|earn) money\b`),
	regexp.MustCompile(`(?i)\bguaranteed (results|ranking|first page)\b`),
	regexp.MustCompile(`(?i)\b(winner|congratulations)!`),
	regexp.MustCompile(`(?i)\$\$+|!!!+`),
	regexp.MustCompile(`(?i)\bdear (friend|sir|madam)\b`),
	regexp.MustCompile(`(?i)\bthis is not spam\b`),
}

var (
	imageTag = regexp.MustCompile(`(?i)<img\b[^>]*>`)
	altText  = regexp.MustCompile(`(?i)\balt=`)
	anyTag   = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	shorten  = regexp.MustCompile(`(?i)^https?://(bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|buff\.ly)/`)
	numeric  = regexp.MustCompile(`^https?://[0-9.]+[:/]`)
)

// reviewMail compiles the mail and looks at it as a whole. The links of a body are looked at as they
// are written.
func (s *Service) reviewMail(r *review, d fibonacco.CampaignDraft) {
	c := campaignOf(d)
	settings := s.renderSettings()
	links := 0
	settings.ResolveLink = func(url string) int64 {
		links++
		switch {
		case strings.HasPrefix(url, "http://"):
			r.warn("body_markdown", "links to %s without encryption", url)
		case shorten.MatchString(url):
			r.warn("body_markdown", "links to %s, which hides where it leads", url)
		}
		if numeric.MatchString(url) {
			r.warn("body_markdown", "links to %s, a number instead of a name", url)
		}
		return 0
	}
	mail, err := render.Compile(c, settings)
	if err != nil {
		for _, f := range fieldsOf(err) {
			r.error(f.Field, "%s", f.Reason)
		}
		return
	}
	longest := template.Fields{
		FirstName: strings.Repeat("W", 40), BusinessName: strings.Repeat("W", 120), Community: strings.Repeat("W", 60), Category: strings.Repeat("W", 60),
	}
	p, err := mail.Preview(render.Recipient{Fields: longest})
	if err != nil {
		r.error("body_markdown", "cannot be rendered: %v", err)
		return
	}
	if n := len(p.HTML); n > clippedAt {
		r.error("mail", "has %d KB of HTML: Gmail shows 102 KB, and hides the unsubscribe link with the rest", n>>10)
	} else if n > clippedAt*8/10 {
		r.warn("mail", "has %d KB of HTML; Gmail shows 102 KB", n>>10)
	}
	images := 0
	for _, tag := range imageTag.FindAllString(p.HTML, -1) {
		if !altText.MatchString(tag) {
			r.warn("mail", "has a picture without an alternative text")
		}
		images++
	}
	images-- // the pixel
	if text := len(strings.TrimSpace(anyTag.ReplaceAllString(p.HTML, ""))); images > 0 && text < images*textPerImage {
		r.warn("mail", "has %d pictures and %d characters of text: filters distrust that", images, text)
	}
	if links > 5 {
		r.warn("body_markdown", "has %d links besides the buttons", links)
	}
	if words := len(strings.Fields(d.BodyMarkdown)); words < 20 {
		r.warn("body_markdown", "has %d words: so short a mail looks like bait", words)
	}
}

// fieldsOf is what an error says field by field.
func fieldsOf(err error) []fibonacco.FieldError {
	if e := asError(err); e != nil && len(e.Fields) > 0 {
		return e.Fields
	}
	return []fibonacco.FieldError{{Field: "mail", Reason: err.Error()}}
}
