package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// undoing is one batch of an import being taken back.
type undoing struct {
	*Service
	row     *importRow
	batch   int
	created []int64
	made    idSet // what the whole import created
	counts  *fibonacco.ImportUndo
	events  []fibonacco.Event
	touched []int64
}

func (u *undoing) do(ctx context.Context, tx *db.Tx) error {
	if err := u.remove(ctx, tx); err != nil {
		return err
	}
	if err := u.restore(ctx, tx); err != nil {
		return err
	}
	if u.o.index != nil && len(u.touched) > 0 {
		if err := u.o.index(ctx, tx, u.touched); err != nil {
			return err
		}
	}
	return u.queue.Publish(ctx, tx, u.events...)
}

// remove deletes the businesses that the batch created, unless somebody has done something with
// them since: changed them, which their version shows, or started them.
func (u *undoing) remove(ctx context.Context, tx *db.Tx) error {
	if len(u.created) == 0 {
		return nil
	}
	versions, err := u.versions(ctx, tx)
	if err != nil {
		return err
	}
	there, gone, err := u.untouched(ctx, tx, versions)
	if err != nil {
		return err
	}
	rows := db.NewBatch("id bigint")
	for _, id := range gone {
		rows.Add(id)
	}
	// By the id alone: with more to go by, the database might begin at another end.
	if _, err := tx.ExecBatch(ctx, rows, `
		UPDATE smbs SET deleted_at = $1, updated_at = $1, next_scheduled_send = NULL, version = smbs.version + 1
		FROM rows WHERE smbs.id = rows.id`, tx.Now); err != nil {
		return fmt.Errorf("take %d businesses back: %w", len(gone), err)
	}
	for _, id := range gone {
		u.events = append(u.events, fibonacco.SMBUpdated{SMBID: id, CommunityID: u.row.CommunityID, Fields: []string{"deleted_at"}})
	}
	u.touched = append(u.touched, gone...)
	u.counts.Removed += len(gone)
	u.counts.Kept += there - len(gone)
	u.counts.AlreadyDeleted += len(u.created) - there
	return nil
}

// untouched locks the businesses that the batch created. It returns how many are still there, and
// those that nobody has changed or started.
func (u *undoing) untouched(ctx context.Context, tx *db.Tx, versions map[int64]int) (there int, ids []int64, err error) {
	type now struct {
		ID      int64
		Version int
		Started bool
	}
	all, err := db.Select[now](ctx, tx, `
		SELECT id, version, campaign_status <> 'pending' OR manifest_destiny_start_date IS NOT NULL AS started
		FROM smbs WHERE id IN ($1...) AND deleted_at IS NULL ORDER BY id FOR UPDATE`, u.created)
	if err != nil {
		return 0, nil, fmt.Errorf("lock %d businesses: %w", len(u.created), err)
	}
	mailed, err := db.Select[int64](ctx, tx, `SELECT DISTINCT smb_id FROM campaign_sends WHERE smb_id IN ($1...)`, u.created)
	if err != nil {
		return 0, nil, fmt.Errorf("look for mails to %d businesses: %w", len(u.created), err)
	}
	sent := idSet{}
	for _, id := range mailed {
		sent.add(id)
	}
	for _, b := range all {
		if b.Version == versions[b.ID] && !b.Started && !sent.has(b.ID) {
			ids = append(ids, b.ID)
		}
	}
	return len(all), ids, nil
}

// versions is which version the import left the businesses with that the batch created: the first,
// unless it did more to them.
func (u *undoing) versions(ctx context.Context, tx *db.Tx) (map[int64]int, error) {
	type left struct {
		SMBID   int64 `db:"smb_id"`
		Version int
	}
	more, err := db.Select[left](ctx, tx, `
		SELECT smb_id, MAX(version) AS version FROM import_changes WHERE import_id = $1 AND smb_id IN ($2...) GROUP BY smb_id`, u.row.ID, u.created)
	if err != nil {
		return nil, fmt.Errorf("read the versions of %d businesses: %w", len(u.created), err)
	}
	versions := make(map[int64]int, len(u.created))
	for _, id := range u.created {
		versions[id] = 1
	}
	for _, l := range more {
		versions[l.SMBID] = l.Version
	}
	return versions, nil
}

// change is what the batch changed of one business: field → before, after.
type change struct {
	id     int64
	fields map[string][2]string
}

// restore gives the businesses that the batch changed their former values back, field by field,
// where nobody has changed them since.
func (u *undoing) restore(ctx context.Context, tx *db.Tx) error {
	changes, err := u.changes(ctx, tx)
	if err != nil || len(changes) == 0 {
		return err
	}
	ids := make([]int64, len(changes))
	for i, c := range changes {
		ids[i] = c.id
	}
	now, err := current(ctx, tx, ids)
	if err != nil {
		return err
	}
	rows := db.NewBatch(restoreColumns...)
	for _, c := range changes {
		k := now[c.id]
		if k == nil {
			u.counts.AlreadyDeleted++
			continue
		}
		back := k.giveBack(c.fields)
		u.counts.FieldsKept += len(c.fields) - len(back.names())
		if back == 0 {
			continue
		}
		u.counts.Restored++
		u.touched = append(u.touched, k.id)
		u.events = append(u.events, fibonacco.SMBUpdated{SMBID: k.id, CommunityID: u.row.CommunityID, Fields: back.names()})
		rows.Add(k.restoreValues(back)...)
	}
	if _, err := tx.ExecBatch(ctx, rows, restoreSQL, tx.Now); err != nil {
		return fmt.Errorf("restore %d businesses: %w", rows.Len(), err)
	}
	return nil
}

func (u *undoing) changes(ctx context.Context, tx *db.Tx) ([]change, error) {
	rows, err := tx.Query(ctx, `
		SELECT smb_id, CAST(fields AS text) FROM import_changes WHERE import_id = $1 AND batch = $2 ORDER BY smb_id`, u.row.ID, u.batch)
	if err != nil {
		return nil, fmt.Errorf("read what import %d changed: %w", u.row.ID, err)
	}
	defer func() { _ = rows.Close() }()
	var all []change
	for rows.Next() {
		var c change
		var fields string
		if err := rows.Scan(&c.id, &fields); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(fields), &c.fields); err != nil {
			return nil, fmt.Errorf("read what import %d changed of business %d: %w", u.row.ID, c.id, err)
		}
		if len(c.fields) > 0 && !u.made.has(c.id) {
			all = append(all, c)
		}
	}
	return all, rows.Err()
}

// current reads and locks businesses; those that are deleted are left out.
func current(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]*known, error) {
	rows, err := tx.Query(ctx, `
		SELECT s.id, s.business_name, COALESCE(s.dba_name, ''), COALESCE(s.business_type, ''), COALESCE(s.category, ''),
			COALESCE(s.primary_contact_name, ''), COALESCE(s.primary_email, ''), COALESCE(s.primary_phone, ''),
			COALESCE(s.address, ''), COALESCE(s.city, ''), COALESCE(s.state, ''), COALESCE(s.zip, ''),
			COALESCE(CAST(s.coordinates AS text), ''), s.do_not_contact
		FROM smbs s WHERE s.id IN ($1...) AND s.deleted_at IS NULL ORDER BY s.id FOR UPDATE OF s`, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d businesses: %w", len(ids), err)
	}
	defer func() { _ = rows.Close() }()
	all := make(map[int64]*known, len(ids))
	for rows.Next() {
		k := &known{}
		var point string
		t := &k.text
		if err := rows.Scan(&k.id, &t[businessName], &t[dbaName], &t[businessType], &t[category], &t[contactName],
			&t[email], &t[phone], &t[address], &t[city], &t[state], &t[zip], &point, &k.blocked); err != nil {
			return nil, fmt.Errorf("read %d businesses: %w", len(ids), err)
		}
		k.place, k.known = parsePoint(point)
		all[k.id] = k
	}
	return all, rows.Err()
}

// giveBack sets the fields of k to what they were before, where they still are what the import made
// of them, and says which those are.
func (k *known) giveBack(fields map[string][2]string) (back fieldSet) {
	for name, was := range fields {
		before, after := was[0], was[1]
		switch name {
		case "do_not_contact":
			if k.blocked {
				k.blocked = false
				back |= blockBit
			}
		case "coordinates":
			if at, known := parsePoint(after); known && k.known && at == k.place {
				k.place, k.known = parsePoint(before)
				back |= placeBit
			}
		default:
			f := slices.IndexFunc(specs[:stored], func(s spec) bool { return s.name == name })
			if f >= 0 && k.text[f] == after {
				k.text[f] = before
				back |= 1 << f
			}
		}
	}
	k.setKeys()
	return back
}

// restoreColumns and restoreSQL write the fields that a mask names, blanks included.
var restoreColumns, restoreSQL = func() ([]string, string) {
	columns := []string{"id bigint", "mask integer", "email_key text", "name_key text", "data_quality_score integer", "coordinates point"}
	var set strings.Builder
	assign := func(column string, bits fieldSet) {
		fmt.Fprintf(&set, "%s = CASE WHEN (rows.mask & %d) <> 0 THEN rows.%s ELSE smbs.%s END, ", column, bits, column, column)
	}
	for f := range stored {
		columns = append(columns, specs[f].name+" text")
		assign(specs[f].name, 1<<f)
	}
	assign("coordinates", placeBit)
	assign("email_key", 1<<email)
	assign("name_key", 1<<businessName)
	fmt.Fprintf(&set, "do_not_contact = CASE WHEN (rows.mask & %d) <> 0 THEN FALSE ELSE smbs.do_not_contact END, ", blockBit)
	return columns, `UPDATE smbs SET ` + set.String() +
		`data_quality_score = rows.data_quality_score, version = smbs.version + 1, updated_at = $1 FROM rows WHERE smbs.id = rows.id`
}()

func (k *known) restoreValues(back fieldSet) []any {
	var point any
	if k.known {
		point = pointText(k.place)
	}
	values := append(make([]any, 0, len(restoreColumns)), k.id, int(back), db.Null(k.emailKey), db.Null(k.nameKey), k.quality(), point)
	for _, s := range k.text {
		values = append(values, db.Null(s))
	}
	return values
}
