package consent

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// ListSuppressions implements fibonacco.ConsentService. A value that is asked for is found when it
// was erased, too. A caller limited to communities also sees those that hold for an SMB there,
// but not who else put them there.
func (s *Service) ListSuppressions(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Suppression], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = listed(ctx, tx, q)
		return err
	})
	return page, err
}

func listed(ctx context.Context, tx *db.Tx, q fibonacco.ListQuery) (fibonacco.Page[fibonacco.Suppression], error) {
	var args query.Args
	var where []string
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, visible(args.Add(scope)))
	}
	key, err := hashKey(ctx, tx)
	if err != nil {
		return fibonacco.Page[fibonacco.Suppression]{}, err
	}
	if search := strings.TrimSpace(q.Search); search != "" {
		where = append(where, searchSQL(search, key, args.Add))
	}
	table := query.Table{
		Listing: fibonacco.SuppressionListing, From: "suppressions", Key: "suppressions.id",
		Columns: map[string]query.Column{"value": {Where: func(c fibonacco.Condition, arg func(any) string) string { return valueSQL(c, key, arg) }}},
	}
	return query.Select(ctx, tx, table, q, suppressionColumns, scanFor(ctx), where, &args)
}

// visible is the suppressions of communities: that came from there, or hold for an SMB there. It
// begins at the communities, whose SMBs are fewer than all suppressions.
func visible(scope string) string {
	return strings.ReplaceAll(`suppressions.id IN (
		SELECT own.id FROM suppressions own WHERE own.community_id IN ($...)
		UNION SELECT s.id FROM smbs m JOIN suppressions s ON s.smb_id = m.id WHERE m.community_id IN ($...)
		UNION SELECT s.id FROM smbs m JOIN suppressions s ON s.email_key = m.email_key WHERE m.community_id IN ($...)
		UNION SELECT s.id FROM smbs m JOIN suppressions s ON s.phone = m.primary_phone WHERE m.community_id IN ($...))`, "$...", scope+"...")
}

// valueSQL is a condition on the value, which is in one of three columns.
func valueSQL(c fibonacco.Condition, key []byte, arg func(any) string) string {
	switch c.Op {
	case fibonacco.IsNull:
		return `suppressions.hash IS NOT NULL`
	case fibonacco.NotNull:
		return `suppressions.hash IS NULL`
	case fibonacco.Between:
		return query.Condition(c, `COALESCE(suppressions.email_key, suppressions.phone)`, arg)
	}
	emails, phones, hashes := []string{}, []string{}, []string{}
	for _, v := range c.Values {
		t, ok := readTarget(v)
		if !ok {
			continue // no such value is ever stored
		}
		if t.kind == kindEmail {
			emails = append(emails, t.value)
		} else {
			phones = append(phones, t.value)
		}
		if key != nil {
			hashes = append(hashes, hashOf(key, t))
		}
	}
	any := `suppressions.id IN (
		SELECT id FROM suppressions WHERE email_key IN (` + arg(emails) + `...) UNION SELECT id FROM suppressions WHERE phone IN (` + arg(phones) + `...)
		UNION SELECT id FROM suppressions WHERE hash IN (` + arg(hashes) + `...))`
	if c.Op == fibonacco.NoneOf {
		return `NOT ` + any + ` AND suppressions.hash IS NULL`
	}
	return any
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// searchSQL finds a whole address or number in any form, and a part of either.
func searchSQL(search string, key []byte, arg func(any) string) string {
	if t, ok := readTarget(search); ok {
		hash := ""
		if key != nil {
			hash = hashOf(key, t)
		}
		email, phone := t.value, ""
		if t.kind == kindPhone {
			email, phone = "", t.value
		}
		return `suppressions.id IN (
			SELECT id FROM suppressions WHERE email_key = ` + arg(email) + ` UNION SELECT id FROM suppressions WHERE phone = ` + arg(phone) + `
			UNION SELECT id FROM suppressions WHERE hash = ` + arg(hash) + `)`
	}
	part := func(text string) string { return arg("%" + likeEscaper.Replace(text) + "%") }
	search = strings.ToLower(strings.ReplaceAll(strings.ToValidUTF8(search, "\uFFFD"), "\x00", "\uFFFD"))
	condition := `suppressions.email_key LIKE ` + part(search) + ` ESCAPE '\'`
	if digits := digitsOf(search); digits != "" {
		condition = `(` + condition + ` OR suppressions.phone LIKE ` + part(digits) + ` ESCAPE '\')`
	}
	return condition
}

// digitsOf is the digits of a text that may be a part of a telephone number, or "".
func digitsOf(text string) string {
	var digits strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !strings.ContainsRune(" ()+-./", r):
			return ""
		}
	}
	if digits.Len() < 3 {
		return ""
	}
	return digits.String()
}

const suppressionColumns = `suppressions.id, suppressions.kind, COALESCE(suppressions.email_key, suppressions.phone, ''), suppressions.reason,
	suppressions.source, suppressions.community_id, suppressions.smb_id, suppressions.created_at,
	(SELECT smbs.community_id FROM smbs WHERE smbs.id = suppressions.smb_id)`

// scanFor reads a suppression as whoever asks may see it.
func scanFor(ctx context.Context) func(db.Row) (fibonacco.Suppression, error) {
	return func(row db.Row) (s fibonacco.Suppression, err error) {
		var smbCommunity *int64
		err = row.Scan(&s.ID, &s.Kind, &s.Value, &s.Reason, &s.Source, &s.CommunityID, &s.SMBID, db.Time(&s.CreatedAt), &smbCommunity)
		if fibonacco.ScopeOf(ctx) == nil {
			return s, err
		}
		if s.CommunityID == nil || !fibonacco.InScope(ctx, *s.CommunityID) {
			s.CommunityID, s.Source = nil, ""
		}
		if smbCommunity == nil || !fibonacco.InScope(ctx, *smbCommunity) {
			s.SMBID = nil
		}
		return s, err
	}
}

func findSuppression(ctx context.Context, tx *db.Tx, where string, args ...any) (*fibonacco.Suppression, error) {
	s, err := scanFor(ctx)(tx.QueryRow(ctx, `SELECT `+suppressionColumns+` FROM suppressions WHERE `+where, args...))
	if err != nil {
		return nil, fmt.Errorf("read a suppression: %w", err)
	}
	return &s, nil
}
