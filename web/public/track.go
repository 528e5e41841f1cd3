package public

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// pixel is the smallest transparent GIF.
var pixel, _ = base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

// pixelPatience is how long a picture may wait for the database.
const pixelPatience = 5 * time.Second

// open records one load of the pixel and shows it, whatever became of the recording: a mail must
// not look broken because of us, and nobody learns whether a token is good.
func (s *site) open(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pixelPatience)
	defer cancel()
	if err := s.Tracker.Open(ctx, r.PathValue("token"), hit(r)); err != nil && r.Context().Err() == nil {
		s.Log.Error("an open was not recorded", "error", err)
	}
	h := w.Header()
	h.Set("Content-Type", "image/gif")
	h.Set("Content-Length", strconv.Itoa(len(pixel)))
	h.Set("Cache-Control", "no-store, max-age=0")
	_, _ = w.Write(pixel) // nobody to tell
}

// click records one click and sends the reader on.
func (s *site) click(w http.ResponseWriter, r *http.Request) {
	target, err := s.Tracker.Click(r.Context(), r.PathValue("token"), hit(r))
	if err != nil {
		s.refuse(w, r, "click", err)
		return
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// hit is the request as the tracker judges it.
func hit(r *http.Request) fibonacco.Hit {
	return fibonacco.Hit{IP: clientip.Of(r), UserAgent: r.UserAgent(), Method: r.Method, Prefetch: isPrefetch(r.Header)}
}

// isPrefetch reports whether the browser says that nobody has asked for this yet.
func isPrefetch(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		v := strings.ToLower(h.Get(name))
		if strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") || strings.Contains(v, "preview") {
			return true
		}
	}
	return false
}
