package format

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
)

// limits is how much of something there should be.
type limits struct{ email, slides, seconds, article [2]int }

var (
	programmeLimits = limits{email: [2]int{120, 200}, slides: [2]int{5, 8}, seconds: [2]int{75, 150}, article: [2]int{500, 900}}
	introLimits     = limits{email: [2]int{40, 250}, slides: [2]int{1, 8}, seconds: [2]int{10, 150}, article: [2]int{100, 900}}
)

func limitsOf(t fibonacco.CampaignType) limits {
	if t == fibonacco.Intro {
		return introLimits
	}
	return programmeLimits
}

// columns is how long the database lets a text be, in characters.
var columns = map[string]int{
	"id": 50, "slug": 255, "title": 255, "subject": 255, "preheader": 255, "approval_button": 255,
	"learning_button": 255, "meeting_topic": 255,
}

// lint checks what a document means, and completes the campaign and its content.
func (r Rules) lint(d *document) {
	if d.unread {
		return
	}
	r.checkPlace(d)
	d.checkColumns()
	if d.lines["slug"] != 0 && d.lines["title"] != 0 {
		d.checkSlug()
	}
	d.checkService()
	d.checkSubject()
	d.checkPreheader()
	d.checkSlides()
	d.checkEmail()
	d.checkArticle()
	d.checkVoicemail()
	d.checkTemplates()

	d.complete()
}

// complete fills in what follows from the rest.
func (d *document) complete() {
	c := &d.campaign
	c.LandingPageSlug = c.Slug
	c.EmailTemplateID = render.Version(*c)
	d.content.Slug, d.content.Title, d.content.CampaignID = c.Slug, c.Title, c.ID
	d.content.ServiceType, d.content.ApprovalButtonText = c.ServiceType, c.ApprovalButtonText
	if d.content.Type = strings.ToLower(string(c.Type)); c.Type == fibonacco.Intro || c.Type == fibonacco.Conv {
		d.content.Type = "article"
	}
}

var (
	programmeID = regexp.MustCompile(`^([A-Z]+)-[0-9]{3}$`)
	introID     = regexp.MustCompile(`^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$`)
	slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// checkPlace compares id, type, week, day and the file's name with one another.
func (r Rules) checkPlace(d *document) {
	c := &d.campaign
	if c.ID != "" && strings.TrimSuffix(strings.TrimSuffix(d.file, ".md"), ".json") != c.ID {
		d.style("id", "is %q, but the file is %s", quote(c.ID), d.file)
	}
	switch c.Type {
	case fibonacco.Hook, fibonacco.Edu, fibonacco.HowTo, fibonacco.Conv:
		m := programmeID.FindStringSubmatch(c.ID)
		switch {
		case c.ID == "":
		case d.lenient && !introID.MatchString(c.ID):
			d.error("id", "must be capital letters, digits and hyphens")
		case !d.lenient && (m == nil || m[1] != string(c.Type)):
			d.error("id", "must be %s- and three digits", c.Type)
		}
	case fibonacco.Intro:
		if c.ID != "" && !introID.MatchString(c.ID) {
			d.error("id", "must be capital letters, digits and hyphens")
		}
		if c.Week != 0 || c.Day != 0 {
			d.strict("day", "must be 0, and week too: type INTRO is outside the programme")
		}
		return
	case "":
		return // missing, which has been said
	default:
		d.error("type", "is %q; it is HOOK, EDU, HOWTO, CONV or INTRO", quote(string(c.Type)))
		return
	}
	if d.lines["day"] == 0 || d.lines["week"] == 0 {
		return
	}
	if c.Day < 1 || c.Day > r.TotalDays {
		d.strict("day", "is %d; the programme has days 1 to %d", c.Day, r.TotalDays)
		return
	}
	if week := (c.Day + 6) / 7; c.Week != week {
		d.error("week", "is %d, but day %d is in week %d", c.Week, c.Day, week)
	}
	planned := false // a type without any weekday is unplaced, not wrong
	for _, t := range r.CampaignsPerDay {
		planned = planned || t == c.Type
	}
	if want := r.CampaignsPerDay[weekday(c.Day)]; planned && want != c.Type {
		d.strict("day", "is %d, weekday %d of the programme, which is not for type %s", c.Day, weekday(c.Day), c.Type)
	}
}

func (d *document) checkColumns() {
	c := &d.campaign
	for field, text := range map[string]string{
		"id": c.ID, "slug": c.Slug, "title": c.Title, "subject": c.Subject, "preheader": c.Preheader,
		"approval_button": c.ApprovalButtonText, "learning_button": c.LearningButton, "meeting_topic": c.MeetingTopic,
	} {
		if most := columns[field]; len([]rune(text)) > most {
			d.error(field, "is longer than %d characters", most)
		}
		if strings.Contains(text, "\n") {
			d.error(field, "must be one line")
		}
	}
}

func (d *document) checkSlug() {
	c := &d.campaign
	if !slugPattern.MatchString(c.Slug) {
		d.error("slug", "must be small letters, digits and single hyphens")
	} else if want := slugOf(c.Title); c.Slug != want {
		d.style("slug", "is %q, but the title makes %q", quote(c.Slug), quote(want))
	}
}

// slugOf is a title in lower case with hyphens; accents and apostrophes are dropped.
func slugOf(title string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '\'' || r == '’' || unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

// checkService compares the service with its button and its upsells.
func (d *document) checkService() {
	c := &d.campaign
	_, known := Services[c.ServiceType]
	switch {
	case c.ServiceType == "" && c.ApprovalButtonText != "":
		d.error("approval_button", "needs a service")
	case c.ServiceType == "":
	case !known:
		d.error("service", "is %q, which is not a service", quote(c.ServiceType))
	case c.ApprovalButtonText == "":
		d.error("approval_button", "is missing: the campaign has a service")
	}
	if c.ServiceType != "" && c.LearningButton != "" {
		d.warn("learning_button", "is only for campaigns without a service")
	}
	allowed := Upsells[c.ServiceType]
	for i, u := range c.UpsellServices {
		field := "upsells[" + itoa(i) + "]"
		switch {
		case !slices.Contains(allowed, u):
			d.error(field, "is %q, which is not offered after %q", quote(u), quote(c.ServiceType))
		case slices.Contains(c.UpsellServices[:i], u):
			d.error(field, "is there twice")
		}
	}
	if known && len(c.UpsellServices) < len(allowed) {
		d.warn("upsells", "leaves out some of %s", strings.Join(allowed, ", "))
	}
}
