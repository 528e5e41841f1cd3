package main

import (
	"context"
	"hash/fnv"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// crowd is the demo's recipients: they open, click, read, say yes and unsubscribe as a town of owners
// might, through the real public URLs, each at its own pace. Who does what is decided by the address,
// so a demo run twice behaves alike.
type crowd struct {
	base   string
	box    fibonacco.Mailbox
	clock  fibonacco.Clock
	log    *slog.Logger
	client *http.Client
	mails  chan fibonacco.CaughtMail
}

// crowdSize bounds how many act at the same moment.
const crowdSize = 16

func newCrowd(base string, box fibonacco.Mailbox, clock fibonacco.Clock, log *slog.Logger) *crowd {
	return &crowd{
		base: base, box: box, clock: clock, log: log, mails: make(chan fibonacco.CaughtMail, 10_000),
		client: &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// caught notes a mail that has just been caught. It never blocks: a recipient more or less does
// not matter.
func (c *crowd) caught(m fibonacco.CaughtMail) {
	select {
	case c.mails <- m:
	default:
	}
}

func (c *crowd) run(ctx context.Context) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, crowdSize)
	for {
		select {
		case <-ctx.Done():
			wg.Wait()
			return
		case m := <-c.mails:
			if !c.plan(m).anything() {
				continue
			}
			wg.Go(func() {
				p := c.plan(m)
				if c.clock.Sleep(ctx, p.after-c.clock.Now().Sub(m.At)) != nil {
					return
				}
				slots <- struct{}{}
				defer func() { <-slots }()
				c.act(ctx, m, p)
			})
		}
	}
}

// plan is what one recipient does with one mail.
type plan struct {
	after                             time.Duration // of the product's clock, since the mail came
	open, click, unsubscribe, scanner bool
	finish                            bool // reads a page to its end
	approve, more                     bool // says yes to what the page offers; and to what goes well with it
	agent                             string
}

func (p plan) anything() bool { return p.open || p.scanner }

var agents = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
}

// plan decides by two dice: one of the address (how keen this owner is), one of the mail.
func (c *crowd) plan(m fibonacco.CaughtMail) plan {
	owner, mail := die(m.To), die(m.To+m.Subject)
	keen := owner % 100
	roll := mail % 1000
	p := plan{agent: agents[owner%uint64(len(agents))], after: time.Duration(3+mail/7%420) * time.Minute}
	switch {
	case keen < 4: // behind a gateway that fetches every link at once
		p.scanner, p.after, p.agent = true, 2*time.Second, "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))"
	case keen < 20: // regulars
		p.open, p.click = roll < 900, roll < 520
	case keen < 60: // now and then
		p.open, p.click = roll < 450, roll < 90
	default: // seldom
		p.open = roll < 120
	}
	// Every third page that a regular reads convinces; fewer of the others.
	p.finish = p.click && mail/700%10 < 6
	p.approve = p.finish && mail/3000%10 < map[bool]uint64{true: 3, false: 1}[keen < 20]
	p.more = p.approve && mail/30_000%10 < 4
	p.unsubscribe = !p.scanner && p.open && mail/1000%140 == 0
	return p
}

func die(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	v := h.Sum64()
	return v ^ v>>29
}

var (
	pixelLink       = regexp.MustCompile(`/track/open/[\w-]+`)
	trackedLink     = regexp.MustCompile(`/track/click/[\w-]+`)
	unsubscribeLink = regexp.MustCompile(`/u/[\w-]+`)
)

func (c *crowd) act(ctx context.Context, m fibonacco.CaughtMail, p plan) {
	_, raw, err := c.box.Caught(ctx, m.ID)
	if err != nil {
		return
	}
	// Soft line breaks and = signs of quoted-printable stand in the middle of links.
	text := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(string(raw))
	links := trackedLink.FindAllString(text, -1)
	if p.scanner {
		for _, link := range links {
			c.fetch(ctx, http.MethodGet, link, p.agent, nil)
		}
		return
	}
	c.fetch(ctx, http.MethodGet, pixelLink.FindString(text), p.agent, nil)
	if p.click && len(links) > 0 {
		if c.clock.Sleep(ctx, 90*time.Second) != nil {
			return
		}
		// The last tracked link that a person sees is the learning page; it is followed to the end.
		if to, _ := c.fetch(ctx, http.MethodGet, visible(text, links), p.agent, nil); strings.HasPrefix(to, c.base+"/learn/") {
			_, page := c.fetch(ctx, http.MethodGet, strings.TrimPrefix(to, c.base), p.agent, nil)
			c.read(ctx, p, to, page)
			if p.approve {
				c.approve(ctx, m.To, p, page)
			}
		}
	}
	if p.unsubscribe {
		c.fetch(ctx, http.MethodPost, unsubscribeLink.FindString(text), p.agent, url.Values{"List-Unsubscribe": {"One-Click"}})
	}
}

// visible picks a link of the text part: the hidden one for scanners is in the HTML part only.
func visible(text string, links []string) string {
	plain, _, _ := strings.Cut(text, "text/html")
	if found := trackedLink.FindAllString(plain, -1); len(found) > 0 {
		return found[len(found)-1]
	}
	return links[0]
}

// fetch is where an answer leads, and the beginning of what it says.
func (c *crowd) fetch(ctx context.Context, method, path, agent string, form url.Values) (location, page string) {
	if path == "" {
		return "", ""
	}
	if form != nil {
		return c.send(ctx, method, path, agent, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	}
	return c.send(ctx, method, path, agent, "", nil)
}

func (c *crowd) send(ctx context.Context, method, path, agent, contentType string, body io.Reader) (location, page string) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return "", ""
	}
	req.Header.Set("User-Agent", agent)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("a demo recipient could not reach the server", "error", err)
		}
		return "", ""
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	return resp.Header.Get("Location"), string(raw)
}
