package privacy

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// Service implements fibonacco.PrivacyService. Safe for concurrent use.
type Service struct {
	db    *db.DB
	queue publisher
}

// publisher is what a Service needs of the queue.
type publisher interface {
	Publish(ctx context.Context, tx *db.Tx, events ...fibonacco.Event) error
}

var _ fibonacco.PrivacyService = (*Service)(nil)

// New makes the service; q publishes its events.
func New(d *db.DB, q publisher) *Service { return &Service{db: d, queue: q} }

// atOnce is how many rows one transaction reads: the archive may go to a slow line, and nothing is
// held open for that.
const atOnce = 500

// ExportSMB implements fibonacco.PrivacyService. What became part of the business by a merge is in
// it too. Nothing is written before it is sure that there is such a business; after an error the
// archive is incomplete, and cannot be opened. Returns NotFound.
func (s *Service) ExportSMB(ctx context.Context, smbID int64, to io.Writer) error {
	var who *subject
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if who, err = findSubject(ctx, tx, smbID, false); err != nil {
			return err
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: "smb.exported", Entity: "smb", EntityID: strconv.FormatInt(smbID, 10), CommunityID: &who.communityID})
	})
	if err != nil {
		return err
	}
	now := s.db.Clock().Now()
	z := zip.NewWriter(to)
	page := page{SMBID: smbID, At: now}
	for _, t := range tables {
		w, err := z.CreateHeader(&zip.FileHeader{Name: t.name + ".json", Method: zip.Deflate, Modified: now})
		if err != nil {
			return fmt.Errorf("begin %s.json: %w", t.name, err)
		}
		n, err := s.exportTable(ctx, t, who, w)
		if err != nil {
			return fmt.Errorf("export %s of SMB %d: %w", t.name, smbID, err)
		}
		page.Files = append(page.Files, pageFile{Name: t.name + ".json", About: t.about, Rows: n})
	}
	w, err := z.CreateHeader(&zip.FileHeader{Name: "README.html", Method: zip.Deflate, Modified: now})
	if err != nil {
		return fmt.Errorf("begin README.html: %w", err)
	}
	if err := page.write(w); err != nil {
		return fmt.Errorf("write README.html: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}

// exportTable writes a subject's rows of a table as a JSON list, and returns how many there are.
func (s *Service) exportTable(ctx context.Context, t table, who *subject, w io.Writer) (n int, err error) {
	separator := "[\n"
	var after []any
	for {
		var chunk []string
		err := s.db.View(ctx, func(tx *db.Tx) error {
			chunk, after, err = t.read(ctx, tx, who, after)
			return err
		})
		if err != nil {
			return n, err
		}
		for _, row := range chunk {
			if _, err := io.WriteString(w, separator+row); err != nil {
				return n, err
			}
			separator = ",\n"
			n++
		}
		if len(chunk) < atOnce {
			break
		}
	}
	end := "\n]\n"
	if n == 0 {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return n, err
}

// read is up to atOnce rows as JSON objects, those that follow the key after; last is the key of
// the last one.
func (t table) read(ctx context.Context, tx *db.Tx, who *subject, after []any) (objects []string, last []any, err error) {
	var shown []column
	var selected []string
	for _, c := range t.columns {
		if c.kind != staff {
			shown = append(shown, c)
			selected = append(selected, c.selected())
		}
	}
	var args []any
	query := `SELECT ` + strings.Join(selected, ", ") + ` FROM ` + t.name + ` WHERE (` + who.bind(t.of, &args) + `)`
	keys := strings.Split(t.key, ", ")
	if after != nil {
		places := make([]string, len(keys))
		for i, k := range keys {
			args = append(args, after[i])
			places[i] = "$" + strconv.Itoa(len(args))
			if t.column(k).kind == day {
				places[i] = "CAST(" + places[i] + " AS date)"
			}
		}
		query += ` AND (` + t.key + `) > (` + strings.Join(places, ", ") + `)`
	}
	rows, err := tx.Query(ctx, query+` ORDER BY `+t.key+` LIMIT `+strconv.Itoa(atOnce), args...)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		values, targets := make([]value, len(shown)), make([]any, len(shown))
		for i, c := range shown {
			values[i].kind = c.kind
			targets[i] = values[i].target()
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, nil, err
		}
		objects = append(objects, object(shown, values))
		last = last[:0]
		for _, k := range keys {
			for i, c := range shown {
				if c.name == k {
					last = append(last, values[i].plain())
				}
			}
		}
	}
	return objects, last, rows.Err()
}

func (t table) column(name string) column {
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	return column{}
}

// value is one value on its way out of the database.
type value struct {
	kind  kind
	n     sql.NullInt64
	yes   sql.NullBool
	at    *time.Time
	words sql.NullString
	file  []byte
}

// target is where Scan puts it.
func (v *value) target() any {
	switch v.kind {
	case number:
		return &v.n
	case flag:
		return &v.yes
	case moment:
		return db.TimePtr(&v.at)
	case blob:
		return &v.file
	}
	return &v.words
}

// plain is the value in Go; nil for NULL.
func (v *value) plain() any {
	switch {
	case v.kind == number && v.n.Valid:
		return v.n.Int64
	case v.kind == flag && v.yes.Valid:
		return v.yes.Bool
	case v.kind == moment && v.at != nil:
		return v.at
	case v.kind == blob && v.file != nil:
		return v.file
	case v.kind == doc && v.words.Valid && json.Valid([]byte(v.words.String)):
		return json.RawMessage(v.words.String)
	case v.words.Valid:
		return v.words.String
	}
	return nil
}

// object is a row as JSON, its members in the order of the columns.
func object(columns []column, values []value) string {
	var b bytes.Buffer
	for i, c := range columns {
		b.WriteString([2]string{"{", ","}[min(i, 1)])
		b.WriteString(db.JSON(c.name) + ":" + db.JSON(values[i].plain()))
	}
	b.WriteByte('}')
	return b.String()
}
