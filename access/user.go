package access

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// userColumns are what scanUser reads; communities are read beside them.
const userColumns = `users.id, CAST(users.uuid AS text), users.name, users.email, users.role, users.disabled_at IS NOT NULL,
	users.password_hash = '' AND users.last_seen_at IS NULL,
	EXISTS (SELECT 1 FROM totp_secrets WHERE totp_secrets.user_id = users.id AND totp_secrets.confirmed_at IS NOT NULL),
	(SELECT COUNT(*) FROM passkeys WHERE passkeys.user_id = users.id), users.last_seen_at, users.created_at`

func scanUser(row db.Row) (u fibonacco.User, err error) {
	err = row.Scan(&u.ID, &u.UUID, &u.Name, &u.Email, &u.Role, &u.Disabled, &u.Invited, &u.TOTP, &u.Passkeys, db.TimePtr(&u.LastSeenAt), db.Time(&u.CreatedAt))
	return u, err
}

// findUser is one user, whoever asks; NotFound when there is none. more ends the statement.
func findUser(ctx context.Context, tx *db.Tx, id int64, more string) (*fibonacco.User, error) {
	u, err := scanUser(tx.QueryRow(ctx, `SELECT `+userColumns+` FROM users WHERE users.id = $1`+more, id))
	if db.IsNoRows(err) {
		return nil, noUser()
	}
	if err != nil {
		return nil, fmt.Errorf("find user %d: %w", id, err)
	}
	if u.Communities, err = communitiesOf(ctx, tx, userLimits, id); err != nil {
		return nil, err
	}
	return &u, nil
}

// reachUser is a user within reach of whoever asks; NotFound for all others.
func reachUser(ctx context.Context, tx *db.Tx, id int64) (*fibonacco.User, error) {
	u, err := findUser(ctx, tx, id, "")
	if err == nil && !reachOf(ctx).has(u) {
		return nil, noUser()
	}
	return u, err
}

func noUser() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such user") }

// FindUser implements fibonacco.UserService.
func (s *Service) FindUser(ctx context.Context, id int64) (u *fibonacco.User, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		u, err = reachUser(ctx, tx, id)
		return err
	})
	return u, err
}

// FindUserByEmail is FindUser by the address, in any case.
func (s *Service) FindUserByEmail(ctx context.Context, email string) (u *fibonacco.User, err error) {
	if !storable(email) {
		return nil, noUser()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `SELECT id FROM users WHERE email_key = $1`, emailKey(email)).Scan(&id)
		if db.IsNoRows(err) {
			return noUser()
		}
		if err != nil {
			return fmt.Errorf("find user by e-mail: %w", err)
		}
		u, err = reachUser(ctx, tx, id)
		return err
	})
	return u, err
}

// CreateUser implements fibonacco.UserService.
func (s *Service) CreateUser(ctx context.Context, u fibonacco.User, password string) (*fibonacco.User, error) {
	u = normalUser(u)
	err := fibonacco.JoinInvalid("the user cannot be saved", validateUser(ctx, u), validatePassword("password", password, u.Email))
	if err != nil {
		return nil, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	var made *fibonacco.User
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		made, err = s.insertUser(ctx, tx, u, hash)
		return err
	})
	return made, userError(err)
}

// insertUser stores a user with a hash, "" for none, and writes it down.
func (s *Service) insertUser(ctx context.Context, tx *db.Tx, u fibonacco.User, hash string) (*fibonacco.User, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO users (uuid, name, email, email_key, password_hash, role, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id`,
		id.String(), u.Name, u.Email, emailKey(u.Email), hash, string(u.Role), s.clock.Now()).Scan(&u.ID)
	if err != nil {
		return nil, fmt.Errorf("insert user: %w", err)
	}
	if err := setCommunities(ctx, tx, userLimits, u.ID, u.Communities); err != nil {
		return nil, err
	}
	_, after := audit.Changed(nil, userFields(&u))
	if err := audit.Record(ctx, tx, userEntry("user.created", &u, nil, after)); err != nil {
		return nil, err
	}
	return findUser(ctx, tx, u.ID, "")
}

// userError turns what a database refuses of a user into words.
func userError(err error) error {
	switch {
	case db.IsUnique(err):
		return fibonacco.Errorf(fibonacco.Conflict, "there is a user with this e-mail address already")
	case db.IsForeignKey(err):
		return fibonacco.InvalidFields("the user cannot be saved", []fibonacco.FieldError{notCommunity})
	}
	return err
}

var notCommunity = fibonacco.FieldError{Field: "communities", Reason: "names what is not a community"}

func normalUser(u fibonacco.User) fibonacco.User {
	u.Name = strings.TrimSpace(u.Name)
	u.Email = fibonacco.NormalizeEmail(u.Email)
	u.Communities = sortedSet(u.Communities)
	return u
}

// sortedSet is ids in order, each once.
func sortedSet(ids []int64) []int64 { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// validateUser looks at everything but the password, also at what is beyond whoever asks.
func validateUser(ctx context.Context, u fibonacco.User) error {
	bad := validateName(u.Name)
	if !fibonacco.ValidEmail(u.Email) || !storable(u.Email) {
		bad = append(bad, fibonacco.FieldError{Field: "email", Reason: "is not an e-mail address"})
	}
	bad = append(bad, validateReach(ctx, u.Role, u.Communities)...)
	return fibonacco.InvalidFields("the user cannot be saved", bad)
}

func validateName(name string) []fibonacco.FieldError {
	reason := ""
	switch {
	case name == "":
		reason = "is required"
	case utf8.RuneCountInString(name) > 255:
		reason = "is longer than 255 characters"
	case !storable(name):
		reason = "holds a character that cannot be stored"
	default:
		return nil
	}
	return []fibonacco.FieldError{{Field: "name", Reason: reason}}
}

// validateReach keeps people from giving others more than they have.
func validateReach(ctx context.Context, role fibonacco.Role, communities []int64) (bad []fibonacco.FieldError) {
	r := reachOf(ctx)
	switch {
	case !role.Valid():
		bad = append(bad, fibonacco.FieldError{Field: "role", Reason: "must be one of " + roleNames()})
	case !r.hasRole(role):
		bad = append(bad, fibonacco.FieldError{Field: "role", Reason: "is more than yours"})
	}
	switch {
	case len(communities) > mostCommunities:
		bad = append(bad, fibonacco.FieldError{Field: "communities", Reason: fmt.Sprintf("names more than %d communities", mostCommunities)})
	case r.scope != nil && len(communities) == 0:
		bad = append(bad, fibonacco.FieldError{Field: "communities", Reason: "must name some, because you are limited to some"})
	case !r.hasCommunities(communities):
		bad = append(bad, notCommunity) // as if those of others did not exist
	}
	return bad
}

func roleNames() string {
	names := make([]string, len(fibonacco.Roles))
	for i, r := range fibonacco.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// storable: PostgreSQL takes neither zero characters nor broken UTF-8.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// emailKey is what two spellings of one address have in common.
func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// userFields is a user as the audit log keeps it.
func userFields(u *fibonacco.User) map[string]any {
	return map[string]any{"name": u.Name, "email": u.Email, "role": string(u.Role), "communities": append([]int64{}, u.Communities...)}
}

// userEntry is an entry about a user. People who are limited to the user's one community may read it.
func userEntry(action string, u *fibonacco.User, before, after map[string]any) fibonacco.AuditEntry {
	e := fibonacco.AuditEntry{Action: action, Entity: "user", EntityID: strconv.FormatInt(u.ID, 10), Before: before, After: after}
	if len(u.Communities) == 1 {
		e.CommunityID = &u.Communities[0]
	}
	return e
}
