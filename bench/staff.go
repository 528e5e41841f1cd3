package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/web/api"
)

// benchStaff reads every page of staff from a running server over a full, busy database: 1,000,000
// businesses in 200 communities, 2,000,000 mails, and what follows from them.
func benchStaff(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 1_000_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	s := smb.New(h.db, h.queue, h.cfg)
	if err := errors.Join(h.fillTowns(ctx, s, n), h.fillBusy(ctx, n)); err != nil {
		return nil, err
	}
	v, err := h.signIn(ctx)
	if err != nil {
		return nil, err
	}
	stop, err := h.serveStaff(ctx, v.base)
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := v.wait(ctx); err != nil {
		return nil, err
	}
	figures, err := v.measureAll(ctx, h, n)
	if os.Getenv("BENCH_HOLD") != "" { // for whoever wants to look into the database with other tools
		for _, f := range figures {
			fmt.Fprintf(os.Stderr, "%7.0f %s  %s\n", f.Value, f.Unit, f.Name)
		}
		fmt.Fprintln(os.Stderr, "held:", h.url, v.base, v.cookie.String(), err)
		<-ctx.Done()
	}
	return figures, err
}

// visitor is an admin with a session, who asks for pages.
type visitor struct {
	base   string
	cookie *http.Cookie
	r      *rand.Rand
}

func (h *house) signIn(ctx context.Context) (*visitor, error) {
	people := access.New(h.db, access.WithConfig(h.cfg))
	const mail, password = "ada@example.com", "correct horse battery"
	if _, err := people.CreateUser(ctx, fibonacco.User{Name: "Ada Admin", Email: mail, Role: fibonacco.Admin}, password); err != nil {
		return nil, err
	}
	in, err := people.SignIn(ctx, mail, password)
	if err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = ln.Close() }()
	return &visitor{base: "http://" + ln.Addr().String(), cookie: &http.Cookie{Name: api.SessionCookie, Value: in.Session}, r: rand.New(rand.NewPCG(7, 8))}, nil
}

// serveStaff starts the product itself over the house's database.
func (h *house) serveStaff(ctx context.Context, base string) (stop func(), err error) {
	binary := filepath.Join(h.dir, "fibonacco")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/fibonacco")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, binary, "serve", "--role", "web,worker", "--listen", strings.TrimPrefix(base, "http://"))
	cmd.Env = append(os.Environ(), "DATABASE_URL="+h.url, "FIBONACCO_DATA_DIR="+h.dir, "FIBONACCO_SECRET_KEY="+strings.Repeat("k", 64), "REDIS_URL=")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}, nil
}

func (v *visitor) wait(ctx context.Context) error {
	for range 300 {
		if err := v.get(ctx, "/overview"); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return errors.New("the server does not come up")
}

func (v *visitor) get(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return err
	}
	req.AddCookie(v.cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %.300s", path, res.Status, text)
	}
	return nil
}

// measureAll asks for each page often, one after another, and says how long 95 of 100 took.
func (v *visitor) measureAll(ctx context.Context, h *house, n int) (all []figure, err error) {
	ids := map[string][]string{}
	if err := h.db.View(ctx, func(tx *db.Tx) (err error) {
		for name, q := range map[string]string{
			"job": `SELECT CAST(id AS text) FROM river_job ORDER BY id DESC LIMIT 20`, "content": `SELECT slug FROM content ORDER BY id LIMIT 20`,
			"campaign": `SELECT id FROM campaigns ORDER BY id LIMIT 60`,
		} {
			if ids[name], err = db.Select[string](ctx, tx, q); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	const warm, count = 3, 40
	for _, p := range staffPages(n, ids) {
		var times []time.Duration
		for i := range warm + count {
			at := time.Now()
			if err := v.get(ctx, p.path(v.r)); err != nil {
				return all, fmt.Errorf("%s: %w", p.name, err)
			}
			if i >= warm {
				times = append(times, time.Since(at))
			}
		}
		slices.Sort(times)
		all = append(all, figure{Name: fmt.Sprintf("%s (median %.0f ms)", p.name, ms(times[count/2])), Value: ms(times[count*95/100]), Unit: "ms", Target: "p95 < 300"})
	}
	return all, nil
}

// staffPage is a page as people open it; path makes one address, different every time.
type staffPage struct {
	name string
	path func(r *rand.Rand) string
}

func staffPages(n int, ids map[string][]string) []staffPage {
	var all []staffPage
	add := func(name string, path func(r *rand.Rand) string) { all = append(all, staffPage{name, path}) }
	same := func(paths ...string) {
		for _, path := range paths {
			add(path, func(*rand.Rand) string { return path })
		}
	}
	query := func(path string, values ...string) string {
		v := url.Values{}
		for i := 0; i < len(values); i += 2 {
			v.Set(values[i], values[i+1])
		}
		return path + "?" + v.Encode()
	}
	towns := max(1, n/townSize)
	one := func(path string) {
		add(path, func(r *rand.Rand) string {
			return strings.ReplaceAll(path, "{id}", fmt.Sprint(1+r.IntN(n/10)*10))
		})
	}
	same("/", "/businesses", "/businesses?sort=business_name", "/businesses?sort=-engagement_score", "/businesses?sort=-updated_at")
	add("/businesses: a community, by name", func(r *rand.Rand) string {
		return query("/businesses", "community_id", fmt.Sprint(1+r.IntN(towns)), "sort", "business_name")
	})
	add("/businesses: a category, by name", func(r *rand.Rand) string {
		return query("/businesses", "category", pick(r, trades), "sort", "business_name")
	})
	add("/businesses: a status, by score", func(r *rand.Rand) string {
		return query("/businesses", "campaign_status", pick(r, statuses), "sort", "-engagement_score")
	})
	add("/businesses: a tier", func(r *rand.Rand) string {
		return query("/businesses", "engagement_tier", pick(r, []string{"1", "2", "3", "4"}))
	})
	add("/businesses: search of two words", func(r *rand.Rand) string {
		return query("/businesses", "q", pick(r, firstWords)+" "+pick(r, trades))
	})
	add("/businesses: search of a word, a status", func(r *rand.Rand) string {
		return query("/businesses", "q", pick(r, trades), "campaign_status", pick(r, statuses))
	})
	add("/businesses/count: a category", func(r *rand.Rand) string { return query("/businesses/count", "category", pick(r, trades)) })
	add("/find", func(r *rand.Rand) string { return query("/find", "q", pick(r, firstWords)+" "+pick(r, trades)) })
	add("/businesses/bulk: a category", func(r *rand.Rand) string {
		return query("/businesses/bulk", "action", "pause_programme", "all", "1", "list", "category="+pick(r, trades))
	})
	same("/businesses/bulk?action=pause_programme&all=1", "/businesses/bulk?action=pause_programme&all=1&now=1", "/businesses/new", "/businesses/import", "/segments", "/communities", "/communities/new")
	add("/communities/{id}", func(r *rand.Rand) string { return fmt.Sprintf("/communities/%d", 1+r.IntN(towns)) })
	one("/businesses/{id}")
	one("/businesses/{id}?week=all")
	one("/businesses/{id}/edit")
	one("/businesses/{id}/consents")
	one("/businesses/{id}/duplicates")
	one("/cells/{id}/email/edit")
	same("/duplicates", "/suggestions", "/programme", "/programme/new", "/programme/import", "/learning")
	add("/programme/{id}", func(r *rand.Rand) string { return "/programme/" + pick(r, ids["campaign"]) })
	for _, rest := range []string{"", "?tab=figures", "?tab=subjects", "?tab=edit", "?tab=test", "?tab=versions", "/mail"} {
		add("/programme/{id}"+rest, func(r *rand.Rand) string { return "/programme/" + pick(r, ids["campaign"]) + rest })
	}
	for _, rest := range []string{"", "?tab=visits", "?tab=page", "?tab=edit", "/page"} {
		add("/learning/{slug}"+rest, func(r *rand.Rand) string { return "/learning/" + pick(r, ids["content"]) + rest })
	}
	same("/queues", "/queues/emails", "/queues/kinds", "/queues/balance", "/queues/jobs")
	if len(ids["job"]) > 0 {
		add("/queues/jobs/{id}", func(r *rand.Rand) string { return "/queues/jobs/" + pick(r, ids["job"]) })
	}
	same("/sends", "/sends?status=queued", "/sends?status=unknown", "/sends?status=suppressed", "/voicemail", "/voicemail?status=cancelled", "/approvals", "/approvals?status=pending",
		"/audit", "/menu", "/team", "/account", "/settings", "/settings/deliverability", "/settings/tokens", "/settings/suppressions")
	add("/sends: a campaign", func(r *rand.Rand) string { return query("/sends", "campaign_id", pick(r, ids["campaign"])) })
	add("/sends: a business", func(r *rand.Rand) string { return query("/sends", "smb_id", fmt.Sprint(1+r.IntN(n/10)*10)) })
	add("/sends: a community", func(r *rand.Rand) string { return query("/sends", "community_id", fmt.Sprint(1+r.IntN(towns))) })
	return all
}
