package duplicates

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// Entry is a business as far as it is compared.
type Entry struct {
	ID       int64
	Name     string
	Phone    string // E.164; "" also for what stands for none
	Email    string // its key
	City     string
	ZIP      string // five digits
	Address  string // as stored
	names    []name // its own and its trading name
	building string
	unit     string
}

// name is a name as written, and taken apart.
type name struct {
	written string
	normal.Name
}

// NewEntry brings a business into the form that is compared.
func NewEntry(id int64, businessName, tradingName, phone, emailKey, address, city, zip string) *Entry {
	e := &Entry{ID: id, Name: businessName, Phone: usable(phone), Email: emailKey, City: strings.ToLower(city), ZIP: zip5(zip), Address: address}
	for _, written := range []string{businessName, tradingName} {
		if key := normal.NameKey(written); key != "" && (len(e.names) == 0 || e.names[0].Key != key) {
			e.names = append(e.names, name{written, normal.ParseName(key)})
		}
	}
	e.building, e.unit = normal.Street(address)
	return e
}

// usable is a telephone number to compare by; "" for what stands for none.
func usable(phone string) string {
	if phone == "" || normal.NoPhone(phone) {
		return ""
	}
	return phone
}

// zip5 is the part of a ZIP code that everybody writes.
func zip5(zip string) string {
	zip = strings.TrimSpace(zip)
	if len(zip) > 5 {
		return zip[:5]
	}
	return zip
}

// readEntries reads businesses by a condition on table smbs; deleted and erased ones are left out.
func readEntries(ctx context.Context, tx *db.Tx, where string, args ...any) ([]*Entry, error) {
	rows, err := tx.Query(ctx, `
		SELECT smbs.id, smbs.business_name, COALESCE(smbs.dba_name, ''), COALESCE(smbs.primary_phone, ''), COALESCE(smbs.email_key, ''),
			COALESCE(smbs.address, ''), COALESCE(smbs.city, ''), COALESCE(smbs.zip, '')
		FROM smbs WHERE smbs.deleted_at IS NULL AND smbs.erased_at IS NULL AND `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read businesses to compare: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []*Entry
	for rows.Next() {
		var id int64
		var businessName, tradingName, phone, emailKey, address, city, zip string
		if err := rows.Scan(&id, &businessName, &tradingName, &phone, &emailKey, &address, &city, &zip); err != nil {
			return nil, fmt.Errorf("read businesses to compare: %w", err)
		}
		all = append(all, NewEntry(id, businessName, tradingName, phone, emailKey, address, city, zip))
	}
	return all, rows.Err()
}
