package access

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	shortestPassword = 10   // characters
	longestPassword  = 1024 // bytes: a bound on the work, not on the taste
)

// CreateUser implements fibonacco.AccessService.
func (s *Service) CreateUser(ctx context.Context, u fibonacco.User, password string) (*fibonacco.User, error) {
	u.Name = strings.TrimSpace(u.Name)
	u.Email = fibonacco.NormalizeEmail(u.Email)
	if err := validateUser(u, password); err != nil {
		return nil, err
	}
	var hash string
	err := s.inHashing(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, s.params)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	u.UUID, u.CreatedAt = id.String(), s.clock.Now()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			INSERT INTO users (uuid, name, email, email_key, password_hash, role, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id`,
			u.UUID, u.Name, u.Email, emailKey(u.Email), hash, string(u.Role), u.CreatedAt).Scan(&u.ID)
	})
	if db.IsUnique(err) {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "there is a user with this e-mail address already")
	}
	if err != nil {
		return nil, fmt.Errorf("insert user: %w", err)
	}
	return &u, nil
}

func validateUser(u fibonacco.User, password string) error {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	switch {
	case u.Name == "":
		refuse("name", "is required")
	case utf8.RuneCountInString(u.Name) > 255:
		refuse("name", "is longer than 255 characters")
	case !storable(u.Name):
		refuse("name", "holds a character that cannot be stored")
	}
	if !fibonacco.ValidEmail(u.Email) || !storable(u.Email) {
		refuse("email", "is not an e-mail address")
	}
	if !u.Role.Valid() {
		refuse("role", "must be one of "+roleNames())
	}
	switch {
	case utf8.RuneCountInString(password) < shortestPassword:
		refuse("password", fmt.Sprintf("must have at least %d characters", shortestPassword))
	case len(password) > longestPassword:
		refuse("password", fmt.Sprintf("is longer than %d bytes", longestPassword))
	}
	return fibonacco.InvalidFields("the user cannot be saved", bad)
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

// decoyOf makes, once, the hash that is checked when there is no such user.
func decoyOf(params *argon2id.Params) func() string {
	return sync.OnceValue(func() string {
		hash, err := argon2id.CreateHash(base62(32), params)
		if err != nil {
			panic(err) // only when the machine's randomness fails, which Go turns into a crash itself
		}
		return hash
	})
}
