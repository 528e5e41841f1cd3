package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A server whose settings have changed while its database is away tries until that is back, less and
// less often, and gives up only when it is told to stop.
func TestUntilDone(t *testing.T) {
	away := errors.New("the database is away")
	t.Run("back after a while", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tries, began := 0, time.Now()
			err := untilDone(t.Context(), retryFirst, func() error {
				if tries++; tries < 8 {
					return away
				}
				return nil
			})
			if took := time.Since(began); err != nil || tries != 8 || took != (1+2+4+8+16+30+30)*time.Second {
				t.Errorf("%v after %d tries in %v", err, tries, took)
			}
		})
	})
	t.Run("told to stop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			defer stop()
			tries := 0
			if err := untilDone(ctx, retryFirst, func() error { tries++; return away }); !errors.Is(err, away) || tries != 3 {
				t.Errorf("%v after %d tries", err, tries)
			}
		})
	})
}
