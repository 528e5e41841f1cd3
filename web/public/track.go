package public

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
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
	if err := s.Tracker.Open(ctx, r.PathValue("token"), s.hit(r)); err != nil && r.Context().Err() == nil {
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
	target, err := s.Tracker.Click(r.Context(), r.PathValue("token"), s.hit(r))
	if err != nil {
		s.refuse(w, r, "click", err)
		return
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// hit is the request as the tracker judges it.
func (s *site) hit(r *http.Request) fibonacco.Hit {
	return fibonacco.Hit{IP: s.clientIP(r), UserAgent: r.UserAgent(), Method: r.Method, Prefetch: isPrefetch(r.Header)}
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

// clientIP is the address of the client without a port, or "".
func (s *site) clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if s.TrustProxy {
		// The last entry is our proxy's; those before it are the client's to invent.
		all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(all[len(all)-1]); last != "" {
			host = last
		}
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return ""
	}
	return addr.WithZone("").Unmap().String()
}
