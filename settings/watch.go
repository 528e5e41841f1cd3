package settings

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// lookEvery is how long a change may go unnoticed where no Bulletin tells of it.
const lookEvery = 10 * time.Second

// Watch returns once what is stored is no longer known, or when ctx ends: changed says which. The Bulletin may lose
// messages and does not reach other nodes without Redis, so that it looks now and then by itself.
func Watch(ctx context.Context, d *db.DB, b fibonacco.Bulletin, known map[string]string, log *slog.Logger) (changed bool) {
	heard := b.Listen(ctx)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		stored, err := Stored(ctx, d)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			log.Warn("the settings cannot be read; those in force stay", "error", err)
		case !maps.Equal(stored, known):
			return true
		}
		if !await(ctx, heard, tick.C) {
			return false
		}
	}
}

// await is true when it is time to look again.
func await(ctx context.Context, heard <-chan string, tick <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick:
			return true
		case topic, open := <-heard:
			if !open {
				return false
			}
			if topic == Topic {
				return true
			}
		}
	}
}
