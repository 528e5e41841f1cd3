package fibonacco

import (
	"context"
	"time"
)

// TrackingRule is one rule by which hits of tracking links are judged.
type TrackingRule struct {
	ID         string  `json:"id"`
	When       string  `json:"when"` // what it asks, in words
	Verdict    Verdict `json:"verdict"`
	Confidence string  `json:"confidence"` // certain, likely or guess
	Why        string  `json:"why"`
	Source     string  `json:"source"` // a document; "observed" is from the behaviour itself
}

// TrackingHit is one stored open or click, as it came, with what is thought of it.
type TrackingHit struct {
	ID            int64     `json:"id"`
	At            time.Time `json:"at"`
	Kind          string    `json:"kind"` // opened or clicked
	Verdict       Verdict   `json:"verdict"`
	Rule          string    `json:"rule"` // that decided; "staff" when a person did, "" for what a provider reported
	Link          string    `json:"link"`
	Method        string    `json:"method"` // "" for what a provider reported
	Prefetch      bool      `json:"prefetch"`
	IP            string    `json:"ip"`
	UserAgent     string    `json:"user_agent"`
	AfterDelivery *float64  `json:"after_delivery_seconds"` // as known when it was judged; negative is before, nil not known
}

// RejudgeRequest says which mails to judge again. A call takes a bounded number of them.
type RejudgeRequest struct {
	Since  *time.Time // mails with an open or a click at this time or later; nil is all
	After  int64      // mails with a greater id: Next of the last call
	DryRun bool       // only say what would change
}

// Rejudging is what one call of Rejudge did, or would do.
type Rejudging struct {
	DryRun       bool           `json:"dry_run"`
	Sends        int            `json:"sends"`        // mails that were looked at
	Hits         int            `json:"hits"`         // of their opens and clicks
	Kept         int            `json:"kept"`         // mails whose verdict a person has given
	Reattributed int            `json:"reattributed"` // hits with the same verdict, by another rule than before
	Changed      []RejudgedHits `json:"changed"`      // hits that are judged otherwise, most first
	Mails        RejudgedMails  `json:"mails"`
	Next         int64          `json:"next"` // for After; 0 when there are no more
}

// RejudgedHits is how many hits went from one verdict to another by a rule.
type RejudgedHits struct {
	From Verdict `json:"from"`
	To   Verdict `json:"to"`
	Rule string  `json:"rule"`
	Hits int     `json:"hits"`
}

// RejudgedMails is what follows for mails: how many count as opened or clicked from now on, no more,
// or since another time.
type RejudgedMails struct {
	Opened    int `json:"opened"`
	Unopened  int `json:"unopened"`
	Clicked   int `json:"clicked"`
	Unclicked int `json:"unclicked"`
	Moved     int `json:"moved"`
}

// TrackingVerdicts is what staff may ask and say of hits.
type TrackingVerdicts interface {
	// TrackingRules is the rules in force, in the order in which they are tried.
	TrackingRules(ctx context.Context) []TrackingRule
	// TrackingHits is the newest opens and clicks of a mail, 500 at the most. NotFound for a mail that is
	// unknown or of a business outside the caller's communities.
	TrackingHits(ctx context.Context, sendID int64) ([]TrackingHit, error)
	// Rejudge judges stored hits by the rules in force and corrects what follows. Doing it again
	// changes nothing. It sees no further than the caller's communities.
	Rejudge(ctx context.Context, r RejudgeRequest) (*Rejudging, error)
	// OverrideVerdict says who opened and clicked a mail, now and later, whatever the rules say; "" lets
	// the rules decide again. NotFound likewise, Invalid for anything but human, machine and "".
	OverrideVerdict(ctx context.Context, sendID int64, v Verdict, reason string) error
}

// EmailRejudged says that the opens and clicks of a mail were judged otherwise than before. The
// times are what holds from now on; nil is never.
type EmailRejudged struct {
	CampaignSendID int64      `json:"campaign_send_id"`
	SMBID          int64      `json:"smb_id"`
	CampaignID     string     `json:"campaign_id"`
	OpenedAt       *time.Time `json:"opened_at"`
	ClickedAt      *time.Time `json:"clicked_at"`
}

// Meta implements Event.
func (e EmailRejudged) Meta() EventMeta {
	return EventMeta{Type: "email.rejudged", Category: CategoryEngagement, SMBID: e.SMBID}
}

// Add adds up what further calls did; Changed is left to the caller.
func (r *Rejudging) Add(one *Rejudging) {
	r.Sends, r.Hits, r.Kept, r.Reattributed = r.Sends+one.Sends, r.Hits+one.Hits, r.Kept+one.Kept, r.Reattributed+one.Reattributed
	r.Mails.Opened += one.Mails.Opened
	r.Mails.Unopened += one.Mails.Unopened
	r.Mails.Clicked += one.Mails.Clicked
	r.Mails.Unclicked += one.Mails.Unclicked
	r.Mails.Moved += one.Mails.Moved
}
