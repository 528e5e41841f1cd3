package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
)

// keeping opens SQLite connections that keep the statements which were prepared on them: to read a
// batch's statement, of thousands of placeholders, takes SQLite longer than to run it.
type keeping struct{ driver.Connector }

// Connect implements driver.Connector.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	own, ok := c.(liteConn)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's connection is a %T, which lacks something", c)
	}
	return &keptConn{liteConn: own}, nil
}

// liteConn is all that database/sql may ask of a connection, and SQLite's have.
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

// liteStmt is the same of a statement.
type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

const (
	keptMost   = 64     // statements of a connection
	keptInputs = 30_000 // placeholders of them all, which is what they take memory by: some 5 MB
)

// keptConn is a connection with the statements that nobody uses just now, the latest last. Used by one
// goroutine at a time, as database/sql does.
type keptConn struct {
	liteConn
	idle   []*keptStmt
	inputs int
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *keptConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	for i, s := range c.idle {
		if s.query == query {
			c.idle = slices.Delete(c.idle, i, i+1)
			c.inputs -= s.NumInput()
			return s, nil
		}
	}
	s, err := c.liteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	own, ok := s.(liteStmt)
	if !ok {
		return s, nil
	}
	return &keptStmt{liteStmt: own, conn: c, query: query}, nil
}

// Close implements driver.Conn.
func (c *keptConn) Close() error {
	for _, s := range c.idle {
		_ = s.liteStmt.Close() // the connection goes, and takes them with it
	}
	c.idle = nil
	return c.liteConn.Close()
}

// keptStmt is a statement that goes back to its connection when it is closed.
type keptStmt struct {
	liteStmt
	conn  *keptConn
	query string
}

// Close implements driver.Stmt. What was not used for longest makes room.
func (s *keptStmt) Close() error {
	c := s.conn
	c.idle = append(c.idle, s)
	c.inputs += s.NumInput()
	for len(c.idle) > keptMost || c.inputs > keptInputs {
		old := c.idle[0]
		c.idle = slices.Delete(c.idle, 0, 1)
		c.inputs -= old.NumInput()
		if err := old.liteStmt.Close(); err != nil {
			return err
		}
	}
	return nil
}
