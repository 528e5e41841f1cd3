package dropcowboy_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
	"github.com/fibonacco/fibonacco/voicemail/simulator"
	"github.com/fibonacco/fibonacco/voicemail/voicemailtest"
)

const webhookSecret = "e4b1c7a9-3f2d-4e8b-9a6c-5d1f8b2e7c30"

func signer(t testing.TB) *fibonacco.Signer {
	t.Helper()
	s, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// quiet keeps expected warnings out of the tests' output.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// receiver serves /webhooks/rvm as the product does.
func receiver(t *testing.T, reports fibonacco.DropReports) *httptest.Server {
	t.Helper()
	hook := dropcowboy.NewWebhook(webhookSecret, signer(t), reports, quiet)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = hook.Receive(r.Context(), fibonacco.WebhookRequest{URL: "http://" + r.Host + r.URL.RequestURI(), Header: r.Header, Body: body})
		}
		if err != nil {
			t.Errorf("webhook: %v", err)
			http.Error(w, "refused", http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// The client and the webhook against the simulator, over HTTP both ways.
func TestConform(t *testing.T) {
	t.Parallel()
	for _, v1 := range []bool{false, true} {
		name := map[bool]string{false: "v2", true: "v1"}[v1]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			voicemailtest.Conform(t, func(t *testing.T) voicemailtest.Bundle {
				book := &voicemailtest.Book{}
				hooks := receiver(t, book)
				sim := simulator.New(simulator.Options{
					Clock: fibonacco.NewFakeClock(time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC)), Secret: "secret", WebhookURL: hooks.URL + "/webhooks/rvm",
					WebhookSecret: webhookSecret, Logger: quiet,
				})
				server := httptest.NewServer(sim)
				t.Cleanup(server.Close)
				t.Cleanup(func() { _ = sim.Close() })
				client, err := dropcowboy.New(dropcowboy.Options{
					Key: "key", Secret: "secret", V1: v1, Endpoint: server.URL, BrandID: "brand", VoiceID: "voice", PhoneLineID: "line", Logger: quiet,
				})
				if err != nil {
					t.Fatal(err)
				}
				return voicemailtest.Bundle{
					Voicemailer: client, Reports: book, Flush: sim.Flush,
					CallbackURL: func(id int64) string {
						return hooks.URL + "/webhooks/rvm?proof=" + signer(t).SignSend(fibonacco.VoicemailToken, fibonacco.SendClaim{SendID: id})
					},
				}
			})
		})
	}
}

// A wrong secret is accepted like everything else, and comes back as a result that stops the lane.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	book := &voicemailtest.Book{}
	hooks := receiver(t, book)
	sim := simulator.New(simulator.Options{Clock: fibonacco.NewFakeClock(time.Now()), Secret: "right", WebhookURL: hooks.URL, WebhookSecret: webhookSecret, Logger: quiet})
	server := httptest.NewServer(sim)
	defer server.Close()
	defer func() { _ = sim.Close() }()
	client, err := dropcowboy.New(dropcowboy.Options{Key: "key", Secret: "wrong", Endpoint: server.URL, VoiceID: "voice", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Check(t.Context()); fibonacco.CodeOf(err) != fibonacco.Unauthorized {
		t.Errorf("check: %v", err)
	}
	v := voicemailtest.New(7, "+15550010001")
	v.CallbackURL = hooks.URL + "?proof=" + signer(t).SignSend(fibonacco.VoicemailToken, fibonacco.SendClaim{SendID: 7})
	if h := client.Drop(t.Context(), v); h.Result != fibonacco.Accepted {
		t.Fatalf("hand-over: %+v", h)
	}
	sim.Flush()
	all := book.All()
	if len(all) != 1 || all[0].Outcome != fibonacco.DropBlocked || all[0].Status != "credentials" || all[0].DropID != 7 {
		t.Errorf("reports: %+v", all)
	}
}

var _ fibonacco.DropReports = (*voicemailtest.Book)(nil)

// errBook refuses what it is told.
type errBook struct{ err error }

func (b errBook) TakeDropReport(context.Context, fibonacco.DropReport) (bool, error) {
	return false, b.err
}
