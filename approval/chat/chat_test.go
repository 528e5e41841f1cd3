package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/chat"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
)

// profiles are two businesses: 7 is the studio, 8 another.
type profiles struct{ hide bool }

func (p *profiles) Profile(_ context.Context, smbID int64) (*fibonacco.BusinessProfile, error) {
	profile := studio().Profile
	profile.SMBID, profile.HideStreet = smbID, p.hide
	if smbID == 8 {
		profile.Name = "Rosa's Bakery"
	}
	profile.Questions = []fibonacco.Answered{{Question: "Do you take walk-ins?", Answer: "On Tuesdays."}}
	return &profile, nil
}

type world struct {
	t       testing.TB
	db      *db.DB
	clock   *fibonacco.FakeClock
	svc     *chat.Service
	facts   *profiles
	mu      sync.Mutex
	notices map[string]fibonacco.Notice
	posted  int
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock, with ...func(o *chat.Options)) *world {
	t.Helper()
	signer, err := fibonacco.NewSigner("a secret key for tests that is long enough to sign with")
	must(t, err)
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	w := &world{t: t, db: d, clock: clock, facts: &profiles{}, notices: map[string]fibonacco.Notice{}}
	o := chat.Options{
		DB: d, Queue: q, Signer: signer, Profiles: w.facts, Log: slog.New(slog.DiscardHandler), Config: fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}},
		Post: func(_ context.Context, _ *db.Tx, n fibonacco.Notice) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.posted++
			w.notices[n.Key] = n
			return nil
		},
		OwnerURL: func(_ context.Context, _ *db.Tx, smbID int64, page string) (string, error) {
			return fmt.Sprintf("https://go.example.com/my/T%d/%s", smbID, page), nil
		},
	}
	for _, f := range with {
		f(&o)
	}
	w.svc = chat.New(o)
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Port Avery', 'port-avery', 'NY')`, uuid.NewString())
	w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, primary_email) VALUES
		(7, $1, 1, 'Marisol Hair Studio', 'marisol@example.com'), (8, $2, 1, 'Rosa''s Bakery', NULL)`, uuid.NewString(), uuid.NewString())
	for _, smb := range []int64{7, 8} {
		w.provision(smb)
	}
	return w
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.db.View(w.t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.t.Context(), tx, query, args...)
		return err
	}))
	return n
}

func (w *world) provision(smb int64) (result map[string]any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) (err error) {
		result, err = w.svc.Provision(w.t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: smb, ServiceType: "ai_receptionist"})
		return err
	}))
	return result
}

func (w *world) on(smb int64) {
	w.t.Helper()
	must(w.t, w.svc.SetAssistant(w.t.Context(), smb, fibonacco.AssistantSettings{On: true}))
}

func (w *world) say(session, text string) (string, *fibonacco.ChatLine) {
	w.t.Helper()
	session, answer, err := w.svc.Say(w.t.Context(), studioSlug, session, text, nil)
	must(w.t, err)
	return session, answer
}

const (
	studioSlug = "marisol-hair-studio"
	bakerySlug = "rosas-bakery"
)

func code(err error) fibonacco.Code { return fibonacco.CodeOf(err) }

func TestProvisioning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		want := map[string]any{"url": "https://go.example.com/chat/" + studioSlug, "manage": "assistant"}
		for range 2 {
			if got := w.provision(7); got["url"] != want["url"] || got["manage"] != want["manage"] || got["note"] == "" {
				t.Errorf("result %v", got)
			}
		}
		if _, err := w.svc.Chat(t.Context(), studioSlug, ""); code(err) != fibonacco.NotFound {
			t.Errorf("it talks before its owner has said so: %v", err)
		}
		if _, _, err := w.svc.Say(t.Context(), studioSlug, "", "hello", nil); code(err) != fibonacco.NotFound {
			t.Errorf("it answers before its owner has said so: %v", err)
		}
		must(t, w.svc.SetAssistant(t.Context(), 7, fibonacco.AssistantSettings{On: true, Greeting: "Hi there", Questions: []fibonacco.Answered{{Question: "Q", Answer: "A"}}}))
		w.provision(7)
		set, err := w.svc.Assistant(t.Context(), 7)
		must(t, err)
		if !set.On || set.Greeting != "Hi there" || len(set.Questions) != 1 || set.Slug != studioSlug || !set.Facts.CanReach || set.Facts.Hours == "" {
			t.Errorf("what its owner said is gone: %+v", set)
		}
		withdraw := func() {
			must(t, d.Update(t.Context(), func(tx *db.Tx) error { return w.svc.Withdraw(t.Context(), tx, 7) }))
		}
		withdraw()
		withdraw()
		if _, err := w.svc.Chat(t.Context(), studioSlug, ""); code(err) != fibonacco.NotFound {
			t.Errorf("it talks after its end: %v", err)
		}
		if err := w.svc.SetAssistant(t.Context(), 7, fibonacco.AssistantSettings{On: true}); code(err) != fibonacco.Conflict {
			t.Errorf("turned on after its end: %v", err)
		}
		w.provision(7)
		set, err = w.svc.Assistant(t.Context(), 7)
		must(t, err)
		if set.On || set.Withdrawn || set.Greeting != "Hi there" {
			t.Errorf("brought back: %+v", set)
		}
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 7`, clock.Now())
		if _, err := w.svc.Chat(t.Context(), studioSlug, ""); code(err) != fibonacco.NotFound {
			t.Errorf("of a business that is gone: %v", err)
		}
	})
}

func TestAConversation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.on(7)
		w.on(8)
		heard := ""
		session, answer, err := w.svc.Say(t.Context(), studioSlug, "", " what's your\u202e phone number?\r\n", func(part string) error { heard += part; return nil })
		must(t, err)
		if answer.Text != "You can call (718) 555-0142." || heard != answer.Text || len(answer.Links) != 1 || answer.Links[0].URL != "tel:+17185550142" {
			t.Errorf("answered %+v, heard %q", answer, heard)
		}
		session, answer = w.say(session, "where are you?")
		if strings.Contains(answer.Text, "Court") {
			t.Errorf("the street is told before the owner has said so: %s", answer.Text)
		}
		must(t, w.svc.SetAssistant(t.Context(), 7, fibonacco.AssistantSettings{On: true, TellStreet: true}))
		if _, answer = w.say(session, "where are you?"); !strings.Contains(answer.Text, "12 Court St") || len(answer.Links) != 1 {
			t.Errorf("%+v", answer)
		}
		w.facts.hide = true
		if _, answer = w.say(session, "where are you?"); strings.Contains(answer.Text, "Court") {
			t.Errorf("a hidden street is told: %+v", answer)
		}
		if _, answer = w.say(session, "do you take walk ins?"); answer.Text != "On Tuesdays." {
			t.Errorf("the profile's own questions: %+v", answer)
		}
		page, err := w.svc.Chat(t.Context(), studioSlug, session)
		must(t, err)
		if len(page.Lines) != 10 || !page.Lines[0].Visitor || page.Lines[0].Text != "what's your phone number?" || page.Lines[1].Visitor || page.Business != "Marisol Hair Studio" || page.Full {
			t.Errorf("%+v", page)
		}
		if len(page.Lines[5].Links) != 0 {
			t.Errorf("an old answer leads to a street that is hidden now: %+v", page.Lines[5])
		}
		if n := w.count(`SELECT COUNT(*) FROM chat_messages WHERE smb_id = 7 AND role IN ('user', 'assistant')`); n != 10 {
			t.Errorf("%d rows", n)
		}

		// A session opens its own conversation with its own business, and nothing else.
		other, _, err := w.svc.Say(t.Context(), bakerySlug, "", "hello", nil)
		must(t, err)
		signer, err := fibonacco.NewSigner("a secret key for tests that is long enough to sign with")
		must(t, err)
		foreign, err := fibonacco.NewSigner("another secret key for tests that is long enough too")
		must(t, err)
		for name, token := range map[string]string{
			"another business's": other, "altered": session[:len(session)-2] + "AA", "of another kind": signer.SignID(fibonacco.BookingToken, 1),
			"not ours": foreign.SignID(fibonacco.ChatToken, 1), "never begun": signer.SignID(fibonacco.ChatToken, 99), "a number": "1", "hostile": "<script>",
		} {
			if _, err := w.svc.Chat(t.Context(), studioSlug, token); code(err) != fibonacco.Forbidden {
				t.Errorf("%s reads: %v", name, err)
			}
			if _, _, err := w.svc.Say(t.Context(), studioSlug, token, "hello", nil); code(err) != fibonacco.Forbidden {
				t.Errorf("%s writes: %v", name, err)
			}
			if err := w.svc.LeaveContact(t.Context(), studioSlug, token, fibonacco.ChatContact{Name: "X", Reach: "x@example.com"}); code(err) != fibonacco.Forbidden {
				t.Errorf("%s tells: %v", name, err)
			}
		}
		if _, answer, err = w.svc.Say(t.Context(), studioSlug, session, "where are you?", func(string) error { return errors.New("broken pipe") }); err != nil || !strings.Contains(answer.Text, "is in Port Avery") {
			t.Errorf("whoever leaves loses the answer: %+v %v", answer, err)
		}
		for _, text := range []string{"", " \n\t", "\u202e\u0000", strings.Repeat("é", 501)} {
			if _, _, err := w.svc.Say(t.Context(), studioSlug, session, text, nil); code(err) != fibonacco.Invalid {
				t.Errorf("%.20q: %v", text, err)
			}
		}
		if _, _, err := w.svc.Say(t.Context(), studioSlug, session, strings.Repeat("é", 500), nil); err != nil {
			t.Errorf("the longest: %v", err)
		}
	})
}

// However many messages come at once, a session holds no more than it may.
func TestASessionIsBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.on(7)
		session, _ := w.say("", "hello")
		w.exec(`UPDATE chat_sessions SET messages = $1`, fibonacco.ChatLinesMost-4)
		var all sync.WaitGroup
		var mu sync.Mutex
		codes := map[fibonacco.Code]int{}
		for range 8 {
			all.Go(func() {
				_, _, err := w.svc.Say(context.WithoutCancel(t.Context()), studioSlug, session, "hello", nil)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					codes[code(err)]++
				}
			})
		}
		all.Wait()
		if codes[fibonacco.TooMany] != 6 || len(codes) != 1 {
			t.Errorf("refused %v", codes)
		}
		if n := w.count(`SELECT COUNT(*) FROM chat_messages`); n != 6 {
			t.Errorf("%d rows", n)
		}
		page, err := w.svc.Chat(t.Context(), studioSlug, session)
		must(t, err)
		if !page.Full {
			t.Error("it says that it takes more")
		}
		w.exec(`INSERT INTO chat_sessions (session_id, smb_id, started_at) SELECT `+d2(d)+`, 7, $1 FROM (`+strings.Repeat("SELECT 1 UNION ALL ", 498)+`SELECT 1) many`, clock.Now())
		if _, _, err := w.svc.Say(t.Context(), studioSlug, "", "hello", nil); code(err) != fibonacco.TooMany {
			t.Errorf("session 501 of a day: %v", err)
		}
		clock.Advance(25 * time.Hour)
		w.say("", "hello")
	})
}

// d2 is a fresh UUID in SQL.
func d2(d *db.DB) string {
	if d.Engine() == db.SQLite {
		return `lower(hex(randomblob(16)))`
	}
	return `gen_random_uuid()`
}

func TestAskingForAPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.on(7)
		w.on(8)
		session, answer := w.say("", "Can you fix a clock? <b>{{ x }}</b>")
		if !answer.Offer {
			t.Errorf("no person is offered: %+v", answer)
		}
		for name, c := range map[string]struct {
			contact fibonacco.ChatContact
			fields  string
		}{
			"nothing":        {fibonacco.ChatContact{}, "name reach"},
			"no address":     {fibonacco.ChatContact{Name: "Rosa", Reach: "call me"}, "reach"},
			"short number":   {fibonacco.ChatContact{Name: "Rosa", Reach: "555-0142"}, "reach"},
			"two mails":      {fibonacco.ChatContact{Name: "Rosa", Reach: "a@example.com\r\nBcc: b@example.com"}, "reach"},
			"a name of 10KB": {fibonacco.ChatContact{Name: strings.Repeat("x", 10<<10), Reach: "rosa@example.com"}, "name"},
		} {
			err := w.svc.LeaveContact(t.Context(), studioSlug, session, c.contact)
			var e *fibonacco.Error
			var fields []string
			if errors.As(err, &e) {
				for _, f := range e.Fields {
					fields = append(fields, f.Field)
				}
			}
			if code(err) != fibonacco.Invalid || strings.Join(fields, " ") != c.fields {
				t.Errorf("%s: %v %v", name, err, fields)
			}
		}
		if w.posted != 0 {
			t.Fatal("told without a contact")
		}
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				if err := w.svc.LeaveContact(context.WithoutCancel(t.Context()), studioSlug, session, fibonacco.ChatContact{Name: fmt.Sprintf("Rosa\r\n%d", i), Reach: "rosa@example.com"}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if w.posted != 1 || len(w.notices) != 1 {
			t.Fatalf("told %d times", w.posted)
		}
		for _, n := range w.notices {
			if n.To != "marisol@example.com" || n.ReplyTo != "rosa@example.com" || n.SMBID != 7 || !strings.HasPrefix(n.Subject, "A visitor of your site asks for you: Rosa ") ||
				!strings.Contains(strings.Join(n.Paragraphs, "\n"), "Visitor: Can you fix a clock? <b>{{ x }}</b>\nHelper: I do not know") && !strings.Contains(strings.Join(n.Paragraphs, "\n"), "Visitor: Can you fix a clock? <b>{{ x }}</b>\nHelper: I do not see") ||
				n.ButtonURL != "https://go.example.com/my/T7/assistant" {
				t.Errorf("%+v", n)
			}
		}
		page, err := w.svc.Chat(t.Context(), studioSlug, session)
		must(t, err)
		if !page.Told || !strings.HasPrefix(page.Lines[len(page.Lines)-1].Text, "Thank you.") || len(page.Lines) != 3 {
			t.Errorf("%+v", page)
		}

		// Without an address nobody can be told, and nobody is promised.
		session, answer, err = w.svc.Say(t.Context(), bakerySlug, "", "I want to talk to a person", nil)
		must(t, err)
		if answer.Offer || !strings.HasPrefix(answer.Text, "I cannot pass messages on here. You can call") {
			t.Errorf("%+v", answer)
		}
		if err := w.svc.LeaveContact(t.Context(), bakerySlug, session, fibonacco.ChatContact{Name: "X", Reach: "(718) 555-0142 x3"}); code(err) != fibonacco.Conflict {
			t.Errorf("told nobody: %v", err)
		}
	})
}

func TestTheOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		slug, try, err := w.svc.TryAssistant(t.Context(), 7)
		must(t, err)
		if slug != studioSlug {
			t.Errorf("slug %s", slug)
		}
		w.say(try, "hello")
		must(t, w.svc.LeaveContact(t.Context(), studioSlug, try, fibonacco.ChatContact{Name: "Me", Reach: "me@example.com"}))
		if w.posted != 0 {
			t.Error("a try tells somebody")
		}
		if all, err := w.svc.Transcripts(t.Context(), 7); err != nil || len(all) != 0 {
			t.Errorf("a try is a conversation: %v %v", all, err)
		}
		w.on(7)
		old, _ := w.say("", "hello")
		clock.Advance(29 * 24 * time.Hour)
		fresh, _ := w.say("", "are you open?")
		must(t, w.svc.LeaveContact(t.Context(), studioSlug, fresh, fibonacco.ChatContact{Name: "Rosa", Reach: "718 555 0142"}))
		all, err := w.svc.Transcripts(t.Context(), 7)
		must(t, err)
		if len(all) != 2 || all[0].Name != "Rosa" || all[0].Reach != "718 555 0142" || len(all[0].Lines) != 3 || all[0].Lines[0].Text != "are you open?" || len(all[1].Lines) != 2 {
			t.Errorf("%+v", all)
		}
		if of8, err := w.svc.Transcripts(t.Context(), 8); err != nil || len(of8) != 0 {
			t.Errorf("another business reads them: %v %v", of8, err)
		}
		clock.Advance(25 * time.Hour)
		if _, err := w.svc.Chat(t.Context(), studioSlug, old); code(err) != fibonacco.Forbidden {
			t.Errorf("after 30 days its visitor reads it: %v", err)
		}
		must(t, w.svc.Forget(t.Context()))
		if s, m := w.count(`SELECT COUNT(*) FROM chat_sessions`), w.count(`SELECT COUNT(*) FROM chat_messages`); s != 1 || m != 3 {
			t.Errorf("%d sessions and %d messages are kept", s, m)
		}
	})
}

func TestSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		many := make([]fibonacco.Answered, 31)
		for i := range many {
			many[i] = fibonacco.Answered{Question: "Q", Answer: "A"}
		}
		for want, set := range map[string]fibonacco.AssistantSettings{
			"greeting":              {Greeting: strings.Repeat("x", 301)},
			"questions[1].answer":   {Questions: []fibonacco.Answered{{}, {Question: "Q"}}},
			"questions[0].question": {Questions: []fibonacco.Answered{{Answer: "A"}}},
			"questions[0].question questions[0].answer": {Questions: []fibonacco.Answered{{Question: strings.Repeat("x", 201), Answer: strings.Repeat("x", 601)}}},
			"questions": {Questions: many},
		} {
			err := w.svc.SetAssistant(t.Context(), 7, set)
			var e *fibonacco.Error
			var fields []string
			if errors.As(err, &e) {
				for _, f := range e.Fields {
					fields = append(fields, f.Field)
				}
			}
			if strings.Join(fields, " ") != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		hostile := "<script>\u202e{{ x }}\x00\xff 🍕\r\nline"
		must(t, w.svc.SetAssistant(t.Context(), 7, fibonacco.AssistantSettings{On: true, Greeting: hostile, Questions: []fibonacco.Answered{{}, {Question: "pizza " + hostile, Answer: hostile}}}))
		session, answer := w.say("", "pizza script x line?")
		if want := "<script>{{ x }}\ufffd 🍕\nline"; answer.Text != want {
			t.Errorf("answered %q, want %q", answer.Text, want)
		}
		page, err := w.svc.Chat(t.Context(), studioSlug, session)
		must(t, err)
		if page.Greeting != "<script>{{ x }}\ufffd 🍕\nline" {
			t.Errorf("greeting %q", page.Greeting)
		}
		for _, smb := range []int64{9, 0} {
			if _, err := w.svc.Assistant(t.Context(), smb); code(err) != fibonacco.NotFound {
				t.Errorf("of nobody: %v", err)
			}
			if err := w.svc.SetAssistant(t.Context(), smb, fibonacco.AssistantSettings{}); code(err) != fibonacco.NotFound {
				t.Errorf("of nobody: %v", err)
			}
		}
	})
}

// away is an assistant whose model cannot be reached.
type away struct{}

func (away) Answer(context.Context, chat.Question, func(string) error) (chat.Answer, error) {
	return chat.Answer{}, errors.New("connection refused to 10.0.0.1")
}

func TestAnAssistantThatDoesNotAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock, func(o *chat.Options) { o.Assistant = away{} })
		w.on(7)
		heard := ""
		_, answer, err := w.svc.Say(t.Context(), studioSlug, "", "hello", func(part string) error { heard += part; return nil })
		must(t, err)
		if !answer.Offer || !strings.HasPrefix(answer.Text, "I cannot answer that just now.") || heard != answer.Text {
			t.Errorf("%+v, heard %q", answer, heard)
		}
		if n := w.count(`SELECT COUNT(*) FROM chat_messages WHERE role = 'user' AND content = 'hello'`); n != 1 {
			t.Error("the question is lost")
		}
	})
}
