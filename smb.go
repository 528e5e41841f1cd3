package fibonacco

import (
	"context"
	"net/mail"
	"strings"
	"time"
)

// CampaignStatus is where an SMB stands in the programme (smbs.campaign_status).
type CampaignStatus string

// The programme statuses, in the order an SMB passes through them.
const (
	StatusPending   CampaignStatus = "pending" // not started
	StatusActive    CampaignStatus = "active"
	StatusPaused    CampaignStatus = "paused"
	StatusCompleted CampaignStatus = "completed" // past the last day
)

// SMB is one small or medium business: the record everything else hangs on.
// A zero string means "unknown" and is NULL in the database.
type SMB struct {
	ID          int64  `json:"id"`
	UUID        string `json:"uuid"`
	CommunityID int64  `json:"community_id"`

	BusinessName string `json:"business_name"`
	DBAName      string `json:"dba_name"`      // trading name
	BusinessType string `json:"business_type"` // at most 100 characters
	Category     string `json:"category"`      // at most 100 characters; a merge field

	PrimaryContactName string          `json:"primary_contact_name"`
	PrimaryEmail       string          `json:"primary_email"` // trimmed, domain in lower case
	PrimaryPhone       string          `json:"primary_phone"` // E.164: "+17185550142"
	SecondaryContacts  []SecondContact `json:"secondary_contacts"`

	Address     string `json:"address"`
	City        string `json:"city"`
	State       string `json:"state"` // two letters
	ZIP         string `json:"zip"`   // text: leading zeros matter
	Coordinates *Point `json:"coordinates"`

	EngagementTier  int        `json:"engagement_tier"`  // 1 Premium … 4 Passive
	EngagementScore int        `json:"engagement_score"` // 0–100
	LastEmailOpen   *time.Time `json:"last_email_open"`
	LastEmailClick  *time.Time `json:"last_email_click"`
	LastContentView *time.Time `json:"last_content_view"`
	LastApproval    *time.Time `json:"last_approval"`
	TotalApprovals  int        `json:"total_approvals"`
	TotalMeetings   int        `json:"total_meetings"`

	CampaignStatus           CampaignStatus `json:"campaign_status"`
	CurrentCampaignID        string         `json:"current_campaign_id"`         // the step planned last
	ManifestDestinyDay       int            `json:"manifest_destiny_day"`        // programme day as last planned; 0 before the start
	ManifestDestinyStartDate string         `json:"manifest_destiny_start_date"` // local date "2026-11-23"; "" before the start
	NextScheduledSend        *time.Time     `json:"next_scheduled_send"`
	PausedDays               int            `json:"paused_days"`  // days taken out of the programme by finished pauses
	PausedOn                 string         `json:"paused_on"`    // local date of the pause in force; "" when none
	PauseReason              string         `json:"pause_reason"` // "" when not paused

	ServiceModel            string   `json:"service_model"`
	SubscriptionTier        string   `json:"subscription_tier"`
	ServicesActivated       []string `json:"services_activated"`
	ServicesApprovedPending []string `json:"services_approved_pending"`

	EmailOptedIn bool `json:"email_opted_in"`
	SMSOptedIn   bool `json:"sms_opted_in"`
	RVMOptedIn   bool `json:"rvm_opted_in"`
	PhoneOptedIn bool `json:"phone_opted_in"`
	DoNotContact bool `json:"do_not_contact"`

	Source           string         `json:"source"`
	DataQualityScore int            `json:"data_quality_score"` // 0–100
	Tags             []string       `json:"tags"`               // lower case, sorted; at most 50 of at most 50 characters
	Version          int            `json:"version"`            // goes up with every change that a person or program made; the ETag
	Metadata         map[string]any `json:"metadata"`
	CreatedAt        time.Time      `json:"created_at"`
	UpdatedAt        time.Time      `json:"updated_at"`
	DeletedAt        *time.Time     `json:"deleted_at,omitempty"`
}

// SecondContact is one more person at a business.
type SecondContact struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone"`
	Role  string `json:"role"`
}

// Point is a place on earth in degrees (WGS 84).
type Point struct {
	Longitude float64 `json:"longitude"`
	Latitude  float64 `json:"latitude"`
}

// FirstName is the first word of the contact's name, or "" when there is none, so that
// templates fall back to "there".
func (s *SMB) FirstName() string {
	first, _, _ := strings.Cut(strings.TrimSpace(s.PrimaryContactName), " ")
	return first
}

// Validate reports every field that cannot be stored, all at once, as an Invalid error.
func (s *SMB) Validate() error {
	var bad []FieldError
	if strings.TrimSpace(s.BusinessName) == "" {
		bad = append(bad, FieldError{"business_name", "is required"})
	}
	if s.CommunityID == 0 {
		bad = append(bad, FieldError{"community_id", "is required"})
	}
	for _, f := range []struct {
		name, value string
		most        int
	}{
		{"business_name", s.BusinessName, 255},
		{"dba_name", s.DBAName, 255},
		{"business_type", s.BusinessType, 100},
		{"category", s.Category, 100},
		{"primary_contact_name", s.PrimaryContactName, 255},
		{"primary_email", s.PrimaryEmail, 255},
		{"primary_phone", s.PrimaryPhone, 50},
		{"address", s.Address, 255},
		{"city", s.City, 100},
		{"zip", s.ZIP, 10},
		{"service_model", s.ServiceModel, 50},
		{"subscription_tier", s.SubscriptionTier, 50},
		{"source", s.Source, 50},
	} {
		if n := len([]rune(f.value)); n > f.most {
			bad = append(bad, FieldError{f.name, "is longer than the field holds"})
		}
		if strings.ContainsRune(f.value, 0) {
			bad = append(bad, FieldError{f.name, "holds a zero byte"})
		}
	}
	if s.PrimaryEmail != "" && !ValidEmail(s.PrimaryEmail) {
		bad = append(bad, FieldError{"primary_email", "is not an e-mail address"})
	}
	if s.State != "" && !statePattern.MatchString(s.State) {
		bad = append(bad, FieldError{"state", "must be two capital letters, for example NY"})
	}
	return InvalidFields("the business cannot be saved", bad)
}

// ValidEmail reports whether address is a bare mailbox that mail can be sent to:
// local@domain with a dot in the domain, no display name, at most 254 bytes, no line breaks.
func ValidEmail(address string) bool {
	if plainEmail(address) {
		return true
	}
	if len(address) > 254 || strings.ContainsAny(address, "\r\n\t <>()\x00") {
		return false
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return false
	}
	local, domain, ok := strings.Cut(address, "@")
	return ok && len(local) <= 64 && strings.Contains(domain, ".") &&
		!strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") && !strings.Contains(domain, "..")
}

// plainEmail knows most good addresses at a glance: letters, digits and a few signs, one @, and
// a domain of several labels. What it does not know is parsed.
func plainEmail(address string) bool {
	at, label, labels := -1, 0, 0
	for i := range len(address) {
		c := address[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			label++
		case c == '@' && at < 0 && i > 0 && label > 0:
			at, label = i, 0
		case at < 0 && (c == '+' || c == '_' || c == '-'):
			label++
		case at >= 0 && c == '-' && label > 0:
			label++
		case c == '.' && label > 0:
			label = 0
			if at >= 0 {
				labels++
			}
		default:
			return false
		}
	}
	return at > 0 && at <= 64 && labels > 0 && label > 0 && len(address) <= 254
}

// NormalizeEmail trims the address and puts its domain in lower case; the local part is the
// owner's business and stays as it is.
func NormalizeEmail(address string) string {
	address = strings.TrimSpace(address)
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	return address[:at+1] + strings.ToLower(address[at+1:])
}

// SMBService is Module 1's contract: the record, its score and its place in the programme.
type SMBService interface {
	// Find returns NotFound when the id is unknown or the SMB deleted; so do the other finders.
	Find(ctx context.Context, id int64) (*SMB, error)
	FindByUUID(ctx context.Context, uuid string) (*SMB, error)
	// FindByEmail compares without case. Of several it returns the oldest.
	FindByEmail(ctx context.Context, email string) (*SMB, error)
	// FindByPhone takes any format a person writes. Of several it returns the oldest.
	FindByPhone(ctx context.Context, phone string) (*SMB, error)

	// Create stores a new SMB: tier 4, score 0, status pending, data quality computed. Publishes
	// SMBCreated. Returns Invalid naming each bad field, also for an unknown community.
	Create(ctx context.Context, s SMB) (*SMB, error)
	// Update changes what change names and nothing else. Publishes SMBUpdated with the names of
	// the fields that became different. Returns NotFound, or Invalid naming each bad field.
	Update(ctx context.Context, id int64, change SMBChange) (*SMB, error)

	// UpdateEngagement sets the last_* column that belongs to kind, when at is newer, and
	// recomputes the score.
	UpdateEngagement(ctx context.Context, smbID int64, kind EngagementKind, at time.Time) error
	// CalculateEngagementScore computes the score (0–100) as of now without storing it. See M1-06.
	CalculateEngagementScore(ctx context.Context, smbID int64) (ScoreBreakdown, error)
	// EvaluateTierChange is the tier that the stored score calls for, and false when that is the
	// tier the SMB has.
	EvaluateTierChange(ctx context.Context, smbID int64) (tier int, changed bool, err error)
	// UpgradeTier moves to a smaller number, DowngradeTier to a larger; the wrong direction is a
	// Conflict. Publishes SMBTierChanged. Opt-ins stay as they are.
	UpgradeTier(ctx context.Context, smbID int64, tier int) error
	DowngradeTier(ctx context.Context, smbID int64, tier int) error

	// ForCampaign lists the SMBs of a status on a stored programme day, by id, after a cursor id;
	// limit is capped at 1,000. next is 0 on the last page.
	ForCampaign(ctx context.Context, status CampaignStatus, day int, after int64, limit int) (page []SMB, next int64, err error)
	// AdvanceManifestDestinyDay stores the programme day derived from today's local date, and
	// completes the programme past its last day. Running it twice changes nothing.
	AdvanceManifestDestinyDay(ctx context.Context, smbID int64) error
}

// SMBChange names what an update changes; nil fields stay as they are.
type SMBChange struct {
	CommunityID        *int64          `json:"community_id,omitempty"`
	BusinessName       *string         `json:"business_name,omitempty"`
	DBAName            *string         `json:"dba_name,omitempty"`
	BusinessType       *string         `json:"business_type,omitempty"`
	Category           *string         `json:"category,omitempty"`
	PrimaryContactName *string         `json:"primary_contact_name,omitempty"`
	PrimaryEmail       *string         `json:"primary_email,omitempty"`
	PrimaryPhone       *string         `json:"primary_phone,omitempty"`
	SecondaryContacts  []SecondContact `json:"secondary_contacts,omitempty"`
	Address            *string         `json:"address,omitempty"`
	City               *string         `json:"city,omitempty"`
	State              *string         `json:"state,omitempty"`
	ZIP                *string         `json:"zip,omitempty"`
	Coordinates        *Point          `json:"coordinates,omitempty"`
	ServiceModel       *string         `json:"service_model,omitempty"`
	SubscriptionTier   *string         `json:"subscription_tier,omitempty"`
	EmailOptedIn       *bool           `json:"email_opted_in,omitempty"`
	SMSOptedIn         *bool           `json:"sms_opted_in,omitempty"`
	RVMOptedIn         *bool           `json:"rvm_opted_in,omitempty"`
	PhoneOptedIn       *bool           `json:"phone_opted_in,omitempty"`
	DoNotContact       *bool           `json:"do_not_contact,omitempty"`
	Source             *string         `json:"source,omitempty"`
	Tags               []string        `json:"tags,omitempty"`     // all of them; nil leaves them, empty takes them away
	Metadata           map[string]any  `json:"metadata,omitempty"` // keys that are named; a nil value takes the key away

	IfVersion *int `json:"-"` // refuse with Conflict unless the SMB has this version (If-Match)
}

// SMBFilter narrows a set of SMBs. Zero fields do not narrow. Deleted SMBs are never in it.
type SMBFilter struct {
	CommunityIDs      []int64          `json:"community_id,omitempty"`
	CampaignStatuses  []CampaignStatus `json:"campaign_status,omitempty"`
	EngagementTiers   []int            `json:"engagement_tier,omitempty"`
	ServiceModels     []string         `json:"service_model,omitempty"`
	SubscriptionTiers []string         `json:"subscription_tier,omitempty"`
	Sources           []string         `json:"source,omitempty"`
	Categories        []string         `json:"category,omitempty"`
	IDs               []int64          `json:"id,omitempty"`
	Search            string           `json:"search,omitempty"`  // words of name, trading name or e-mail, or a part of the phone number
	Segment           string           `json:"segment,omitempty"` // uuid of a Segment whose filter must hold too
	Where             Filter           `json:"-"`                 // conditions on SMBListing's fields
}

// SMBListing is what can be asked of the list of SMBs.
var SMBListing = Listing{
	Name: "smbs", Search: true, Sort: "id",
	Includes: RecordIncludes,
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were added."},
		{Name: "uuid", Kind: UUIDField, Filter: true, About: "The public handle."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "Id of the community."},
		{Name: "business_name", Kind: TextField, Filter: true, Sort: true, About: "Compared, and ordered, without case, accents and LLC."},
		{Name: "business_type", Kind: TextField, Filter: true, About: "As stored."},
		{Name: "category", Kind: TextField, Filter: true, About: "As stored."},
		{Name: "primary_email", Kind: TextField, Filter: true, About: "The whole address, compared without case."},
		{Name: "primary_phone", Kind: TextField, Filter: true, About: "The whole number, in any form a person writes."},
		{Name: "city", Kind: TextField, Filter: true, About: "As stored."},
		{Name: "state", Kind: TextField, Filter: true, About: "Two capital letters."},
		{Name: "zip", Kind: TextField, Filter: true, About: "As stored."},
		{Name: "engagement_tier", Kind: IntegerField, Values: []string{"1", "2", "3", "4"}, Filter: true, About: "1 Premium, 2 Engaged, 3 Active, 4 Passive."},
		{Name: "engagement_score", Kind: IntegerField, Filter: true, Sort: true, About: "0 to 100."},
		{Name: "campaign_status", Kind: TextField, Values: []string{"pending", "active", "paused", "completed"}, Filter: true, About: "Where it stands in the programme."},
		{Name: "current_campaign_id", Kind: TextField, Filter: true, About: "The step planned last."},
		{Name: "manifest_destiny_day", Kind: IntegerField, Filter: true, About: "Programme day as last planned; 0 before the start."},
		{Name: "service_model", Kind: TextField, Filter: true, About: "self_service or ai_account_manager."},
		{Name: "subscription_tier", Kind: TextField, Filter: true, About: "free, starter, growth or premium."},
		{Name: "source", Kind: TextField, Filter: true, About: "Where it came from."},
		{Name: "tag", Kind: TextField, Filter: true, About: "Has the tag. With ! in front it does not, null has none at all."},
		{Name: "approved_service", Kind: TextField, Filter: true, About: "Has said yes to the service, which is waited for, being set up or working. With ! in front it has not, null has none at all, !null has any."},
		{Name: "waiting_service", Kind: TextField, Filter: true, About: "Has said yes to the service, and it does not work yet. null waits for none, !null for any."},
		{Name: "segment", Kind: UUIDField, Filter: true, About: "In the segment of this uuid, one only."},
		{Name: "email_opted_in", Kind: BooleanField, Filter: true, About: "May get e-mail."},
		{Name: "rvm_opted_in", Kind: BooleanField, Filter: true, About: "May get voicemail."},
		{Name: "do_not_contact", Kind: BooleanField, Filter: true, About: "Nothing goes there."},
		{Name: "data_quality_score", Kind: IntegerField, Filter: true, About: "0 to 100."},
		{Name: "last_email_open", Kind: TimeField, Filter: true, About: "null has never opened one."},
		{Name: "last_email_click", Kind: TimeField, Filter: true, About: "null has never clicked one."},
		{Name: "created_at", Kind: TimeField, Filter: true, Sort: true, About: "When it was added."},
		{Name: "updated_at", Kind: TimeField, Filter: true, Sort: true, About: "When anything of it changed last: for keeping another system in step."},
	},
}

// SMBQuery is one question to the list of SMBs: Filter and Search of the ListQuery are in SMBFilter.
type SMBQuery struct {
	Filter SMBFilter
	Sort   []string
	Cursor string
	Size   int
	Total  bool
}

// SMBDirectory reads many SMBs. Each method returns Invalid for conditions that SMBListing does
// not allow and for an unknown segment, and sees no further than the caller's communities.
type SMBDirectory interface {
	// QuerySMBs is one page of SMBListing.
	QuerySMBs(ctx context.Context, q SMBQuery) (Page[SMB], error)
	// ListSMBs is one page by id after a cursor id (0 starts); limit is capped at 1,000.
	// next is 0 on the last page.
	ListSMBs(ctx context.Context, filter SMBFilter, after int64, limit int) (page []SMB, next int64, err error)
	// CountSMBs is how many the filter matches.
	CountSMBs(ctx context.Context, filter SMBFilter) (int, error)
	// DeleteSMB marks the SMB deleted and cancels its queued sends with reason deleted.
	DeleteSMB(ctx context.Context, id int64) error
	// DeleteSMBIf is DeleteSMB of an SMB that still has a version (If-Match); Conflict when it has
	// another.
	DeleteSMBIf(ctx context.Context, id int64, version int) error
}

// Programme starts, pauses and resumes SMBs. Each method works on whatever the filter
// matches, set-based, and says how many it changed.
type Programme interface {
	// StartProgramme makes every pending SMB of the filter active with day 1 today (local), and
	// plans the first step. SMBs that were started before are counted as refused, not changed.
	StartProgramme(ctx context.Context, filter SMBFilter) (ProgrammeResult, error)
	// PauseProgramme stops active SMBs; nothing leaves while paused. reason is kept.
	PauseProgramme(ctx context.Context, filter SMBFilter, reason string) (ProgrammeResult, error)
	// ResumeProgramme lets paused SMBs go on with the next day's step: no burst, no repeat.
	ResumeProgramme(ctx context.Context, filter SMBFilter) (ProgrammeResult, error)
}

// ProgrammeResult counts what a bulk start, pause or resume did.
type ProgrammeResult struct {
	Matched int64 `json:"matched"` // SMBs in the filter
	Changed int64 `json:"changed"` // moved to the new status by this call
	Refused int64 `json:"refused"` // were in a status that does not allow it
	Planned int64 `json:"planned"` // first steps planned by this call
	Skipped int64 `json:"skipped"` // first steps skipped, each with a stored reason
}

// EngagementKind is something an SMB does that counts (config engagement.score_weights).
type EngagementKind string

// The kinds of the specification, with their default weight and cap.
const (
	KindOpen     EngagementKind = "email_open"        // 5, cap 25; one per send
	KindClick    EngagementKind = "email_click"       // 10, cap 30; one per link of a send
	KindView     EngagementKind = "content_view"      // 8, cap 20
	KindComplete EngagementKind = "content_complete"  // 15, cap 30
	KindApproval EngagementKind = "approval"          // 25, cap 50; 15 at 31–90 days, 5 when older
	KindMeeting  EngagementKind = "meeting_scheduled" // 30, cap 30
	KindCallback EngagementKind = "callback"          // 20, cap 40
)

// EngagementKinds is every kind, in the order a breakdown shows them.
var EngagementKinds = []EngagementKind{KindOpen, KindClick, KindView, KindComplete, KindApproval, KindMeeting, KindCallback}

// ScoreBreakdown is a score with how it came about.
type ScoreBreakdown struct {
	SMBID int64       `json:"smb_id"`
	Score int         `json:"score"` // the sum of Parts, at most 100
	Tier  int         `json:"tier"`  // the tier that Score calls for
	Parts []ScorePart `json:"parts"` // one per EngagementKind, in that order
}

// ScorePart is what one kind adds to a score.
type ScorePart struct {
	Kind   EngagementKind `json:"kind"`
	Count  int            `json:"count"`  // in the last 30 days; machine hits left out
	Weight int            `json:"weight"` // points each
	Cap    int            `json:"cap"`    // points at most
	Points int            `json:"points"`
}
