package ui

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountVoicemails adds the ledger of voicemails, and the way to stop them.
func (u *ui) mountVoicemails(page func(pattern string, h handler)) {
	u.mountLedger(page, "/voicemail", u.readVoicemails)
	page("POST /voicemail/pause", u.pauseVoicemail)
	page("POST /voicemail/resume", u.resumeVoicemail)
}

func (u *ui) readVoicemails(r *http.Request) (fr frame, d ledgerData, err error) {
	l := readLedger(fibonacco.RVMDropListing, "/voicemail", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return fr, d, err
	}
	page, err := u.Voicemail.QueryDrops(r.Context(), l.asked())
	if err != nil {
		return fr, d, err
	}
	ids := make([]int64, len(page.Data))
	for i, d := range page.Data {
		ids[i] = d.SMBID
	}
	names, err := u.names(r.Context(), ids)
	if err != nil {
		return fr, d, err
	}
	titles, err := u.titles(r.Context())
	if err != nil {
		return fr, d, err
	}
	state, err := u.Voicemail.VoicemailState(r.Context())
	if err != nil {
		return fr, d, fmt.Errorf("state of voicemail: %w", err)
	}
	fr = u.frame(r, "Voicemail", "/voicemail")
	fr.Toast.Text = map[string]string{"paused": "Voicemails are paused.", "resumed": "Voicemails leave again."}[r.URL.Query().Get("done")]
	d = ledgerData{
		ledger: l, Title: "Voicemail", About: "Messages dropped into mailboxes after a mail stayed unopened.", Label: "Voicemails",
		Menus:   []filterMenu{l.towns(t), l.menu("status", "Status", func(v string) string { return dropBadge(v).Text })},
		Columns: []column{{Name: "Business"}, {Name: "Script"}, {Name: "State"}, {Name: "Why", Wide: true}, {Name: "Due", Wide: true}, {Name: "Called back", Wide: true}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"No voicemail yet", "One follows a mail that nobody opened within a day, where there is written consent, within the calling hours of every place the number may be in."},
		How: "A voicemail follows a mail that stayed unopened, at most as often as the business’s tier allows, only with written consent on record, and only within " +
			"the hours that federal and state law allow for the place of the business and of its number. Whatever forbids one is noted with its reason; open a business to see every rule for it.",
		Above: voicemailPanel(fr, state, u.local(t, time.Time{})), Now: u.local(t, time.Time{}),
	}
	d.Box = l.campaignBox()
	for _, drop := range page.Data {
		at := zone(t.zone(drop.CommunityID))
		now := u.Clock.Now().In(at)
		when := func(p *time.Time) cell {
			if p == nil {
				return cell{}
			}
			return cell{Text: moment(p.In(at), now), Title: fullTime(p.In(at))}
		}
		due := when(drop.ScheduledFor)
		if drop.SentAt != nil {
			due = when(drop.SentAt)
			due.Sub = "handed over"
		}
		d.Rows = append(d.Rows, ledgerRow{
			Key: "drop-" + strconv.FormatInt(drop.ID, 10), Dim: drop.Status == "cancelled",
			Cells: []cell{
				named(names, drop.SMBID, t),
				{Text: orWord(titles[drop.CampaignID], drop.CampaignID), Sub: drop.CampaignID + ", " + phone(drop.Phone), Link: campaignPath(drop.CampaignID)},
				badged(dropBadge(drop.Status)), text(dropWhy(drop)), due, when(drop.CallbackAt),
			},
		})
	}
	return fr, d, nil
}

func dropBadge(status string) badge {
	switch status {
	case "queued":
		return badge{"open", "Queued"}
	case "sending":
		return badge{"ink", "Handing over"}
	case "sent":
		return badge{"ink lv sent", "Handed over"}
	case "delivered":
		return badge{"ink lv opened", "Delivered"}
	case "failed":
		return badge{"brick", "Failed"}
	case "cancelled":
		return badge{"", "Not dropped"}
	}
	return badge{"open", capital(status)}
}

// dropWhy is why a voicemail stands where it does.
func dropWhy(d fibonacco.RVMDrop) string {
	switch {
	case d.Status == "cancelled":
		return skipWord(fibonacco.SkipReason(d.DeliveryStatus))
	case dropWords[d.DeliveryStatus] != "":
		return dropWords[d.DeliveryStatus]
	case d.LastError != "":
		return d.LastError
	}
	return ""
}

// dropWords say what became of a voicemail where providers have words of their own for it. Others are
// shown as the provider says them.
var dropWords = map[string]string{
	"no_voicemail": "No voicemail answered", "no_mailbox": "No mailbox set up", "mailbox_full": "Mailbox full", "not_reachable": "Number not reachable",
	"no_answer": "No answer", "busy": "Line busy", "too_many_attempts": "Tried too often", "outside_hours": "Outside calling hours",
	"do_not_call": "On a do-not-call list: opted out", "litigator": "Known to sue callers: opted out", "reassigned": "Number has a new owner: opted out",
	"opt_in_revoked": "Opt-in taken back", "opt_in_missing": "Provider has no opt-in on file", "script_too_long": "Script too long",
}

func (u *ui) pauseVoicemail(w http.ResponseWriter, r *http.Request) error {
	return u.redone(w, r, "/voicemail", "paused", u.Voicemail.PauseVoicemail(r.Context(), r.PostFormValue("reason"), visitor(r.Context())))
}

func (u *ui) resumeVoicemail(w http.ResponseWriter, r *http.Request) error {
	return u.redone(w, r, "/voicemail", "resumed", u.Voicemail.ResumeVoicemail(r.Context(), visitor(r.Context())))
}
