package fibonacco

import (
	"context"
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
	ID          int64      `json:"id"`
	UUID        string     `json:"uuid"`
	Name        string     `json:"name"`
	Email       string     `json:"email"`
	Role        Role       `json:"role"`
	Communities []int64    `json:"communities"` // the only ones this person sees; empty means all
	TOTP        bool       `json:"totp"`        // a code is asked for after the password
	Passkeys    int        `json:"passkeys"`    // how many are registered
	Invited     bool       `json:"invited"`     // has no password yet, and has never come in
	Disabled    bool       `json:"disabled"`    // cannot sign in; sessions have ended, and tokens do not work
	LastSeenAt  *time.Time `json:"last_seen_at"`
	CreatedAt   time.Time  `json:"created_at"`
}

// AccessToken is a personal access token; only its hash is stored.
type AccessToken struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	Role        Role       `json:"role"`
	UserID      *int64     `json:"user_id"`     // whose it is: it never may more than that person, and ends with them
	Abilities   []Ability  `json:"abilities"`   // what it may at most; empty means whatever its role may
	Communities []int64    `json:"communities"` // the only ones it sees; empty means all that its user sees
	Prefix      string     `json:"prefix"`      // the first characters, to know it by: "fib_3fZk"
	LastUsedAt  *time.Time `json:"last_used_at"`
	LastUsedIP  string     `json:"last_used_ip"`
	ExpiresAt   *time.Time `json:"expires_at"` // nil never expires
	CreatedAt   time.Time  `json:"created_at"`
}

// Ability is one thing a token may do, "smbs:read". A route takes one ability beside its role.
type Ability string

// The abilities. "read" looks, "write" changes; "admin" is for users, tokens and the audit log.
const (
	ReadSMBs       Ability = "smbs:read"
	WriteSMBs      Ability = "smbs:write"
	ImportSMBs     Ability = "smbs:import"
	ExportSMBs     Ability = "smbs:export" // whole lists, archives, erasures
	ReadCampaigns  Ability = "campaigns:read"
	WriteCampaigns Ability = "campaigns:write"
	RunProgramme   Ability = "programme:run" // start, pause, resume
	ReadOperations Ability = "operations:read"
	RunOperations  Ability = "operations:write"
	AdminAccess    Ability = "access:admin"
)

// Abilities is every ability.
var Abilities = []Ability{
	ReadSMBs, WriteSMBs, ImportSMBs, ExportSMBs, ReadCampaigns, WriteCampaigns, RunProgramme, ReadOperations, RunOperations, AdminAccess,
}

// Principal is who asks: a signed-in user or a token.
type Principal struct {
	UserID      int64 // 0 for a token without a user
	TokenID     int64 // 0 for a session
	SessionID   int64 // 0 for a token
	Name        string
	Role        Role
	Abilities   []Ability // empty: whatever the role may
	Communities []int64   // empty: every community
	IP          string    // where the request came from; "" when not over the network
	RequestID   string
}

// May reports whether p has an ability. A session has all that its role gives.
func (p *Principal) May(a Ability) bool {
	return len(p.Abilities) == 0 || slices.Contains(p.Abilities, a)
}

// Sees reports whether p may know of a community and what belongs to it.
func (p *Principal) Sees(communityID int64) bool {
	return len(p.Communities) == 0 || slices.Contains(p.Communities, communityID)
}

type principalKey struct{}

// WithPrincipal says who asks. Whatever is done under the context is done in their name: the audit
// log names them, and every find and list leaves out the communities that they do not see.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf is who asks; nil when it is the product itself, which sees everything.
func PrincipalOf(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}

// ScopeOf is the communities that whoever asks is limited to; nil when there is no limit.
func ScopeOf(ctx context.Context) []int64 {
	if p := PrincipalOf(ctx); p != nil && len(p.Communities) > 0 {
		return p.Communities
	}
	return nil
}

// InScope reports whether whoever asks sees a community.
func InScope(ctx context.Context, communityID int64) bool {
	p := PrincipalOf(ctx)
	return p == nil || p.Sees(communityID)
}

// AccessService knows who may come in.
type AccessService interface {
	Gate
	SignInService
	UserService
	TokenService
	AccountService
}

// Gate says who asks.
type Gate interface {
	// BySession and ByToken return Unauthorized when it is unknown, has expired, or is of a user who
	// is disabled. What a token may is what it was given and its user may as well, at this moment.
	BySession(ctx context.Context, session string) (*Principal, error)
	ByToken(ctx context.Context, secret string) (*Principal, error)
}

// UserListing is what can be asked of the users.
var UserListing = Listing{
	Name: "users", Sort: "name", Search: true,
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "The number of the user."},
		{Name: "name", Kind: TextField, Filter: true, Sort: true, About: "The whole name, as it is written."},
		{Name: "email", Kind: TextField, Filter: true, Sort: true, About: "The address, in any case."},
		{Name: "role", Kind: TextField, Values: []string{"admin", "manager", "operator", "viewer", "owner"}, Filter: true, About: "What they may do."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "Limited to this community among others; null: not limited."},
		{Name: "disabled", Kind: BooleanField, Filter: true, About: "Whether they are kept out."},
		{Name: "last_seen_at", Kind: TimeField, Filter: true, Sort: true, About: "When they last did something."},
		{Name: "created_at", Kind: TimeField, Filter: true, Sort: true, About: "When they were added."},
	},
}

// UserChange is what of a user is to be different; nil leaves it.
type UserChange struct {
	Name        *string
	Role        *Role
	Communities *[]int64 // empty lifts the limit
}

// PasswordLink lets one person set a password once. Whoever has it becomes that user.
type PasswordLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// UserService keeps the users. Whoever asks may know of, make and change users of their own role
// or less, and, when they are limited to communities, only those who are limited to some of the
// same; all others are NotFound, and a role or community beyond is Invalid.
type UserService interface {
	// ListUsers is one page of UserListing.
	ListUsers(ctx context.Context, q ListQuery) (Page[User], error)
	// FindUser returns NotFound for an unknown id.
	FindUser(ctx context.Context, id int64) (*User, error)
	// CreateUser stores a user with an argon2id hash of the password. Invalid names each bad field
	// (a password has at least 10 characters); Conflict when the e-mail is taken.
	CreateUser(ctx context.Context, u User, password string) (*User, error)
	// InviteUser stores a user without a password, and returns the link to set one. Nothing is
	// mailed: handing it over is up to whoever asked.
	InviteUser(ctx context.Context, u User) (*User, *PasswordLink, error)
	// UpdateUser returns Conflict when nobody who may do everything, everywhere, would be left.
	UpdateUser(ctx context.Context, id int64, c UserChange) (*User, error)
	// DisableUser ends a user's sessions and keeps them and their tokens out, within five seconds;
	// Conflict as UpdateUser, and for oneself. EnableUser undoes it. Both are no error when done already.
	DisableUser(ctx context.Context, id int64) (*User, error)
	EnableUser(ctx context.Context, id int64) (*User, error)
	// SetPassword gives a user another password; ResetPassword takes it away and returns a link to
	// set one. Either ends the user's sessions and earlier links.
	SetPassword(ctx context.Context, id int64, password string) error
	ResetPassword(ctx context.Context, id int64) (*PasswordLink, error)
	// ResetSecondFactor takes TOTP and recovery codes away from a user who has lost them, and ends
	// their sessions. Passkeys stay.
	ResetSecondFactor(ctx context.Context, id int64) error
	// EndSessions ends all sessions of a user and returns how many.
	EndSessions(ctx context.Context, id int64) (int, error)
}

// TokenListing is what can be asked of the tokens.
var TokenListing = Listing{
	Name: "tokens", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "Tokens are numbered as they are made."},
		{Name: "name", Kind: TextField, Filter: true, Sort: true, About: "The whole name, as it is written."},
		{Name: "role", Kind: TextField, Values: []string{"admin", "manager", "operator", "viewer", "owner"}, Filter: true, About: "What it may do at most."},
		{Name: "user_id", Kind: IntegerField, Filter: true, About: "Whose it is; null: nobody's."},
		{Name: "prefix", Kind: TextField, Filter: true, About: "Its first characters."},
		{Name: "last_used_at", Kind: TimeField, Filter: true, Sort: true, About: "To the minute."},
		{Name: "expires_at", Kind: TimeField, Filter: true, Sort: true, About: "Null: never."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When it was made."},
	},
}

// TokenService keeps everybody's tokens. Whoever asks sees those of the users they see, and, unless
// they are limited to communities, those of nobody.
type TokenService interface {
	// ListTokens is one page of TokenListing, without the secrets, which nobody has.
	ListTokens(ctx context.Context, q ListQuery) (Page[AccessToken], error)
	// CreateToken returns the token's text, which is shown once and never again. Invalid when it
	// would be more than its user is, or than whoever asks.
	CreateToken(ctx context.Context, t AccessToken) (secret string, created *AccessToken, err error)
	// RevokeToken ends a token; every node refuses it within five seconds. NotFound when there is none.
	RevokeToken(ctx context.Context, id int64) error
}
