package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco/db"
)

// facets are the columns of smbs that smb_search has copies of.
var facets = []string{
	"community_id", "category", "business_type", "city", "state", "zip", "source", "service_model", "subscription_tier", "data_quality_score",
}

var (
	facetList  = strings.Join(facets, ", ")
	facetsOf   = "smbs." + strings.Join(facets, ", smbs.")
	facetsSame = same()
	facetsSet  = set()
)

func same() string {
	all := make([]string, len(facets))
	for i, name := range facets {
		all[i] = "smb_search." + name + " IS NOT DISTINCT FROM smbs." + name
	}
	return strings.Join(all, " AND ")
}

func set() string {
	all := make([]string, len(facets))
	for i, name := range facets {
		all[i] = name + " = excluded." + name
	}
	return strings.Join(all, ", ")
}

// atOnce bounds the memory of one round.
const atOnce = 5000

// Reindex writes anew what these businesses are found by, in the transaction that changed them or
// in a later one; what is up to date already is left alone, and what is deleted taken out. Any
// number of ids will do.
func Reindex(ctx context.Context, tx *db.Tx, ids []int64) error {
	for chunk := range slices.Chunk(ids, atOnce) {
		if err := reindex(ctx, tx, chunk); err != nil {
			return fmt.Errorf("index %d businesses: %w", len(chunk), err)
		}
	}
	return nil
}

func reindex(ctx context.Context, tx *db.Tx, ids []int64) error {
	stale, there, err := compare(ctx, tx, ids)
	if err != nil {
		return err
	}
	var gone []int64
	for _, id := range ids {
		if !there[id] {
			gone = append(gone, id)
		}
	}
	if err := Remove(ctx, tx, gone); err != nil {
		return err
	}
	return write(ctx, tx, stale)
}

// entry is a business that smb_search does not have as it is.
type entry struct {
	id      int64
	version int
	nameKey string
	text    Text
	refold  bool // the text differs, not only a copy of a column
}

// compare reads what is in smbs and what smb_search has of it.
func compare(ctx context.Context, tx *db.Tx, ids []int64) (stale []entry, there map[int64]bool, err error) {
	rows, err := tx.Query(ctx, `
		SELECT smbs.id, smbs.version, COALESCE(smbs.name_key, ''), smbs.business_name, COALESCE(smbs.dba_name, ''),
			COALESCE(smbs.primary_email, ''), COALESCE(smbs.primary_phone, ''),
			COALESCE(smb_search.name_key, ''), COALESCE(smb_search.name, ''), COALESCE(smb_search.words, ''),
			CASE WHEN smb_search.version = smbs.version AND `+facetsSame+` THEN 1 ELSE 0 END
		FROM smbs LEFT JOIN smb_search ON smb_search.smb_id = smbs.id
		WHERE smbs.id IN ($1...) AND smbs.deleted_at IS NULL`, ids)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	there = make(map[int64]bool, len(ids))
	for rows.Next() {
		var e entry
		var name, tradingName, email, phone, key string
		var was Text
		var copied int
		if err := rows.Scan(&e.id, &e.version, &e.nameKey, &name, &tradingName, &email, &phone, &key, &was.Name, &was.Words, &copied); err != nil {
			return nil, nil, err
		}
		there[e.id] = true
		e.text = TextOf(name, tradingName, email, phone)
		e.refold = e.text != was
		if e.refold || copied == 0 || key != e.nameKey {
			stale = append(stale, e)
		}
	}
	slices.SortFunc(stale, func(a, b entry) int { return cmp.Compare(a.id, b.id) }) // no two wait for each other
	return stale, there, rows.Err()
}

// write stores entries. Somebody may have changed a business since compare read it: then its
// version is another, and whoever changed it writes its entry.
func write(ctx context.Context, tx *db.Tx, stale []entry) error {
	if len(stale) == 0 {
		return nil
	}
	rows := db.NewBatch("id bigint", "version integer", "name_key text", "name text", "words text")
	texts := db.NewBatch("id bigint", "name text", "words text")
	for _, e := range stale {
		rows.Add(e.id, e.version, e.nameKey, e.text.Name, e.text.Words)
		if e.refold {
			texts.Add(e.id, upper(spread(e.text.Name)), spread(e.text.Words))
		}
	}
	_, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO smb_search (smb_id, version, name_key, name, words, `+facetList+`)
		SELECT smbs.id, rows.version, rows.name_key, rows.name, rows.words, `+facetsOf+`
		FROM rows JOIN smbs ON smbs.id = rows.id AND smbs.version = rows.version AND smbs.deleted_at IS NULL WHERE TRUE
		ON CONFLICT (smb_id) DO UPDATE SET version = excluded.version, name_key = excluded.name_key,
			name = excluded.name, words = excluded.words, `+facetsSet+`
		WHERE smb_search.version <= excluded.version`)
	if err != nil || tx.Engine() == db.Postgres {
		return err
	}
	// SQLite has one writer, so that nobody has changed them meanwhile.
	_, err = tx.ExecBatch(ctx, texts, `INSERT OR REPLACE INTO smb_search_text (rowid, name, words) SELECT id, name, words FROM rows`)
	return err
}

// Remove takes businesses out.
func Remove(ctx context.Context, tx *db.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM smb_search WHERE smb_id IN ($1...)`, ids)
	if err == nil && tx.Engine() == db.SQLite {
		_, err = tx.Exec(ctx, `DELETE FROM smb_search_text WHERE rowid IN ($1...)`, ids)
	}
	if err != nil {
		return fmt.Errorf("take %d businesses out of the search: %w", len(ids), err)
	}
	return nil
}
