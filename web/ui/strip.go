package ui

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// strip is the programme of one business: thirteen weeks, one of them open below.
type strip struct {
	Weeks   []stripWeek
	Open    int  // week that is shown below
	All     bool // every step is
	Today   int  // programme day as of now; 0 before the start
	Ends    time.Time
	Due     int // steps whose day has come
	Sent    int
	Opened  int
	Clicked int
	Next    *stripStep // first step still to come; nil when there is none
}

type stripWeek struct {
	N     int
	From  time.Time // local date; zero before the start
	Cells []*stripStep
	Now   bool
}

// stripStep is one day of the programme.
type stripStep struct {
	Day      int
	Date     time.Time           // local; zero before the start
	Campaign *fibonacco.Campaign // nil on a quiet day
	Class    string              // how the cell is drawn
	Word     string              // "clicked", "skipped"
	Badge    badge
	Why      string // one sentence; "" when there is nothing to add
	Today    bool
	sent     *fibonacco.CampaignSend
}

// readStrip lays sends over the programme, and asks for the reason of every step that should have
// gone and did not.
func (u *ui) readStrip(ctx context.Context, s *fibonacco.SMB, now time.Time, campaigns []fibonacco.Campaign,
	sends []fibonacco.CampaignSend, open int,
) (strip, error) {
	byDay := map[int]*fibonacco.Campaign{}
	for i, c := range campaigns {
		if c.Day > 0 && c.IsActive {
			byDay[c.Day] = &campaigns[i]
		}
	}
	byCampaign := map[string]*fibonacco.CampaignSend{}
	for i, send := range sends {
		if send.Occurrence <= 1 {
			byCampaign[send.CampaignID] = &sends[i]
		}
	}
	skips, err := u.skipsOf(ctx, s.ID)
	if err != nil {
		return strip{}, err
	}
	st := strip{Today: presentDay(s, now)}
	begun, err := time.ParseInLocation(time.DateOnly, s.ManifestDestinyStartDate, now.Location())
	started := err == nil
	pauses := 0 // days the programme is behind the calendar, as far as the step at hand shows
	for day := 1; day <= programmeDays; day++ {
		step := &stripStep{Day: day, Campaign: byDay[day], Class: "quiet", Today: day == st.Today}
		if step.Campaign != nil {
			step.Class, step.Word, step.Badge = "plan", "planned", badge{"open", "Planned"}
			if send := byCampaign[step.Campaign.ID]; send != nil {
				step.of(send, now.Location())
				if started {
					pauses = daysApart(begun.AddDate(0, 0, day-1), sentDate(send, now.Location()))
				}
			}
		}
		if started {
			if day >= st.Today {
				pauses = behind(s, now)
			}
			step.Date = begun.AddDate(0, 0, day-1+pauses)
			if step.Campaign != nil && step.sent == nil && day <= st.Today && !step.skipped(skips) {
				if err := u.explainStep(ctx, s.ID, step); err != nil {
					return st, err
				}
			}
		}
		step.sayWhy(s, st.Today)
		st.add(step)
	}
	st.finish(open)
	return st, nil
}

func (st *strip) add(step *stripStep) {
	if (step.Day-1)%7 == 0 {
		st.Weeks = append(st.Weeks, stripWeek{N: len(st.Weeks) + 1, From: step.Date})
	}
	week := &st.Weeks[len(st.Weeks)-1]
	week.Cells = append(week.Cells, step)
	week.Now = week.Now || step.Today
	if step.Day == programmeDays {
		st.Ends = step.Date
	}
	if step.Campaign == nil {
		return
	}
	if step.Day <= st.Today {
		st.Due++
	}
	if send := step.sent; send != nil {
		if send.SentAt != nil {
			st.Sent++
		}
		if send.OpenedAt != nil {
			st.Opened++
		}
		if send.ClickedAt != nil {
			st.Clicked++
		}
	}
	if st.Next == nil && step.Class == "plan" && step.Day >= st.Today && !step.Date.IsZero() {
		st.Next = step
	}
}

func (st *strip) finish(open int) {
	if open < 1 || open > len(st.Weeks) {
		open = min(max((st.Today+6)/7, 1), len(st.Weeks))
	}
	st.Open = open
}

// approvedBy marks the steps that led to a yes: by the button of the mail, or of the learning page that
// it leads to.
func (st *strip) approvedBy(approvals []fibonacco.Approval) {
	led := map[string]bool{}
	for _, a := range approvals {
		if a.SourceID != "" && (a.SourceType == "email" || a.SourceType == "learning_center") {
			led[a.SourceType+" "+a.SourceID] = true
		}
	}
	for _, w := range st.Weeks {
		for _, step := range w.Cells {
			c := step.Campaign
			if c != nil && step.sent != nil && (led["email "+c.ID] || led["learning_center "+c.LandingPageSlug]) {
				step.Class, step.Word = step.Class+" yes", "approved"
				step.Badge, step.Why = badge{"leaf", "Approved"}, strings.TrimSpace(step.Why+" They said yes to its service.")
			}
		}
	}
}

// OpenWeek is the week below the strip.
func (st strip) OpenWeek() stripWeek { return st.Weeks[st.Open-1] }

// of draws a step from its send.
func (step *stripStep) of(send *fibonacco.CampaignSend, zone *time.Location) {
	step.sent, step.Badge = send, sendBadge(*send)
	at := func(t *time.Time) string { return t.In(zone).Format("Mon 2 Jan, 15:04") }
	switch send.Status {
	case fibonacco.SendQueued:
		step.Class, step.Word, step.Why = "plan", "planned", "Leaves as soon as it can."
		if send.ScheduledFor != nil {
			step.Why = "Leaves " + at(send.ScheduledFor) + "."
		}
	case fibonacco.SendSending, fibonacco.SendSent:
		step.Class, step.Word, step.Why = "sent", "on its way", "On its way to the mail server."
		if send.SentAt != nil {
			step.Word, step.Why = "sent, not opened", "Sent "+at(send.SentAt)+", not opened."
		}
		if send.OpenedAt != nil {
			step.Class, step.Word, step.Why = "opened", "opened", "Opened "+at(send.OpenedAt)+"."
		}
		if send.ClickedAt != nil {
			step.Class, step.Word, step.Why = "clicked", "clicked", "Clicked "+at(send.ClickedAt)+"."
		}
	case fibonacco.SendFailed:
		step.Class, step.Word, step.Why = "bad", "refused for good", sentence("Refused for good", send.LastError)
	case fibonacco.SendBounced:
		step.Class, step.Word, step.Why = "bad", "bounced", "Sent, and came back for good. The address is suppressed."
	case fibonacco.SendComplained:
		step.Class, step.Word, step.Why = "bad", "reported as spam", "Sent, and reported as spam. Nothing more goes there."
	case fibonacco.SendUnknown:
		step.Class, step.Word = "unk", "result unknown"
		step.Why = "May or may not have left. It is never sent again blindly."
	case fibonacco.SendSuppressed, fibonacco.SendCancelled:
		step.Class, step.Word = "skip", "skipped: "+lower(skipWord(send.SkipReason))
		step.Badge, step.Why = badge{"", "Skipped"}, skipWord(send.SkipReason)+"."
	}
}

// sentence joins a statement with a provider's words, when there are any.
func sentence(what, detail string) string {
	if detail == "" {
		return what + "."
	}
	return what + ": " + strings.TrimSuffix(detail, ".") + "."
}

// sayWhy gives a step that has no reason of its own the one that there always is.
func (step *stripStep) sayWhy(s *fibonacco.SMB, today int) {
	if step.Campaign == nil || step.Why != "" {
		return
	}
	switch {
	case step.Date.IsZero():
		step.Why = "Its day is known once the programme has started."
	case s.CampaignStatus == fibonacco.StatusPaused:
		step.Why = "Waits: the programme is paused."
	case step.Day > today:
		step.Why = "Planned when its day begins."
	case step.Day == today:
		step.Why = "Due today."
	default:
		step.Why = "Its day went by, and nothing is on record."
	}
}

// skipsOf is why steps of a business were not planned, by campaign: all of them in one question.
func (u *ui) skipsOf(ctx context.Context, id int64) (map[string]fibonacco.SkipReason, error) {
	page, err := u.Records.Timeline(ctx, id, fibonacco.ListQuery{Filter: fibonacco.Filter{"kind": "campaign_send.skipped"}, Size: fibonacco.MaxPage})
	if err != nil {
		return nil, fmt.Errorf("skipped steps of business %d: %w", id, err)
	}
	skips := map[string]fibonacco.SkipReason{}
	for _, e := range page.Data {
		if reason, ok := e.Details["reason"].(string); ok {
			skips[e.CampaignID] = fibonacco.SkipReason(reason)
		}
	}
	return skips, nil
}

// skipped draws a step of which it is on record why it was not planned, and says whether it is one.
func (step *stripStep) skipped(skips map[string]fibonacco.SkipReason) bool {
	reason, ok := skips[step.Campaign.ID]
	if !ok {
		return false
	}
	step.Class, step.Word, step.Badge = "skip", "skipped: "+lower(skipWord(reason)), badge{"", "Skipped"}
	step.Why = skipWord(reason) + "."
	if reason == fibonacco.Missed {
		step.Why = "Its day went by before it was planned. Nothing is sent late."
	}
	return true
}

// explainStep asks why a step of the past has no send. The day it belonged to is known but for
// pauses that no send has shown yet, so the answer's own day corrects it.
func (u *ui) explainStep(ctx context.Context, smbID int64, step *stripStep) error {
	for range 3 {
		e, err := u.Explainer.Explain(ctx, smbID, step.Date.Format(time.DateOnly))
		if err != nil {
			return fmt.Errorf("explain day %d of business %d: %w", step.Day, smbID, err)
		}
		for _, line := range e.Lines {
			if line.CampaignID == step.Campaign.ID {
				step.explained(line)
				return nil
			}
		}
		if e.Day == 0 || e.Day == step.Day {
			return nil
		}
		step.Date = step.Date.AddDate(0, 0, step.Day-e.Day)
	}
	return nil
}

func (step *stripStep) explained(line fibonacco.ExplanationRow) {
	step.Why = line.Sentence
	if line.Reason != "" {
		step.Class, step.Word = "skip", "skipped: "+lower(skipWord(line.Reason))
		step.Badge = badge{"", "Skipped"}
	}
}

// presentDay is the programme day of today; 0 before the start.
func presentDay(s *fibonacco.SMB, now time.Time) int {
	switch s.CampaignStatus {
	case fibonacco.StatusPending:
		return 0
	case fibonacco.StatusCompleted:
		return programmeDays + 1
	}
	begun, err := time.ParseInLocation(time.DateOnly, s.ManifestDestinyStartDate, now.Location())
	if err != nil {
		return s.ManifestDestinyDay
	}
	return daysApart(begun, now) + 1 - behind(s, now)
}

// behind is how many days pauses have taken out of the programme by now.
func behind(s *fibonacco.SMB, now time.Time) int {
	days := s.PausedDays
	if on, err := time.ParseInLocation(time.DateOnly, s.PausedOn, now.Location()); err == nil {
		days += max(daysApart(on, now), 0)
	}
	return days
}

// daysApart counts local dates, which are not always 24 hours apart.
func daysApart(from, to time.Time) int {
	utc := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(utc(to).Sub(utc(from)).Hours() / 24)
}

func sentDate(send *fibonacco.CampaignSend, zone *time.Location) time.Time {
	for _, t := range []*time.Time{send.SentAt, send.ScheduledFor} {
		if t != nil {
			return t.In(zone)
		}
	}
	return send.CreatedAt.In(zone)
}

func lower(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// Steps are what is shown below the strip, with a reason each.
func (st strip) Steps() []*stripStep {
	if !st.All {
		return st.OpenWeek().Cells
	}
	var all []*stripStep
	for _, w := range st.Weeks {
		all = append(all, w.Cells...)
	}
	return all
}

// Shown says which steps these are.
func (st strip) Shown() string {
	if st.All {
		return "Every step of the programme"
	}
	return fmt.Sprintf("Week %d", st.Open)
}

// Label is what a week's link says to screen readers.
func (w stripWeek) Label() string {
	counts := map[string]int{}
	var order []string
	for _, c := range w.Cells {
		if c.Campaign == nil {
			continue
		}
		word, _, _ := strings.Cut(c.Word, ":")
		if counts[word] == 0 {
			order = append(order, word)
		}
		counts[word]++
	}
	var parts []string
	for _, word := range order {
		parts = append(parts, fmt.Sprintf("%d %s", counts[word], word))
	}
	label := fmt.Sprintf("Week %d", w.N)
	if !w.From.IsZero() {
		label += " " + w.From.Format("2 Jan") // as it is written, for those who say what they see
	}
	if len(parts) > 0 {
		label += ": " + strings.Join(parts, ", ")
	}
	if w.Now {
		label += ", this week"
	}
	return label
}

// Title is what a cell says when pointed at.
func (step *stripStep) Title() string {
	if step.Campaign == nil {
		return ""
	}
	date := ""
	if !step.Date.IsZero() {
		date = ", " + step.Date.Format("2 Jan")
	}
	return fmt.Sprintf("Day %d%s, %s “%s”: %s", step.Day, date, step.Campaign.ID, step.Campaign.Title, step.Word)
}
