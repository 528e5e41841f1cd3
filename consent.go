package fibonacco

import (
	"context"
	"io"
	"time"
)

// Channel is a way to reach an SMB.
type Channel string

// The channels, each with its opt-in column.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
	ChannelRVM   Channel = "rvm"
	ChannelPhone Channel = "phone"
)

// Channels is every channel.
var Channels = []Channel{ChannelEmail, ChannelSMS, ChannelRVM, ChannelPhone}

// What the preference page says beside its choices, word by word: a yes there is on record with it.
// Changing a word takes a new ChoicesVersion.
const (
	EmailChoice     = "Short guides and offers for local businesses"
	VoicemailChoice = "Now and then a short recorded message. The phone does not ring."
	ChoicesVersion  = "preference page, 1"
)

// Consent is one yes or no to being reached on a channel, kept as proof: it is added to and never
// changed. The last one of a channel, by OccurredAt, is in force and sets the channel's opt-in.
type Consent struct {
	ID         int64     `json:"id"`
	SMBID      int64     `json:"smb_id"`
	Channel    Channel   `json:"channel"`
	Granted    bool      `json:"granted"`     // false is a withdrawal
	Wording    string    `json:"wording"`     // what was agreed to, word by word; required when granted
	Version    string    `json:"version"`     // of the wording
	Source     string    `json:"source"`      // "import", "web form", "phone call", "unsubscribe link", …; required
	SourceURL  string    `json:"source_url"`  // where the proof is
	Address    string    `json:"address"`     // the e-mail address or number it was given for; "" is the SMB's own at the time
	IP         string    `json:"ip"`          // of whoever gave it; "" when unknown
	UserAgent  string    `json:"user_agent"`  // likewise
	OccurredAt time.Time `json:"occurred_at"` // when it was given
	RecordedBy string    `json:"recorded_by"` // who or what wrote it down
	CreatedAt  time.Time `json:"created_at"`
}

// ConsentListing is what can be asked of an SMB's consents.
var ConsentListing = Listing{
	Name: "consents", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were written down."},
		{Name: "channel", Kind: TextField, Values: []string{"email", "sms", "rvm", "phone"}, Filter: true, About: "The way to reach them."},
		{Name: "granted", Kind: BooleanField, Filter: true, About: "false is a withdrawal."},
		{Name: "source", Kind: TextField, Filter: true, About: "Where it came from."},
		{Name: "occurred_at", Kind: TimeField, Filter: true, About: "When it was given."},
	},
}

// Suppression is an address or a telephone number that gets nothing more, whoever it belongs to.
type Suppression struct {
	ID          int64     `json:"id"`
	Kind        string    `json:"kind"`         // email or phone
	Value       string    `json:"value"`        // in its compared form; "" when erased, of which only a hash is kept
	Reason      string    `json:"reason"`       // unsubscribe, bounce, complaint, dnc, manual, erased
	Source      string    `json:"source"`       // a file, a registry, a person's note; "" when the product found it
	CommunityID *int64    `json:"community_id"` // whose people put it there; nil: nobody's in particular
	SMBID       *int64    `json:"smb_id"`       // whose address it was when it was put there
	CreatedAt   time.Time `json:"created_at"`
}

// SuppressionListing is what can be asked of the suppressions.
var SuppressionListing = Listing{
	Name: "suppressions", Search: true, Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were added."},
		{Name: "kind", Kind: TextField, Values: []string{"email", "phone"}, Filter: true, About: "What is suppressed."},
		{Name: "value", Kind: TextField, Filter: true, About: "The address or number, in any form a person writes."},
		{Name: "reason", Kind: TextField, Filter: true, About: "Why."},
		{Name: "source", Kind: TextField, Filter: true, About: "Where it came from."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "Whose it was."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "Since when."},
	},
}

// SuppressionResult is what a file of addresses or numbers did.
//
// Added + Known + Failed = Total.
type SuppressionResult struct {
	Total   int           `json:"total"`   // addresses and numbers, and what should have been one
	Added   int           `json:"added"`   // suppressed from now on
	Known   int           `json:"known"`   // were suppressed already, and repeats within the file
	Failed  int           `json:"failed"`  // lines and values that are neither an address nor a number
	Errors  []ImportError `json:"errors"`  // the first 1,000
	Reached int           `json:"reached"` // SMBs with one of the new addresses or numbers
}

// ConsentService keeps who may be reached, and the proof of it. It acts within the caller's
// communities; what it changes is in the audit log.
type ConsentService interface {
	// RecordConsent stores c, sets the channel's opt-in when c is the last one, and cancels what is
	// queued on the channel after a withdrawal. Returns NotFound, or Invalid naming each bad field.
	RecordConsent(ctx context.Context, c Consent) (*Consent, error)
	// ListConsents is one page of ConsentListing of one SMB.
	ListConsents(ctx context.Context, smbID int64, q ListQuery) (Page[Consent], error)

	// Suppress adds an address or number; one that is there already is returned as it is, with
	// added false.
	Suppress(ctx context.Context, s Suppression) (stored *Suppression, added bool, err error)
	// Unsuppress takes one away; reason is for the audit log and required. An erased one stays:
	// Conflict. Opt-ins stay as they are.
	Unsuppress(ctx context.Context, id int64, reason string) error
	// ListSuppressions is one page of SuppressionListing. A caller limited to communities sees those
	// that came from there or belong to an SMB there.
	ListSuppressions(ctx context.Context, q ListQuery) (Page[Suppression], error)
	// ImportSuppressions reads a do-not-contact file: CSV with or without a header, or a line each.
	// Addresses and numbers are told apart by themselves. source is kept with each.
	ImportSuppressions(ctx context.Context, file io.Reader, reason, source string) (*SuppressionResult, error)
}

// PrivacyService answers what the law gives people (GDPR, CCPA).
type PrivacyService interface {
	// ExportSMB writes everything that is stored about one SMB as a ZIP archive: a JSON file a
	// table, and a page that explains them. Deleted SMBs can be exported until they are purged.
	ExportSMB(ctx context.Context, smbID int64, to io.Writer) error
	// EraseSMB takes away everything that tells who the SMB is: its history stays, without names,
	// addresses and texts, and its addresses and numbers stay suppressed as hashes, so that a later
	// import does not reach them again. It cannot be undone. reason is required.
	EraseSMB(ctx context.Context, smbID int64, reason string) error
}
