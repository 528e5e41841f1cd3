package public_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/public"
)

const spiteful = `</textarea><script>alert(1)</script>" onx='{{ x }}`

// chats is one helper, at "shop", with one conversation, "S".
type chats struct {
	err     error
	page    fibonacco.ChatPage
	said    []string
	contact *fibonacco.ChatContact
	set     *fibonacco.AssistantSettings
	refuse  error
}

func (c *chats) check(slug, session string) error {
	switch {
	case c.err != nil:
		return c.err
	case slug != "shop":
		return fibonacco.Errorf(fibonacco.NotFound, "no chat")
	case session != "" && session != "S":
		return fibonacco.Errorf(fibonacco.Forbidden, "gone")
	}
	return nil
}

func (c *chats) Chat(_ context.Context, slug, session string) (*fibonacco.ChatPage, error) {
	page := c.page
	page.Business, page.Slug, page.Greeting, page.Session, page.Person = "Marisol "+spiteful, slug, "Hi "+spiteful, session, true
	if session != "" {
		page.Lines = []fibonacco.ChatLine{
			{Visitor: true, Text: "Q " + spiteful}, {Text: "A " + spiteful, Offer: true, Links: []fibonacco.ChatLink{{Label: "Call", URL: "tel:+17185550142"}, {Label: "Bad", URL: "javascript:alert(1)"}}},
		}
	}
	return &page, c.check(slug, session)
}

func (c *chats) Say(_ context.Context, slug, session, message string, heard func(string) error) (string, *fibonacco.ChatLine, error) {
	if err := c.check(slug, session); err != nil {
		return "", nil, err
	}
	if message == "" {
		return session, nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "message", Reason: "is empty: type a question first"}})
	}
	c.said = append(c.said, session+":"+message)
	if err := errors.Join(heard("One. "), heard("Two\n"+spiteful)); err != nil {
		return session, nil, err
	}
	return "S", &fibonacco.ChatLine{Text: "One. Two\n" + spiteful, Links: []fibonacco.ChatLink{{Label: "Call", URL: "tel:1"}}}, nil
}

func (c *chats) LeaveContact(_ context.Context, slug, session string, contact fibonacco.ChatContact) error {
	if err := c.check(slug, session); err != nil {
		return err
	}
	if contact.Name == "" {
		return fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "name", Reason: "is missing: how should they call you?"}})
	}
	c.contact = &contact
	return nil
}

func (c *chats) Assistant(_ context.Context, smbID int64) (*fibonacco.AssistantSettings, error) {
	if smbID != 7 {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "none")
	}
	return &fibonacco.AssistantSettings{
		Slug: "shop", Greeting: "Hi " + spiteful, Questions: []fibonacco.Answered{{Question: "Park? " + spiteful, Answer: "Behind " + spiteful}},
		Facts: fibonacco.AssistantFacts{Profile: fibonacco.BusinessProfile{Name: "Marisol " + spiteful, Zone: "America/New_York"}, Hours: "Monday 9 a.m. to 5 p.m."},
	}, c.err
}

func (c *chats) SetAssistant(_ context.Context, _ int64, set fibonacco.AssistantSettings) error {
	c.set = &set
	return c.refuse
}

func (c *chats) TryAssistant(context.Context, int64) (slug, session string, err error) {
	return "shop", "S", c.err
}

func (c *chats) Transcripts(context.Context, int64) ([]fibonacco.Transcript, error) {
	return []fibonacco.Transcript{{Name: "Rosa " + spiteful, Reach: "rosa@example.com", Started: time.Date(2026, 3, 4, 1, 5, 0, 0, time.UTC), Lines: []fibonacco.ChatLine{{Visitor: true, Text: spiteful}}}}, c.err
}

// desk lets "good" in, as SMB 7, and "other" as one without a helper.
type desk struct{}

func (desk) Owner(_ context.Context, token string) (*fibonacco.BusinessOwner, error) {
	switch token {
	case "good":
		return &fibonacco.BusinessOwner{SMBID: 7, Business: "Marisol " + spiteful, Token: token}, nil
	case "other":
		return &fibonacco.BusinessOwner{SMBID: 8, Business: "Rosa", Token: token}, nil
	}
	return nil, fibonacco.Errorf(fibonacco.Forbidden, "no")
}

func (desk) RenewOwner(context.Context, string) error { return nil }

// drained grants nothing once it is empty.
type drained struct{ left int }

func (d *drained) Take(context.Context, string, float64, int) time.Duration {
	if d.left--; d.left < 0 {
		return time.Second
	}
	return 0
}

func (*drained) State() string { return "" }

func chatSite(c *chats, limiter fibonacco.Limiter) http.Handler {
	deps := newFakes().deps()
	deps.Chats, deps.Assistants, deps.Owners, deps.Limiter = c, c, desk{}, limiter
	mux := http.NewServeMux()
	public.Mount(mux, deps)
	return mux
}

func streamed(target, body string) *http.Request {
	r := form(target, body)
	r.Header.Set("Accept", "text/event-stream")
	return r
}

// markup is what a spiteful text must not have become.
var markup = regexp.MustCompile(`<script>alert|" onx='|href="javascript`)

func chatHarmless(t *testing.T, what, body string) {
	t.Helper()
	if m := markup.FindString(body); m != "" {
		t.Errorf("%s holds %s", what, m)
	}
}

func TestChatPage(t *testing.T) {
	t.Parallel()
	h := chatSite(&chats{}, nil)
	for path, status := range map[string]int{
		"/chat/shop": 200, "/chat/shop/S": 200, "/chat/shop/X": 403, "/chat/none": 404, "/chat/none/S": 404, "/chat/shop/S/person": 404, "/chat/": 404,
	} {
		w := serveOn(h, get(path))
		equal(t, path, w.Code, status)
		chatHarmless(t, path, w.Body.String())
		equal(t, path+": cookies", len(w.Result().Cookies()), 0)
		equal(t, path+": kept", w.Header().Get("Cache-Control"), "no-store")
	}
	w := serveOn(h, get("/chat/shop/S"))
	contains(t, "page", w.Body.String(), "AI, not a person", "An automatic assistant answers", `action="/chat/shop/S"`, `action="/chat/shop/S/person"`, `href="tel:+17185550142"`, "200 Market Street", `<label class="sr" for="message">`)
	contains(t, "policy", w.Header().Get("Content-Security-Policy"), "frame-ancestors *", "script-src 'self'", "default-src 'none'")
	equal(t, "frames", w.Header().Get("X-Frame-Options"), "")
	// Nothing else may be framed.
	for _, path := range []string{"/my/good/assistant", "/learn/bad", "/u/good"} {
		w := serveOn(h, get(path))
		equal(t, path, w.Header().Get("X-Frame-Options"), "DENY")
		contains(t, path, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	}
	equal(t, "database away", serveOn(chatSite(&chats{err: errors.New("secret")}, nil), get("/chat/shop")).Code, http.StatusServiceUnavailable)
	equal(t, "without a chat", newFakes().serve(get("/chat/shop")).Code, http.StatusNotFound)
}

func TestWidget(t *testing.T) {
	t.Parallel()
	for slug, there := range map[string]bool{"shop": true, "none": false} {
		w := serveOn(chatSite(&chats{}, nil), get("/chat/"+slug+"/widget.js"))
		equal(t, slug, w.Code, http.StatusOK)
		equal(t, slug+": type", w.Header().Get("Content-Type"), "text/javascript; charset=utf-8")
		equal(t, slug+": for others", w.Header().Get("Cross-Origin-Resource-Policy"), "cross-origin")
		equal(t, slug+": says something", w.Body.Len() > 0, there)
	}
	equal(t, "small", len(serveOn(chatSite(&chats{}, nil), get("/chat/shop/widget.js")).Body.String()) < 4<<10, true)
}

func TestChatWithoutScript(t *testing.T) {
	t.Parallel()
	c := &chats{}
	h := chatSite(c, nil)
	w := serveOn(h, form("/chat/shop", "message=hello&smb_id=8&session=X"))
	equal(t, "first", w.Code, http.StatusSeeOther)
	equal(t, "leads", w.Header().Get("Location"), "/chat/shop/S#write")
	equal(t, "next", serveOn(h, form("/chat/shop/S", "message=again")).Code, http.StatusSeeOther)
	equal(t, "said", strings.Join(c.said, ","), ":hello,S:again")
	w = serveOn(h, form("/chat/shop/S", "message="))
	equal(t, "empty", w.Code, http.StatusUnprocessableEntity)
	contains(t, "empty", w.Body.String(), "Your message is empty: type a question first.", `aria-invalid="true"`)
	equal(t, "foreign", serveOn(h, form("/chat/shop/X", "message=hello")).Code, http.StatusForbidden)
	equal(t, "none", serveOn(h, form("/chat/none", "message=hello")).Code, http.StatusNotFound)

	w = serveOn(h, form("/chat/shop/S/person", "name=&reach="+url.QueryEscape(spiteful)))
	equal(t, "no name", w.Code, http.StatusUnprocessableEntity)
	contains(t, "no name", w.Body.String(), "Your name is missing: how should they call you?", `<details class="person" data-person open`)
	chatHarmless(t, "no name", w.Body.String())
	equal(t, "a person", serveOn(h, form("/chat/shop/S/person", "name=Rosa&reach=rosa@example.com")).Code, http.StatusSeeOther)
	equal(t, "who", *c.contact, fibonacco.ChatContact{Name: "Rosa", Reach: "rosa@example.com"})

	w = serveOn(chatSite(c, &drained{}), form("/chat/shop/S", "message="+url.QueryEscape(spiteful)))
	equal(t, "too fast", w.Code, http.StatusTooManyRequests)
	contains(t, "too fast", w.Body.String(), "please wait a few seconds", "&lt;/textarea&gt;")
	chatHarmless(t, "too fast", w.Body.String())
	equal(t, "a session costs more", serveOn(chatSite(c, &drained{left: 1}), form("/chat/shop", "message=x")).Code, http.StatusTooManyRequests)
	equal(t, "a message does not", serveOn(chatSite(c, &drained{left: 1}), form("/chat/shop/S", "message=x")).Code, http.StatusSeeOther)
	equal(t, "a person too fast", serveOn(chatSite(c, &drained{}), form("/chat/shop/S/person", "name=x&reach=y")).Code, http.StatusTooManyRequests)
}

func TestChatStreams(t *testing.T) {
	t.Parallel()
	h := chatSite(&chats{}, nil)
	w := serveOn(h, streamed("/chat/shop", "message=hello"))
	equal(t, "status", w.Code, http.StatusOK)
	equal(t, "type", w.Header().Get("Content-Type"), "text/event-stream; charset=utf-8")
	equal(t, "flushed", w.Flushed, true)
	events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
	equal(t, "events", len(events), 3)
	equal(t, "a part", events[0], "event: part\ndata: \"One. \"")
	contains(t, "a part on one line", events[1], `Two\n\u003c/textarea`)
	contains(t, "the end", events[2], "event: done\ndata: {", `"session":"S"`, `"links":[{"label":"Call","url":"tel:1"}]`, `"offer":false`)
	for target, want := range map[string]string{
		"/chat/shop/X": `"ended":true`, "/chat/none": `is not here any more`, "/chat/shop?m": `type a question first`,
	} {
		body := "message=hello"
		if strings.HasSuffix(target, "?m") {
			body = "message="
		}
		contains(t, target, serveOn(h, streamed(target, body)).Body.String(), "event: refused\ndata: {", want)
	}
	w = serveOn(chatSite(&chats{err: errors.New("password=secret")}, nil), streamed("/chat/shop", "message=hello"))
	contains(t, "away", w.Body.String(), "Please try again in a moment.")
	equal(t, "tells what is wrong inside", strings.Contains(w.Body.String(), "secret"), false)
}

func TestAssistantPage(t *testing.T) {
	t.Parallel()
	c := &chats{}
	h := chatSite(c, nil)
	w := serveOn(h, get("/my/good/assistant"))
	equal(t, "status", w.Code, http.StatusOK)
	chatHarmless(t, "page", w.Body.String())
	contains(t, "page", w.Body.String(), "It is off, and talks to nobody but you.", "Not told: it says that it does not know.", "Monday 9 a.m. to 5 p.m.",
		`&lt;script src=&#34;https://go.example.com/chat/shop/widget.js&#34; async&gt;&lt;/script&gt;`, "March 3, 8:05 p.m.", "rosa@example.com", `name="questions[3].question"`, "no email address for you")
	for path, status := range map[string]int{"/my/bad/assistant": 403, "/my/other/assistant": 404} {
		equal(t, path, serveOn(h, get(path)).Code, status)
	}
	for _, path := range []string{"/my/bad/assistant", "/my/bad/assistant/try"} {
		equal(t, path, serveOn(h, form(path, "on=on")).Code, http.StatusForbidden)
	}
	equal(t, "changed by strangers", c.set == nil, true)

	w = serveOn(h, form("/my/good/assistant", "on=on&greeting=Hi&questions%5B0%5D.question=&questions%5B0%5D.answer=&questions%5B1%5D.question=Q&questions%5B1%5D.answer=A"))
	equal(t, "saved", w.Code, http.StatusSeeOther)
	equal(t, "leads", w.Header().Get("Location"), "/my/good/assistant?saved=1")
	if !c.set.On || c.set.TellStreet || c.set.Greeting != "Hi" || len(c.set.Questions) != 2 || c.set.Questions[1] != (fibonacco.Answered{Question: "Q", Answer: "A"}) {
		t.Errorf("stored %+v", c.set)
	}
	c.refuse = fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "greeting", Reason: "must be at most 300 characters long"}, {Field: "questions[0].answer", Reason: "is missing: what should be said?"}})
	w = serveOn(h, form("/my/good/assistant", "street=on&greeting="+url.QueryEscape(spiteful)+"&questions%5B0%5D.question="+url.QueryEscape(spiteful)+"&questions%5B0%5D.answer="))
	equal(t, "refused", w.Code, http.StatusUnprocessableEntity)
	chatHarmless(t, "refused", w.Body.String())
	contains(t, "refused", w.Body.String(), "Nothing is saved yet.", `<a href="#greeting">`, `<a href="#questions-0-answer">Answer 1 is missing: what should be said?</a>`, "The first words must be at most 300 characters long.", `name="street" value="on" checked`)
	c.refuse = fibonacco.Errorf(fibonacco.Conflict, "the chat helper was taken out of service")
	equal(t, "ended", serveOn(h, form("/my/good/assistant", "on=on")).Code, http.StatusConflict)

	w = serveOn(h, form("/my/good/assistant/try", ""))
	equal(t, "try", w.Header().Get("Location"), "/chat/shop/S")
	equal(t, "looking tries nothing", serveOn(h, get("/my/good/assistant/try")).Code, http.StatusNotFound)
}
