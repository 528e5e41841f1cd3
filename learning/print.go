package learning

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

const (
	papersKept = 128             // for anybody; each is some 60 KB
	pressWait  = 5 * time.Second // how long a reader waits for a free press, real time
)

// printed keeps what was made for anybody, and bounds how many papers are made at once: each keeps a
// core busy.
type printed struct {
	mu    *sync.Mutex
	kept  map[printKey]printedPaper
	press chan struct{}
}

type printKey struct {
	slug  string
	paper fibonacco.Paper
}

type printedPaper struct {
	of  version
	pdf []byte
}

func newPrinted() printed {
	return printed{mu: &sync.Mutex{}, kept: map[printKey]printedPaper{}, press: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

// PrintPage implements fibonacco.LearningPrints.
func (s *Service) PrintPage(ctx context.Context, slug, recipient string, paper fibonacco.Paper) (*fibonacco.PrintedPage, error) {
	page, err := s.LearningPage(ctx, slug, recipient)
	if err != nil {
		return nil, err
	}
	out := &fibonacco.PrintedPage{Name: fileName(page.Slug, paper), For: page.For}
	key, of := printKey{slug, paper}, version{id: page.ID, updated: page.UpdatedAt}
	if page.For == "" {
		if out.PDF = s.papers.find(key, of); out.PDF != nil {
			return out, nil
		}
	}
	if err := s.papers.take(ctx); err != nil {
		return nil, err
	}
	defer s.papers.give()
	set := s.press.Article
	if paper == fibonacco.HandoutPaper {
		set = s.press.Handout
	}
	if out.PDF, err = set(page); err != nil {
		return nil, fmt.Errorf("print %s as %s: %w", slug, paper, err)
	}
	if page.For == "" {
		s.papers.keep(key, printedPaper{of, out.PDF})
	}
	return out, nil
}

// fileName is what a paper is called where it is saved. A slug is all letters, digits and hyphens.
func fileName(slug string, paper fibonacco.Paper) string {
	name := make([]byte, 0, len(slug))
	for i := range len(slug) {
		if c := slug[i]; c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			name = append(name, c)
		}
	}
	if len(name) == 0 {
		name = append(name, "page"...)
	}
	if paper == fibonacco.HandoutPaper {
		name = append(name, "-handout"...)
	}
	return string(name) + ".pdf"
}

func (p *printed) find(key printKey, of version) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept, ok := p.kept[key]; ok && kept.of == of {
		return kept.pdf
	}
	return nil
}

func (p *printed) keep(key printKey, paper printedPaper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) >= papersKept {
		clear(p.kept)
	}
	p.kept[key] = paper
}

// take waits for a free press.
func (p *printed) take(ctx context.Context) error {
	patience := time.NewTimer(pressWait)
	defer patience.Stop()
	select {
	case p.press <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		return fibonacco.Errorf(fibonacco.Unavailable, "many papers are being made right now: try again in a moment")
	}
}

func (p *printed) give() { <-p.press }
