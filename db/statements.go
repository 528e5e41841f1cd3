package db

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// keptStatements is how many compiled statements one SQLite connection keeps, and keptText how many
// bytes of SQL they may have together: a statement over 256 rows takes tens of kilobytes.
const (
	keptStatements = 256
	keptText       = 256 << 10
)

// keeper opens SQLite connections that compile a statement once and keep it. database/sql compiles
// what is run in a transaction each time: a third of what recording a group of sends costs.
type keeper struct{ driver.Connector }

func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := c.(liteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver lacks what keeping statements needs: %T", c), c.Close())
	}
	return &keepingConn{liteConn: full, byText: map[string]*list.Element{}, used: list.New()}, nil
}

// liteConn is what SQLite's driver has of a connection; what is not named here would be lost.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keepingConn is one connection with its statements, the last used in front. database/sql lets one
// goroutine at a time use it; while rows are read, others of the same transaction may be asked for.
type keepingConn struct {
	liteConn

	byText map[string]*list.Element // of *kept
	used   *list.List
	text   int // bytes
}

type kept struct {
	query string
	stmt  liteStmt
	busy  bool // its rows are being read
}

func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	k, err := c.keep(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.liteConn.ExecContext(ctx, query, args)
	}
	return k.stmt.ExecContext(ctx, args)
}

func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	k, err := c.keep(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.liteConn.QueryContext(ctx, query, args)
	}
	rows, err := k.stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	full, ok := rows.(liteRowsOf)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver lacks what keeping statements needs: %T", rows), rows.Close())
	}
	k.busy = true
	return &keptRows{full, k}, nil
}

// keep is the compiled statement of a text; nil when that is in use, or larger than is kept.
func (c *keepingConn) keep(ctx context.Context, query string) (*kept, error) {
	if e, ok := c.byText[query]; ok {
		c.used.MoveToFront(e)
		k := e.Value.(*kept)
		if k.busy {
			return nil, nil //nolint:nilnil // documented above
		}
		return k, nil
	}
	if len(query) > keptText/8 {
		return nil, nil //nolint:nilnil // documented above
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := s.(liteStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver lacks what keeping statements needs: %T", s), s.Close())
	}
	k := &kept{query: query, stmt: full}
	c.byText[query] = c.used.PushFront(k)
	c.text += len(query)
	return k, c.forget()
}

// forget closes the statements that were not used for longest.
func (c *keepingConn) forget() error {
	for e := c.used.Back(); e != nil && (c.used.Len() > keptStatements || c.text > keptText); {
		k, before := e.Value.(*kept), e.Prev()
		if !k.busy && before != nil { // the first is about to be used
			c.used.Remove(e)
			delete(c.byText, k.query)
			c.text -= len(k.query)
			if err := k.stmt.Close(); err != nil {
				return err
			}
		}
		e = before
	}
	return nil
}

func (c *keepingConn) Close() error {
	var errs []error
	for e := c.used.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*kept).stmt.Close())
	}
	c.byText, c.used = nil, list.New()
	return errors.Join(append(errs, c.liteConn.Close())...)
}

type liteRowsOf interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// keptRows give their statement back when they are closed.
type keptRows struct {
	liteRowsOf

	of *kept
}

func (r *keptRows) Close() error {
	r.of.busy = false
	return r.liteRowsOf.Close()
}
