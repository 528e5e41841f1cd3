package dropcowboy_test

import (
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
	"github.com/fibonacco/fibonacco/voicemail/voicemailtest"
)

// vectors are Drop Cowboy's own: Drop-Cowboy/dropcowboy, examples/api/fixtures/signature-vectors.json.
type vectors struct {
	Secret      string `json:"secret"`
	OtherSecret string `json:"other_secret"`
	Timestamp   string `json:"timestamp"`
	NowValid    int64  `json:"now_seconds_valid"`
	NowStale    int64  `json:"now_seconds_stale"`
	RawBody     string `json:"raw_body"`
	Signature   string `json:"signature"`
	Tampered    string `json:"tampered_raw_body"`
	FromOther   string `json:"signature_from_other_secret"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/signature-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	cases := map[string]struct {
		secrets, body, signature, stamp, version string
		now                                      int64
		ok                                       bool
	}{
		"as published":               {v.Secret, v.RawBody, v.Signature, v.Timestamp, "", v.NowValid, true},
		"with its version":           {v.Secret, v.RawBody, v.Signature, v.Timestamp, "v1", v.NowValid, true},
		"at the end of its time":     {v.Secret, v.RawBody, v.Signature, v.Timestamp, "", v.NowStale - 1, true},
		"stale":                      {v.Secret, v.RawBody, v.Signature, v.Timestamp, "", v.NowStale, false},
		"from the future":            {v.Secret, v.RawBody, v.Signature, v.Timestamp, "", v.NowValid - 1000, false},
		"tampered with":              {v.Secret, v.Tampered, v.Signature, v.Timestamp, "", v.NowValid, false},
		"another's":                  {v.Secret, v.RawBody, v.FromOther, v.Timestamp, "", v.NowValid, false},
		"the second of two secrets":  {v.OtherSecret + ", " + v.Secret, v.RawBody, v.Signature, v.Timestamp, "", v.NowValid, true},
		"without its prefix":         {v.Secret, v.RawBody, strings.TrimPrefix(v.Signature, "sha256="), v.Timestamp, "", v.NowValid, false},
		"not hexadecimal":            {v.Secret, v.RawBody, "sha256=xyz", v.Timestamp, "", v.NowValid, false},
		"cut short":                  {v.Secret, v.RawBody, v.Signature[:40], v.Timestamp, "", v.NowValid, false},
		"no timestamp":               {v.Secret, v.RawBody, v.Signature, "", "", v.NowValid, false},
		"a timestamp that is none":   {v.Secret, v.RawBody, v.Signature, "yesterday", "", v.NowValid, false},
		"another timestamp":          {v.Secret, v.RawBody, v.Signature, strconv.FormatInt(v.NowValid, 10), "", v.NowValid, false},
		"an unknown version":         {v.Secret, v.RawBody, v.Signature, v.Timestamp, "v2", v.NowValid, false},
		"no secret is configured":    {"", v.RawBody, v.Signature, v.Timestamp, "", v.NowValid, false},
		"an empty secret is not one": {" , ", v.RawBody, dropcowboy.Sign("", v.Timestamp, []byte(v.RawBody)), v.Timestamp, "", v.NowValid, false},
	}
	for name, tc := range cases {
		book := &voicemailtest.Book{}
		w := dropcowboy.NewWebhook(tc.secrets, signer(t), book, quiet)
		dropcowboy.SetNow(w, time.Unix(tc.now, 0))
		header := map[string][]string{"X-Signature": {tc.signature}}
		if tc.stamp != "" {
			header["X-Timestamp"] = []string{tc.stamp}
		}
		if tc.version != "" {
			header["X-Signature-Version"] = []string{tc.version}
		}
		err := w.Receive(t.Context(), fibonacco.WebhookRequest{URL: "https://media.example/webhooks/rvm", Header: header, Body: []byte(tc.body)})
		if (err == nil) != tc.ok || !tc.ok && fibonacco.CodeOf(err) != fibonacco.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
		if (len(book.All()) == 1) != tc.ok {
			t.Errorf("%s: %d reports", name, len(book.All()))
		}
	}
	if got := dropcowboy.Sign(v.Secret, v.Timestamp, []byte(v.RawBody)); got != v.Signature {
		t.Errorf("we sign %s, they %s", got, v.Signature)
	}
}

// post signs a body with the secret that the receiver knows.
func post(t testing.TB, reports fibonacco.DropReports, body string) error {
	t.Helper()
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	return dropcowboy.NewWebhook(webhookSecret, signer(t), reports, quiet).Receive(t.Context(), fibonacco.WebhookRequest{
		URL:    "https://media.example/webhooks/rvm",
		Header: map[string][]string{"X-Signature": {dropcowboy.Sign(webhookSecret, stamp, []byte(body))}, "X-Timestamp": {stamp}},
		Body:   []byte(body),
	})
}

func TestSignedBodies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body    string
		code    fibonacco.Code
		outcome fibonacco.DropOutcome // "" reports nothing
		status  string
	}{
		"delivered":            {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"success","reason_code":0,"to":"+15550010001","drop_id":"d"}}`, "", "delivered", "delivered"},
		"no funds":             {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"failure","reason_code":3000,"to":"+15550010001"}}`, "", "blocked", "no_funds"},
		"do not call":          {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"failure","reason_code":4016,"to":"+15550010001"}}`, "", "opted_out", "do_not_call"},
		"an unknown code":      {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"failure","reason_code":4999,"to":"+15550010001"}}`, "", "failed", "code_4999"},
		"code and status part": {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"failure","reason_code":0,"to":"+15550010001"}}`, "", "failed", "code_0"},
		"a used key":           {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"failure","reason_code":3027,"to":"+15550010001"}}`, "", "", ""},
		"no status":            {`{"event_id":"e","event":"contact.rvm.status","data":{"to":"+15550010001"}}`, "", "", ""},
		"the receipt":          {`{"event_id":"e","event":"contact.rvm.receipt","data":{"status":"success","reason_code":0,"to":"+15550010001"}}`, "", "", ""},
		"another event":        {`{"event_id":"e","event":"contact.sms.status","data":{"status":"success","reason_code":0}}`, "", "", ""},
		"no id":                {`{"event":"contact.rvm.status","data":{"status":"success","reason_code":0}}`, fibonacco.Malformed, "", ""},
		"a long id":            {`{"event_id":"` + strings.Repeat("e", 200) + `","event":"contact.rvm.status","data":{"status":"success"}}`, fibonacco.Malformed, "", ""},
		"not JSON":             {`event=contact.rvm.status`, fibonacco.Malformed, "", ""},
		"a list":               {`[]`, fibonacco.Malformed, "", ""},
		"another's foreign id": {`{"event_id":"e","event":"contact.rvm.status","data":{"status":"success","reason_code":0,"to":"+15550010001","foreign_id":"order 66"}}`, "", "delivered", "delivered"},
		"nested deep":          {`{"event_id":"e","event":"contact.rvm.status","data":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`, fibonacco.Malformed, "", ""},
	} {
		book := &voicemailtest.Book{}
		if err := post(t, book, tc.body); fibonacco.CodeOf(err) != tc.code {
			t.Errorf("%s: %v", name, err)
		}
		all := book.All()
		switch {
		case tc.outcome == "" && len(all) == 0:
		case len(all) != 1 || all[0].Outcome != tc.outcome || all[0].Status != tc.status || all[0].EventID != "e" || all[0].UUID != "":
			t.Errorf("%s: %+v", name, all)
		}
	}
	if err := post(t, errBook{errors.New("the database is away")}, `{"event_id":"e","event":"contact.rvm.status","data":{"status":"success"}}`); fibonacco.CodeOf(err) != fibonacco.Internal {
		t.Errorf("not stored: %v", err)
	}
}

// An unsigned result counts for the one voicemail whose address carried our proof.
func TestCallback(t *testing.T) {
	t.Parallel()
	const uuid = "7c1e5a93-2d4b-4f68-a0b9-3e6d8c1f5a27"
	good := signer(t).SignSend(fibonacco.VoicemailToken, fibonacco.SendClaim{SendID: 42})
	other, err := fibonacco.NewSigner(strings.Repeat("x", 32))
	if err != nil {
		t.Fatal(err)
	}
	body := `{"drop_id":"b3e7a1c9","phone_number":"+13125550142","status":"success","reason":"","reason_code":0,"dnc":false,"foreign_id":"` + uuid + `"}`
	v1 := `{"drop_id":"5c8eb794","phone_number":"+13125550142","status":"failure","reason":"VoiceMail full","dnc":true,"foreign_id":"` + uuid + `"}`
	for name, tc := range map[string]struct {
		url, body string
		code      fibonacco.Code
		outcome   fibonacco.DropOutcome
	}{
		"with our proof":          {"https://media.example/webhooks/rvm?proof=" + good, body, "", "delivered"},
		"of version 1":            {"https://media.example/webhooks/rvm?proof=" + good, v1, "", "opted_out"},
		"no proof":                {"https://media.example/webhooks/rvm", body, fibonacco.Forbidden, ""},
		"an empty proof":          {"https://media.example/webhooks/rvm?proof=", body, fibonacco.Forbidden, ""},
		"altered":                 {"https://media.example/webhooks/rvm?proof=" + good[:len(good)-2] + "AA", body, fibonacco.Forbidden, ""},
		"another key's":           {"https://media.example/webhooks/rvm?proof=" + other.SignSend(fibonacco.VoicemailToken, fibonacco.SendClaim{SendID: 42}), body, fibonacco.Forbidden, ""},
		"of another kind":         {"https://media.example/webhooks/rvm?proof=" + signer(t).SignSend(fibonacco.UnsubscribeToken, fibonacco.SendClaim{SendID: 42}), body, fibonacco.Forbidden, ""},
		"names no voicemail":      {"https://media.example/webhooks/rvm?proof=" + good, `{"status":"success","reason_code":0}`, fibonacco.Forbidden, ""},
		"names something else":    {"https://media.example/webhooks/rvm?proof=" + good, `{"status":"success","reason_code":0,"foreign_id":"order 66"}`, fibonacco.Forbidden, ""},
		"not JSON":                {"https://media.example/webhooks/rvm?proof=" + good, `status=success`, fibonacco.Malformed, ""},
		"an address that is none": {"https://media.example/webhooks/rvm?proof=%zz", body, fibonacco.Forbidden, ""},
	} {
		book := &voicemailtest.Book{}
		w := dropcowboy.NewWebhook("", signer(t), book, quiet)
		err := w.Receive(t.Context(), fibonacco.WebhookRequest{URL: tc.url, Body: []byte(tc.body)})
		if fibonacco.CodeOf(err) != tc.code {
			t.Errorf("%s: %v", name, err)
		}
		all := book.All()
		switch {
		case tc.outcome == "" && len(all) == 0:
		case len(all) != 1 || all[0].Outcome != tc.outcome || all[0].DropID != 42 || all[0].UUID != uuid || all[0].EventID != "":
			t.Errorf("%s: %+v", name, all)
		}
	}
}

// Whatever is posted, signed or not: it is taken or refused, never a panic, and nothing that was not
// proven is reported.
func FuzzWebhook(f *testing.F) {
	v := readVectors(f)
	f.Add([]byte(v.RawBody), true)
	f.Add([]byte(v.Tampered), false)
	f.Add([]byte(`{"event_id":"e","event":"contact.rvm.status","data":{"status":"failure","reason_code":-1,"dnc":true,"foreign_id":"x"}}`), true)
	f.Add([]byte(`null`), true)
	f.Fuzz(func(t *testing.T, body []byte, proven bool) {
		book := &voicemailtest.Book{}
		if proven {
			_ = post(t, book, string(body))
			for _, r := range book.All() {
				if r.EventID == "" || len(r.EventID) > 64 || r.Outcome == "" || len(r.Status) > 50 || len(r.Reason) > 300 || len(r.Theirs) > 100 {
					t.Errorf("%q is reported as %+v", body, r)
				}
			}
			return
		}
		w := dropcowboy.NewWebhook(webhookSecret, signer(t), book, quiet)
		for _, header := range []map[string][]string{nil, {"X-Signature": {string(body)}, "X-Timestamp": {strconv.FormatInt(time.Now().Unix(), 10)}}} {
			if err := w.Receive(t.Context(), fibonacco.WebhookRequest{URL: "https://media.example/webhooks/rvm?proof=" + strings.ToValidUTF8(string(body), ""), Header: header, Body: body}); err == nil || len(book.All()) > 0 {
				t.Errorf("%q was believed", body)
			}
		}
	})
}
