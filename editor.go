package fibonacco

import (
	"context"
	"io/fs"
	"time"
)

// CampaignDraft is a campaign as somebody writes it. What is not here follows from it.
type CampaignDraft struct {
	ID                 string       `json:"id"`   // "HOOK-001"; fixed once the campaign is there
	Type               CampaignType `json:"type"` // likewise
	Day                int          `json:"day"`  // programme day; 0 outside the programme
	Title              string       `json:"title"`
	Slug               string       `json:"slug"` // of its learning page; fixed once the campaign is there
	Subject            string       `json:"subject"`
	Subjects           []string     `json:"subjects"` // further ones, tried against Subject; at most 4
	Preheader          string       `json:"preheader"`
	BodyMarkdown       string       `json:"body_markdown"`
	LearningButton     string       `json:"learning_button"`
	ServiceType        string       `json:"service_type"` // "" teaches only
	ApprovalButtonText string       `json:"approval_button_text"`
	UpsellServices     []string     `json:"upsell_services"`
	MeetingTopic       string       `json:"meeting_topic"`
	RVMScript          string       `json:"rvm_script"`
}

// CampaignVersion is what a campaign said. It never changes.
type CampaignVersion struct {
	CampaignID         string    `json:"campaign_id"`
	Version            int       `json:"version"` // from 1
	Title              string    `json:"title"`
	Subject            string    `json:"subject"`
	Subjects           []string  `json:"subjects"`
	Preheader          string    `json:"preheader"`
	BodyMarkdown       string    `json:"body_markdown"`
	LearningButton     string    `json:"learning_button"`
	ApprovalButtonText string    `json:"approval_button_text"`
	ServiceType        string    `json:"service_type"`
	MeetingTopic       string    `json:"meeting_topic"`
	RVMScript          string    `json:"rvm_script"`
	Day                int       `json:"day"`
	EmailTemplateID    string    `json:"email_template_id"`
	CreatedBy          string    `json:"created_by"` // who wrote it, or "library"
	CreatedAt          time.Time `json:"created_at"`
}

// CampaignFinding is something about a campaign's mail that somebody should look at.
type CampaignFinding struct {
	Field    string `json:"field"`    // "subject", "body_markdown"; "mail" for the whole
	Message  string `json:"message"`  // a sentence fragment: "is longer than 102 KB"
	Severity string `json:"severity"` // error: it cannot be saved; warning: it can
}

// CampaignEditor writes campaigns, version by version (M2-19). A mail goes out as it was planned: what
// is edited afterwards is for the mails that are planned afterwards. Routes: GET /campaigns/{id}/versions,
// GET /campaigns/{id}/versions/{n}, POST /campaigns, PUT /campaigns/{id} (If-Match: the version),
// POST /campaigns/{id}/activate and /deactivate, PUT and DELETE /campaigns/{id}/subject, POST /campaigns/lint.
type CampaignEditor interface {
	// CreateCampaign stores version 1, inactive. Invalid with every field that cannot be used,
	// Conflict when the id or the slug is taken. findings are warnings.
	CreateCampaign(ctx context.Context, draft CampaignDraft, by string) (c *Campaign, findings []CampaignFinding, err error)
	// UpdateCampaign stores the next version, when the draft says something else than version does.
	// Conflict when version is not the present one: somebody else was faster. Invalid likewise.
	UpdateCampaign(ctx context.Context, version int, draft CampaignDraft, by string) (c *Campaign, findings []CampaignFinding, err error)
	// SetCampaignActive lets a campaign be planned, or no more; what is planned goes. Conflict when
	// another active campaign has its day.
	SetCampaignActive(ctx context.Context, id string, active bool) (changed bool, err error)
	// ChooseSubject ends the test of a version's subjects by hand: what is planned from now on gets the
	// variant. nil takes the choice back, and the test goes on, which may choose by itself. NotFound for
	// an unknown campaign, Conflict when version is not the present one or has one subject only, Invalid
	// for a variant that it has not got.
	ChooseSubject(ctx context.Context, id string, version int, variant *int, by string) (changed bool, err error)
	// CampaignVersion returns NotFound when there is no such version.
	CampaignVersion(ctx context.Context, id string, version int) (*CampaignVersion, error)
	// ListCampaignVersions is all versions, newest first; NotFound for an unknown campaign.
	ListCampaignVersions(ctx context.Context, id string) ([]CampaignVersion, error)
	// LintCampaign says what is wrong with a draft, and stores nothing.
	LintCampaign(draft CampaignDraft) []CampaignFinding
}

// MailPreview is a campaign's mail as one business would get it. Its links lead nowhere.
type MailPreview struct {
	CampaignID string `json:"campaign_id"`
	Version    int    `json:"version"`
	Subject    string `json:"subject"`
	Preheader  string `json:"preheader"`
	HTML       string `json:"html"` // a whole document
	Text       string `json:"text"`
	Headers    string `json:"headers"` // as on the wire, with "\n" at the end of a line
	Size       int    `json:"size"`    // bytes of the whole message
}

// CampaignPreviewer shows mails before they go. Routes: GET /campaigns/{id}/preview?smb_id=&version=,
// POST /campaigns/preview, POST /campaigns/{id}/test-send.
type CampaignPreviewer interface {
	// PreviewCampaign shows a version (0 is the present one) for an SMB. NotFound for an unknown
	// campaign, version or SMB, and for an SMB outside the caller's communities.
	PreviewCampaign(ctx context.Context, id string, version int, smbID int64) (*MailPreview, error)
	// PreviewDraft shows what is being written, and stores nothing. smbID 0 is a business of which
	// nothing is known but a name and a community. Invalid with what keeps the mail from being written,
	// NotFound for an SMB as above. Version is 0.
	PreviewDraft(ctx context.Context, draft CampaignDraft, smbID int64) (*MailPreview, error)
	// TestSend mails it to the given address, with [Test] before the subject and without a send row
	// (M2-21). It returns once the mail is queued. NotFound likewise, Invalid for what is no address,
	// TooMany when there were enough in the last hour.
	TestSend(ctx context.Context, id string, version int, smbID int64, to, by string) error
}

// CampaignStats is what became of a campaign's mails (M2-20). Each figure is counted by itself, so
// that a mail may be in several.
type CampaignStats struct {
	CampaignID   string    `json:"campaign_id"`
	Version      int       `json:"version"`    // 0 is all of them
	CountedAt    time.Time `json:"counted_at"` // now; of many thousand mails some minutes ago, an hour at most
	Planned      int       `json:"planned"`    // rows, whatever became of them
	Queued       int       `json:"queued"`     // not handed over yet
	Sent         int       `json:"sent"`       // accepted by the provider
	Delivered    int       `json:"delivered"`
	Opened       int       `json:"opened"`  // by a person
	Clicked      int       `json:"clicked"` // by a person
	Bounced      int       `json:"bounced"` // for good
	Complained   int       `json:"complained"`
	Unsubscribed int       `json:"unsubscribed"` // by this mail's link
	Failed       int       `json:"failed"`
	Unknown      int       `json:"unknown"`
	Suppressed   int       `json:"suppressed"`
	Cancelled    int       `json:"cancelled"`

	// What the mail led to, as mails whose business did it at any time.
	Learnt   int `json:"learnt"`   // came to its learning page by its link
	Approved int `json:"approved"` // said yes by its link or on its learning page, and has not taken it back

	// Skips is why what was due did not go, most first: suppressed and cancelled mails, and steps that
	// were never planned, which are of no version and so in the figures of all only.
	Skips []SkipCount `json:"skips"`

	// Percent of the mails sent, 0 to 100; 0 when none was.
	DeliveryRate    float64 `json:"delivery_rate"`
	OpenRate        float64 `json:"open_rate"`
	ClickRate       float64 `json:"click_rate"`
	BounceRate      float64 `json:"bounce_rate"`
	ComplaintRate   float64 `json:"complaint_rate"`
	UnsubscribeRate float64 `json:"unsubscribe_rate"`

	Subjects []SubjectStats `json:"subjects"` // of a version with several; nil otherwise
	Winner   *int           `json:"winner"`   // the subject that won, if one has
	Test     *SubjectTest   `json:"test"`     // how it stands; nil without several subjects
}

// SubjectTest is the state of a test of subjects. It is sequential: it may be looked at at any time.
type SubjectTest struct {
	Metric    string     `json:"metric"`     // "opens" or "clicks", by people
	MinSends  int        `json:"min_sends"`  // of each subject, before anything is said
	Leader    int        `json:"leader"`     // the variant that is ahead
	Chance    float64    `json:"chance"`     // of its lead over the closest other, were all alike: 0 to 1
	Threshold float64    `json:"threshold"`  // the test ends when Chance is not above it
	DecidedAt *time.Time `json:"decided_at"` // nil while it runs
	DecidedBy string     `json:"decided_by"` // who chose by hand; "" while it runs, and when the figures decided
}

// CampaignFigures are the figures of one campaign among all. A mail counts for the community that it
// was planned in.
type CampaignFigures struct {
	CampaignID string `json:"campaign_id"`
	Sent       int    `json:"sent"`
	Opened     int    `json:"opened"`   // by a person
	Clicked    int    `json:"clicked"`  // by a person
	Approved   int    `json:"approved"` // yeses that came of its mail or its page, and were not taken back
	Today      int    `json:"today"`    // active businesses whose programme day is the campaign's
	Testing    bool   `json:"testing"`  // several subjects are under test, and none has won
}

// SubjectStats is how one of the subjects under test does.
type SubjectStats struct {
	Variant int    `json:"variant"` // 0 is the campaign's own subject
	Subject string `json:"subject"`
	Sent    int    `json:"sent"` // long enough ago to count
	Reacted int    `json:"reacted"`
}

// CampaignReporter counts, within the caller's communities. Routes: GET /campaigns/{id}/stats?version=,
// GET /campaigns/figures.
type CampaignReporter interface {
	// CampaignStats counts one version, or with 0 all. NotFound for an unknown campaign. Where a campaign
	// has many thousand mails, the figures may be some minutes old, and an hour where nobody has asked
	// meanwhile: CountedAt says. The test of subjects is one for all, and shown to those who see all.
	CampaignStats(ctx context.Context, id string, version int) (*CampaignStats, error)
	// ListCampaignFigures is the figures of every campaign, in the order of ListCampaigns. They may be
	// some seconds old; where a ledger of millions takes long to count, minutes, and an hour where nobody
	// has asked meanwhile.
	ListCampaignFigures(ctx context.Context) ([]CampaignFigures, error)
}

// LibraryFinding is one irregularity of a campaign library.
type LibraryFinding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`  // from 1; 0 when it is about the file as a whole
	Field    string `json:"field"` // "subject", "slides[2].narration"; "" for the file
	Message  string `json:"message"`
	Severity string `json:"severity"` // error: nothing of the library is stored; warning: it can be
}

// LibraryReport is what a library holds, and what was stored of it.
type LibraryReport struct {
	Campaigns int              `json:"campaigns"` // that could be read
	Unplaced  []string         `json:"unplaced"`  // ids of those without a day of their own: kept, inactive
	Errors    int              `json:"errors"`    // of the problems
	Problems  []LibraryFinding `json:"problems"`
	DryRun    bool             `json:"dry_run"`
	Changed   int              `json:"changed"` // campaigns that became new or different; 0 with errors, or when dry
}

// CampaignLibraries brings libraries in (M2-24). Route: POST /campaigns/import?dry_run=.
type CampaignLibraries interface {
	// ImportLibrary reads the files of a folder, in our form or in that of others, and stores them
	// unless one has an error or dry is true. Irregularities are in the report, and no error. Doing it
	// again changes nothing.
	ImportLibrary(ctx context.Context, files fs.FS, dry bool) (*LibraryReport, error)
}
