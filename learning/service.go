// Package learning is Module 3: it finds a learning page, fills it for its reader, and counts what is
// seen of it (M3-01…12). content.go reads what is stored, compile.go turns it into templates once per
// version, reader.go finds out who reads, related.go where to go on, print.go makes papers of it.
// edit.go writes pages, version by version, figures.go is for those who look after them. view.go
// begins a visit, ingest.go gathers what its page reports, store.go writes it, stats.go adds it up.
// contract.go is the same for callers within the product.
//
// Who a reader is, only a signed link says: an id in a URL personalises nothing and mints nothing.
package learning

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/learning/pdf"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/recount"
)

// approvalValid is how long the approval link of a page is good (M4-01).
const approvalValid = 7 * 24 * time.Hour

// Service implements fibonacco.LearningCenter. Safe for concurrent use.
type Service struct {
	db      *db.DB
	queue   *queue.Queue
	signer  *fibonacco.Signer
	machine func(agent string) bool
	base    string // public URL without a slash at the end

	mu       sync.Mutex
	pages    map[string]*compiled // by slug
	goesWith map[string]found     // likewise

	figures *recount.Figures[struct{}, []visitCount]

	press  pdf.Press
	papers printed

	ingest *db.GroupCommit[*note, struct{}]
}

var (
	_ fibonacco.LearningCenter        = (*Service)(nil)
	_ fibonacco.LearningCenterService = (*Service)(nil)
)

// New makes the service. What visitors do waits until Start; the rest works at once. machine says which
// user agents are not people's, whose visits count nothing; nil takes all for people.
func New(d *db.DB, q *queue.Queue, signer *fibonacco.Signer, cfg fibonacco.Config, machine func(agent string) bool) *Service {
	if machine == nil {
		machine = func(string) bool { return false }
	}
	base := strings.TrimRight(cfg.HTTP.PublicURL, "/")
	s := &Service{
		db: d, queue: q, signer: signer, machine: machine, base: base, pages: map[string]*compiled{}, goesWith: map[string]found{},
		press: pdf.Press{Company: cfg.Company, Base: base}, papers: newPrinted(),
	}
	s.figures = recount.New(figuresRule, s.countVisits)
	s.ingest = db.NewGroupCommit(d, batchMost, s.store)
	return s
}

// UsePictures says where the images of articles are, for papers: the file behind an address, or nil. It is
// to be called before anything is printed.
func (s *Service) UsePictures(find func(src string) []byte) { s.press.Picture = find }

// LearningPage implements fibonacco.LearningPages.
func (s *Service) LearningPage(ctx context.Context, slug, recipient string) (*fibonacco.LearningPage, error) {
	var page *compiled
	var who *reader
	var related []fibonacco.RelatedContent
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if page, err = s.page(ctx, tx, slug); err != nil {
			return err
		}
		if who, err = s.findReader(ctx, tx, recipient); err != nil {
			return err
		}
		related, err = s.related(ctx, tx, slug)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := page.fill(who.fields())
	if err != nil {
		return nil, fmt.Errorf("fill the page %s: %w", slug, err)
	}
	out.Related = fillTitles(related, who.fields())
	s.address(out, who)
	return out, nil
}

// address says on a filled page for whom it is, with the link by which that business may say yes.
func (s *Service) address(page *fibonacco.LearningPage, who *reader) {
	if who == nil {
		return
	}
	page.For = template.Clean(who.BusinessName)
	if page.ServiceType != "" {
		page.ApprovalURL = s.base + "/approve/" + s.signer.SignApproval(fibonacco.ApprovalClaim{
			SMBID: who.ID, ServiceType: page.ServiceType, SourceID: page.Slug, Expires: s.db.Clock().Now().Add(approvalValid),
		})
	}
}

// page is the compiled page of a slug, compiled anew when its content has changed.
func (s *Service) page(ctx context.Context, tx *db.Tx, slug string) (*compiled, error) {
	v, err := findVersion(ctx, tx, slug)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	page := s.pages[slug]
	s.mu.Unlock()
	if page != nil && page.version == v {
		return page, nil
	}
	content, err := findContent(ctx, tx, "slug = $1", slug)
	if err != nil {
		return nil, err
	}
	if page, err = compile(*content, v); err != nil {
		return nil, fmt.Errorf("compile the page %s: %w", slug, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) >= pagesKept {
		clear(s.pages)
	}
	s.pages[slug] = page
	return page, nil
}

// pagesKept bounds the memory: many times the shipped library.
const pagesKept = 500
