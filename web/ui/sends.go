package ui

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountSends adds the ledger of mails, with the way to stop all of them and to settle one of which
// nobody knows what became.
func (u *ui) mountSends(page func(pattern string, h handler)) {
	u.mountLedger(page, "/sends", u.readSends)
	page("POST /sends/pause", u.pauseSending)
	page("POST /sends/resume", u.resumeSending)
	page("POST /sends/{id}/settle", u.settleSend)
}

func (u *ui) readSends(r *http.Request) (fr frame, d ledgerData, err error) {
	l := readLedger(fibonacco.CampaignSendListing, "/sends", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return fr, d, err
	}
	page, err := u.Campaigns.QuerySends(r.Context(), l.asked())
	if err != nil {
		return fr, d, err
	}
	ids := make([]int64, len(page.Data))
	for i, s := range page.Data {
		ids[i] = s.SMBID
	}
	names, err := u.names(r.Context(), ids)
	if err != nil {
		return fr, d, err
	}
	state, err := u.Sending.SendingState(r.Context())
	if err != nil {
		return fr, d, fmt.Errorf("state of sending: %w", err)
	}
	fr = u.frame(r, "Sends", "/sends")
	fr.Toast.Text = map[string]string{
		"paused": "Programme mail is paused.", "resumed": "Programme mail leaves again.", "settled": "Noted what became of the mail.",
	}[r.URL.Query().Get("done")]
	d = ledgerData{
		ledger: l, Title: "Sends", About: "Every programme mail, planned, sent and skipped, with its reason.", Label: "Sends",
		Tabs:  sendTabs(l),
		Menus: []filterMenu{l.towns(t), l.menu("status", "Status", func(v string) string { return sendBadge(fibonacco.CampaignSend{Status: fibonacco.SendStatus(v)}).Text })},
		Columns: []column{
			{Name: "Business"}, {Name: "Mail"}, {Name: "State"}, {Name: "Why", Wide: true}, {Name: "Due", Wide: true}, {Name: "Opened", Wide: true}, {Name: "Clicked", Wide: true},
		},
		Next:  l.next(page.Next),
		Empty: [2]string{"No mail yet", "The first mails are planned on the evening after a business is started."},
		How: "Each line is one mail to one business, kept for good. Sent means that the mail server took it; delivered, that the receiving side said so. " +
			"Unknown means that this product died between handing a mail over and hearing the answer: it is never sent again by itself, because the reader may have it. " +
			"Look into the mail server’s log, then settle it. Hits of scanners and mail programs do not count as opened or clicked.",
		Above: sendingPanel(fr, state, u.local(t, time.Time{})), Now: u.local(t, time.Time{}),
	}
	d.Box = l.campaignBox()
	for _, s := range page.Data {
		d.Rows = append(d.Rows, u.sendRow(fr, s, names, t))
	}
	return fr, d, nil
}

// sendTabs are the views that are asked for most.
func sendTabs(l ledger) []choice {
	status := l.query.Get("status")
	var tabs []choice
	for _, v := range []struct{ text, status string }{
		{"All", ""}, {"Queued", "queued"}, {"Sent", "sent"}, {"Unknown", "unknown"}, {"Came back", "failed,bounced,complained"}, {"Not sent", "suppressed,cancelled"},
	} {
		tabs = append(tabs, choice{v.text, l.with("status", v.status), v.status == status})
	}
	return tabs
}

func (u *ui) sendRow(fr frame, s fibonacco.CampaignSend, names map[int64]fibonacco.SMB, t towns) ledgerRow {
	at := zone(t.zone(names[s.SMBID].CommunityID))
	now := u.Clock.Now().In(at)
	when := func(p *time.Time) cell {
		if p == nil {
			return cell{}
		}
		return cell{Text: moment(p.In(at), now), Title: fullTime(p.In(at))}
	}
	due := when(s.ScheduledFor)
	if s.SentAt != nil {
		due = when(s.SentAt)
		due.Sub = "sent"
	}
	mail := cell{Text: s.Subject, Sub: s.CampaignID, Link: campaignPath(s.CampaignID)}
	if s.Occurrence > 1 {
		mail.Sub += fmt.Sprintf(", mail %d", s.Occurrence)
	}
	row := ledgerRow{
		Key: "send-" + strconv.FormatInt(s.ID, 10), Dim: s.SkipReason != "",
		Cells: []cell{named(names, s.SMBID, t), mail, badged(sendBadge(s)), text(sendWhy(s)), due, when(s.OpenedAt), when(s.ClickedAt)},
	}
	if s.Status == fibonacco.SendUnknown && fr.may(fibonacco.Operator) {
		row.Cells[2].More = settleForm(s.ID)
	}
	return row
}

// sendWhy is why a mail stands where it does; "" where nothing needs saying.
func sendWhy(s fibonacco.CampaignSend) string {
	switch {
	case s.SkipReason != "":
		return skipWord(s.SkipReason)
	case s.Status == fibonacco.SendUnknown:
		return "Handed over, and no answer came back"
	case s.LastError != "" && s.Status != fibonacco.SendSent:
		return s.LastError
	}
	return ""
}

// local is a moment where most businesses are; the zero time is now.
func (u *ui) local(t towns, at time.Time) time.Time {
	if at.IsZero() {
		at = u.Clock.Now()
	}
	return at.In(zone(t.home()))
}

func (u *ui) pauseSending(w http.ResponseWriter, r *http.Request) error {
	return u.redone(w, r, "/sends", "paused", u.Sending.PauseSending(r.Context(), r.PostFormValue("reason"), visitor(r.Context())))
}

func (u *ui) resumeSending(w http.ResponseWriter, r *http.Request) error {
	return u.redone(w, r, "/sends", "resumed", u.Sending.ResumeSending(r.Context(), visitor(r.Context())))
}

func (u *ui) settleSend(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	became := fibonacco.SendStatus(r.PostFormValue("became"))
	return u.redone(w, r, "/sends?status=unknown", "settled", u.Sending.SettleSend(r.Context(), id, became, r.PostFormValue("why")))
}

// redone ends an action that worked with its page again, and a sentence about it.
func (u *ui) redone(w http.ResponseWriter, r *http.Request, path, what string, err error) error {
	if err != nil {
		return err
	}
	sep := "?"
	for _, c := range path {
		if c == '?' {
			sep = "&"
		}
	}
	http.Redirect(w, r, path+sep+"done="+what, http.StatusSeeOther) //nolint:gosec // every caller says a path of ours
	return nil
}

// visitor is the name of who asks, for what is noted with it.
func visitor(ctx context.Context) string {
	if p := principal(ctx); p != nil {
		return p.Name
	}
	return ""
}

func warmupWords(w *fibonacco.WarmupState) string {
	return fmt.Sprintf("Warm-up day %d: %s of %s", w.Day, number(w.Sent), number(w.Volume))
}
