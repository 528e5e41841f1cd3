package public

import (
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// chatRoutes are a business's chat helper, in a frame on its own site or alone:
//
//	GET  /chat/{slug}                   an empty conversation
//	POST /chat/{slug}                   the first message, which begins a session
//	GET  /chat/{slug}/widget.js         the script for the business's own site
//	GET  /chat/{slug}/{session}         a conversation, for the browser that holds its token
//	POST /chat/{slug}/{session}         the next message
//	POST /chat/{slug}/{session}/person  how to reach the visitor: the business is told
func (s *site) chatRoutes() routes {
	if s.Chats == nil {
		return nil
	}
	return routes{
		"GET /chat/{slug}":                   s.chat,
		"POST /chat/{slug}":                  s.say,
		"GET /chat/{slug}/widget.js":         s.widget,
		"GET /chat/{slug}/{session}":         s.chat,
		"POST /chat/{slug}/{session}":        s.say,
		"POST /chat/{slug}/{session}/person": s.leaveContact,
		"/chat/":                             s.notFound,
	}
}

// chatPolicy lets anybody's page show the chat in a frame: nothing in it acts for whoever is signed in
// anywhere, so that a page around it has nothing to steal a click for.
const chatPolicy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *"

// How often one address may write, a second. A burst of a second is granted.
const (
	messagesPerSecond = 2
	sessionsPerSecond = .5
)

//go:embed widget.js
var widgetScript []byte

// chatDraft is what a visitor typed that was not taken, with what was wrong.
type chatDraft struct {
	message string
	problem string // of the message
	person  *form  // for a person, when that was sent
	refused string // why that was not taken, when no field is at fault
}

// widget serves the script. Of a helper that is off it is empty, so that the business's page shows nothing
// and reports no fault.
func (s *site) widget(w http.ResponseWriter, r *http.Request) {
	_, err := s.Chats.Chat(r.Context(), r.PathValue("slug"), "")
	if err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
		s.refuse(w, r, "chat script", err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	if err == nil {
		_, _ = w.Write(widgetScript) // nobody to tell
	}
}

func (s *site) chat(w http.ResponseWriter, r *http.Request) {
	s.showChat(w, r, http.StatusOK, chatDraft{})
}

// showChat answers with the conversation as it is.
func (s *site) showChat(w http.ResponseWriter, r *http.Request, status int, draft chatDraft) {
	page, err := s.Chats.Chat(r.Context(), r.PathValue("slug"), r.PathValue("session"))
	if err != nil {
		s.refuseChat(w, r, err)
		return
	}
	framed(w)
	s.show(w, r, status, s.chatPage(page, draft))
}

func framed(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", chatPolicy)
	w.Header().Del("X-Frame-Options")
}

// refuseChat says that a conversation is over, or what else is wrong. It may stand in a frame as well.
func (s *site) refuseChat(w http.ResponseWriter, r *http.Request, err error) {
	framed(w)
	if fibonacco.CodeOf(err) == fibonacco.Forbidden {
		s.show(w, r, http.StatusForbidden, s.chatEnded(r.PathValue("slug")))
		return
	}
	s.refuse(w, r, "chat", err)
}

// say takes a message. With a script the answer streams; without, the page is shown anew.
func (s *site) say(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	text := r.PostForm.Get("message")
	heard := func(string) error { return nil }
	var stream *eventStream
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		stream = newEventStream(w)
		heard = func(part string) error { return stream.send("part", part) }
	}
	slug, session := r.PathValue("slug"), r.PathValue("session")
	err := s.paced(r, session == "")
	var answer *fibonacco.ChatLine
	if err == nil {
		session, answer, err = s.Chats.Say(r.Context(), slug, session, text, heard)
	}
	switch {
	case stream != nil && err != nil:
		s.refuseStream(r, stream, err)
	case stream != nil:
		_ = stream.send("done", map[string]any{ // nobody to tell
			"session": session, "text": answer.Text, "offer": answer.Offer, "links": append([]fibonacco.ChatLink{}, answer.Links...),
		})
	case err != nil:
		s.refuseMessage(w, r, text, err)
	default:
		seeOther(w, r, chatURL(slug, session)+"#write")
	}
}

// paced returns TooMany when an address writes faster than people do.
func (s *site) paced(r *http.Request, first bool) error {
	if s.Limiter == nil {
		return nil
	}
	from := clientip.Of(r)
	wait := s.Limiter.Take(r.Context(), "chat:from:"+from, messagesPerSecond, 1)
	if wait <= 0 && first {
		wait = s.Limiter.Take(r.Context(), "chat:new:"+from, sessionsPerSecond, 1)
	}
	if wait > 0 {
		return fibonacco.Errorf(fibonacco.TooMany, "that was very fast: please wait a few seconds and send it again")
	}
	return nil
}

// refuseMessage shows a message again that was not taken.
func (s *site) refuseMessage(w http.ResponseWriter, r *http.Request, text string, err error) {
	problem, status := said(err)
	if problem == "" {
		s.refuseChat(w, r, err)
		return
	}
	s.showChat(w, r, status, chatDraft{message: text, problem: problem})
}

// refuseStream tells the script.
func (s *site) refuseStream(r *http.Request, stream *eventStream, err error) {
	problem, _ := said(err)
	ended := fibonacco.CodeOf(err) == fibonacco.Forbidden
	switch {
	case ended, fibonacco.CodeOf(err) == fibonacco.NotFound:
		problem = "This conversation is not here any more."
	case problem == "":
		problem = "This did not work just now. Please try again in a moment."
		if r.Context().Err() == nil {
			s.Log.Error("a public request failed", "doing", "chat", "error", err)
		}
	}
	_ = stream.send("refused", map[string]any{"message": problem, "ended": ended}) // nobody to tell
}

// said is what a visitor is told of an error that is theirs to mend; "" for others.
func said(err error) (problem string, status int) {
	var e *fibonacco.Error
	switch {
	case !errors.As(err, &e):
		return "", 0
	case e.Code == fibonacco.TooMany:
		return sentence(e.Message), http.StatusTooManyRequests
	case e.Code == fibonacco.Invalid && len(e.Fields) > 0:
		return sentence("your message " + e.Fields[0].Reason), http.StatusUnprocessableEntity
	}
	return "", 0
}

// leaveContact has the business told, and shows the conversation with what became of it.
func (s *site) leaveContact(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	slug, session := r.PathValue("slug"), r.PathValue("session")
	err := s.paced(r, false)
	if err == nil {
		err = s.Chats.LeaveContact(r.Context(), slug, session, fibonacco.ChatContact{Name: r.PostForm.Get("name"), Reach: r.PostForm.Get("reach")})
	}
	draft := chatDraft{person: &form{values: r.PostForm}}
	var e *fibonacco.Error
	switch {
	case err == nil:
		seeOther(w, r, chatURL(slug, session)+"#write")
	case errors.As(err, &e) && e.Code == fibonacco.Invalid:
		draft.person.faults = faultsOf(err, fieldWords{"name": "Your name", "reach": "Email or phone number"}.say)
		s.showChat(w, r, http.StatusUnprocessableEntity, draft)
	case errors.As(err, &e) && (e.Code == fibonacco.TooMany || e.Code == fibonacco.Conflict):
		draft.refused = sentence(e.Message)
		s.showChat(w, r, http.StatusTooManyRequests, draft)
	default:
		s.refuseChat(w, r, err)
	}
}

// contact is the form for a person as it is shown.
func (d chatDraft) contact() form {
	if d.person == nil {
		return form{}
	}
	return *d.person
}

func chatURL(slug, session string) string {
	u := url.URL{Path: "/chat/" + slug}
	if session != "" {
		u.Path += "/" + session
	}
	return u.String()
}

// eventStream sends server-sent events, each with a value as JSON on one line.
type eventStream struct {
	w    http.ResponseWriter
	ctrl *http.ResponseController
}

func newEventStream(w http.ResponseWriter) *eventStream {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // proxies that gather answers would hold it back
	return &eventStream{w, http.NewResponseController(w)}
}

// streamLimit is how long one event may take to leave, real time.
const streamLimit = 30 * time.Second

func (s *eventStream) send(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_ = s.ctrl.SetWriteDeadline(fibonacco.RealTime().Add(streamLimit)) // not all writers have one
	if _, err := s.w.Write([]byte("event: " + name + "\ndata: " + string(text) + "\n\n")); err != nil {
		return err
	}
	if err := s.ctrl.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
