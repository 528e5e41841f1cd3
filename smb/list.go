package smb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// maxPage is the most rows of one page.
const maxPage = 1000

// ListSMBs implements fibonacco.SMBDirectory. A limit below 1 means 1,000.
func (s *Service) ListSMBs(ctx context.Context, filter fibonacco.SMBFilter, after int64, limit int) ([]fibonacco.SMB, int64, error) {
	where, args := FilterSQL(filter, 3)
	return s.page(ctx, where, after, limit, args...)
}

// CountSMBs implements fibonacco.SMBDirectory.
func (s *Service) CountSMBs(ctx context.Context, filter fibonacco.SMBFilter) (n int, err error) {
	where, args := FilterSQL(filter, 1)
	err = s.db.View(ctx, func(tx *db.Tx) error {
		n, err = db.Count(ctx, tx, `SELECT count(*) FROM smbs WHERE `+where, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count SMBs: %w", err)
	}
	return n, nil
}

// ForCampaign implements fibonacco.SMBService. A limit below 1 means 1,000.
func (s *Service) ForCampaign(ctx context.Context, status fibonacco.CampaignStatus, day int, after int64, limit int) ([]fibonacco.SMB, int64, error) {
	const where = `smbs.deleted_at IS NULL AND smbs.campaign_status = $3 AND smbs.manifest_destiny_day = $4`
	return s.page(ctx, where, after, limit, string(status), day)
}

// page is the SMBs of a condition whose placeholders begin at $3, by id after a cursor. It asks
// for one row more than the page holds, to know whether another page follows.
func (s *Service) page(ctx context.Context, where string, after int64, limit int, args ...any) (page []fibonacco.SMB, next int64, err error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = selectSMBs(ctx, tx, `WHERE smbs.id > $1 AND `+where+` ORDER BY smbs.id LIMIT $2`, append([]any{after, limit + 1}, args...)...)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list SMBs: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// FilterSQL is a filter as a condition on table smbs, with its arguments. Its placeholders begin
// at $firstArg. The condition is never empty: it always leaves deleted SMBs out. A filter of
// values that no SMB can have gives a condition that is never true.
func FilterSQL(f fibonacco.SMBFilter, firstArg int) (where string, args []any) {
	conditions := []string{"smbs.deleted_at IS NULL"}
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(firstArg+len(args)-1)
	}
	in := func(column string, list any, n int) {
		if n > 0 {
			conditions = append(conditions, "smbs."+column+" IN ("+arg(list)+"...)")
		}
	}
	texts := func(column string, list []string) {
		clean := make([]string, len(list))
		for i, v := range list {
			clean[i] = storable(v)
		}
		in(column, clean, len(list))
	}

	in("community_id", f.CommunityIDs, len(f.CommunityIDs))
	statuses := make([]string, len(f.CampaignStatuses))
	for i, status := range f.CampaignStatuses {
		statuses[i] = string(status)
	}
	texts("campaign_status", statuses)
	var tiers []int64 // a number beyond smallint would be an error on PostgreSQL, not a mismatch
	for _, tier := range f.EngagementTiers {
		if tier >= 1 && tier <= 4 {
			tiers = append(tiers, int64(tier))
		}
	}
	in("engagement_tier", tiers, len(f.EngagementTiers))
	texts("service_model", f.ServiceModels)
	texts("subscription_tier", f.SubscriptionTiers)
	texts("source", f.Sources)
	texts("category", f.Categories)
	in("id", f.IDs, len(f.IDs))
	if condition := searchSQL(f.Search, arg); condition != "" {
		conditions = append(conditions, condition)
	}
	return strings.Join(conditions, " AND "), args
}

// searchSQL looks for a part of a name, a trading name, an address or a telephone number.
func searchSQL(search string, arg func(any) string) string {
	search = strings.ToLower(strings.TrimSpace(storable(search)))
	if search == "" {
		return ""
	}
	text := arg(likePattern(search))
	columns := []string{
		`lower(smbs.business_name) LIKE ` + text + ` ESCAPE '\'`,
		`lower(smbs.dba_name) LIKE ` + text + ` ESCAPE '\'`,
		`lower(smbs.primary_email) LIKE ` + text + ` ESCAPE '\'`,
		`smbs.primary_phone LIKE ` + text + ` ESCAPE '\'`,
	}
	// Stored numbers are bare digits, while people write (718) 555-0142.
	if digits := phoneDigits(search); digits != "" {
		columns = append(columns, `smbs.primary_phone LIKE `+arg(likePattern(digits)))
	}
	// SQLite's lower() knows ASCII only, and the name's key has neither case nor accents.
	if key := normal.NameKey(search); key != "" && foreignWords(search) {
		columns = append(columns, `smbs.name_key LIKE `+arg(likePattern(key)))
	}
	return "(" + strings.Join(columns, " OR ") + ")"
}

// foreignWords reports whether a text is words, some of it beyond ASCII, and nothing else that the
// key of a name would leave out.
func foreignWords(text string) bool {
	beyond := false
	for _, r := range text {
		if r != ' ' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
		beyond = beyond || r > unicode.MaxASCII
	}
	return beyond
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func likePattern(part string) string { return "%" + likeEscaper.Replace(part) + "%" }

// phoneDigits is the digits of a text that may be a part of a telephone number, or "".
func phoneDigits(text string) string {
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
