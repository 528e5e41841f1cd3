package web

import (
	"encoding/json"
	"net"
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// health says that this process lives, and nothing about what it leans on: a restart would not
// mend a database.
func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	version := s.o.Version
	if version == "" {
		version = "dev"
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": version})
}

type partView struct {
	Name      string  `json:"name"`
	OK        bool    `json:"ok"`
	Fatal     bool    `json:"fatal"`
	Detail    string  `json:"detail"`
	LatencyMS float64 `json:"latency_ms"`
}

// ready is 503 when a part fails without which this node cannot serve: a balancer then leaves it
// out. A part that only makes it slower or lonelier is shown, and no reason to.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	status, word := http.StatusOK, "ok"
	views := []partView{}
	var parts []fibonacco.Part
	if s.o.Ready != nil {
		parts = s.o.Ready(r.Context())
	}
	for _, p := range parts {
		views = append(views, partView{p.Name, p.OK, p.Fatal, p.Detail, float64(p.Latency.Microseconds()) / 1000})
		switch {
		case !p.OK && p.Fatal:
			status, word = http.StatusServiceUnavailable, "unavailable"
		case !p.OK && status == http.StatusOK:
			word = "degraded"
		}
	}
	writeJSON(w, status, struct {
		Status string     `json:"status"`
		Parts  []partView `json:"parts"`
	}{word, views})
}

// metrics lets in whoever sits on this machine, and whoever may read. A request that came by way
// of a proxy sits elsewhere, whatever its last hop is.
func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	if !local(r) {
		p, err := api.SignedIn(r, s.o.Access, s.origin)
		if err == nil {
			err = api.Metrics.Allow(p)
		}
		if err != nil {
			edge.Write(w, r, err)
			return
		}
		edge.TraceOf(r.Context()).Principal = p
	}
	s.o.Metrics.ServeHTTP(w, r)
}

func local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who has gone away cannot be told
}
