package db

import (
	"strconv"
	"testing"
	"time"
)

// WaitForFile makes d's writer give up waiting for another process after a while, and try anew.
func WaitForFile(t testing.TB, d *DB, most time.Duration) {
	t.Helper()
	if _, err := d.write.ExecContext(t.Context(), "PRAGMA busy_timeout = "+strconv.FormatInt(most.Milliseconds(), 10)); err != nil {
		t.Fatal(err)
	}
}
