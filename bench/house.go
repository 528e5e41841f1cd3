package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/library"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/imports"
)

// house is the product around an empty database.
type house struct {
	dir      string
	url      string
	cfg      fibonacco.Config
	db       *db.DB
	queue    *queue.Queue
	signer   *fibonacco.Signer
	campaign *campaign.Service
	track    *track.Service
	imports  *imports.Service
	town     int64
	drop     func()
}

func newHouse(ctx context.Context, engine string, mailer fibonacco.Mailer, works bool) (*house, error) {
	h := &house{drop: func() {}}
	var err error
	if h.dir, err = os.MkdirTemp("", "fibonacco-bench-"); err != nil {
		return nil, err
	}
	if h.url, err = h.newDatabase(ctx, engine); err != nil {
		return nil, err
	}
	settings, err := config.Read(config.Options{Environ: []string{}, Dir: h.dir, Set: []string{"data_dir=" + h.dir, "company.postal_address=1 Main Street"}})
	if err != nil {
		return nil, err
	}
	h.cfg = settings.Config
	if h.db, err = db.Open(ctx, h.url, fibonacco.SystemClock{}, 20); err != nil {
		return nil, err
	}
	if _, err := h.db.Migrate(ctx); err != nil {
		return nil, err
	}
	var supervisors []queue.Supervisor
	if works {
		for _, s := range settings.Supervisors {
			supervisors = append(supervisors, queue.Supervisor(s))
		}
	}
	if h.queue, err = queue.New(queue.Options{DB: h.db, Supervisors: supervisors, Node: "bench"}); err != nil {
		return nil, err
	}
	if h.signer, err = fibonacco.NewSigner(strings.Repeat("bench key ", 4)); err != nil {
		return nil, err
	}
	h.track = track.New(h.db, h.queue, h.signer, h.cfg)
	h.imports = imports.New(h.db, h.queue, h.cfg)
	h.campaign, err = campaign.New(campaign.Options{
		DB: h.db, Queue: h.queue, Config: h.cfg, Signer: h.signer, Mailer: mailer, FilterSQL: smb.FilterSQL, Record: h.track.Record,
	})
	if err != nil {
		return nil, err
	}
	entries, problems := format.Load(library.FS)
	if len(entries) == 0 {
		return nil, fmt.Errorf("the shipped library: %v", problems)
	}
	var campaigns []fibonacco.Campaign
	var contents []fibonacco.Content
	for _, e := range entries {
		campaigns, contents = append(campaigns, e.Campaign), append(contents, e.Content)
	}
	if _, err := h.campaign.StoreLibrary(ctx, campaigns, contents); err != nil {
		return nil, err
	}
	return h, h.db.Update(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `INSERT INTO communities (uuid, name, slug, state, created_at, updated_at)
			VALUES ($1, 'Town', 'town', 'NY', $2, $2) RETURNING id`, uuid.NewString(), tx.Now).Scan(&h.town)
	})
}

func (h *house) close() {
	_ = h.db.Close()
	h.drop()
	_ = os.RemoveAll(h.dir)
}

func (h *house) newDatabase(ctx context.Context, engine string) (string, error) {
	if engine == "sqlite" {
		return "sqlite://" + filepath.Join(h.dir, "bench.db"), nil
	}
	server := os.Getenv("FIBONACCO_TEST_POSTGRES")
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	raw := make([]byte, 6)
	_, _ = rand.Read(raw)
	name := "bench_" + hex.EncodeToString(raw)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	h.drop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if conn, err := pgx.Connect(ctx, server); err == nil {
			_, _ = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			_ = conn.Close(ctx)
		}
	}
	return u.String(), nil
}

// fill adds n contactable businesses in status.
func (h *house) fill(ctx context.Context, n int, status, start string) error {
	for done := 0; done < n; {
		part := min(n-done, 20_000)
		b := db.NewBatch("uuid uuid", "name text", "email text")
		for i := range part {
			b.Add(uuid.Must(uuid.NewV7()).String(), fmt.Sprintf("Business number %d of town", done+i), fmt.Sprintf("owner%d@shop%d.example", done+i, (done+i)%997))
		}
		if err := h.db.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecBatch(ctx, b, `
				INSERT INTO smbs (uuid, community_id, business_name, primary_contact_name, category, primary_email, email_key,
					campaign_status, manifest_destiny_start_date, created_at, updated_at)
				SELECT uuid, $1, name, 'Maria Vega', 'Laundries', email, email, $2, $3, $4, $4 FROM rows`, h.town, status, db.Null(start), tx.Now)
			return err
		}); err != nil {
			return err
		}
		done += part
	}
	return h.settleStatistics(ctx)
}

// settleStatistics lets PostgreSQL know what is in the tables, as autovacuum would in an hour.
func (h *house) settleStatistics(ctx context.Context) error {
	if h.db.Engine() == db.SQLite {
		return nil
	}
	_, err := h.db.Pool().Exec(ctx, "VACUUM ANALYZE")
	return err
}
