package mailtest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Keep says what a Sink remembers of each message.
type Keep int

// What a Sink can keep.
const (
	KeepCount    Keep = iota // only how many there were
	KeepEnvelope             // sender, recipient and Message-ID
	KeepMessage              // and the message
)

// SinkOptions shape a Sink. The zero value is the fastest: it only counts.
type SinkOptions struct {
	Addr         string        // where to listen; "" is any free port of 127.0.0.1
	Keep         Keep          // what Received returns
	Journal      string        // file that gets one line per message before it is answered; "" is none
	Delay        time.Duration // before each group of replies, on each connection: stands for distance
	NoPipelining bool          // do not announce PIPELINING
}

// Received is one message that a Sink or a Server took.
type Received struct {
	From      string // envelope
	To        string // envelope, the last recipient
	MessageID string // without angle brackets; "" when the message has none
	Message   []byte // as sent, without the stuffed dots; nil unless kept
}

// Sink is an SMTP server that takes everything and does nothing with it, fast enough to measure
// senders against. It announces PIPELINING and answers a group of commands with one write.
type Sink struct {
	options  SinkOptions
	listener net.Listener
	journal  *os.File
	count    atomic.Int64
	bytes    atomic.Int64
	opened   atomic.Int64

	mu       sync.Mutex
	received []Received
	conns    map[net.Conn]struct{}
	closed   bool
	running  sync.WaitGroup
}

// NewSink starts a sink that ends with the test.
func NewSink(tb testing.TB, options SinkOptions) *Sink {
	tb.Helper()
	s, err := StartSink(options)
	if err != nil {
		tb.Fatalf("start sink: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close sink: %v", err)
		}
	})
	return s
}

// StartSink starts a sink outside a test. The caller closes it.
func StartSink(options SinkOptions) (*Sink, error) {
	s := &Sink{options: options, conns: map[net.Conn]struct{}{}}
	if options.Addr == "" {
		s.options.Addr = "127.0.0.1:0"
	}
	if options.Journal != "" {
		f, err := os.OpenFile(options.Journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		s.journal = f
	}
	var listen net.ListenConfig
	l, err := listen.Listen(context.Background(), "tcp", s.options.Addr)
	if err != nil {
		if s.journal != nil {
			s.journal.Close()
		}
		return nil, err
	}
	s.listener = l
	s.running.Go(s.accept)
	return s, nil
}

// Addr is host:port.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// URL is the sink's address as mail/smtp takes it.
func (s *Sink) URL() string { return "smtp://" + s.Addr() }

// Count is how many messages arrived.
func (s *Sink) Count() int64 { return s.count.Load() }

// Bytes is how many bytes of messages arrived, as they were on the wire.
func (s *Sink) Bytes() int64 { return s.bytes.Load() }

// Connections is how many connections were ever opened.
func (s *Sink) Connections() int64 { return s.opened.Load() }

// Received is what arrived so far, in order of arrival; empty with KeepCount.
func (s *Sink) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.received...)
}

// Close ends all connections.
func (s *Sink) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for nc := range s.conns {
		nc.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	return err
}

func (s *Sink) accept() {
	for {
		nc, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			nc.Close()
			return
		}
		s.conns[nc] = struct{}{}
		s.mu.Unlock()
		s.opened.Add(1)
		s.running.Go(func() {
			newSinkConn(s, nc).serve()
			nc.Close()
			s.mu.Lock()
			delete(s.conns, nc)
			s.mu.Unlock()
		})
	}
}

// ReadJournal counts the messages in a sink's journal by Message-ID. A message without one is
// counted by its recipient.
func ReadJournal(path string) (map[string]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	times := map[string]int{}
	for line := range bytes.Lines(text) {
		id, to, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		if len(id) == 0 {
			id = to
		}
		times[string(id)]++
	}
	return times, nil
}
