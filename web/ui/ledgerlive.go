package ui

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
)

// ledgerReader reads a list as a request asks for it, with the frame of its page.
type ledgerReader func(r *http.Request) (frame, ledgerData, error)

// mountLedger adds a list that moves while it is open, at a path: its page, and the stream behind it.
func (u *ui) mountLedger(page func(pattern string, h handler), path string, read ledgerReader) {
	page("GET "+path, func(w http.ResponseWriter, r *http.Request) error {
		fr, d, err := read(r)
		if err != nil {
			return err
		}
		d.Live = pathWith(path+"/events", d.query)
		u.show(w, r, http.StatusOK, ledgerPage(fr, d))
		return nil
	})
	page("GET "+path+"/events", func(w http.ResponseWriter, r *http.Request) error {
		return u.move(w, r, func(ctx context.Context) ([]livePart, error) {
			_, d, err := read(r.WithContext(ctx))
			if err != nil {
				return nil, err
			}
			return renderParts(ctx, []string{"now", "above", "rows"}, map[string]templ.Component{
				"now": liveNow(d.Now), "above": ledgerAbove(d), "rows": ledgerRows(d),
			})
		})
	})
}
