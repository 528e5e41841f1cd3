package privacy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/merge"
)

// subject is who the data is about.
type subject struct {
	ids         []int64 // the business, and what became part of it
	communityID int64
	erased      bool
	deleted     bool
	emails      []string // every address it was known or reached by, as suppressions compare them
	phones      []string
}

// findSubject returns NotFound for a business that is unknown, purged or not the caller's to see.
// lock keeps others from changing it, and what became part of it, meanwhile.
func findSubject(ctx context.Context, tx *db.Tx, smbID int64, lock bool) (*subject, error) {
	missing := fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
	query := `SELECT community_id, erased_at IS NOT NULL, deleted_at IS NOT NULL FROM smbs WHERE id = $1`
	if lock {
		query += ` FOR UPDATE`
	}
	s := &subject{}
	err := tx.QueryRow(ctx, query, smbID).Scan(&s.communityID, &s.erased, &s.deleted)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, s.communityID) {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("read SMB %d: %w", smbID, err)
	}
	merged, err := merge.MergedInto(ctx, tx, smbID)
	if err != nil {
		return nil, err
	}
	s.ids = append([]int64{smbID}, merged...)
	return s, s.findAddresses(ctx, tx)
}

// findAddresses collects every address and number that its rows hold.
func (s *subject) findAddresses(ctx context.Context, tx *db.Tx) error {
	found, err := db.Select[string](ctx, tx, `
		SELECT primary_email FROM smbs WHERE id IN ($1...) AND primary_email IS NOT NULL
		UNION SELECT primary_phone FROM smbs WHERE id IN ($1...) AND primary_phone IS NOT NULL
		UNION SELECT email FROM campaign_sends WHERE smb_id IN ($1...)
		UNION SELECT phone FROM rvm_drops WHERE smb_id IN ($1...)
		UNION SELECT address FROM consents WHERE smb_id IN ($1...)
		UNION SELECT approver_email FROM approvals WHERE smb_id IN ($1...)
		UNION SELECT approver_phone FROM approvals WHERE smb_id IN ($1...) AND approver_phone IS NOT NULL`, s.ids)
	if err != nil {
		return fmt.Errorf("read the addresses of SMB %d: %w", s.ids[0], err)
	}
	contacts, err := db.Select[string](ctx, tx, `SELECT CAST(secondary_contacts AS text) FROM smbs WHERE id IN ($1...)`, s.ids)
	if err != nil {
		return fmt.Errorf("read the contacts of SMB %d: %w", s.ids[0], err)
	}
	for _, doc := range contacts {
		var list []fibonacco.SecondContact
		if err := json.Unmarshal([]byte(doc), &list); err != nil {
			continue // it is erased or exported as it is
		}
		for _, c := range list {
			found = append(found, c.Email, c.Phone)
		}
	}
	for _, text := range found {
		if email, phone := consent.Compared(text); email != "" {
			s.emails = append(s.emails, email)
		} else if phone != "" {
			s.phones = append(s.phones, phone)
		}
	}
	slices.Sort(s.emails)
	slices.Sort(s.phones)
	s.emails, s.phones = slices.Compact(s.emails), slices.Compact(s.phones)
	return nil
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// bind puts the subject into a condition of the list of tables. args gets what it names, behind
// what is in it already.
func (s *subject) bind(condition string, args *[]any) string {
	place := map[string]string{}
	return placeholder.ReplaceAllStringFunc(condition, func(name string) string {
		if place[name] == "" {
			*args = append(*args, s.values(name))
			place[name] = "$" + strconv.Itoa(len(*args)) + "..."
		}
		return place[name]
	})
}

func (s *subject) values(name string) any {
	switch name {
	case "{ids}":
		return s.ids
	case "{emails}":
		return orEmpty(s.emails)
	case "{phones}":
		return orEmpty(s.phones)
	case "{texts}":
		texts := make([]string, len(s.ids))
		for i, id := range s.ids {
			texts[i] = strconv.FormatInt(id, 10)
		}
		return texts
	}
	panic(errors.New("privacy: a condition names " + name))
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
