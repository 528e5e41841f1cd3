package campaign_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/mail/domains"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// road is the network between the lane and the mail server.
type road struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newRoad(t *testing.T, to string) *road {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	r := &road{t, toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "road", "127.0.0.1:0", to)}
	must(t, r.proxy.Start())
	t.Cleanup(r.proxy.Stop)
	return r
}

func (r *road) url() string { return "smtp://" + r.proxy.Listen }

// with puts something into the road, as toxiproxy names it, and takes it out again after what is done
// meanwhile.
func (r *road) with(toxic string, meanwhile func()) {
	r.t.Helper()
	added, err := r.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	must(r.t, err)
	meanwhile()
	must(r.t, r.proxy.Toxics.RemoveToxic(context.WithoutCancel(r.t.Context()), added.Name))
}

// reset breaks all connections on which anything moves, with RST.
func (r *road) reset() {
	r.with(`{"type": "reset_peer", "attributes": {"timeout": 0}}`, func() { time.Sleep(30 * time.Millisecond) })
}

const (
	faultyTowns = 7
	faultyEach  = 24
	faultyMails = faultyTowns * faultyEach
	faultyLimit = faultyMails - 10 // what the warm-up lets out on this day
	faultyLanes = 4
)

// Towns whose ten o'clock comes hour after hour are mailed through one bad network after another, and
// past a provider that stays away for ten minutes of the product's clock. Sending resumes by itself;
// no mail is lost or arrives twice, none leaves before its time, no more connections are open than may
// be, and no more mails leave than the day's volume: those that came back have given back their places.
func TestNetworkFaults(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		server := mailtest.NewServer(t, mailtest.ServerOptions{})
		f := &faulty{bundle: setup(t, d, clock), road: newRoad(t, server.Addr()), server: server}
		f.open()
		for _, zone := range []string{
			"America/Puerto_Rico", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu",
		} {
			f.towns = append(f.towns, f.community(zone))
			f.start(f.smbs(f.towns[len(f.towns)-1], faultyEach)...)
		}
		f.run()

		f.ten(0)
		slow := `{"type": "latency", "attributes": {"latency": 25, "jitter": 10}}`
		f.road.with(slow, func() { f.through("latency") })
		equal(t, "unknown after latency", f.unknown(), 0)

		resets := 0
		f.road.with(slow, func() { // so that there is something in the air
			f.ten(1)
			for ; resets < 4 && f.due() > 0; resets++ {
				f.pass(4 * time.Second)
				f.road.reset()
			}
			f.through("resets")
		})
		f.doubted("resets", resets)

		f.road.with(`{"type": "timeout", "attributes": {"timeout": 0}}`, func() { // half-open: answers do not come back
			f.ten(2)
			eventually(t, "silence is noticed", func() bool { f.pass(time.Second); return f.options.Mailer.Ready() != nil })
		})
		f.through("silence")
		f.doubted("silence", resets+1)

		f.ten(3)
		f.road.with(`{"type": "bandwidth", "stream": "upstream", "attributes": {"rate": 1}}`, func() {
			f.pass(10 * time.Second)
			time.Sleep(500 * time.Millisecond)
			equal(t, "mails of a town that are still to go at 1 KB a second", f.due() > faultyEach/2, true)
		})
		f.through("1 KB a second")
		f.doubted("1 KB a second", resets+1)

		f.clock.Set(tenIn(5).Add(-5 * time.Minute)) // the next town's ten o'clock comes while the provider is away
		f.road.with(slow, func() {
			before := len(f.server.Received())
			eventually(t, "the first mails arrive", func() bool { f.pass(time.Second); return len(f.server.Received()) > before })
			f.road.proxy.Stop()
		})
		before := len(f.server.Received())
		for range 10 {
			f.pass(time.Minute)
		}
		if n := len(f.server.Received()) - before; n > faultyLanes {
			t.Errorf("%d mails passed a road that is closed", n)
		}
		if n := f.due(); n < faultyEach {
			t.Errorf("only %d mails waited while the provider was away", n)
		}
		must(t, f.road.proxy.Start())
		f.through("ten minutes without the provider")
		f.doubted("ten minutes without the provider", resets+2)

		f.ten(6)
		f.through("all is well again")
		f.settled(t, resets+2)
	})
}

// faulty is a sending node behind a bad road.
type faulty struct {
	*bundle
	road   *road
	server *mailtest.Server
	towns  []int64
}

// open puts the real mailers into the service, as serve does.
func (f *faulty) open() {
	f.t.Helper()
	m, err := smtp.New(smtp.Options{
		URL: f.road.url() + "?connections=" + string(rune('0'+faultyLanes)), PerDomain: true,
		Timeouts: smtp.Timeouts{Command: 700 * time.Millisecond, Data: 1500 * time.Millisecond},
		Backoff:  smtp.Backoff{First: 50 * time.Millisecond, Most: 200 * time.Millisecond},
	})
	must(f.t, err)
	f.options.Mailer = domains.New(m, domains.Options{})
	f.options.Config.Email.ChunkSize = 8
	f.options.Config.Email.Warmup = fibonacco.WarmupConfig{Start: dbtest.Start.Format(time.DateOnly), Volumes: []int{faultyLimit, faultyMails}}
	f.clock.Set(tenIn(0).Add(-time.Hour))
	f.svc = sibling(f.bundle)
}

// tenIn is ten o'clock in a town, hour after hour from Puerto Rico on.
func tenIn(town int) time.Time {
	return time.Date(dbtest.Start.Year(), dbtest.Start.Month(), dbtest.Start.Day(), 14+town, 0, 0, 0, time.UTC)
}

// ten lets it be ten o'clock in a town, if it is not later.
func (f *faulty) ten(town int) {
	if ten := tenIn(town); f.clock.Now().Before(ten) {
		f.clock.Set(ten)
	}
}

// pass lets time go by, and what is due a moment to happen.
func (f *faulty) pass(d time.Duration) {
	f.clock.Advance(d)
	time.Sleep(30 * time.Millisecond)
}

// due is how many mails are to leave, now or when they are tried again.
func (f *faulty) due() int {
	f.t.Helper()
	return f.n(`SELECT COUNT(*) FROM campaign_sends WHERE status IN ('queued', 'sending') AND scheduled_for <= $1`, f.clock.Now().Add(20*time.Minute))
}

// through waits until all that was due has left, or belongs to another day.
func (f *faulty) through(what string) {
	f.t.Helper()
	eventually(f.t, "all has left after "+what, func() bool {
		f.pass(2 * time.Second)
		return f.due() == 0
	})
}

func (f *faulty) unknown() int {
	return f.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'unknown'`)
}

// doubted fails the test when more mails are in doubt than there were on the connections that broke.
func (f *faulty) doubted(what string, breaks int) {
	f.t.Helper()
	if n := f.unknown(); n > breaks*faultyLanes {
		f.t.Errorf("%d mails are in doubt after %s: %d breaks of %d connections", n, what, breaks, faultyLanes)
	}
}

// settled looks at everything once more when the day is done.
func (f *faulty) settled(t *testing.T, breaks int) {
	t.Helper()
	left := f.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'queued' AND scheduled_for > $1`, dbtest.Start.Add(18*time.Hour))
	equal(t, "put off to the next day by the volume of this one", left, faultyMails-faultyLimit)
	equal(t, "places of the warm-up that are taken", f.n(`SELECT taken FROM warmup_days`), faultyLimit)
	for i, town := range f.towns {
		equal(t, "mails that left before their time", f.n(`
			SELECT COUNT(*) FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id WHERE smbs.community_id = $1 AND s.sent_at < $2`, town, tenIn(i)), 0)
	}
	f.exec(`DELETE FROM campaign_sends WHERE status = 'queued'`)
	unknown, arrived := account(t, f.db, f.server, faultyLimit)
	if most := f.server.MostOpen(); most > 2*faultyLanes { // what the road has broken may not have been noticed over there
		t.Errorf("%d connections at once", most)
	}
	for _, v := range f.server.Violations() {
		t.Error(v)
	}
	settleUnknown(t, f.bundle, unknown)
	t.Logf("%d in doubt after %d breaks, %d of them arrived", len(unknown), breaks, arrived)
}
