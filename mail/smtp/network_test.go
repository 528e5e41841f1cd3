package smtp_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// network is what lies between sender and server, and fails in the ways that networks do.
type network struct {
	listener net.Listener
	server   string
	running  sync.WaitGroup

	mu      sync.Mutex
	latency time.Duration // for each piece that passes
	rate    int           // bytes a second on each connection and way; 0 is no limit
	silent  bool          // half-open: connections stay, and nothing passes
	down    bool          // connecting ends at once
	pairs   map[net.Conn]net.Conn
}

func newNetwork(t *testing.T, server string) *network {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{listener: l, server: server, pairs: map[net.Conn]net.Conn{}}
	n.running.Go(n.accept)
	t.Cleanup(func() {
		l.Close()
		n.set(func() { n.silent, n.latency, n.rate = false, 0, 0 })
		n.reset()
		n.running.Wait()
	})
	return n
}

func (n *network) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

// reset breaks all connections with RST.
func (n *network) reset() {
	n.set(func() {
		for a, b := range n.pairs {
			for _, c := range []net.Conn{a, b} {
				if tcp, ok := c.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
				}
				c.Close()
			}
		}
	})
}

func (n *network) accept() {
	for {
		a, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		down := n.down
		n.mu.Unlock()
		b, err := new(net.Dialer).DialContext(context.Background(), "tcp", n.server)
		if err != nil || down {
			a.Close()
			if err == nil {
				b.Close()
			}
			continue
		}
		n.set(func() { n.pairs[a] = b })
		n.running.Go(func() {
			var ways sync.WaitGroup
			ways.Go(func() { n.pass(a, b) })
			ways.Go(func() { n.pass(b, a) })
			ways.Wait()
			n.set(func() { delete(n.pairs, a) })
		})
	}
}

// pass carries bytes one way, as the network lets it.
func (n *network) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 4<<10)
	for {
		size := len(buffer)
		n.mu.Lock()
		if n.rate > 0 {
			size = max(n.rate/20, 1)
		}
		n.mu.Unlock()
		got, err := from.Read(buffer[:size])
		n.mu.Lock()
		wait, silent := n.latency, n.silent
		if n.rate > 0 {
			wait += time.Second * time.Duration(got) / time.Duration(n.rate)
		}
		n.mu.Unlock()
		if silent {
			_, _ = io.Copy(io.Discard, from) // until somebody closes
			return
		}
		time.Sleep(wait)
		if _, bad := to.Write(buffer[:got]); err != nil || bad != nil {
			return
		}
	}
}

// TestNetworkFaults sends through one bad network after another, and a provider that stays away. What
// may be tried again is, as the sender does. Sending resumes by itself, no more connections are open
// than may be, nothing arrives twice, and nothing is lost that is not reported as in doubt.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{})
	road := newNetwork(t, server.Addr())
	m := newMailer(t, "smtp://"+road.listener.Addr().String(), "connections=3", func(o *smtp.Options) {
		o.Timeouts.Command, o.Timeouts.Data = time.Second, time.Second
	})
	in := make(chan *fibonacco.Mail, 20)
	book := mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	var all []*fibonacco.Mail
	put := func(n int) {
		for range n {
			mail := mailtest.NewMail(int64(len(all) + 1))
			all = append(all, mail)
			in <- mail
		}
	}
	reported := func(what string) {
		t.Helper()
		patiently(t, what, func() bool { return book.Len() == len(all) })
	}
	through := func(what string) {
		t.Helper()
		before := len(server.Received())
		patiently(t, what, func() bool { put(1); reported(what); return len(server.Received()) > before })
	}

	through("a good network")
	road.set(func() { road.latency = 5 * time.Millisecond })
	put(20)
	reported("latency")
	road.set(func() { road.latency = 0 })
	for range 5 {
		put(10)
		road.reset()
	}
	reported("resets")
	through("after resets")
	road.set(func() { road.silent = true })
	put(6)
	patiently(t, "silence is noticed", func() bool { return m.Ready() != nil })
	road.set(func() { road.silent = false })
	through("after silence")
	road.set(func() { road.rate = 1 << 10 })
	slow := len(server.Received())
	put(3)
	patiently(t, "1 KB a second", func() bool { return len(server.Received()) > slow })
	road.set(func() { road.rate = 0 })
	through("after 1 KB a second")

	// The provider is away for far longer than the longest pause. Nothing is taken meanwhile.
	road.set(func() { road.down = true })
	road.reset()
	patiently(t, "it is noticed", func() bool {
		if m.Ready() == nil && len(in) == 0 {
			put(1)
		}
		return m.Ready() != nil
	})
	before := book.Len()
	put(10)
	time.Sleep(500 * time.Millisecond)
	if n := book.Len() - before; n > 4 {
		t.Errorf("%d of 10 mails were taken while the provider was away", n)
	}
	road.set(func() { road.down = false })
	reported("all that waited, when it is back")

	times := arrivals(server)
	for _, mail := range all {
		h, n := result(t, book, mail), times[mail.MessageID]
		if n > 1 || h.Result == accepted && n != 1 || h.Result == notTried && n != 0 {
			t.Errorf("mail %d arrived %d times: %+v", mail.SendID, n, h)
		}
	}
	if n := server.MostOpen(); n > 3+3 { // what the network has broken may not have been noticed over there
		t.Errorf("%d connections at once", n)
	}
	for _, v := range server.Violations() {
		t.Error(v)
	}
}

// patiently is eventually, for what takes a bad network its time.
func patiently(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
