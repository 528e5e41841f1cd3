package access

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

const (
	tokenPrefix = "fib_" // so that secret scanners and people know what they found
	shownPrefix = 8      // characters that are kept to know a token by
)

// CreateToken implements fibonacco.TokenService.
func (s *Service) CreateToken(ctx context.Context, t fibonacco.AccessToken) (secret string, created *fibonacco.AccessToken, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		secret, created, err = s.insertToken(ctx, tx, t)
		return err
	})
	if db.IsForeignKey(err) {
		err = fibonacco.InvalidFields("the token cannot be made", []fibonacco.FieldError{notCommunity})
	}
	if err != nil {
		return "", nil, err
	}
	return secret, created, nil
}

func (s *Service) insertToken(ctx context.Context, tx *db.Tx, t fibonacco.AccessToken) (string, *fibonacco.AccessToken, error) {
	now := s.clock.Now()
	t.Name = strings.TrimSpace(t.Name)
	t.Communities, t.Abilities = sortedSet(t.Communities), knownOrder(t.Abilities)
	bad := append(validateName(t.Name), validateReach(ctx, t.Role, t.Communities)...)
	bad = append(bad, validateAbilities(ctx, t.Abilities)...)
	if t.ExpiresAt != nil && !t.ExpiresAt.After(now) {
		bad = append(bad, fibonacco.FieldError{Field: "expires_at", Reason: "has passed already"})
	}
	if t.UserID != nil {
		beyond, err := beyondUser(ctx, tx, *t.UserID, t)
		if err != nil {
			return "", nil, err
		}
		for _, b := range beyond {
			if !slices.ContainsFunc(bad, func(known fibonacco.FieldError) bool { return known.Field == b.Field }) {
				bad = append(bad, b)
			}
		}
	}
	if err := fibonacco.InvalidFields("the token cannot be made", bad); err != nil {
		return "", nil, err
	}
	secret := tokenPrefix + base62(secretSize)
	t.CreatedAt, t.LastUsedAt, t.LastUsedIP, t.Prefix = now, nil, "", secret[:shownPrefix]
	err := tx.QueryRow(ctx, `
		INSERT INTO access_tokens (name, token_hash, prefix, role, user_id, abilities, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
		t.Name, digest(secret), t.Prefix, string(t.Role), t.UserID, joinAbilities(t.Abilities), t.ExpiresAt, now).Scan(&t.ID)
	if err != nil {
		return "", nil, fmt.Errorf("insert token: %w", err)
	}
	if err := setCommunities(ctx, tx, tokenLimits, t.ID, t.Communities); err != nil {
		return "", nil, err
	}
	return secret, &t, audit.Record(ctx, tx, tokenEntry("token.created", &t, nil, tokenFields(&t)))
}

// beyondUser is in what a token would be more than its user.
func beyondUser(ctx context.Context, tx *db.Tx, userID int64, t fibonacco.AccessToken) (bad []fibonacco.FieldError, err error) {
	u, err := reachUser(ctx, tx, userID)
	if fibonacco.CodeOf(err) == fibonacco.NotFound || err == nil && u.Disabled {
		return []fibonacco.FieldError{{Field: "user_id", Reason: "is not a known user"}}, nil
	}
	if err != nil {
		return nil, err
	}
	if t.Role.Valid() && above(t.Role, u.Role) {
		bad = append(bad, fibonacco.FieldError{Field: "role", Reason: "is more than the user's, which is " + string(u.Role)})
	}
	if len(u.Communities) > 0 && !within(t.Communities, u.Communities) {
		bad = append(bad, fibonacco.FieldError{Field: "communities", Reason: "names some that the user does not see"})
	}
	return bad, nil
}

// validateAbilities keeps a token from making others that may more.
func validateAbilities(ctx context.Context, abilities []fibonacco.Ability) (bad []fibonacco.FieldError) {
	p := fibonacco.PrincipalOf(ctx)
	if p != nil && len(p.Abilities) > 0 && len(abilities) == 0 {
		return []fibonacco.FieldError{{Field: "abilities", Reason: "must name some, because you are limited to some"}}
	}
	for _, a := range abilities {
		switch {
		case !slices.Contains(fibonacco.Abilities, a):
			bad = append(bad, fibonacco.FieldError{Field: "abilities", Reason: strconv.Quote(clip(string(a))) + " is not known: there is " + joinAbilities(fibonacco.Abilities)})
		case p != nil && !p.May(a):
			bad = append(bad, fibonacco.FieldError{Field: "abilities", Reason: string(a) + " is more than yours"})
		}
	}
	return bad
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// knownOrder is abilities in the order of all, each once; those that are not known come last.
func knownOrder(abilities []fibonacco.Ability) []fibonacco.Ability {
	place := func(a fibonacco.Ability) int {
		if i := slices.Index(fibonacco.Abilities, a); i >= 0 {
			return i
		}
		return len(fibonacco.Abilities)
	}
	sorted := slices.SortedStableFunc(slices.Values(abilities), func(a, b fibonacco.Ability) int { return place(a) - place(b) })
	return slices.Compact(sorted)
}

func joinAbilities(abilities []fibonacco.Ability) string {
	names := make([]string, len(abilities))
	for i, a := range abilities {
		names[i] = string(a)
	}
	return strings.Join(names, " ")
}

func splitAbilities(text string) []fibonacco.Ability {
	var all []fibonacco.Ability
	for _, name := range strings.Fields(text) {
		all = append(all, fibonacco.Ability(name))
	}
	return all
}

func tokenFields(t *fibonacco.AccessToken) map[string]any {
	return map[string]any{
		"name": t.Name, "role": string(t.Role), "user_id": t.UserID, "prefix": t.Prefix,
		"abilities": joinAbilities(t.Abilities), "communities": append([]int64{}, t.Communities...), "expires_at": t.ExpiresAt,
	}
}

func tokenEntry(action string, t *fibonacco.AccessToken, before, after map[string]any) fibonacco.AuditEntry {
	e := fibonacco.AuditEntry{Action: action, Entity: "token", EntityID: strconv.FormatInt(t.ID, 10), Before: before, After: after}
	if len(t.Communities) == 1 {
		e.CommunityID = &t.Communities[0]
	}
	return e
}

var tokenTable = query.Table{
	Listing: fibonacco.TokenListing, From: "access_tokens", Key: "access_tokens.id",
	Columns: map[string]query.Column{"last_used_at": {Nullable: true}, "expires_at": {Nullable: true}},
}

const tokenColumns = `access_tokens.id, access_tokens.name, access_tokens.role, access_tokens.user_id, access_tokens.prefix,
	access_tokens.abilities, access_tokens.last_used_at, access_tokens.last_used_ip, access_tokens.expires_at, access_tokens.created_at`

func scanToken(row db.Row) (t fibonacco.AccessToken, err error) {
	var abilities string
	err = row.Scan(&t.ID, &t.Name, &t.Role, &t.UserID, &t.Prefix, &abilities,
		db.TimePtr(&t.LastUsedAt), &t.LastUsedIP, db.TimePtr(&t.ExpiresAt), db.Time(&t.CreatedAt))
	t.Abilities = splitAbilities(abilities)
	return t, err
}

// ListTokens implements fibonacco.TokenService.
func (s *Service) ListTokens(ctx context.Context, q fibonacco.ListQuery) (fibonacco.Page[fibonacco.AccessToken], error) {
	var args query.Args
	return s.listTokens(ctx, q, reachOf(ctx).tokens(&args), &args)
}

func (s *Service) listTokens(ctx context.Context, q fibonacco.ListQuery, where []string, args *query.Args) (page fibonacco.Page[fibonacco.AccessToken], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if page, err = query.Select(ctx, tx, tokenTable, q, tokenColumns, scanToken, where, args); err != nil {
			return err
		}
		ids := make([]int64, len(page.Data))
		for i, t := range page.Data {
			ids[i] = t.ID
		}
		limits, err := communitiesOfAll(ctx, tx, tokenLimits, ids)
		for i := range page.Data {
			page.Data[i].Communities = limits[page.Data[i].ID]
		}
		return err
	})
	return page, err
}

// RevokeToken implements fibonacco.TokenService.
func (s *Service) RevokeToken(ctx context.Context, id int64) error {
	var args query.Args
	return s.revoke(ctx, id, reachOf(ctx).tokens(&args), &args)
}

// revoke ends a token that where lets whoever asks reach.
func (s *Service) revoke(ctx context.Context, id int64, where []string, args *query.Args) error {
	where = append(where, `access_tokens.id = `+args.Add(id))
	return s.db.Update(ctx, func(tx *db.Tx) error {
		t, err := scanToken(tx.QueryRow(ctx, `SELECT `+tokenColumns+` FROM access_tokens WHERE `+strings.Join(where, " AND ")+` FOR UPDATE`, args.Values...))
		if db.IsNoRows(err) {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such token")
		}
		if err != nil {
			return fmt.Errorf("find token %d: %w", id, err)
		}
		if t.Communities, err = communitiesOf(ctx, tx, tokenLimits, id); err != nil {
			return err
		}
		if err := setCommunities(ctx, tx, tokenLimits, id, nil); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM access_tokens WHERE id = $1`, id); err != nil {
			return fmt.Errorf("revoke token %d: %w", id, err)
		}
		tx.AfterCommit(func() { s.tokens.forget(id) })
		return audit.Record(ctx, tx, tokenEntry("token.revoked", &t, tokenFields(&t), nil))
	})
}

// ownTokensMost is how many of one's own are listed: more than anybody can tell apart.
const ownTokensMost = fibonacco.MaxPage

// OwnTokens implements fibonacco.AccountService.
func (s *Service) OwnTokens(ctx context.Context) ([]fibonacco.AccessToken, error) {
	me, err := s.person(ctx)
	if err != nil {
		return nil, err
	}
	var args query.Args
	where := []string{`access_tokens.user_id = ` + args.Add(me.UserID)}
	page, err := s.listTokens(ctx, fibonacco.ListQuery{Size: ownTokensMost}, where, &args)
	return page.Data, err
}

// CreateOwnToken implements fibonacco.AccountService.
func (s *Service) CreateOwnToken(ctx context.Context, t fibonacco.AccessToken) (string, *fibonacco.AccessToken, error) {
	me, err := s.freshPerson(ctx)
	if err != nil {
		return "", nil, err
	}
	t.UserID = &me.UserID
	if t.Role == "" {
		t.Role = me.Role
	}
	if len(t.Communities) == 0 {
		t.Communities = me.Communities
	}
	return s.CreateToken(ctx, t)
}

// RevokeOwnToken implements fibonacco.AccountService.
func (s *Service) RevokeOwnToken(ctx context.Context, id int64) error {
	me, err := s.person(ctx)
	if err != nil {
		return err
	}
	var args query.Args
	return s.revoke(ctx, id, []string{`access_tokens.user_id = ` + args.Add(me.UserID)}, &args)
}
