// Package receive is the built-in SMTP receiver: mail that comes in by itself, bounces before all.
// It takes mail for mailboxes that somebody here knows (fibonacco.MailTaker), refuses all other
// recipients before a byte of the message is sent, and relays nothing. A message is acknowledged
// after it is durable.
package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/fibonacco/fibonacco"
)

const (
	mostBytes      = 10 << 20 // of a message: a bounce may bring back the whole mail
	mostRecipients = 20
	mostSessions   = 100
	patience       = 2 * time.Minute
	storeLimit     = 30 * time.Second
)

// Server is one receiver.
type Server struct {
	smtp *smtp.Server
	log  *slog.Logger
}

// New makes a receiver that calls itself domain. takers are asked in their order.
func New(domain string, log *slog.Logger, takers ...fibonacco.MailTaker) *Server {
	s := &Server{log: log}
	b := &backend{takers: takers, log: log, seats: make(chan struct{}, mostSessions)}
	s.smtp = smtp.NewServer(b)
	s.smtp.Domain = domain
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients, s.smtp.MaxLineLength = mostBytes, mostRecipients, 8000
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = patience, patience
	s.smtp.ErrorLog = quiet{log}
	return s
}

// Serve takes mail on ln until Close.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.smtp.Serve(ln); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("receive mail: %w", err)
	}
	return nil
}

// Close waits for messages under way, until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	if err := s.smtp.Shutdown(ctx); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return errors.Join(err, s.smtp.Close())
	}
	return nil
}

type backend struct {
	takers []fibonacco.MailTaker
	log    *slog.Logger
	seats  chan struct{}
}

// NewSession implements smtp.Backend.
func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	select {
	case b.seats <- struct{}{}:
	default:
		return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "too many connections, come again"}
	}
	ip, _, err := net.SplitHostPort(c.Conn().RemoteAddr().String())
	if err != nil {
		ip = ""
	}
	return &session{b: b, ip: ip}, nil
}

// session is one connection.
type session struct {
	b    *backend
	ip   string
	from string
	to   map[fibonacco.MailTaker][]string
	left bool
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to = from, map[fibonacco.MailTaker][]string{}
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeLimit)
	defer cancel()
	for _, t := range s.b.takers {
		if t.Takes(ctx, to) {
			s.to[t] = append(s.to[t], to)
			return nil
		}
	}
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "there is no such mailbox here"}
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	var message bytes.Buffer
	if _, err := message.ReadFrom(r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeLimit)
	defer cancel()
	for taker, recipients := range s.to {
		err := taker.TakeMail(ctx, fibonacco.IncomingMail{From: s.from, Recipients: recipients, Message: message.Bytes(), RemoteIP: s.ip})
		switch {
		case err == nil:
		case fibonacco.CodeOf(err) == fibonacco.Malformed:
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "the message cannot be read"}
		default:
			s.b.log.Error("a mail that came in could not be taken", "error", err)
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now, come again"}
		}
	}
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error {
	if !s.left {
		s.left = true
		<-s.b.seats
	}
	return nil
}

// quiet keeps the server's words about broken connections out of the log, unless somebody looks.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, v ...any) { q.log.Debug(fmt.Sprintf(format, v...)) }
func (q quiet) Println(v ...any)               { q.log.Debug(fmt.Sprintln(v...)) }
