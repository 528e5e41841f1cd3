package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/learning"
	"github.com/fibonacco/fibonacco/web"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/public"
	"github.com/fibonacco/fibonacco/web/static"
)

// learnSlug is the shipped page that is read: it has slides, an article, pages to go on to, and a button
// that leads to an approval.
const learnSlug = "a-page-you-control"

// reading is a server with the shipped pages, and businesses that have links to them. The requests come
// without limits, which one client would run into.
type reading struct {
	*house
	pages *learning.Service
	addr  string
	ids   []int64
}

func newReading(ctx context.Context, engine string, businesses int) (r *reading, err error) {
	r = &reading{}
	if r.house, err = newHouse(ctx, engine, nil, false); err != nil {
		return nil, err
	}
	if err := r.fill(ctx, businesses, "pending", ""); err != nil {
		return nil, err
	}
	if err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		r.ids, err = db.Select[int64](ctx, tx, `SELECT id FROM smbs`)
		return err
	}); err != nil {
		return nil, err
	}
	r.pages = learning.New(r.db, r.queue, r.signer, r.cfg, nil)
	approvals := approval.New(approval.Options{DB: r.db, Queue: r.queue, Signer: r.signer, Config: r.cfg})
	r.pages.Start()
	log := slog.New(slog.DiscardHandler)
	r.addr, err = serve(ctx, web.New(web.Options{
		Contracts: api.Contracts{
			Access: access.New(r.db, access.WithConfig(r.cfg), access.WithSigner(r.signer)), Learning: r.pages, Approvals: approvals, Queues: r.queue,
		},
		Clock: r.db.Clock(), Log: log, Config: r.cfg,
		Mounts: []func(*http.ServeMux){func(mux *http.ServeMux) {
			public.Mount(mux, public.Deps{
				Tracker: r.track, Unsubscriber: r.track, Resubscriber: r.track, Pages: r.pages, Owners: approvals, Approvals: approvals,
				Company: r.cfg.Company, PublicURL: r.cfg.HTTP.PublicURL, Log: log,
			})
		}, func(mux *http.ServeMux) { mux.Handle(static.Prefix, static.Handler()) }},
	}))
	return r, err
}

// learn is the address of the learning page as a business's own link has it.
func (r *reading) learn(i int) string {
	return "/learn/" + learnSlug + "?r=" + url.QueryEscape(r.signer.SignSend(fibonacco.LearnToken, fibonacco.SendClaim{SMBID: r.ids[i%len(r.ids)]}))
}

// approve is the address of a page that asks for a yes.
func (r *reading) approve(i int) string {
	return "/approve/" + r.signer.SignApproval(fibonacco.ApprovalClaim{
		SMBID: r.ids[i%len(r.ids)], ServiceType: "listing_claim", SourceID: learnSlug, Expires: r.db.Clock().Now().Add(time.Hour),
	})
}

// benchPages reads learning pages and approval pages as each business's own link shows them, and tells of
// slides that were seen: through the whole web server. The load comes from this very machine, on the same
// cores.
func benchPages(ctx context.Context, engine string, n int) (all []figure, err error) {
	n = size(n, 30_000)
	r, err := newReading(ctx, engine, 20_000)
	if err != nil {
		return nil, err
	}
	defer r.close()
	for _, page := range []struct {
		name    string
		address func(i int) string
	}{
		{"learning pages for a business", r.learn},
		{"approval pages", r.approve},
	} {
		write := func(out []byte, i int) ([]byte, error) {
			return append(append(append(out, "GET "...), page.address(i)...), head...), nil
		}
		if _, _, err := drive(r.addr, readers, n/10, " 200 ", write); err != nil {
			return nil, fmt.Errorf("%s: %w", page.name, err)
		}
		took, times, err := drive(r.addr, readers, n, " 200 ", write)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", page.name, err)
		}
		all = append(all, figuresOf(page.name, readers, "≥ 2000", "< 50", took, times)...)
	}
	figures, err := benchSlides(ctx, r, n)
	r.pages.Close()
	return append(all, figures...), err
}

// benchSlides tells of the first slides of many visits. Every answer means that the slide is on disk.
func benchSlides(ctx context.Context, r *reading, n int) ([]figure, error) {
	const slides = 3
	views := make([]string, n/slides)
	for i := range views {
		var err error
		if views[i], err = r.pages.StartView(ctx, learnSlug, "", fibonacco.VisitContext{UserAgent: "bench"}); err != nil {
			return nil, fmt.Errorf("begin a visit: %w", err)
		}
	}
	if err := r.settleStatistics(ctx); err != nil {
		return nil, err
	}
	sent := len(views) * slides
	took, times, err := drive(r.addr, clients, sent, " 204 ", func(out []byte, i int) ([]byte, error) {
		body := fmt.Sprintf(`{"view":%q,"slide":%d,"seconds":%d}`, views[i%len(views)], i/len(views)+1, i/len(views)*9)
		out = append(out, "POST /api/v1/content/"+learnSlug+"/track/slide"...)
		out = append(append(out, head[:len(head)-2]...), "Content-Type: application/json\r\nContent-Length: "...)
		return append(append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...), body...), nil
	})
	if err != nil {
		return nil, fmt.Errorf("slides: %w", err)
	}
	var stored int
	if err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		stored, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM content_views WHERE CAST(slides_viewed AS text) IN ('[1,2,3]', '[1, 2, 3]')`)
		return err
	}); err != nil {
		return nil, err
	}
	if stored != len(views) {
		return nil, errors.New("not all slides that were answered are stored: " + strconv.Itoa(stored) + " of " + strconv.Itoa(len(views)) + " visits have theirs")
	}
	return figuresOf("durable slides over HTTP", clients, "≥ 5000", "< 50", took, times), nil
}
