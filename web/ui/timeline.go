package ui

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

const timelinePerPage = 20

// timeline is a page of everything that happened with a business.
type timeline struct {
	ledger
	Days  []timelineDay
	Chips []choice
	Next  string
}

// timelineDay is what happened on one local day.
type timelineDay struct {
	Name    string
	Entries []timelineRow
}

// timelineRow is one thing that happened, as it is shown.
type timelineRow struct {
	Mark, Icon string
	Minor      bool // the product's own steps, between what people did
	What       string
	Why        string // one sentence; "" when there is nothing to add
	Machine    bool   // a program did it, and not a person
	Note       string // what somebody wrote
	Mail       string // the ledger's line of the mail it is about; "" when it is about none
	At         time.Time
}

// topicWords are the chips above the timeline, in their order.
var topicWords = []struct{ topic, word string }{
	{"mail", "Mail"},
	{"voicemail", "Voicemail"},
	{"learning", "Learning"},
	{"services", "Services"},
	{"replies", "Replies"},
	{"consent", "Consent"},
	{"notes", "Notes"},
	{"record", "Changes"},
	{"score", "Score"},
}

// readTimeline is the page that a URL asks for. The chips are a filter of several: each puts its
// topic in or takes it out.
func (u *ui) readTimeline(ctx context.Context, id int64, q url.Values, now time.Time, titles map[string]string) (timeline, error) {
	kept := url.Values{}
	for _, name := range []string{"topic", afterParam, trailParam} {
		kept.Set(name, q.Get(name))
	}
	t := timeline{ledger: readLedger(fibonacco.TimelineListing, businessPath(id), kept)}
	for _, name := range []string{"week", "date"} { // not the list's, and kept by its links
		if v := q.Get(name); v != "" {
			t.query.Set(name, v)
		}
	}
	asked := t.asked()
	asked.Size = timelinePerPage
	page, err := u.Records.Timeline(ctx, id, asked)
	if err != nil {
		return t, err
	}
	var on []string
	if v := t.query.Get("topic"); v != "" {
		on = strings.Split(v, ",")
	}
	t.Chips = append(t.Chips, choice{"Everything", t.with("topic", "") + "#timeline", len(on) == 0})
	for _, w := range topicWords {
		t.Chips = append(t.Chips, choice{w.word, t.with("topic", strings.Join(toggle(slices.Clone(on), w.topic), ",")) + "#timeline", slices.Contains(on, w.topic)})
	}
	t.Next = t.next(page.Next)
	for _, e := range page.Data {
		row := timelineEntry(e, titles)
		row.What = strings.ReplaceAll(u.serviceWords(e, row.What), u.PublicURL+"/", "/")
		row.At = e.At.In(now.Location())
		name := dayName(row.At, now)
		if len(t.Days) == 0 || t.Days[len(t.Days)-1].Name != name {
			t.Days = append(t.Days, timelineDay{Name: name})
		}
		day := &t.Days[len(t.Days)-1]
		day.Entries = append(day.Entries, row)
	}
	return t, nil
}

// serviceWords says of an approval which service it is about in the words of its offering.
func (u *ui) serviceWords(e fibonacco.TimelineEntry, otherwise string) string {
	name := func(field string) string {
		kind, _ := e.Details[field].(string)
		if kind == "" {
			return ""
		}
		return "“" + u.serviceName(kind) + "”"
	}
	service, offered := name("service_type"), name("upsell_service_type")
	switch {
	case e.Kind == "approval.submitted" && service != "":
		return "Said yes to " + service + "."
	case e.Kind == "approval.provisioned" && service != "":
		return service + " works."
	case e.Kind == "upsell.offered" && offered != "":
		return "Was offered " + offered + "."
	case e.Kind == "upsell.accepted" && offered != "":
		return "Said yes to the offer of " + offered + "."
	}
	return otherwise
}

// dayName heads the entries of one day.
func dayName(t, now time.Time) string {
	full := t.Format("Monday 2 January")
	if t.Year() != now.Year() {
		full = t.Format("Monday 2 January 2006")
	}
	switch daysApart(t, now) {
	case 0:
		return "Today, " + full
	case 1:
		return "Yesterday, " + full
	}
	return full
}

// timelineEntry draws an entry. Whatever a contract tells in a kind that is not known here is shown in
// its own words.
func timelineEntry(e fibonacco.TimelineEntry, titles map[string]string) timelineRow {
	row := timelineRow{What: e.Summary}
	look, ok := timelineLooks[e.Kind]
	if !ok {
		look = topicLooks[e.Topic]
	}
	row.Mark, row.Icon, row.Minor = look.mark, look.icon, look.minor
	switch e.Kind {
	case "campaign_send.completed":
		if e.Details["status"] == "failed" {
			row.Mark, row.Icon = "brick", "mailoff"
		}
	case "email.bounced":
		if e.Details["bounce_type"] != "Permanent" {
			row.Mark = "honey"
		}
	case "email.machine_opened", "email.machine_clicked":
		row.Machine = true
	case "note.added":
		row.Note, _ = e.Details["text"].(string)
	}
	row.Why = timelineWhy(e, titles)
	if e.SendID != nil {
		row.Mail = fmt.Sprintf("/sends?campaign_id=%s#send-%d", url.QueryEscape(e.CampaignID), *e.SendID)
	}
	return row
}

// timelineWhy is what the sentence leaves out: the mail's title, the reason in words, the rule that
// knew a machine.
func timelineWhy(e fibonacco.TimelineEntry, titles map[string]string) string {
	var parts []string
	if title := titles[e.CampaignID]; title != "" {
		parts = append(parts, "“"+title+"”")
	}
	reason, _ := e.Details["reason"].(string)
	switch {
	case strings.HasPrefix(e.Kind, "email.machine_"):
		if word := machineWord(reason); word != "" {
			parts = append(parts, word)
		}
	case e.Kind == "campaign_send.unknown":
		parts = append(parts, "look into the mail server’s log, then settle it")
	}
	return capital(strings.Join(parts, ", "))
}

// machineWord says by what a machine was known, where the rule's name is words.
func machineWord(rule string) string {
	if rule == "" {
		return ""
	}
	return "known by the rule “" + strings.ReplaceAll(rule, "_", " ") + "”"
}

type timelineLook struct {
	mark, icon string
	minor      bool
}

// timelineLooks are the marks of kinds that differ from the rest of their topic. Ink is what people
// did, leaf what works, brick what failed, stone what came to nothing.
var timelineLooks = map[string]timelineLook{
	"campaign_send.queued":     {"", "clock", true},
	"campaign_send.completed":  {"ink", "send", false},
	"campaign_send.suppressed": {"", "mailoff", false},
	"campaign_send.cancelled":  {"", "mailoff", false},
	"campaign_send.skipped":    {"", "mailoff", false},
	"campaign_send.unknown":    {"honey", "alert", false},
	"email.delivered":          {"", "check", true},
	"email.opened":             {"ink", "eye", false},
	"email.clicked":            {"deep", "click", false},
	"email.machine_opened":     {"", "eye", true},
	"email.machine_clicked":    {"", "click", true},
	"email.bounced":            {"brick", "mailoff", false},
	"email.complained":         {"brick", "alert", false},
	"email.rejudged":           {"", "eye", true},
	"email.unsubscribed":       {"", "mailoff", false},
	"consent.granted":          {"leaf", "check", false},
	"consent.withdrawn":        {"", "x", false},
	"rvm_drop.queued":          {"", "clock", true},
	"rvm_drop.delivered":       {"ink", "voice", false},
	"rvm_drop.failed":          {"brick", "voice", false},
	"callback.received":        {"deep", "voice", false},
	"content.completed":        {"deep", "book", false},
	"approval.provisioned":     {"leaf", "bolt", false},
	"upsell.offered":           {"", "tag", true},
	"booking.cancelled":        {"", "cal", false},
	"booking.made":             {"leaf", "cal", false},
	"booking.moved":            {"leaf", "cal", false},
	"review.received":          {"leaf", "star", false},
	"meeting.scheduled":        {"leaf", "cal", false},
	"smb.tier_changed":         {"ink", "layers", false},
	"ai_task.suggested":        {"honey", "users", false},
	"chat_message.received":    {"deep", "sarah", false},
	"ai_response.generated":    {"", "sarah", true},
}

var topicLooks = map[string]timelineLook{
	"mail":      {"", "mail", false},
	"voicemail": {"", "voice", false},
	"learning":  {"ink", "book", false},
	"services":  {"leaf", "checks", false},
	"replies":   {"deep", "mail", false},
	"consent":   {"", "check", false},
	"notes":     {"", "note", false},
	"score":     {"", "layers", true},
	"record":    {"", "pen", false},
}
