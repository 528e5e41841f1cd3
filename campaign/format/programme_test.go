package format_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/library"
)

// plan is the programme as it was laid out: four mails a week for 13 weeks. slides are the layouts by
// their first letters, X for a comparison and A for the end. button is the approval's when there is a
// service, else the learning link's.
var plan = []struct {
	id            string
	day           int
	title, slides string
	service       string
	upsells       string
	button        string
}{
	{"HOOK-001", 1, "A page you control", "HCXSCA", "listing_claim", "review_automation appointment_booking coupon_campaign", "Set up my page"},
	{"EDU-001", 2, "How local search chooses", "HCDXCA", "", "", "See the three factors"},
	{"HOWTO-001", 4, "Write your fact card", "HCSSSA", "listing_claim", "review_automation appointment_booking coupon_campaign", "Set up my page"},
	{"HOWTO-002", 6, "Claim your Google profile", "HCSSSCA", "", "", "Open the profile steps"},
	{"HOOK-002", 8, "A helper using your facts", "HCXCSA", "ai_receptionist", "", "Turn on my helper"},
	{"EDU-002", 9, "What AI assistants know", "HCSXCA", "", "", "See the three-question test"},
	{"HOWTO-003", 11, "Answer ten questions once", "HSSSXA", "ai_receptionist", "", "Turn on my helper"},
	{"HOWTO-004", 13, "Four photos people need", "HCSSXA", "", "", "Open the shot list"},
	{"HOOK-003", 15, "Ask every customer alike", "HCXSCA", "review_automation", "review_widget response_templates reputation_alerts", "Start review requests"},
	{"EDU-003", 16, "Review rules, plainly", "HCDXCA", "", "", "Get the review card"},
	{"HOWTO-005", 18, "Ask in two sentences", "HSSXSA", "review_automation", "review_widget response_templates reputation_alerts", "Start review requests"},
	{"HOWTO-006", 20, "Reply, good or bad", "HCSSXA", "response_templates", "", "Request reply drafts"},
	{"HOOK-004", 22, "Booking without a call", "HCXSCA", "appointment_booking", "sms_reminders calendar_sync buffer_time", "Open my booking page"},
	{"EDU-004", 23, "Where customers give up", "HCXSDA", "", "", "Walk through it"},
	{"HOWTO-007", 25, "Set hours people can book", "HSSSXA", "appointment_booking", "sms_reminders calendar_sync buffer_time", "Open my booking page"},
	{"HOWTO-008", 27, "A greeting that helps", "HCSSSA", "", "", "Copy the greeting"},
	{"HOOK-005", 29, "One offer, one end date", "HCXSCA", "coupon_campaign", "", "Set up my coupon"},
	{"EDU-005", 30, "What a discount costs", "HCDDXA", "", "", "Run my discount"},
	{"HOWTO-009", 32, "Terms nobody argues about", "HSSXSA", "coupon_campaign", "", "Set up my coupon"},
	{"HOWTO-010", 34, "Margin on three things", "HCSSDA", "", "", "Open the margin sheet"},
	{"HOOK-006", 36, "One date, publicly", "HCSXCA", "event_posting", "", "Set up my event page"},
	{"EDU-006", 37, "Neighbors as a channel", "HCXCSA", "", "", "Find my three neighbors"},
	{"HOWTO-011", 39, "Plan a one-hour event", "HSSSCA", "event_posting", "", "Set up my event page"},
	{"HOWTO-012", 41, "A swap with a neighbor", "HCSSXA", "coupon_campaign", "", "Set up my coupon"},
	{"HOOK-007", 43, "A note they asked for", "HCXSCA", "email_campaigns", "subject_line_testing segmentation automated_drip", "Request email set-up"},
	{"EDU-007", 44, "Email rules you can keep", "HCDXCA", "", "", "Get the email card"},
	{"HOWTO-013", 46, "Collect addresses honestly", "HSSXSA", "email_campaigns", "subject_line_testing segmentation automated_drip", "Request email set-up"},
	{"HOWTO-014", 48, "Write the welcome email", "HCSSXA", "automated_drip", "", "Request welcome set-up"},
	{"HOOK-008", 50, "A week of drafts", "HCXSCA", "social_automation", "content_templates hashtag_research post_scheduling", "Request post drafts"},
	{"EDU-008", 51, "What you may post", "HCDXCA", "", "", "Get the posting card"},
	{"HOWTO-015", 53, "Five posts, one walk", "HSSSXA", "post_scheduling", "", "Request post scheduling"},
	{"HOWTO-016", 55, "AI drafts, you check", "HCSSXA", "content_templates", "", "Request post templates"},
	{"HOOK-009", 57, "Invoices that leave promptly", "HCXSCA", "invoice_automation", "payment_reminders late_fees payment_plans", "Request invoice set-up"},
	{"EDU-009", 58, "Profit is not cash", "HCDXCA", "", "", "Open the cash view"},
	{"HOWTO-017", 60, "An invoice nobody questions", "HSSSXA", "invoice_automation", "payment_reminders late_fees payment_plans", "Request invoice set-up"},
	{"HOWTO-018", 62, "Ask for late money", "HCSSXA", "payment_reminders", "", "Request payment reminders"},
	{"HOOK-010", 64, "A text before appointments", "HCXSCA", "sms_reminders", "", "Request text reminders"},
	{"EDU-010", 65, "Before you text", "HCDXCA", "", "", "Get the texting card"},
	{"HOWTO-019", 67, "Your text consent line", "HSSXSA", "sms_marketing", "", "Request text list"},
	{"HOWTO-020", 69, "A reminder that helps", "HCSSXA", "sms_reminders", "", "Request text reminders"},
	{"HOOK-011", 71, "A thank-you for regulars", "HCXSCA", "loyalty_program", "", "Request loyalty set-up"},
	{"EDU-011", 72, "Why people come back", "HCXCSA", "", "", "Get three questions"},
	{"HOWTO-021", 74, "A ten-stamp rule", "HSSDXA", "loyalty_program", "", "Request loyalty set-up"},
	{"HOWTO-022", 76, "Write to a lapsed customer", "HCSSXA", "email_campaigns", "subject_line_testing segmentation automated_drip", "Request email set-up"},
	{"HOOK-012", 78, "Know when you're mentioned", "HCXSCA", "reputation_alerts", "", "Request mention alerts"},
	{"EDU-012", 79, "Open to everyone", "HCDXCA", "", "", "Get the barrier list"},
	{"HOWTO-023", 81, "Lock your accounts", "HCSSSA", "", "", "Open the lock list"},
	{"HOWTO-024", 83, "Enter as a customer", "HSSSXA", "listing_claim", "review_automation appointment_booking coupon_campaign", "Set up my page"},
	{"HOOK-013", 85, "A date for next quarter", "HCXSA", "event_posting", "", "Set up my event page"},
	{"EDU-013", 86, "Four numbers to watch", "HCDDCA", "", "", "Start my number sheet"},
	{"HOWTO-025", 88, "Fill in your numbers", "HSSDSA", "", "", "Open the number sheet"},
	{"HOWTO-026", 90, "Ninety days on one page", "HCSSXCA", "", "", "Open the one-page plan"},
}

func TestShippedProgramme(t *testing.T) {
	t.Parallel()
	entries, _ := format.Load(library.FS)
	byID := map[string]format.Entry{}
	for _, e := range entries {
		byID[e.Campaign.ID] = e
	}
	services := 0
	for i, want := range plan {
		e, found := byID[want.id]
		if !found {
			t.Errorf("%s is missing", want.id)
			continue
		}
		c := e.Campaign
		button := c.ApprovalButtonText
		if c.ServiceType == "" {
			button = c.LearningButton
		} else {
			services++
		}
		if c.Day != want.day || c.Week != i/4+1 || c.Title != want.title || c.ServiceType != want.service || strings.Join(c.UpsellServices, " ") != want.upsells || button != want.button {
			t.Errorf("%s is on day %d of week %d, %q, offers %q with %v by %q; the plan is %+v", want.id, c.Day, c.Week, c.Title, c.ServiceType, c.UpsellServices, button, want)
		}
		if got := layouts(e.Content); got != want.slides {
			t.Errorf("%s has the slides %s, not %s", want.id, got, want.slides)
		}
		if words := len(strings.Fields(e.Content.ArticleBody)); words < 500 || words > 950 {
			t.Errorf("the article of %s has %d words", want.id, words)
		}
	}
	if services != 32 || len(entries) != len(plan)+1 {
		t.Errorf("%d campaigns, %d with a service", len(entries), services)
	}
}

func layouts(c fibonacco.Content) (letters string) {
	short := map[string]string{"HeroSlide": "H", "ConceptSlide": "C", "DataSlide": "D", "StepSlide": "S", "ComparisonSlide": "X", "CTASlide": "A"}
	for _, s := range c.Slides {
		letters += short[s.Component]
	}
	return letters
}

// No two campaigns share a sentence, but for those that every one says word by word.
func TestNothingIsSaidTwice(t *testing.T) {
	t.Parallel()
	fixed := map[string]bool{}
	for _, s := range []string{
		"The button shows what will happen before you confirm.", "No payment card is asked for.",
		"It starts by itself once you confirm, and I email you when it is ready.",
		"A person replies with what is involved and the price.", "Nothing starts before you agree.",
		"If yours is already running, use this to check it.",
		"If you work from home, reply before you confirm, so your address stays off it.",
		"Clinics, and anyone working from home: reply before you confirm.",
		"This is general information, not legal advice.", "Rules differ by state.",
	} {
		fixed[s] = true
	}
	entries, _ := format.Load(library.FS)
	said := map[string]string{}
	for _, e := range entries {
		texts := []string{e.Campaign.BodyMarkdown, e.Content.ArticleBody}
		for _, s := range e.Content.Slides {
			texts = append(texts, s.Narration)
		}
		own := map[string]bool{}
		for _, text := range texts {
			for _, sentence := range strings.SplitAfter(strings.ReplaceAll(text, "\n", " "), ". ") {
				sentence = strings.Join(strings.Fields(sentence), " ")
				greets := strings.Contains(sentence, "{{ first_name") && strings.Contains(sentence, "Sarah")
				if len(strings.Fields(sentence)) < 10 || greets || strings.HasPrefix(sentence, "*Source:") || fixed[sentence] || own[sentence] {
					continue
				}
				own[sentence] = true
				if other := said[sentence]; other != "" {
					t.Errorf("%s and %s both say: %s", other, e.Campaign.ID, sentence)
				}
				said[sentence] = e.Campaign.ID
			}
		}
	}
}
