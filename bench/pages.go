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
)

// learnSlug is the shipped page that is read: it has slides, an article, pages to go on to, and a button
// that leads to an approval.
const learnSlug = "a-page-you-control"

// benchPages reads learning pages and approval pages as each business's own link shows them, and tells of
// slides that were seen: through the whole web server, without its limits, which one client would run into.
// The load comes from this very machine, on the same cores.
func benchPages(ctx context.Context, engine string, n int) (all []figure, err error) {
	n = size(n, 30_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	if err := h.fill(ctx, 20_000, "pending", ""); err != nil {
		return nil, err
	}
	var ids []int64
	if err := h.db.View(ctx, func(tx *db.Tx) (err error) {
		ids, err = db.Select[int64](ctx, tx, `SELECT id FROM smbs`)
		return err
	}); err != nil {
		return nil, err
	}
	pages := learning.New(h.db, h.queue, h.signer, h.cfg, nil)
	approvals := approval.New(approval.Options{DB: h.db, Queue: h.queue, Signer: h.signer, Config: h.cfg})
	pages.Start()
	log := slog.New(slog.DiscardHandler)
	addr, err := serve(ctx, web.New(web.Options{
		Contracts: api.Contracts{
			Access: access.New(h.db, access.WithConfig(h.cfg), access.WithSigner(h.signer)), Learning: pages, Approvals: approvals, Queues: h.queue,
		},
		Clock: h.db.Clock(), Log: log, Config: h.cfg,
		Mounts: []func(*http.ServeMux){func(mux *http.ServeMux) {
			public.Mount(mux, public.Deps{
				Tracker: h.track, Unsubscriber: h.track, Resubscriber: h.track, Pages: pages, Owners: approvals, Approvals: approvals,
				Company: h.cfg.Company, PublicURL: h.cfg.HTTP.PublicURL, Log: log,
			})
		}},
	}))
	if err != nil {
		return nil, err
	}
	recipient := func(i int) string {
		return h.signer.SignSend(fibonacco.LearnToken, fibonacco.SendClaim{SMBID: ids[i%len(ids)]})
	}
	for _, page := range []struct {
		name  string
		write func(out []byte, i int) ([]byte, error)
	}{
		{"learning pages for a business", func(out []byte, i int) ([]byte, error) {
			return append(append(out, "GET /learn/"+learnSlug+"?r="+url.QueryEscape(recipient(i))...), head...), nil
		}},
		{"approval pages", func(out []byte, i int) ([]byte, error) {
			token := h.signer.SignApproval(fibonacco.ApprovalClaim{
				SMBID: ids[i%len(ids)], ServiceType: "listing_claim", SourceID: learnSlug, Expires: h.db.Clock().Now().Add(time.Hour),
			})
			return append(append(out, "GET /approve/"+token...), head...), nil
		}},
	} {
		if _, _, err := drive(addr, readers, n/10, " 200 ", page.write); err != nil {
			return nil, fmt.Errorf("%s: %w", page.name, err)
		}
		took, times, err := drive(addr, readers, n, " 200 ", page.write)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", page.name, err)
		}
		all = append(all, figuresOf(page.name, readers, "≥ 2000", "< 50", took, times)...)
	}
	figures, err := benchSlides(ctx, h, pages, addr, n)
	pages.Close()
	return append(all, figures...), err
}

// benchSlides tells of the first slides of many visits. Every answer means that the slide is on disk.
func benchSlides(ctx context.Context, h *house, pages *learning.Service, addr string, n int) ([]figure, error) {
	const slides = 3
	views := make([]string, n/slides)
	for i := range views {
		var err error
		if views[i], err = pages.StartView(ctx, learnSlug, "", fibonacco.VisitContext{UserAgent: "bench"}); err != nil {
			return nil, fmt.Errorf("begin a visit: %w", err)
		}
	}
	if err := h.settleStatistics(ctx); err != nil {
		return nil, err
	}
	sent := len(views) * slides
	took, times, err := drive(addr, clients, sent, " 204 ", func(out []byte, i int) ([]byte, error) {
		body := fmt.Sprintf(`{"view":%q,"slide":%d,"seconds":%d}`, views[i%len(views)], i/len(views)+1, i/len(views)*9)
		out = append(out, "POST /api/v1/content/"+learnSlug+"/track/slide"...)
		out = append(append(out, head[:len(head)-2]...), "Content-Type: application/json\r\nContent-Length: "...)
		return append(append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...), body...), nil
	})
	if err != nil {
		return nil, fmt.Errorf("slides: %w", err)
	}
	var stored int
	if err := h.db.View(ctx, func(tx *db.Tx) (err error) {
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
