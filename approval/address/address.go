// Package address gives each business the word by which its public pages are found: /b/{slug},
// /book/{slug}. It owns the table smb_addresses.
package address

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// longest is how long a slug may become before its number.
const longest = 60

// Of is the slug of a business, made of its name and community when it has none yet: "marisol-hair-
// studio-brooklyn". It never changes afterwards. Returns NotFound for an unknown or deleted business.
func Of(ctx context.Context, tx *db.Tx, smbID int64) (string, error) {
	slug, err := db.Get[string](ctx, tx, `SELECT slug FROM smb_addresses WHERE smb_id = $1`, smbID)
	if err == nil || !db.IsNoRows(err) {
		return slug, err
	}
	type named struct{ Business, Community string }
	n, err := db.Get[named](ctx, tx, `
		SELECT smbs.business_name AS business, communities.slug AS community
		FROM smbs JOIN communities ON communities.id = smbs.community_id WHERE smbs.id = $1 AND smbs.deleted_at IS NULL`, smbID)
	if db.IsNoRows(err) {
		return "", fibonacco.Errorf(fibonacco.NotFound, "there is no SMB %d", smbID)
	}
	if err != nil {
		return "", fmt.Errorf("read the name of SMB %d: %w", smbID, err)
	}
	base := Slug(n.Business)
	for _, candidate := range []string{base, base + "-" + Slug(n.Community), fmt.Sprintf("%s-%d", base, smbID)} {
		// Whoever else makes one for the same business meanwhile waits here, and then finds it.
		if _, err := tx.Exec(ctx, `
			INSERT INTO smb_addresses (smb_id, slug, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, smbID, candidate, tx.Now); err != nil {
			return "", fmt.Errorf("give SMB %d an address: %w", smbID, err)
		}
		slug, err := db.Get[string](ctx, tx, `SELECT slug FROM smb_addresses WHERE smb_id = $1`, smbID)
		if err == nil || !db.IsNoRows(err) {
			return slug, err
		}
	}
	return "", fmt.Errorf("SMB %d has no address: every one is taken", smbID)
}

// Find is the business behind a slug; of one that was merged into another, that other. Returns
// NotFound, for a deleted business as well.
func Find(ctx context.Context, tx *db.Tx, slug string) (smbID int64, err error) {
	smbID, err = db.Get[int64](ctx, tx, `
		SELECT smbs.id FROM smb_addresses a JOIN smbs ON smbs.deleted_at IS NULL AND (smbs.id = a.smb_id OR smbs.id = (
			SELECT survivor_id FROM merges WHERE other_id = a.smb_id AND undone_at IS NULL ORDER BY id DESC LIMIT 1))
		WHERE a.slug = $1 ORDER BY CASE WHEN smbs.id = a.smb_id THEN 0 ELSE 1 END LIMIT 1`, slug)
	if db.IsNoRows(err) {
		return 0, fibonacco.Errorf(fibonacco.NotFound, "there is no page %q", slug)
	}
	return smbID, err
}

// Slug is a name as part of a URL: letters a to z, digits and single hyphens; "business" when nothing
// of it can be written so.
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case r == '&':
			if b.Len() > 0 {
				b.WriteString("-and")
			}
			gap = true
		case r == '\'' || r == '’' || unicode.Is(unicode.Mn, r): // Joe's is joes
		default:
			gap = true
		}
		if b.Len() >= longest {
			break
		}
	}
	if b.Len() == 0 {
		return "business"
	}
	return b.String()
}
