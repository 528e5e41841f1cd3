package imports

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// insertNames are the columns that an import fills of a new business; the rest are the schema's
// defaults: tier 4, score 0, status pending.
const insertNames = `uuid, business_name, dba_name, business_type, category, primary_contact_name, primary_email, ` +
	`primary_phone, address, city, state, zip, coordinates, email_key, name_key, data_quality_score`

// insertColumns is insertNames with their types.
var insertColumns = func() []string {
	columns := strings.Split(insertNames, ", ")
	for i, name := range columns {
		switch name {
		case "uuid":
			columns[i] += " uuid"
		case "coordinates":
			columns[i] += " point"
		case "data_quality_score":
			columns[i] += " integer"
		default:
			columns[i] += " text"
		}
	}
	return columns
}()

// insertOne inserts one business on SQLite.
const insertOne = `
	INSERT INTO smbs (community_id, source, created_at, updated_at, ` + insertNames + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// reserve hands out the ids of n new businesses, so that they follow the file's order however
// many batches are stored at once: of two businesses that a row could equally be about, it is about
// the older. nil on SQLite, which has one writer and hands them out as they are stored.
func reserve(ctx context.Context, tx *db.Tx, n int) ([]int64, error) {
	if n == 0 || tx.Engine() == db.SQLite {
		return nil, nil
	}
	ids, err := db.Select[int64](ctx, tx, `SELECT nextval(pg_get_serial_sequence('smbs', 'id')) FROM generate_series(1, $1)`, n)
	if err != nil {
		return nil, fmt.Errorf("reserve %d ids: %w", n, err)
	}
	return ids, nil
}

// insert stores new businesses, under reserved ids if there are any, and returns their ids.
func insert(ctx context.Context, tx *db.Tx, community int64, source string, added []*known, ids []int64) ([]int64, error) {
	if len(added) == 0 {
		return nil, nil
	}
	handles := newHandles(tx.Now, len(added))
	for i, k := range added {
		k.handle = handles[i]
	}
	if lite := tx.SQL(); lite != nil {
		return insertOneByOne(ctx, tx, lite, community, source, added, handles)
	}
	rows := db.NewBatch(append([]string{"id bigint"}, insertColumns...)...)
	for i, k := range added {
		rows.Add(append([]any{ids[i]}, k.insertValues(handles[i])...)...)
	}
	_, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO smbs (id, community_id, source, created_at, updated_at, `+insertNames+`)
		SELECT id, $1, $2, $3, $3, `+insertNames+` FROM rows`, community, source, tx.Now)
	if db.IsForeignKey(err) {
		return nil, unknownCommunity()
	}
	if err != nil {
		return nil, fmt.Errorf("insert %d businesses: %w", len(added), err)
	}
	return ids, nil
}

// insertOneByOne is insert for SQLite, three times as fast there as one statement of many rows:
// finding a parameter takes longer the more there are, and a statement that changes many rows
// keeps a copy of every page it touches until it is over.
func insertOneByOne(ctx context.Context, tx *db.Tx, lite *sql.Tx, community int64, source string, added []*known, handles []string) ([]int64, error) {
	stmt, err := lite.PrepareContext(ctx, insertOne)
	if err != nil {
		return nil, fmt.Errorf("prepare to insert businesses: %w", err)
	}
	defer func() { _ = stmt.Close() }()
	ids := make([]int64, 0, len(added))
	for i, k := range added {
		args := append([]any{community, source, tx.Now, tx.Now}, k.insertValues(handles[i])...)
		res, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return nil, fmt.Errorf("insert business %d of %d: %w", i+1, len(added), err)
		}
		id, err := res.LastInsertId()
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (k *known) insertValues(handle string) []any {
	values := make([]any, 0, len(insertColumns))
	values = append(values, handle)
	for _, s := range k.text {
		values = append(values, db.Null(s))
	}
	var point any
	if k.known {
		point = pointText(k.place)
	}
	return append(values, point, db.Null(k.emailKey), db.Null(k.nameKey), k.quality())
}

// update stores what changed of known businesses, and nothing else of them: what somebody else
// changes at the same time stays.
func update(ctx context.Context, tx *db.Tx, changed []*known) error {
	columns := []string{"id bigint"}
	var set strings.Builder
	for _, c := range insertColumns[1:] {
		columns = append(columns, c)
		name, _, _ := strings.Cut(c, " ")
		fmt.Fprintf(&set, "%s = COALESCE(rows.%s, smbs.%s), ", name, name, name)
	}
	rows := db.NewBatch(columns...)
	for _, k := range changed {
		values := append(make([]any, 0, len(columns)), k.id)
		for f, s := range k.text {
			if k.changed.has(field(f)) {
				values = append(values, s)
			} else {
				values = append(values, nil)
			}
		}
		var point, emailKey, nameKey any
		if k.changed&placeBit != 0 {
			point = pointText(k.place)
		}
		if k.changed.has(email) {
			emailKey = k.emailKey
		}
		if k.changed.has(businessName) {
			nameKey = k.nameKey
		}
		rows.Add(append(values, point, emailKey, nameKey, k.quality())...)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		UPDATE smbs SET `+set.String()+`version = smbs.version + 1, updated_at = $1 FROM rows WHERE smbs.id = rows.id`, tx.Now); err != nil {
		return fmt.Errorf("update %d businesses: %w", len(changed), err)
	}
	return nil
}

// newHandles makes n uuids of version 7 that sort in their order.
func newHandles(now time.Time, n int) []string {
	random := make([]byte, 8*n)
	_, _ = rand.Read(random) // never fails
	handles := make([]string, n)
	for i := range handles {
		var u uuid.UUID
		binary.BigEndian.PutUint64(u[:8], uint64(now.UnixMilli())<<16|0x7000|uint64(i)&0xfff)
		copy(u[8:], random[8*i:])
		u[8] = u[8]&0x3f | 0x80
		handles[i] = u.String()
	}
	return handles
}

func unknownCommunity() error {
	return fibonacco.InvalidFields("the file cannot be imported", []fibonacco.FieldError{{Field: "community_id", Reason: "is not a community"}})
}
