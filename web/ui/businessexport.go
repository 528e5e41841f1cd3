package ui

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

const (
	exportsMost  = 4                // at once on one node: each keeps the database busy without a pause
	exportTaking = 30 * time.Second // real time in which a visitor takes a page of it
)

// exportBusinesses is everything that a table shows, on all pages and with the columns that are chosen,
// as a file. It is read a page at a time, so that it takes no memory and holds nothing; that it was
// taken is in the audit log before its first byte.
func (u *ui) exportBusinesses(w http.ResponseWriter, r *http.Request) error {
	select {
	case u.exports <- struct{}{}:
		defer func() { <-u.exports }()
	default:
		return fibonacco.Errorf(fibonacco.Unavailable, "Others are exporting right now. Try again in a moment.")
	}
	t := readBusinessTable(r.URL.Query())
	question := t.question()
	question.Cursor, question.Size = "", fibonacco.MaxPage
	page, err := u.Directory.QuerySMBs(r.Context(), question)
	if err != nil {
		return err
	}
	if u.Audit != nil {
		narrowed := slices.Sorted(maps.Keys(question.Filter.Where))
		if question.Filter.Search != "" {
			narrowed = append(narrowed, "search")
		}
		if err := u.Audit.NoteExport(r.Context(), fibonacco.SMBListing.Name, "csv", narrowed); err != nil {
			return fmt.Errorf("note an export: %w", err)
		}
	}
	to := &attachment{w: w, name: "businesses-" + u.Clock.Now().UTC().Format("20060102-150405") + ".csv"}
	if err := u.writeBusinesses(r.Context(), w, to, exportedColumns(shownColumns(r)), question, page); err != nil {
		if !to.begun {
			return err
		}
		if r.Context().Err() == nil {
			u.Log.Warn("an export broke off", "error", err)
		}
		panic(http.ErrAbortHandler) // nobody shall take half of it for the whole
	}
	return nil
}

// exportedColumns are the members of a business that a file has.
func exportedColumns(columns []businessColumn) []string {
	members := []string{"id", "business_name", "category"}
	for _, c := range columns {
		members = append(members, c.Fields...)
	}
	return members
}

// writeBusinesses writes a page and those after it.
func (u *ui) writeBusinesses(ctx context.Context, w http.ResponseWriter, to *attachment, columns []string, question fibonacco.SMBQuery, page fibonacco.Page[fibonacco.SMB]) (err error) {
	control := http.NewResponseController(w)
	out := csv.NewWriter(to)
	if err := out.Write(columns); err != nil {
		return err
	}
	for {
		for _, s := range page.Data {
			cells, err := businessCells(s, columns)
			if err != nil {
				return err
			}
			if err := out.Write(cells); err != nil {
				return err
			}
		}
		if err := control.SetWriteDeadline(fibonacco.RealTime().Add(exportTaking)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return fmt.Errorf("extend the deadline of an export: %w", err)
		}
		out.Flush()
		if err := out.Error(); err != nil || page.Next == "" {
			return err
		}
		question.Cursor = page.Next
		if page, err = u.Directory.QuerySMBs(ctx, question); err != nil {
			return err
		}
	}
}

// businessCells is a business as a row of a file, as the interface exports it.
func businessCells(s fibonacco.SMB, columns []string) ([]string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write business %d: %w", s.ID, err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("write business %d: %w", s.ID, err)
	}
	cells := make([]string, len(columns))
	for i, name := range columns {
		cells[i] = api.CSVCell(members[name])
	}
	return cells, nil
}
