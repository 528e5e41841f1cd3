package web

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer is an http.Server for New's handler with time limits that bear slow people and not
// idle connections. Answers have no limit of their own here, because pages stream; the interface
// sets one per request.
func NewServer(listen string, handler http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.Default()
	}
	return &http.Server{
		Addr: listen, Handler: handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute, // a file being taken in extends it for itself
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken handshakes are everyday life
	}
}
