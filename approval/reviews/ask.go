package reviews

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mostLines is how many customers may be pasted at once.
const mostLines = 200

// customer is one whom an owner names.
type customer struct {
	name  string // "" when none was given
	email string
	key   string // the address without case
}

// AskForReviews implements fibonacco.ReviewKeeper. The lock on the page makes the day's limit hold, and
// keeps two lists at once from asking one address twice.
func (s *Service) AskForReviews(ctx context.Context, smbID int64, a fibonacco.ReviewAsk) (done fibonacco.ReviewAsked, err error) {
	customers, bad := readCustomers(a.Customers)
	if !a.Statement {
		bad = append(bad, fibonacco.FieldError{Field: "statement", Reason: "must be ticked: only customers may be asked"})
	}
	if err := fibonacco.InvalidFields("nobody was asked", bad); err != nil {
		return done, err
	}
	err = s.o.DB.Update(ctx, func(tx *db.Tx) error {
		done = fibonacco.ReviewAsked{}
		p, err := placeOf(ctx, tx, smbID, true)
		if err != nil {
			return err
		}
		if !p.public() {
			return fibonacco.Errorf(fibonacco.Conflict, "the review page is not open")
		}
		before, err := askedBefore(ctx, tx, smbID, customers)
		if err != nil {
			return err
		}
		left, err := leftToday(ctx, tx, p)
		if err != nil {
			return err
		}
		for _, c := range customers {
			was := before[c.key]
			held := was == declined || c.key == strings.ToLower(p.Email)
			if !held && was == "" {
				reason, err := s.o.Held(ctx, tx, c.email)
				if err != nil {
					return err
				}
				held = reason != ""
			}
			switch {
			case held:
				done.Quiet++
			case was == recently:
				done.Again++
			case done.Asked >= left:
				done.Later++
			default:
				if err := s.ask(ctx, tx, p, c); err != nil {
					return err
				}
				done.Asked++
			}
		}
		return nil
	})
	return done, err
}

// ask stores one request with its mail.
func (s *Service) ask(ctx context.Context, tx *db.Tx, p *place, c customer) error {
	r := fibonacco.ReviewRequest{SMBID: p.SMBID, Business: p.Business, Name: c.name, Email: c.email, CreatedAt: tx.Now}
	if err := tx.QueryRow(ctx, `
		INSERT INTO review_requests (smb_id, name, email, email_key, statement, remind_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id`,
		p.SMBID, c.name, c.email, c.key, fibonacco.ReviewStatement, tx.Now.Add(remindAfter), tx.Now).Scan(&r.ID); err != nil {
		return fmt.Errorf("store a review request of SMB %d: %w", p.SMBID, err)
	}
	return s.mailRequest(ctx, tx, r, false)
}

// What is known of an address that was named before.
const (
	recently = "recently"
	declined = "declined"
)

// askedBefore is what is known of each address at this business, by its key.
func askedBefore(ctx context.Context, tx *db.Tx, smbID int64, customers []customer) (map[string]string, error) {
	keys := make([]string, len(customers))
	for i, c := range customers {
		keys[i] = c.key
	}
	rows, err := tx.Query(ctx, `
		SELECT email_key, count(declined_at), MAX(created_at) FROM review_requests WHERE smb_id = $1 AND email_key IN ($2...) GROUP BY email_key`, smbID, keys)
	if err != nil {
		return nil, fmt.Errorf("read whom SMB %d has asked: %w", smbID, err)
	}
	defer func() { _ = rows.Close() }()
	before := map[string]string{}
	for rows.Next() {
		var key string
		var no int
		var last time.Time
		if err := rows.Scan(&key, &no, db.Time(&last)); err != nil {
			return nil, fmt.Errorf("read whom SMB %d has asked: %w", smbID, err)
		}
		switch {
		case no > 0:
			before[key] = declined
		case last.After(tx.Now.Add(-askAgainAfter)):
			before[key] = recently
		}
	}
	return before, rows.Err()
}

// leftToday is how many more may be asked before midnight there.
func leftToday(ctx context.Context, tx *db.Tx, p *place) (int, error) {
	zone, err := fibonacco.LoadZone(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	now := tx.Now.In(zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	n, err := db.Count(ctx, tx, `SELECT count(*) FROM review_requests WHERE smb_id = $1 AND created_at >= $2`, p.SMBID, midnight)
	return max(0, askedPerDay-n), err
}

// readCustomers reads one customer a line: a name and an address in either order, with whatever a
// spreadsheet or a mail program puts between them. An address that comes twice is one customer.
func readCustomers(text string) (all []customer, bad []fibonacco.FieldError) {
	refuse := func(reason string) []fibonacco.FieldError {
		return []fibonacco.FieldError{{Field: "customers", Reason: reason}}
	}
	if unwritable(text, 100_000) != "" && unwritable(strings.ReplaceAll(text, "\r", ""), 100_000) != "" {
		return nil, refuse("holds a character that cannot be written, or is very long")
	}
	known := map[string]bool{}
	var wrong []string
	lines := strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		c, ok := readCustomer(line)
		if !ok {
			wrong = append(wrong, fmt.Sprint(i+1))
			continue
		}
		if !known[c.key] {
			known[c.key] = true
			all = append(all, c)
		}
	}
	switch {
	case len(wrong) > 10:
		return nil, refuse(fmt.Sprintf("has %d lines that are not a name and an e-mail address, the first of them line %s", len(wrong), wrong[0]))
	case len(wrong) == 1:
		return nil, refuse("has a line that is not a name and an e-mail address: line " + wrong[0])
	case len(wrong) > 1:
		return nil, refuse("has lines that are not a name and an e-mail address: lines " + strings.Join(wrong, ", "))
	case len(all) == 0:
		return nil, refuse("is empty")
	case len(all) > mostLines:
		return nil, refuse(fmt.Sprintf("has more than %d customers: ask the others another day", mostLines))
	}
	return all, nil
}

// readCustomer is false for a line without one address, or with a name that is none: it stands in a
// mail, and must not be a message of its own.
func readCustomer(line string) (c customer, ok bool) {
	var words []string
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t,;<>\"()", r) }) {
		if !strings.Contains(word, "@") {
			words = append(words, word)
			continue
		}
		if c.email != "" {
			return c, false
		}
		c.email = fibonacco.NormalizeEmail(strings.TrimPrefix(word, "mailto:"))
	}
	c.name, c.key = strings.Join(words, " "), strings.ToLower(c.email)
	if !fibonacco.ValidEmail(c.email) || unwritable(c.name, 60) != "" {
		return c, false
	}
	return c, !strings.Contains(c.name, "//") && !strings.Contains(strings.ToLower(c.name), "www.")
}
