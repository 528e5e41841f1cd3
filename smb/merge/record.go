package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// read reads records by a condition on table smbs, by id. The deleted are among them.
func read(ctx context.Context, tx *db.Tx, tail string, args ...any) (map[int64]*record, error) {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.selected()
	}
	rows, err := tx.Query(ctx, `SELECT CAST(smbs.uuid AS text), smbs.data_quality_score, smbs.updated_at, `+strings.Join(list, ", ")+` FROM smbs `+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := map[int64]*record{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found[r.ID] = r
	}
	return found, rows.Err()
}

func scan(row db.Row) (*record, error) {
	r := &record{}
	targets := []any{&r.UUID, &r.DataQualityScore, db.Time(&r.UpdatedAt)}
	texts := map[string]*string{}
	for _, c := range columns {
		switch at := c.at(r).(type) {
		case **time.Time:
			targets = append(targets, db.TimePtr(at))
		case *time.Time:
			targets = append(targets, db.Time(at))
		default:
			if c.kind == document || c.kind == point {
				texts[c.name] = new(string)
				targets = append(targets, texts[c.name])
			} else {
				targets = append(targets, at)
			}
		}
	}
	if err := row.Scan(targets...); err != nil {
		return nil, err
	}
	for _, c := range columns {
		switch c.kind {
		case document:
			if err := decode(*texts[c.name], c.at(r)); err != nil {
				return nil, fmt.Errorf("read %s of SMB %d: %w", c.name, r.ID, err)
			}
		case point:
			r.Coordinates = readPoint(*texts[c.name])
		}
	}
	return r, nil
}

// decode reads JSON and keeps its numbers as they are written, however long.
func decode(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// store writes every column that a merge may change.
func store(ctx context.Context, tx *db.Tx, r *record) error {
	r.DataQualityScore, r.UpdatedAt = normal.DataQuality(&r.SMB), tx.Now
	args := []any{r.ID, tx.Now, r.DataQualityScore, db.Null(normal.EmailKey(r.PrimaryEmail)), db.Null(normal.NameKey(r.BusinessName))}
	sets := []string{"version = version + 1", "updated_at = $2", "data_quality_score = $3", "email_key = $4", "name_key = $5"}
	for _, c := range columns {
		if c.rule == left && c.name != "deleted_at" {
			continue
		}
		args = append(args, c.argument(r))
		at := "$" + strconv.Itoa(len(args))
		switch c.kind {
		case date:
			at = "CAST(" + at + " AS date)"
		case point:
			at = "CAST(" + at + " AS point)"
		}
		sets = append(sets, c.name+" = "+at)
	}
	if _, err := tx.Exec(ctx, `UPDATE smbs SET `+strings.Join(sets, ", ")+` WHERE id = $1`, args...); err != nil {
		return fmt.Errorf("store SMB %d: %w", r.ID, err)
	}
	r.Version++
	return nil
}

func (c column) argument(r *record) any {
	value := c.value(r)
	switch c.kind {
	case text, date:
		return db.Null(value.(string)) //nolint:forcetypeassert // columns says that it is one
	case document:
		return db.JSON(value)
	case point:
		if r.Coordinates == nil {
			return nil
		}
		return fmt.Sprintf("(%v,%v)", r.Coordinates.Longitude, r.Coordinates.Latitude)
	case plain:
		if status, ok := value.(fibonacco.CampaignStatus); ok {
			return string(status)
		}
	}
	return value
}

func readPoint(text string) *fibonacco.Point {
	var p fibonacco.Point
	if n, err := fmt.Sscanf(text, "(%g,%g)", &p.Longitude, &p.Latitude); n != 2 || err != nil {
		return nil
	}
	return &p
}

func (c column) selected() string {
	switch c.kind {
	case text:
		return `COALESCE(smbs.` + c.name + `, '')`
	case date, point:
		return `COALESCE(CAST(smbs.` + c.name + ` AS text), '')`
	case document:
		return `CAST(smbs.` + c.name + ` AS text)`
	}
	return `smbs.` + c.name
}
