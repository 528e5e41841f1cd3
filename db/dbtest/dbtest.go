// Package dbtest gives every test a database of its own, on both engines.
//
// The PostgreSQL server is named by FIBONACCO_TEST_POSTGRES, which `make test` sets. Without it
// the PostgreSQL half of a test is skipped on a laptop and fails under CI=true.
package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Start is the time at which the clock of a test database stands: a Monday, 09:00 in New York.
var Start = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)

// Each runs fn as a subtest on every engine, with an empty database at the current schema and
// a fake clock at Start. Each engine's subtest runs in parallel.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := fibonacco.NewFakeClock(Start)
			fn(t, Open(t, engine, clock), clock)
		})
	}
}

// Open is one empty database at the current schema, closed and removed with the test.
func Open(t testing.TB, engine db.Engine, clock fibonacco.Clock) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), URL(t, engine), clock, 8)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// URL is the address of an empty database at the current schema, removed with the test.
func URL(t testing.TB, engine db.Engine) string {
	t.Helper()
	if engine == db.SQLite {
		return sqliteURL(t)
	}
	return postgresURL(t)
}

// sqliteTemplate is a migrated file that tests copy: migrating anew would cost each 100 ms.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "fibonacco-dbtest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	if err := migrate("sqlite://" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func sqliteURL(t testing.TB) string {
	t.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("migrate SQLite template: %v", err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite://" + path
}

var postgresTemplate = sync.OnceValues(func() (string, error) {
	server := os.Getenv("FIBONACCO_TEST_POSTGRES")
	name := fmt.Sprintf("template_%d_%s", os.Getpid(), random())
	if err := execServer(server, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, migrate(withDatabase(server, name))
})

func postgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("FIBONACCO_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("FIBONACCO_TEST_POSTGRES is not set: run the tests with `make test`")
		}
		t.Skip("FIBONACCO_TEST_POSTGRES is not set: `make test` runs this on PostgreSQL too")
	}
	template, err := postgresTemplate()
	if err != nil {
		t.Fatalf("migrate PostgreSQL template: %v", err)
	}
	name := "test_" + random()
	if err := execServer(server, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("create database: %v", err)
	}
	t.Cleanup(func() {
		if err := execServer(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	return withDatabase(server, name)
}

func migrate(databaseURL string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, databaseURL, fibonacco.SystemClock{}, 4)
	if err != nil {
		return err
	}
	if _, err := d.Migrate(ctx); err != nil {
		_ = d.Close()
		return err
	}
	return d.Close()
}

var serverLock sync.Mutex // CREATE DATABASE … TEMPLATE wants the template unused

func execServer(server, query string) error {
	serverLock.Lock()
	defer serverLock.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, query)
	return err
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}

func random() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
