package fibonacco

import (
	"context"
	"io"
	"slices"
	"time"
)

// Role is what a person or token may do (D11).
type Role string

// The roles, from most to least.
const (
	Admin    Role = "admin"    // everything, users and tokens included
	Manager  Role = "manager"  // everything about businesses and the programme
	Operator Role = "operator" // daily work: import, start, pause, resume
	Viewer   Role = "viewer"   // reads
	Owner    Role = "owner"    // an SMB's own people; sees only that SMB
)

// Roles is every role, from most to least.
var Roles = []Role{Admin, Manager, Operator, Viewer, Owner}

// Valid reports whether r is a known role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// AtLeast reports whether a staff role may do what least may. Owner is never staff.
func (r Role) AtLeast(least Role) bool {
	i, j := slices.Index(Roles, r), slices.Index(Roles, least)
	return r != Owner && i >= 0 && i <= j
}

// User is a person who can sign in.
type User struct {
	ID        int64     `json:"id"`
	UUID      string    `json:"uuid"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"created_at"`
}

// AccessToken is a personal access token; only its hash is stored.
type AccessToken struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Role       Role       `json:"role"`
	UserID     *int64     `json:"user_id"`
	LastUsedAt *time.Time `json:"last_used_at"`
	ExpiresAt  *time.Time `json:"expires_at"` // nil never expires
	CreatedAt  time.Time  `json:"created_at"`
}

// Principal is who asks: a signed-in user or a token.
type Principal struct {
	UserID  int64 // 0 for a token without a user
	TokenID int64 // 0 for a session
	Name    string
	Role    Role
}

// AccessService knows who may come in.
type AccessService interface {
	// CreateUser stores a user with an argon2id hash of the password. Invalid names each bad field
	// (a password has at least 10 characters); Conflict when the e-mail is taken.
	CreateUser(ctx context.Context, u User, password string) (*User, error)
	// CreateToken returns the token's text, which is shown once and never again.
	CreateToken(ctx context.Context, t AccessToken) (secret string, created *AccessToken, err error)
	// SignIn checks e-mail and password and opens a session; Unauthorized when either is wrong,
	// without saying which, TooMany after ten failures in fifteen minutes for one e-mail.
	SignIn(ctx context.Context, email, password string) (session string, p *Principal, err error)
	// SignOut ends a session; unknown ones are no error.
	SignOut(ctx context.Context, session string) error
	// BySession and ByToken return Unauthorized when it is unknown or expired.
	BySession(ctx context.Context, session string) (*Principal, error)
	ByToken(ctx context.Context, secret string) (*Principal, error)
}

// ImportRequest says how to read a file of businesses (M1-20).
type ImportRequest struct {
	CommunityID int64
	Filename    string            // for people
	Format      string            // "csv" or "json"; "" decides by the first bytes
	Mapping     map[string]string // field → column; nil guesses from the header
	Duplicates  string            // "fill" (default: fill blanks), "overwrite" or "skip"
	DryRun      bool              // count and report, store nothing
	Source      string            // stored as smbs.source; "" means "import"
}

// ImportError is one row that was not stored, or one value of it.
type ImportError struct {
	Line   int    `json:"line"` // in the file, counting from 1; the header is line 1
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// ImportResult is what an import did; Created + Updated + Skipped + Failed = Total.
type ImportResult struct {
	Total   int           `json:"total"`   // data rows read
	Created int           `json:"created"` // new businesses
	Updated int           `json:"updated"` // known ones that changed
	Skipped int           `json:"skipped"` // known ones with nothing to change, and repeats within the file
	Failed  int           `json:"failed"`  // rows with an error
	Errors  []ImportError `json:"errors"`  // the first 1,000
}

// ImportJob is an import's state, for status pages (M1-21).
type ImportJob struct {
	ID          int64  `json:"id"`
	UUID        string `json:"uuid"`
	CommunityID int64  `json:"community_id"`
	Filename    string `json:"filename"`
	Status      string `json:"status"` // queued, running, completed, failed
	DryRun      bool   `json:"dry_run"`
	ImportResult
	Message       string     `json:"message"` // why it failed; "" otherwise
	RowsPerSecond float64    `json:"rows_per_second"`
	ETASeconds    *float64   `json:"eta_seconds"` // nil when unknown or done
	CreatedAt     time.Time  `json:"created_at"`
	FinishedAt    *time.Time `json:"finished_at"`
}

// Importer takes files of businesses.
type Importer interface {
	// StartImport keeps the file as it is read and queues the work. size is the file's, in bytes;
	// 0 when it is not known.
	StartImport(ctx context.Context, req ImportRequest, file io.Reader, size int64) (*ImportJob, error)
	// ImportJob returns NotFound for an unknown uuid.
	ImportJob(ctx context.Context, uuid string) (*ImportJob, error)
}
