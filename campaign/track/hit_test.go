package track_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

var human = fibonacco.Hit{IP: "203.0.113.9", UserAgent: iphone, Method: "GET"}

func TestOpen(t *testing.T) {
	scanner := fibonacco.Hit{IP: "203.0.113.7", UserAgent: "curl/8.4.0", Method: "GET"}
	proxy := fibonacco.Hit{UserAgent: "Mozilla/5.0", Method: "GET"}
	cases := map[string]struct {
		hits   []fibonacco.Hit
		opened bool
		events int
	}{
		"first open":                         {[]fibonacco.Hit{human}, true, 1},
		"second open adds nothing":           {[]fibonacco.Hit{human, human}, true, 1},
		"a scanner is not an open":           {[]fibonacco.Hit{scanner}, false, 0},
		"a scanner, then a person":           {[]fibonacco.Hit{scanner, human}, true, 1},
		"an image proxy counts":              {[]fibonacco.Hit{proxy}, true, 1},
		"an image proxy, then the person":    {[]fibonacco.Hit{proxy, human}, true, 1},
		"only the headers were looked at":    {[]fibonacco.Hit{{UserAgent: iphone, Method: "HEAD"}}, false, 0},
		"a browser that prepares for a read": {[]fibonacco.Hit{{UserAgent: iphone, Method: "GET", Prefetch: true}}, false, 0},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			m := w.send("HOOK-001")
			for _, hit := range tc.hits {
				m.open(hit)
				clock.Advance(time.Minute)
			}
			equal(t, name+": opened", m.state().Opened != nil, tc.opened)
			equal(t, name+": email.opened", m.events("email.opened"), tc.events)
			equal(t, name+": rows", m.rows("opened"), len(tc.hits))
			equal(t, name+": clicked", m.state().Clicked != nil, false)
		}
	})
}

func TestOpenKeepsTheFirstTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		m.open(human)
		clock.Advance(time.Hour)
		m.open(human)
		equal(t, "opened_at", m.state().Opened.UTC(), dbtest.Start)
	})
}

func TestOpenOfNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		gone := mail{w: w, id: m.id + 1000, smb: m.smb}
		for name, token := range map[string]string{
			"empty": "", "noise": "x", "of another kind": m.leaveToken(), "a click's": m.token(render.LinkLearn),
			"a send that is gone": gone.token(0), "altered": m.token(0)[:10] + "A" + m.token(0)[11:],
		} {
			if err := w.svc.Open(t.Context(), token, human); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		equal(t, "rows", w.count(`SELECT COUNT(*) FROM email_events`), 0)
	})
}

func TestClick(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		for range 2 {
			equal(t, "target", m.click(w.links["HOOK-001"], human), storedURL)
			clock.Advance(time.Minute)
		}
		got := m.state()
		equal(t, "clicked", got.Clicked.UTC(), dbtest.Start)
		equal(t, "a click implies an open", got.Opened.UTC(), dbtest.Start)
		equal(t, "rows", m.rows("clicked", "human"), 2)
		equal(t, "rows of the open that was not seen", m.rows("opened"), 0)
		equal(t, "email.opened", m.events("email.opened"), 1)
		equal(t, "email.clicked", m.events("email.clicked"), 1)

		m.click(render.LinkLearn, human)
		equal(t, "email.clicked of another link", m.events("email.clicked"), 2)
		equal(t, "email.opened", m.events("email.opened"), 1)

		type row struct {
			Link   string
			LinkID int64
			IP     string
			Agent  string
			At     time.Time
		}
		first := get[row](w, `
			SELECT link_clicked AS link, link_id, CAST(ip_address AS text) AS ip, user_agent AS agent, event_at AS at
			FROM email_events WHERE campaign_send_id = $1 ORDER BY id LIMIT 1`, m.id)
		first.IP, first.At = strings.TrimSuffix(first.IP, "/32"), first.At.UTC()
		if want := (row{storedURL, w.links["HOOK-001"], "203.0.113.9", iphone, dbtest.Start}); first != want {
			t.Errorf("row %+v, want %+v", first, want)
		}
	})
}

func TestClickTargets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		hook, edu := w.send("HOOK-001"), w.send("EDU-001")

		learn, err := url.Parse(edu.click(render.LinkLearn, human))
		must(t, err)
		equal(t, "learning page", learn.Scheme+"://"+learn.Host+learn.Path, publicURL+"/learn/how-people-choose")
		claim, ok := w.signer.VerifySend(fibonacco.LearnToken, learn.Query().Get("r"))
		if want := (fibonacco.SendClaim{SendID: edu.id, SMBID: edu.smb}); !ok || claim != want {
			t.Errorf("learning claim %+v %v, want %+v", claim, ok, want)
		}

		approve, ok := strings.CutPrefix(hook.click(render.LinkApprove, human), publicURL+"/approve/")
		equal(t, "approval page", ok, true)
		approval, ok := w.signer.VerifyApproval(approve)
		want := fibonacco.ApprovalClaim{SMBID: hook.smb, ServiceType: "appointment_booking", SourceID: "HOOK-001", Expires: clock.Now().Add(7 * 24 * time.Hour)}
		if !ok || approval != want {
			t.Errorf("approval claim %+v %v, want %+v", approval, ok, want)
		}
		equal(t, "nothing to approve: the learning page", strings.HasPrefix(edu.click(render.LinkApprove, human), publicURL+"/learn/how-people-choose?r="), true)
		equal(t, "hidden link", hook.click(render.LinkTrap, human), publicURL+"/")

		// Tokens are for the reader, not for the event list.
		equal(t, "stored links", w.count(`SELECT COUNT(*) FROM email_events WHERE link_clicked LIKE '%?%' OR link_clicked LIKE '%/approve/%'`), 0)
	})
}

func TestClickOnNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		gone := mail{w: w, id: m.id + 1000, smb: m.smb}
		script := w.link("HOOK-001", "javascript:alert(1)")
		good := m.token(w.links["HOOK-001"])
		tokens := map[string]string{
			"empty": "", "noise": "x", "too long": strings.Repeat("A", 4000), "the pixel's": m.token(0), "of another kind": m.leaveToken(),
			"a send that is gone": gone.token(render.LinkLearn), "a link that is gone": m.token(9999), "a reserved link": m.token(57),
			"another negative link": m.token(-7), "no web address": m.token(script),
		}
		for i := range len(good) { // any character changed: no other link, send or business
			changed := []byte(good)
			changed[i] ^= 1
			tokens["altered "+string(changed)] = string(changed)
		}
		for name, token := range tokens {
			target, err := w.svc.Click(t.Context(), token, human)
			if fibonacco.CodeOf(err) != fibonacco.NotFound || target != "" {
				t.Errorf("%s: %q, %v", name, target, err)
			}
		}
		equal(t, "rows", w.count(`SELECT COUNT(*) FROM email_events`), 0)
	})
}

// What is not known yet, or was edited, is found without a restart.
func TestTargetsFollowTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		m.click(w.links["HOOK-001"], human)
		later := w.link("HOOK-001", "https://later.example.org/")
		equal(t, "target", m.click(later, human), "https://later.example.org/")
	})
}

// A mail may be read before the sender has recorded that it is sent.
func TestHitsBeforeSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.sendTo(w.smb("a@example.com"), "HOOK-001", fibonacco.SendSending, "a@example.com")
		m.click(render.LinkLearn, human)
		got := m.state()
		equal(t, "clicked", got.Clicked != nil && got.Opened != nil, true)
		equal(t, "status is the sender's to set", got.Status, "sending")
		equal(t, "rows", m.rows("clicked", "human"), 1)
	})
}

// Whatever a client says about itself can be stored.
func TestOddClients(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		for _, hit := range []fibonacco.Hit{
			{IP: "not an address", UserAgent: "a\x00b\xff\xfec"},
			{IP: "fe80::1%eth0", UserAgent: strings.Repeat("é", 5000)},
			{IP: "::ffff:203.0.113.5", UserAgent: "Mozilla/5.0 '; DROP TABLE smbs; --"},
		} {
			m.open(hit)
		}
		equal(t, "rows", m.rows("opened"), 3)
		equal(t, "longest user agent", w.count(`SELECT MAX(LENGTH(user_agent)) FROM email_events`), 512)
		equal(t, "addresses", w.count(`SELECT COUNT(ip_address) FROM email_events`), 2)
	})
}
