package track_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// User agents as they come in, with what an open and a click by them are.
var agents = []struct{ name, agent, open, click string }{
	{"Safari on an iPhone", iphone, "human", "human"},
	{"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "human", "human"},
	{"Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "human", "human"},
	{"Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "human", "human"},
	{"Samsung Internet", "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "human", "human"},
	{"a CUBOT telephone", "Mozilla/5.0 (Linux; Android 9; CUBOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", "human", "human"},
	{"another CUBOT telephone", "Mozilla/5.0 (Linux; Android 7.0; CUBOT DINOSAUR Build/NRD90M) AppleWebKit/537.36 Chrome/60.0 Mobile Safari/537.36", "human", "human"},
	{"Apple Mail without MPP", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", "human", "human"},
	{"Outlook on Windows", "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; Microsoft Outlook 16.0.17726; ms-office; MSOffice 16)", "human", "human"},
	{"Outlook on iOS", "Outlook-iOS/722.4153927.prod.iphone (4.2424.0)", "human", "human"},
	{"Thunderbird", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.12.2", "human", "human"},

	{"Gmail's proxy", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "unknown", "machine"},
	{"Apple's Mail Privacy Protection", "Mozilla/5.0", "unknown", "machine"},
	{"Yahoo's proxy", "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "unknown", "machine"},
	{"Outlook's proxy", "OutlookImageProxy", "unknown", "machine"},
	{"nothing", "", "unknown", "unknown"},

	{"Gmail preparing", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", "machine", "machine"},
	{"Office's probe", "Microsoft Office Existence Discovery", "machine", "machine"},
	{"Barracuda", "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))", "machine", "machine"},
	{"Proofpoint", "Mozilla/5.0 (compatible; Proofpoint/2.0)", "machine", "machine"},
	{"Bing's preview", "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b", "machine", "machine"},
	{"Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "machine", "machine"},
	{"Applebot", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)", "machine", "machine"},
	{"Slack", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "machine", "machine"},
	{"Facebook", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "machine", "machine"},
	{"WhatsApp", "WhatsApp/2.23.20.0", "machine", "machine"},
	{"a bot nobody has listed", "Mozilla/5.0 (compatible; MailGuardianBot/3.1; +https://mailguardian.example)", "machine", "machine"},
	{"headless Chrome", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36", "machine", "machine"},
	{"curl", "curl/8.4.0", "machine", "machine"},
	{"Python", "python-requests/2.32.3", "machine", "machine"},
	{"Go", "Go-http-client/2.0", "machine", "machine"},
	{"Java", "Apache-HttpClient/4.5.14 (Java/17.0.9)", "machine", "machine"},
}

func TestVerdictByAgent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for _, a := range agents {
			m := w.send("HOOK-001")
			hit := fibonacco.Hit{IP: "203.0.113.9", UserAgent: a.agent, Method: "GET"}
			m.open(hit)
			m.click(render.LinkLearn, hit)
			equal(t, a.name+": open", m.verdict("opened"), a.open)
			equal(t, a.name+": click", m.verdict("clicked"), a.click)
		}
	})
}

// verdict is that of the newest event of a type.
func (m mail) verdict(kind string) string {
	m.w.t.Helper()
	return get[string](m.w, `SELECT verdict FROM email_events WHERE campaign_send_id = $1 AND event_type = $2 ORDER BY id DESC LIMIT 1`, m.id, kind)
}

func TestVerdictByTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range map[string]struct {
			sent, delivered time.Duration // before the hit; 0 means not known
			open, click     string
		}{
			"a second after it was sent":      {sent: time.Second, open: "human", click: "machine"},
			"two seconds after it was sent":   {sent: 2 * time.Second, open: "human", click: "human"},
			"a second after it was delivered": {sent: time.Hour, delivered: time.Second, open: "human", click: "machine"},
			"a minute after it was delivered": {sent: time.Hour, delivered: time.Minute, open: "human", click: "human"},
			"just before it was recorded":     {sent: -time.Second, open: "human", click: "machine"},
			"long before: clocks differ":      {sent: -time.Hour, open: "human", click: "human"},
		} {
			m := w.send("HOOK-001")
			var delivered any
			if tc.delivered != 0 {
				delivered = clock.Now().Add(-tc.delivered)
			}
			w.exec(`UPDATE campaign_sends SET sent_at = $1, delivered_at = $2 WHERE id = $3`, clock.Now().Add(-tc.sent), delivered, m.id)
			m.open(human)
			m.click(render.LinkLearn, human)
			equal(t, name+": open", m.verdict("opened"), tc.open)
			equal(t, name+": click", m.verdict("clicked"), tc.click)
		}
	})
}

func TestVerdictOfBurst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		links := []int64{render.LinkLearn, render.LinkApprove, w.links["HOOK-001"]}

		quick := w.send("HOOK-001") // one after the other, each in a batch of its own
		for i, link := range links {
			quick.click(link, human)
			equal(t, "link "+string(rune('1'+i)), quick.verdict("clicked"), []string{"human", "human", "machine"}[i])
			clock.Advance(time.Second)
		}
		slow := w.send("HOOK-001")
		for _, link := range links {
			slow.click(link, human)
			equal(t, "slowly", slow.verdict("clicked"), "human")
			clock.Advance(3 * time.Second)
		}
		again := w.send("HOOK-001")
		for range 5 {
			again.click(render.LinkLearn, human)
		}
		equal(t, "the same link again and again", again.rows("clicked", "human"), 5)
	})
}

func TestVerdictAfterHiddenLink(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m, other := w.send("HOOK-001"), w.send("HOOK-001")
		elsewhere := fibonacco.Hit{IP: "198.51.100.77", UserAgent: iphone, Method: "GET"}
		v6 := fibonacco.Hit{IP: "2001:db8::77", UserAgent: iphone, Method: "GET"}
		m.click(render.LinkTrap, human)
		m.click(render.LinkTrap, v6)
		equal(t, "the hidden link", m.verdict("clicked"), "machine")
		clock.Advance(4 * time.Second)
		for _, hit := range []fibonacco.Hit{human, v6} {
			m.open(hit)
			equal(t, "an open from the same address", m.verdict("opened"), "machine")
		}
		m.open(elsewhere)
		equal(t, "an open from elsewhere", m.verdict("opened"), "human")
		other.open(human)
		equal(t, "an open of another mail", other.verdict("opened"), "human")
		clock.Advance(7 * time.Second)
		m.open(human)
		equal(t, "an open eleven seconds later", m.verdict("opened"), "human")
		equal(t, "reason", get[string](w, `SELECT raw_event ->> 'reason' FROM email_events WHERE campaign_send_id = $1 ORDER BY id LIMIT 1`, m.id), "hidden_link")
	})
}
