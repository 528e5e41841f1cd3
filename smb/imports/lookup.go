package imports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco/db"
)

// sameKey bounds how many businesses with one key are looked at. Real lists have a few; a file in
// which everybody is called "Unknown" must not fill the memory.
const sameKey = 200

const lookup = `
	SELECT rows.k, s.id, s.business_name, COALESCE(s.dba_name, ''), COALESCE(s.business_type, ''), COALESCE(s.category, ''),
		COALESCE(s.primary_contact_name, ''), COALESCE(s.primary_email, ''), COALESCE(s.primary_phone, ''),
		COALESCE(s.address, ''), COALESCE(s.city, ''), COALESCE(s.state, ''), COALESCE(s.zip, ''),
		COALESCE(CAST(s.coordinates AS text), '')
	FROM rows LEFT JOIN smbs s ON %s
		-- "+ 0" keeps the database from reading the whole community, and the outer join makes it go
		-- from key to business and never the other way.
		AND s.community_id + 0 = $1 AND s.deleted_at IS NULL
	WHERE COALESCE(s.id, 0) <> 0 ORDER BY s.id`

var (
	lookupEmail   = fmt.Sprintf(lookup, `s.email_key = rows.k`)
	lookupPhone   = fmt.Sprintf(lookup, `s.primary_phone = rows.k`)
	lookupNameZIP = fmt.Sprintf(lookup, `s.name_key = rows.k AND s.zip BETWEEN rows.zip AND rows.last_zip`) // with +4 or without
	lookupNoZIP   = fmt.Sprintf(lookup, `s.name_key = rows.k AND s.zip IS NULL`)
	lookupName    = fmt.Sprintf(lookup, `s.name_key = rows.k`)
	lookupID      = fmt.Sprintf(lookup, `s.id = CAST(rows.k AS bigint)`)
)

// load adds to x every business of the community that a row of the batch could be about: a
// statement for each kind of key, however many rows there are.
func (x *index) load(ctx context.Context, tx *db.Tx, community int64, rows []business, touched idSet) error {
	if err := planCache(ctx, tx, "force_custom_plan"); err != nil {
		return err
	}
	emails, phones, bare, anyZIP := keys{}, keys{}, keys{}, keys{}
	type nameZIP struct{ name, zip string }
	pairs := make(map[nameZIP]bool, len(rows))
	for i := range rows {
		b := &rows[i]
		emails.add(b.emailKey)
		phones.add(b.number())
		if z := zip5(b.text[zip]); z == "" {
			anyZIP.add(b.nameKey)
		} else if b.nameKey != "" {
			pairs[nameZIP{b.nameKey, z}] = true
			bare.add(b.nameKey)
		}
	}
	names := db.NewBatch("k text", "zip text", "last_zip text")
	for _, key := range slices.SortedFunc(maps.Keys(pairs), func(a, b nameZIP) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.zip, b.zip))
	}) {
		names.Add(key.name, key.zip, key.zip+"-9999")
	}
	for _, l := range []struct {
		keys  *db.Batch
		query string
	}{
		{emails.batch(), lookupEmail},
		{phones.batch(), lookupPhone},
		{names, lookupNameZIP},
		{bare.batch(), lookupNoZIP},
		{anyZIP.batch(), lookupName},
	} {
		if err := x.loadBy(ctx, tx, l.keys, l.query, community, touched); err != nil {
			return fmt.Errorf("look for known businesses: %w", err)
		}
	}
	return planCache(ctx, tx, "auto")
}

// loadIDs adds the businesses of these ids to x.
func (x *index) loadIDs(ctx context.Context, tx *db.Tx, community int64, ids []int64, touched idSet) error {
	rows := db.NewBatch("k text")
	for _, id := range ids {
		rows.Add(strconv.FormatInt(id, 10))
	}
	return x.loadBy(ctx, tx, rows, lookupID, community, touched)
}

func (x *index) loadBy(ctx context.Context, tx *db.Tx, keys *db.Batch, query string, community int64, touched idSet) error {
	found := map[string]int{}
	return tx.QueryBatch(ctx, keys, query, func(row db.Row) error {
		var k known
		var key, point string
		t := &k.text
		if err := row.Scan(&key, &k.id, &t[businessName], &t[dbaName], &t[businessType], &t[category], &t[contactName],
			&t[email], &t[phone], &t[address], &t[city], &t[state], &t[zip], &point); err != nil {
			return err
		}
		if found[key]++; found[key] > sameKey || x.byID[k.id] != nil {
			return nil
		}
		k.place, k.known = parsePoint(point)
		k.order, k.touched = k.id, touched.has(k.id)
		k.setKeys()
		x.byID[k.id] = &k
		x.add(&k)
		return nil
	}, community)
}

// planCache makes PostgreSQL use the indexes, and plan anew for every batch ("force_custom_plan")
// or as it likes ("auto"). It knows nothing yet of a table that is being filled: it would read all
// of it for each batch, and go on so with a plan it made when the table was small. Not for longer
// than needed: the checks of foreign keys would be planned anew for every row.
func planCache(ctx context.Context, tx *db.Tx, mode string) error {
	if tx.Engine() != db.Postgres {
		return nil
	}
	_, err := tx.Exec(ctx, `
		SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
			set_config('enable_mergejoin', 'off', true), set_config('enable_material', 'off', true),
			set_config('plan_cache_mode', $1, true)`, mode)
	if err != nil {
		return fmt.Errorf("guide the planner: %w", err)
	}
	return nil
}

// unguided lets the planner go by itself again: what others do in the transaction is not made for
// the detours that planCache sends it on.
func unguided(ctx context.Context, tx *db.Tx) error {
	if tx.Engine() != db.Postgres {
		return nil
	}
	_, err := tx.Exec(ctx, `
		SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true),
			set_config('enable_mergejoin', 'on', true), set_config('enable_material', 'on', true)`)
	if err != nil {
		return fmt.Errorf("leave the planner alone: %w", err)
	}
	return nil
}

// keys is keys to look for, each once.
type keys map[string]bool

func (s keys) add(key string) {
	if key != "" {
		s[key] = true
	}
}

// batch is the keys in their order, in which an index is read fastest.
func (s keys) batch() *db.Batch {
	b := db.NewBatch("k text")
	for _, key := range slices.Sorted(maps.Keys(s)) {
		b.Add(key)
	}
	return b
}

// idSet is a set of ids. Ids are handed out one after another, so a bit each is enough.
type idSet map[int64]*[512]uint64

func (s idSet) add(id int64) {
	page := s[id>>15]
	if page == nil {
		page = new([512]uint64)
		s[id>>15] = page
	}
	page[id>>6&511] |= 1 << (id & 63)
}

func (s idSet) has(id int64) bool {
	page := s[id>>15]
	return page != nil && page[id>>6&511]&(1<<(id&63)) != 0
}
