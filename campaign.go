package fibonacco

import (
	"context"
	"time"
)

// CampaignType is the kind of a campaign; by weekday of the programme 1 HOOK, 2 EDU, 4 and 6 HOWTO.
type CampaignType string

// The types of the specification, and those that imported libraries may bring.
const (
	Hook  CampaignType = "HOOK"
	Edu   CampaignType = "EDU"
	HowTo CampaignType = "HOWTO"
	Conv  CampaignType = "CONV"
	Intro CampaignType = "INTRO" // one-off messages outside the 90 days, such as the premium welcome
)

// PremiumWelcomeID is the campaign that greets an SMB on reaching tier 1 (M1-10).
const PremiumWelcomeID = "WELCOME-PREMIUM"

// Campaign is one step of the programme: a mail, with what it links to.
type Campaign struct {
	ID                 string         `json:"id"` // "HOOK-001"
	Type               CampaignType   `json:"type"`
	Week               int            `json:"week"` // ⌈day/7⌉; 0 outside the programme
	Day                int            `json:"day"`  // programme day 1–90; 0 outside the programme
	Title              string         `json:"title"`
	Subject            string         `json:"subject"` // Liquid
	Slug               string         `json:"slug"`
	ServiceType        string         `json:"service_type"` // "" teaches only
	LandingPageSlug    string         `json:"landing_page_slug"`
	EmailTemplateID    string         `json:"email_template_id"`    // content hash of the mail: the version
	ApprovalButtonText string         `json:"approval_button_text"` // "" when there is no service
	ApprovalConfig     map[string]any `json:"approval_config"`
	RVMScript          string         `json:"rvm_script"` // Liquid; "" when there is none
	RVMConfig          map[string]any `json:"rvm_config"`
	UpsellServices     []string       `json:"upsell_services"`
	MeetingTopic       string         `json:"meeting_topic"`
	IsActive           bool           `json:"is_active"`
	Preheader          string         `json:"preheader"`       // Liquid; shown after the subject in an inbox
	BodyMarkdown       string         `json:"body_markdown"`   // Liquid in Markdown; holds no links
	LearningButton     string         `json:"learning_button"` // label of the learning link; "" means a default
	Version            int            `json:"version"`         // of its texts, from 1
	Subjects           []string       `json:"subjects"`        // further subjects, tried against Subject
	CreatedAt          time.Time      `json:"created_at"`
	UpdatedAt          time.Time      `json:"updated_at"`
}

// SendStatus is where one programme e-mail stands (campaign_sends.status). It moves forward
// only, except that a clearly refused hand-over goes back to queued for a retry.
type SendStatus string

// The statuses of a send.
const (
	SendQueued     SendStatus = "queued"
	SendSending    SendStatus = "sending"    // claimed; may have been handed over
	SendSent       SendStatus = "sent"       // the provider accepted it
	SendFailed     SendStatus = "failed"     // refused for good, or too often
	SendUnknown    SendStatus = "unknown"    // handed over when a process died; never resent blindly
	SendBounced    SendStatus = "bounced"    // permanent bounce
	SendComplained SendStatus = "complained" // reported as spam
	SendSuppressed SendStatus = "suppressed" // not sent: the recipient may not be mailed; see SkipReason
	SendCancelled  SendStatus = "cancelled"  // not sent: paused, deleted, stopped; see SkipReason
)

// SkipReason says why something due did not happen (R2).
type SkipReason string

// The reasons. The words staff read for them are in web/ui.
const (
	NotOptedIn     SkipReason = "not_opted_in"
	DoNotContact   SkipReason = "do_not_contact"
	Suppressed     SkipReason = "suppressed"
	NoAddress      SkipReason = "no_address"
	InvalidAddress SkipReason = "invalid_address"
	NoPhone        SkipReason = "no_phone"
	NoConsent      SkipReason = "no_consent"
	Paused         SkipReason = "paused"
	NotActive      SkipReason = "not_active"
	MonthlyLimit   SkipReason = "monthly_limit"
	OutsideHours   SkipReason = "outside_hours"
	NoCampaign     SkipReason = "no_campaign"
	Missed         SkipReason = "missed"
	Duplicate      SkipReason = "duplicate"
	Deleted        SkipReason = "deleted"
	HealthPause    SkipReason = "health_pause"
	QuietDay       SkipReason = "quiet_day"     // a weekday, date or holiday without mail
	FrequencyCap   SkipReason = "frequency_cap" // had enough mail in the days before

	// Chosen by the business itself on its preference page.
	UnwantedTopic SkipReason = "unwanted_topic"
	AtMostWeekly  SkipReason = "at_most_weekly"
	AskedForPause SkipReason = "asked_for_pause"

	// Of voicemails.
	InvalidPhone SkipReason = "invalid_phone" // not a number in the United States that takes voicemail, or toll free
	AttemptLimit SkipReason = "attempt_limit" // tried too often within days
	UnfitScript  SkipReason = "unfit_script"  // the script does not say who, or how to stop it, or is too long
)

// CampaignSend is one programme e-mail to one SMB. It is created queued and moves forward
// only; see SendStatus. The ledger of sends is never rewritten.
type CampaignSend struct {
	ID           int64      `json:"id"`
	UUID         string     `json:"uuid"` // also the local part of the Message-ID
	SMBID        int64      `json:"smb_id"`
	CampaignID   string     `json:"campaign_id"`   // "HOOK-001"
	Occurrence   int        `json:"occurrence"`    // 1 for a programme step; counts up for repeatable messages
	Email        string     `json:"email"`         // address at planning time, normalised
	Subject      string     `json:"subject"`       // as planned, merge fields filled
	ScheduledFor *time.Time `json:"scheduled_for"` // UTC; nil means as soon as possible
	SentAt       *time.Time `json:"sent_at"`       // set when the provider accepted it
	MessageID    string     `json:"message_id"`    // the provider's, or ours over SMTP
	Status       SendStatus `json:"status"`
	SkipReason   SkipReason `json:"skip_reason"` // "" unless suppressed or cancelled
	Version      int        `json:"campaign_version"`
	Variant      int        `json:"subject_variant"` // 0 is the campaign's own subject
	Attempts     int        `json:"attempts"`        // hand-overs that were clearly refused
	LastError    string     `json:"last_error"`      // the provider's last refusal, without addresses
	DeliveredAt  *time.Time `json:"delivered_at"`
	OpenedAt     *time.Time `json:"opened_at"`
	ClickedAt    *time.Time `json:"clicked_at"`
	BouncedAt    *time.Time `json:"bounced_at"`
	ComplainedAt *time.Time `json:"complained_at"`
	RVMTriggered bool       `json:"rvm_triggered"`
	RVMDropID    *int64     `json:"rvm_drop_id"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

// RVMDrop is one ringless voicemail to one SMB.
type RVMDrop struct {
	ID                int64      `json:"id"`
	UUID              string     `json:"uuid"`
	SMBID             int64      `json:"smb_id"`
	CampaignSendID    *int64     `json:"campaign_send_id"`
	CommunityID       int64      `json:"community_id"`
	CampaignID        string     `json:"campaign_id"` // whose script it is
	Phone             string     `json:"phone"`
	Script            string     `json:"script"`
	VoicePersona      string     `json:"voice_persona"` // "sarah"
	ScheduledFor      *time.Time `json:"scheduled_for"`
	SentAt            *time.Time `json:"sent_at"`
	Provider          string     `json:"provider"` // "drop_cowboy" or "simulator"
	ProviderMessageID string     `json:"provider_message_id"`
	Status            string     `json:"status"`   // queued, sending, sent, delivered, failed, cancelled
	Attempts          int        `json:"attempts"` // hand-overs that came to an end, and did not arrive
	LastError         string     `json:"last_error"`
	DeliveredAt       *time.Time `json:"delivered_at"`
	DeliveryStatus    string     `json:"delivery_status"` // what the provider said, or why it was cancelled; a word
	CallbackReceived  bool       `json:"callback_received"`
	CallbackAt        *time.Time `json:"callback_at"`
	CallbackID        *int64     `json:"callback_id"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
}

// Verdict is who fetched a tracked thing. Only hits that are not a machine's count.
type Verdict string

// The verdicts.
const (
	Human        Verdict = "human"
	Machine      Verdict = "machine" // a scanner, a prefetch, the honeypot link
	UnknownAgent Verdict = "unknown" // an image proxy: read, or merely prepared
)

// Hit is one fetch of a tracked thing, as the web server saw it.
type Hit struct {
	At        time.Time // zero means now
	IP        string    // without a port
	UserAgent string
	Method    string // "GET" or "HEAD"
	Prefetch  bool   // Purpose/Sec-Purpose/X-Moz said prefetch
}

// Link is one place that a programme e-mail leads to.
type Link struct {
	ID         int64  `json:"id"`
	CampaignID string `json:"campaign_id"`
	URL        string `json:"url"` // http or https
}

// CampaignMailing is the e-mail half of Module 2's contract.
type CampaignMailing interface {
	// Campaign returns NotFound when there is no such id.
	Campaign(ctx context.Context, id string) (*Campaign, error)
	// NextCampaignForSMB is the first active campaign after the SMB's programme day, or nil when
	// none is left.
	NextCampaignForSMB(ctx context.Context, smb *SMB) (*Campaign, error)
	// CampaignForDay is the active campaign of programme day 1–90, or nil when that day has none.
	CampaignForDay(ctx context.Context, day int) (*Campaign, error)

	// QueueSend plans one mail outside the daily plan. at nil means as soon as possible. Returns
	// Conflict when this step is planned for the SMB already, Invalid with the skip reason when
	// the SMB may not be mailed, NotFound for an unknown SMB or campaign.
	QueueSend(ctx context.Context, smbID int64, campaignID string, at *time.Time) (*CampaignSend, error)
	// ProcessSend hands one queued send to the mailer and waits until the result is stored. A
	// send that is not queued is left alone and is no error.
	ProcessSend(ctx context.Context, campaignSendID int64) error
	// RecordEmailEvent stores what became of a mail: delivered, opened, clicked, bounced,
	// complained, unsubscribed. Repeats change nothing but the event list.
	RecordEmailEvent(ctx context.Context, campaignSendID int64, eventType string, data EmailEventData) error
}

// CampaignVoicemail is the voicemail half of Module 2's contract.
type CampaignVoicemail interface {
	// ShouldTriggerRVM reports whether the send is unopened long enough and the SMB may get a
	// voicemail. NotFound for an unknown send.
	ShouldTriggerRVM(ctx context.Context, campaignSendID int64) (bool, error)
	// TriggerRVM queues the voicemail for the next time the law allows one, and reserves it within the
	// tier's limit. Conflict when triggered already, Invalid with the reason when the SMB may get none,
	// NotFound for a send that is unknown, or of a business outside the caller's communities.
	// It does not ask how long the send has been unopened.
	TriggerRVM(ctx context.Context, campaignSendID int64) error
	// ProcessRVMDrop hands one queued drop to the provider, if it is due. Outside calling hours it is
	// moved to the next permitted day. A drop that is not queued is left alone and is no error.
	ProcessRVMDrop(ctx context.Context, rvmDropID int64) error
}

// CampaignService is Module 2's whole contract.
type CampaignService interface {
	CampaignMailing
	CampaignVoicemail
}

// EmailEventData goes with RecordEmailEvent; zero fields are not known.
type EmailEventData struct {
	At          time.Time // zero means now
	LinkClicked string
	BounceType  string // "Permanent", "Transient", "Undetermined"
	IP          string
	UserAgent   string
	Verdict     Verdict // opened and clicked only; "" counts as unknown
	Raw         string  // the provider's JSON; "" when there is none
}

// Tracker answers the links in a mail. Each method returns after what it records is durable.
type Tracker interface {
	// Open records one load of the pixel. A token that proves nothing is not an error.
	Open(ctx context.Context, token string, hit Hit) error
	// Click records one click and says where to go on. NotFound when the token proves nothing.
	Click(ctx context.Context, token string, hit Hit) (target string, err error)
}

// Explanation says what was due to one SMB on one local day, and why what did not go did not.
type Explanation struct {
	SMBID        int64            `json:"smb_id"`
	BusinessName string           `json:"business_name"`
	Date         string           `json:"date"` // local to the community
	Timezone     string           `json:"timezone"`
	Status       CampaignStatus   `json:"campaign_status"`
	Day          int              `json:"day"`      // programme day on that date; 0 when not in the programme
	Campaign     string           `json:"campaign"` // that day's campaign; "" when it has none
	Contactable  bool             `json:"contactable"`
	Lines        []ExplanationRow `json:"lines"`
}

// ExplanationRow is one thing that was due.
type ExplanationRow struct {
	CampaignID   string     `json:"campaign_id"`
	SendID       int64      `json:"send_id"` // 0 when never planned
	Outcome      string     `json:"outcome"` // a SendStatus, "skipped" or "not planned yet"
	Reason       SkipReason `json:"reason"`  // "" when there is nothing to explain
	Sentence     string     `json:"sentence"`
	ScheduledFor *time.Time `json:"scheduled_for"`
	SentAt       *time.Time `json:"sent_at"`
}

// Explainer answers "why did this business get nothing that day?" (M1-15).
type Explainer interface {
	// Explain takes a local date "2026-11-23". NotFound for an SMB that is unknown or outside the
	// caller's communities, Invalid for a bad date.
	Explain(ctx context.Context, smbID int64, date string) (*Explanation, error)
}

// CampaignSendListing is what can be asked of the list of sends.
var CampaignSendListing = Listing{
	Name: "campaign-sends", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were planned."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "The business."},
		{Name: "campaign_id", Kind: TextField, Filter: true, About: "The step of the programme."},
		{
			Name: "status", Kind: TextField, Filter: true, About: "Where it stands.",
			Values: []string{"queued", "sending", "sent", "failed", "unknown", "bounced", "complained", "suppressed", "cancelled"},
		},
		{Name: "skip_reason", Kind: TextField, Filter: true, About: "Why it did not leave."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "The community that the business is in now."},
		{Name: "email", Kind: TextField, Filter: true, About: "Went to this whole address, which the business still has; compared without case."},
		{Name: "scheduled_for", Kind: TimeField, Filter: true, About: "When it is to leave; null is as soon as possible."},
		{Name: "sent_at", Kind: TimeField, Filter: true, Sort: true, About: "When the provider accepted it; sorting takes filter[smb_id], or one filter[status]."},
		{Name: "opened_at", Kind: TimeField, Filter: true, About: "When a person first opened it; null is never."},
		{Name: "clicked_at", Kind: TimeField, Filter: true, About: "When a person first clicked; null is never."},
	},
}

// CampaignDirectory reads campaigns and sends. Sends of businesses outside the caller's
// communities are left out.
type CampaignDirectory interface {
	// ListCampaigns is all campaigns by day; "" and 0 do not narrow.
	ListCampaigns(ctx context.Context, kind CampaignType, week int) ([]Campaign, error)
	// QuerySends is one page of CampaignSendListing. Sorting by sent_at takes a filter that leaves few
	// to sort (smb_id) or that is sorted already (one status), and is Invalid without.
	QuerySends(ctx context.Context, q ListQuery) (Page[CampaignSend], error)
	// ListSends is one page, newest first, before a cursor id (0 starts); limit is capped at 1,000.
	ListSends(ctx context.Context, filter SendFilter, before int64, limit int) (page []CampaignSend, next int64, err error)
}

// SendFilter narrows a list of sends. Zero fields do not narrow.
type SendFilter struct {
	SMBID      int64
	CampaignID string
	Status     SendStatus
}
