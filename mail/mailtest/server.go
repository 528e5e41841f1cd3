package mailtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"testing"
)

// ServerOptions shape a Server. The zero value announces PIPELINING and obeys the standard.
type ServerOptions struct {
	Rules         []Rule
	NoPipelining  bool
	Extensions    []string    // further EHLO lines: "SIZE 1000", "SMTPUTF8", "LIMITS MAILMAX=2"
	TLS           *tls.Config // announces STARTTLS; nil does not
	ImplicitTLS   bool        // speaks TLS from the first byte
	User          string      // announces AUTH and wants it before MAIL; "" does not
	Password      string
	Mechanisms    string // what AUTH announces; "" is "PLAIN LOGIN"
	Token         string // what AUTH XOAUTH2 takes for User; SetToken changes it
	LaxData       bool   // answers DATA with 354 even when no recipient was taken
	MaxConns      int    // greets further connections with 421; 0 is no limit
	MailsPerConn  int    // then answers MAIL with 421 "too many messages"; 0 is no limit
	RefuseCommand bool   // does not know EHLO
}

// Server is an SMTP server that does what a script says: refuse, hang, drop, answer in pieces.
// It also watches that its client keeps the rules; see Violations.
type Server struct {
	options ServerOptions
	addr    string

	mu         sync.Mutex
	rules      []Rule
	token      string
	seen       map[Step]int
	listener   net.Listener
	conns      map[net.Conn]struct{}
	received   []Received
	unanswered []Received
	log        []string
	violations []string
	most       int
	running    sync.WaitGroup
}

// NewServer starts a server that ends with the test.
func NewServer(tb testing.TB, options ServerOptions) *Server {
	tb.Helper()
	s := &Server{
		options: options, addr: "127.0.0.1:0",
		rules: options.Rules, token: options.Token, seen: map[Step]int{}, conns: map[net.Conn]struct{}{},
	}
	s.Up(tb)
	tb.Cleanup(s.Down)
	return s
}

// Addr is host:port, also while the server is down.
func (s *Server) Addr() string { return s.addr }

// URL is the server's address as mail/smtp takes it, with the user it knows.
func (s *Server) URL() string {
	scheme, user := "smtp", ""
	if s.options.ImplicitTLS {
		scheme = "smtps"
	}
	if s.options.User != "" {
		user = s.options.User + ":" + s.options.Password + "@"
	}
	return fmt.Sprintf("%s://%s%s", scheme, user, s.addr)
}

// Up listens, on the address the server had before if it had one.
func (s *Server) Up(tb testing.TB) {
	tb.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(context.Background(), "tcp", s.addr)
	if err != nil {
		tb.Fatalf("listen: %v", err)
	}
	s.mu.Lock()
	s.listener, s.addr = l, l.Addr().String()
	s.mu.Unlock()
	s.running.Go(func() { s.accept(l) })
}

// Down stops listening and drops all connections: from now on connecting is refused.
func (s *Server) Down() {
	s.mu.Lock()
	if s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
	for nc := range s.conns {
		nc.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Received is what was taken: read to its end and answered 2xx.
func (s *Server) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.received...)
}

// Unanswered is what was read to its end, but the sender was not told: it may think anything.
func (s *Server) Unanswered() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.unanswered...)
}

// Log is every command that was read, in order, over all connections.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

// Violations is where the client broke the rules: sent commands in a group without PIPELINING,
// or a body before 354.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

// Open is how many connections there are.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// MostOpen is how many connections there were at once, refused ones included.
func (s *Server) MostOpen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// SetToken changes what AUTH XOAUTH2 takes.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

func (s *Server) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.listener != l {
			s.mu.Unlock()
			nc.Close()
			return
		}
		s.conns[nc] = struct{}{}
		s.most = max(s.most, len(s.conns))
		crowded := s.options.MaxConns > 0 && len(s.conns) > s.options.MaxConns
		s.mu.Unlock()
		s.running.Go(func() {
			c := newServerConn(s, nc)
			if crowded {
				c.answer("421 4.7.0 Too many connections from your address", nil)
			} else {
				c.serve()
			}
			c.nc.Close()
			nc.Close()
			s.mu.Lock()
			delete(s.conns, nc)
			s.mu.Unlock()
		})
	}
}

func (s *Server) violate(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// RefusingURL is the address of a server that is not there: connecting is refused.
func RefusingURL(tb testing.TB) string {
	tb.Helper()
	s := NewServer(tb, ServerOptions{})
	s.Down()
	return s.URL()
}
