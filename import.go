package fibonacco

import (
	"context"
	"io"
	"time"
)

// ImportRequest says how to read a file of businesses (M1-20).
type ImportRequest struct {
	CommunityID int64
	Filename    string            // for people
	Format      string            // csv, json, ndjson or xlsx; "" decides by the content
	Sheet       string            // of a workbook; "" is the first that is not hidden
	Mapping     map[string]string // field → column; nil takes the saved mapping of the same header, or guesses by names and values
	Mode        string            // what a row is: a business (""), or one that must not be contacted (DoNotContactFile)
	Match       []MatchRule       // by what a known business is found, the surest first; nil weighs all that is known of it
	Duplicates  string            // "fill" (default: fill blanks), "overwrite" or "skip"
	Policies    map[string]string // field → fill, overwrite or skip, where that differs from Duplicates
	DryRun      bool              // count and report, store nothing
	Source      string            // stored as smbs.source; "" means "import"
}

// DoNotContactFile is the ImportRequest.Mode of a file of those who want to hear nothing: the known
// ones are blocked, addresses and numbers of the others are suppressed. Nothing is created.
const DoNotContactFile = "do_not_contact"

// MatchRule is one way of telling that a row is about a business that is known.
type MatchRule string

// The rules.
const (
	MatchEmail        MatchRule = "email"          // the same address; case does not count
	MatchPhone        MatchRule = "phone"          // the same number; "none" numbers like 555-1212 are no number
	MatchNameZIP      MatchRule = "name_zip"       // the same name, without case, accents and LLC, in the same ZIP
	MatchFuzzyNameZIP MatchRule = "fuzzy_name_zip" // nearly the same name in the same ZIP: "Joes Piza" is Joe's Pizza Inc.
)

// MatchRules is every rule.
var MatchRules = []MatchRule{MatchEmail, MatchPhone, MatchNameZIP, MatchFuzzyNameZIP}

// ImportError is one row that was not stored, or one value of it.
type ImportError struct {
	Line   int    `json:"line"` // in the file, counting from 1; the header is line 1
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// ImportResult is what an import did; Created + Updated + Skipped + Failed = Total.
type ImportResult struct {
	Total   int           `json:"total"`   // data rows read
	Created int           `json:"created"` // new businesses; in a do-not-contact file, rows whose address or number was suppressed
	Updated int           `json:"updated"` // known ones that changed
	Skipped int           `json:"skipped"` // known ones with nothing to change, and repeats within the file
	Failed  int           `json:"failed"`  // rows with an error
	Errors  []ImportError `json:"errors"`  // the first 1,000

	Problems   []ImportProblem   `json:"problems"`   // the errors by field and reason, the most frequent first; at most 100
	Duplicates []ImportDuplicate `json:"duplicates"` // of a dry run: the first 50 rows about a known business
	Consents   int               `json:"consents"`   // yeses and noes that were recorded
}

// ImportProblem is one reason for which values were refused.
type ImportProblem struct {
	Field  string `json:"field"` // "" is the whole row
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	Lines  []int  `json:"lines"` // the first five
}

// ImportDuplicate is a row about a business that is known already, or that stood further up.
type ImportDuplicate struct {
	Line   int           `json:"line"`
	SMBID  *int64        `json:"smb_id"` // nil: a row further up in the same file
	Name   string        `json:"name"`   // of the known one
	By     string        `json:"by"`     // what gave it away: email, phone, name_zip, …
	Change []FieldChange `json:"change"` // what the row would change; empty: nothing
}

// FieldChange is one field that would become different.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ImportStatus is where an import stands.
type ImportStatus string

// The statuses. What was stored before an import failed or was cancelled stays, and can be undone.
const (
	ImportQueued    ImportStatus = "queued"
	ImportRunning   ImportStatus = "running"
	ImportCompleted ImportStatus = "completed" // all of it is stored, and can be found
	ImportFailed    ImportStatus = "failed"
	ImportCancelled ImportStatus = "cancelled"
	ImportUndoing   ImportStatus = "undoing"
	ImportUndone    ImportStatus = "undone"
)

// ImportStatuses is every status.
var ImportStatuses = []ImportStatus{ImportQueued, ImportRunning, ImportCompleted, ImportFailed, ImportCancelled, ImportUndoing, ImportUndone}

// ImportJob is an import's state, for status pages (M1-21).
type ImportJob struct {
	ID          int64        `json:"id"`
	UUID        string       `json:"uuid"`
	CommunityID int64        `json:"community_id"`
	Filename    string       `json:"filename"`
	Format      string       `json:"format"` // csv, json, ndjson or xlsx
	Mode        string       `json:"mode"`   // "" or DoNotContactFile
	Status      ImportStatus `json:"status"`
	DryRun      bool         `json:"dry_run"`
	ImportResult
	Message       string            `json:"message"`  // why it failed; "" otherwise
	Mapping       map[string]string `json:"mapping"`  // field → column, as it was read; empty when the objects of a JSON file decided
	Progress      float64           `json:"progress"` // 0 to 1
	RowsPerSecond float64           `json:"rows_per_second"`
	ETASeconds    *float64          `json:"eta_seconds"` // nil when unknown or done
	UndoUntil     *time.Time        `json:"undo_until"`  // nil when there is nothing to take back
	Undo          *ImportUndo       `json:"undo"`        // nil unless it was, or is being, taken back
	CreatedBy     *int64            `json:"created_by"`
	CreatedAt     time.Time         `json:"created_at"`
	FinishedAt    *time.Time        `json:"finished_at"`
}

// ImportUndo is what taking an import back did.
type ImportUndo struct {
	Removed        int `json:"removed"`         // businesses it had created
	Kept           int `json:"kept"`            // created ones that were changed, started or merged since
	Restored       int `json:"restored"`        // changed businesses that are as they were
	FieldsKept     int `json:"fields_kept"`     // values that somebody has changed since
	AlreadyDeleted int `json:"already_deleted"` // businesses that were gone
}

// ImportListing is what can be asked of the list of imports.
var ImportListing = Listing{
	Name: "imports", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were started."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "Where the businesses went."},
		{
			Name: "status", Kind: TextField, Filter: true, About: "Where it stands.",
			Values: []string{"queued", "running", "completed", "failed", "cancelled", "undoing", "undone"},
		},
		{Name: "dry_run", Kind: BooleanField, Filter: true, About: "Stored nothing."},
		{Name: "filename", Kind: TextField, Filter: true, About: "As it was called."},
		{Name: "created_by", Kind: IntegerField, Filter: true, About: "Whose it is; null is the command line or a token of nobody."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When it was started."},
	},
}

// ImportPreview is what a file looks like before it is imported. Nothing of it is kept.
type ImportPreview struct {
	Format  string            `json:"format"`
	Sheets  []string          `json:"sheets"`  // of a workbook, those that are not hidden
	Sheet   string            `json:"sheet"`   // the one that is read; "" when there is none
	Columns []ImportColumn    `json:"columns"` // in the file's order; of JSON the keys of the first objects
	Mapping map[string]string `json:"mapping"` // field → column, as the import would read it
	Saved   *ImportMapping    `json:"saved"`   // the saved mapping that was taken; nil when there is none for this header
	Rows    []ImportRow       `json:"rows"`    // the first 20, as they would be stored
	// Problems is what stands in the way of an import, or of some of its rows.
	Problems []FieldError `json:"problems"`
}

// ImportColumn is one column of a file.
type ImportColumn struct {
	Name       string   `json:"name"`
	Samples    []string `json:"samples"`    // the first five different values
	Field      string   `json:"field"`      // what it seems to hold; "" when it is left out
	Confidence float64  `json:"confidence"` // 0 to 1; what is below 0.7 is proposed, and not read unless asked for
	Why        string   `json:"why"`        // for people: "the name says so, and 97 % of the values are addresses"
}

// ImportRow is one row of a file as it would be stored.
type ImportRow struct {
	Line     int               `json:"line"`
	Values   map[string]string `json:"values"`   // by field; empty ones left out
	Problems []FieldError      `json:"problems"` // why it would not be stored; empty when it would
}

// ImportMapping is a mapping that is kept for files with the same header.
type ImportMapping struct {
	ID          int64             `json:"id"`
	UUID        string            `json:"uuid"`
	Name        string            `json:"name"`         // for people; at most 255 characters
	CommunityID *int64            `json:"community_id"` // only for imports there; nil: for all
	Columns     []string          `json:"columns"`      // the header it is for; order and case do not count
	Mapping     map[string]string `json:"mapping"`      // field → column
	CreatedBy   *int64            `json:"created_by"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// ImportMappingListing is what can be asked of the list of saved mappings.
var ImportMappingListing = Listing{
	Name: "import-mappings", Sort: "name",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were made."},
		{Name: "name", Kind: TextField, Filter: true, Sort: true, About: "As it was saved."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "null is those for all communities."},
	},
}

// Importer takes files of businesses. It acts within the caller's communities: an import elsewhere
// is NotFound.
type Importer interface {
	// StartImport keeps the file as it is read and queues the work. size is the file's, in bytes;
	// 0 when it is not known. The kept file is removed as soon as the import has ended. Returns
	// Invalid naming each bad field, and Malformed for a file that cannot be read at all.
	StartImport(ctx context.Context, req ImportRequest, file io.Reader, size int64) (*ImportJob, error)
	// PreviewImport reads the beginning of a file, and keeps nothing of it.
	PreviewImport(ctx context.Context, req ImportRequest, file io.Reader) (*ImportPreview, error)
	// ImportJob returns NotFound for an unknown uuid.
	ImportJob(ctx context.Context, uuid string) (*ImportJob, error)
	// ListImports is one page of ImportListing; errors, problems and duplicates are left out.
	ListImports(ctx context.Context, q ListQuery) (Page[ImportJob], error)
	// CancelImport stops an import that has not ended. Conflict when it has.
	CancelImport(ctx context.Context, uuid string) (*ImportJob, error)
	// UndoImport takes an import back, in the background, for 30 days after it has ended: what it
	// created is deleted unless it was changed or started since, what it changed gets its former
	// values back where nobody has changed them since. Consents and suppressions stay: they are
	// proof. Conflict when it has not ended, is too old, was a dry run, or is undone already.
	UndoImport(ctx context.Context, uuid string) (*ImportJob, error)
	// WriteImportErrors writes all errors as CSV: line, field, reason, value. Cells that a
	// spreadsheet would take for a formula begin with an apostrophe. After 30 days the values are
	// gone, and all errors but the first 1,000.
	WriteImportErrors(ctx context.Context, uuid string, to io.Writer) error

	// SaveImportMapping stores a mapping for files whose header is m.Columns; one that there is for
	// the same header and community is replaced. Invalid names each bad field. A caller limited to
	// one community need not name it, and one limited to several must.
	SaveImportMapping(ctx context.Context, m ImportMapping) (*ImportMapping, error)
	ImportMapping(ctx context.Context, uuid string) (*ImportMapping, error)
	// ListImportMappings is one page of ImportMappingListing. Those for all communities can be
	// seen by everybody, and deleted by those who see all communities.
	ListImportMappings(ctx context.Context, q ListQuery) (Page[ImportMapping], error)
	DeleteImportMapping(ctx context.Context, uuid string) error
}
