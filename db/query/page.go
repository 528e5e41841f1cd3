package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// OfSMB is Select of what belongs to one business, by the column smb_id of the table that t is from.
// Returns NotFound for a business that is not there, was deleted, or is out of the caller's scope.
func OfSMB[T any](ctx context.Context, tx *db.Tx, t Table, smbID int64, q fibonacco.ListQuery, columns string, scan func(db.Row) (T, error)) (fibonacco.Page[T], error) {
	community, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1 AND deleted_at IS NULL`, smbID)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, community) {
		return fibonacco.Page[T]{}, fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
	}
	if err != nil {
		return fibonacco.Page[T]{}, fmt.Errorf("read SMB %d: %w", smbID, err)
	}
	var args Args
	return Select(ctx, tx, t, q, columns, scan, []string{t.From + `.smb_id = ` + args.Add(smbID)}, &args)
}

// Select reads one page of a list. columns is the select list that scan reads; where is what must
// hold beside the query's filter (the caller's scope, a search), with its arguments in args, and
// may be nil. Returns Invalid for what the listing does not allow, and for a cursor that is not of
// this very question.
func Select[T any](ctx context.Context, tx *db.Tx, t Table, q fibonacco.ListQuery, columns string, scan func(db.Row) (T, error), where []string, args *Args) (fibonacco.Page[T], error) {
	var page fibonacco.Page[T]
	if args == nil {
		args = &Args{}
	}
	filter, filterErr := t.Where(q.Filter, args)
	keys, sortErr := t.order(q.Sort)
	if err := fibonacco.JoinInvalid("the list cannot be read so", filterErr, sortErr); err != nil {
		return page, err
	}
	where = append(where[:len(where):len(where)], filter...)
	question := fingerprint(t, q)
	from, values, err := readCursor(q.Cursor, question, keys)
	if err != nil {
		return page, err
	}
	if q.Total {
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM `+t.From+whereSQL(where), args.Values...)
		if err != nil {
			return page, fmt.Errorf("count %s: %w", t.Listing.Name, err)
		}
		page.Total = &n
	}
	parts := t.parts(keys)
	if from >= len(parts) || values != nil && parts[from].nulls != values[0].null {
		return page, refusedCursor()
	}
	r := reader[T]{tx: tx, list: t.Listing.Name, keys: keys, scan: scan, question: question, size: pageSize(q.Size), page: &page}
	head := `SELECT ` + columns + `, ` + strings.Join(expressions(keys), ", ") + ` FROM ` + t.From
	for i := from; i < len(parts) && page.Next == ""; i++ {
		p, own := parts[i], Args{Values: slices.Clip(args.Values), First: args.First}
		if t.Before != nil {
			if err := t.Before(ctx, tx, p.of); err != nil {
				return page, err
			}
		}
		conditions := append(where[:len(where):len(where)], p.where(own.Add)...)
		if i == from && values != nil {
			conditions = append(conditions, after(p.keys, values[len(values)-len(p.keys):], own.Add))
		}
		query := head + whereSQL(conditions) + orderBy(p.keys) + ` LIMIT ` + own.Add(r.size+1-len(page.Data))
		if err := r.read(ctx, i, query, own.Values); err != nil {
			return page, err
		}
	}
	return page, nil
}

func pageSize(size int) int {
	if size <= 0 {
		return fibonacco.DefaultPage
	}
	return min(size, fibonacco.MaxPage)
}

// part is a stretch of a list that one statement reads in its order.
type part struct {
	where Part
	of    int   // number of the table's part
	keys  []key // what it is ordered by
	nulls bool  // what the list is ordered by first is null in it, and is not in keys
}

// parts is the table's own, or one of all rows; each is cut in two when what is ordered by first
// may be null, because no index finds "larger than this, or null" in one go.
func (t Table) parts(keys []key) []part {
	own := t.Parts
	if own == nil {
		own = []Part{func(func(any) string) []string { return nil }}
	}
	var all []part
	for i, whole := range own {
		if !keys[0].nullable {
			all = append(all, part{where: whole, of: i, keys: keys})
			continue
		}
		half := func(condition string) Part {
			return func(arg func(any) string) []string { return append(whole(arg), keys[0].sql+condition) }
		}
		first := keys[0]
		first.nullable = false
		known := part{where: half(" IS NOT NULL"), of: i, keys: append([]key{first}, keys[1:]...)}
		unknown := part{where: half(" IS NULL"), of: i, keys: keys[1:], nulls: true}
		if first.desc { // as PostgreSQL has it: null is larger than everything
			all = append(all, unknown, known)
		} else {
			all = append(all, known, unknown)
		}
	}
	return all
}

// reader fills a page, part by part.
type reader[T any] struct {
	tx       *db.Tx
	list     string
	keys     []key
	scan     func(db.Row) (T, error)
	question string
	size     int

	page *fibonacco.Page[T]
	last []cursorValue // of the last row on the page
	part int           // that it is of
}

// read appends the rows of a query over one part to the page. One more than the page holds says
// that there is another page.
func (r *reader[T]) read(ctx context.Context, part int, query string, args []any) error {
	rows, err := r.tx.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("list %s: %w", r.list, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if len(r.page.Data) == r.size {
			r.page.Next = writeCursor(r.question, r.part, r.last)
			break
		}
		r.last, r.part = make([]cursorValue, len(r.keys)), part
		entry, err := r.scan(keyedRow{rows, r.keys, r.last})
		if err != nil {
			return fmt.Errorf("read %s: %w", r.list, err)
		}
		r.page.Data = append(r.page.Data, entry)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list %s: %w", r.list, err)
	}
	return nil
}

func whereSQL(where []string) string {
	if len(where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(where, " AND ")
}

// keyedRow is a row whose last columns are what its page is ordered by.
type keyedRow struct {
	db.Row
	keys []key
	into []cursorValue
}

func (r keyedRow) Scan(dest ...any) error {
	for i := range r.into {
		r.into[i].reset(r.keys[i].kind)
		dest = append(dest, r.into[i].target())
	}
	return r.Row.Scan(dest...)
}
