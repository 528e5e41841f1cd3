package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
)

// from is the number that the voicemails seem to come from. It is nobody's.
const from = "+15550010000"

// documented is what becomes of the numbers that Drop Cowboy keeps for tests.
var documented = map[string]int{
	"+15550010001": 0, "+15550010002": 4000, "+15550010004": 4005, "+15550010005": 4006, "+15550010006": 4004,
	"+15550010090": 4016, "+15550010091": 4017, "+15550010092": 4019, "+15550010093": 4021, "+15550010094": 6000,
	"+15550010095": 6002, "+15550010097": 4013, "+15550010098": 6005, "+15550010099": 6011,
}

// reasons are Drop Cowboy's words for the codes that a simulator gives.
var reasons = map[int]string{
	3001: "Invalid audio", 3007: "Unauthorized", 3021: "TTS body too long", 3027: "Idempotency key reused", 3028: "Invalid idempotency key",
	4000: "VoiceMail Not Detected", 4001: "VoiceMail Not Setup", 4002: "VoiceMail Full", 4004: "Number not reachable", 4005: "No Answer",
	4006: "User Busy", 4013: "Too Many Attempts", 4016: "Internal DNC", 4017: "Known Litigator", 4019: "RND Reassigned", 4021: "RND Error",
	6000: "Carrier Denied Use Case", 6002: "Pool Suspended", 6005: "Opt-in Revoked", 6011: "Opt-in Missing",
}

// ResultCode is what becomes of a voicemail to a number, always the same.
func ResultCode(phone string) int {
	if code, ok := documented[phone]; ok {
		return code
	}
	switch n := share(phone, "result"); {
	case n < 86:
		return 0
	case n < 91:
		return 4002
	case n < 94:
		return 4001
	case n < 96:
		return 4000
	case n < 97:
		return 4004
	case n < 98:
		return 4005
	case n < 99:
		return 4013
	}
	return 4016
}

// share puts a number into one of a hundred places, another for each purpose.
func share(phone, purpose string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(purpose + phone)) // cannot fail
	return h.Sum32() % 100
}

// schedule lets the result of a drop come when its time has come. code is what was wrong with the
// request, 0 when the number decides.
func (s *Simulator) schedule(d *drop, code int) {
	if code == 0 {
		code = ResultCode(d.To)
	}
	s.later(s.o.Delay, func(ctx context.Context) {
		s.report(ctx, d, code)
		if code == 0 && s.o.Call != nil {
			s.callBack(d)
		}
	})
}

// report posts a result: to the callback address once and unsigned, and as a signed webhook. A wrong
// secret is told to the callback address only.
func (s *Simulator) report(ctx context.Context, d *drop, code int) {
	status := "failure"
	if code == 0 {
		status = "success"
	}
	result := map[string]any{
		"drop_id": d.id, "phone_number": d.To, "status": status, "reason": reasons[code], "dnc": code == 4016, "product_cost": 0,
		"compliance_fee": 0, "tts_fee": 0, "attempt_date": s.o.Clock.Now().Format(time.RFC3339Nano), "foreign_id": d.ForeignID, "simulated": true,
	}
	if d.v1 {
		result["network"] = map[string]any{"name": "Simulated", "type": "wireless"}
	} else {
		result["reason_code"], result["product_code"], result["caller_id"] = code, "rvm", from
	}
	if d.CallbackURL != "" {
		s.post(ctx, d.CallbackURL, nil, result)
	}
	if d.v1 || code == 3007 || s.o.WebhookURL == "" {
		return
	}
	event := map[string]any{
		"event_id": uuid.NewString(), "event": "contact.rvm.status", "event_at": s.o.Clock.Now().UnixMilli(),
		"data": map[string]any{
			"team_id": "simulator", "contact_id": uuid.NewSHA1(uuid.NameSpaceURL, []byte(d.To)).String(), "drop_id": d.id, "campaign_id": nil,
			"campaign_type": "rvm", "status": status, "reason": reasons[code], "reason_code": code, "to": d.To, "from": from, "simulated": true,
		},
	}
	s.webhook(ctx, event)
}

// webhook posts a signed event, at most three times: a minute and five minutes apart.
func (s *Simulator) webhook(ctx context.Context, event map[string]any) {
	for attempt, pause := range []time.Duration{0, time.Minute, 5 * time.Minute} {
		if s.o.Clock.Sleep(ctx, pause) != nil {
			return
		}
		header := http.Header{"X-Attempt": {strconv.Itoa(attempt + 1)}, "X-Signature-Version": {"v1"}}
		id, _ := event["event_id"].(string)
		header.Set("X-Event-Id", id)
		if s.post(ctx, s.o.WebhookURL, header, event) {
			return
		}
	}
}

// post delivers a body, signed when it has a header, and reports whether that need not be repeated.
func (s *Simulator) post(ctx context.Context, url string, header http.Header, body any) (done bool) {
	text, err := json.Marshal(body)
	if err != nil {
		s.o.Logger.ErrorContext(ctx, "the simulator cannot write a result", "error", err)
		return true
	}
	if header == nil {
		header = http.Header{}
	} else {
		stamp := strconv.FormatInt(fibonacco.RealTime().Unix(), 10)
		header.Set("X-Timestamp", stamp)
		header.Set("X-Signature", dropcowboy.Sign(s.o.WebhookSecret, stamp, text))
	}
	header.Set("Content-Type", "application/json")
	if s.o.Deliver != nil && strings.HasPrefix(url, s.o.BaseURL) {
		err := s.o.Deliver(ctx, fibonacco.WebhookRequest{URL: url, Header: header, Body: text})
		if err != nil && ctx.Err() == nil {
			s.o.Logger.WarnContext(ctx, "a result of the voicemail simulator was not taken", "error", err)
		}
		return fibonacco.CodeOf(err) != fibonacco.Internal && fibonacco.CodeOf(err) != fibonacco.Unavailable
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return true
	}
	r.Header = header
	res, err := s.o.Client.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode < http.StatusInternalServerError && res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusRequestTimeout
}

// Of a hundred who got a voicemail, some call back, and some of those want no more of them.
const (
	callers   = 8
	objectors = 2
)

// callBack lets who got a voicemail call, half an hour later.
func (s *Simulator) callBack(d *drop) {
	n := share(d.To, "call")
	if n >= callers {
		return
	}
	s.later(30*time.Minute, func(ctx context.Context) {
		c := fibonacco.PhoneCall{ID: "simulated-" + d.id, From: d.To, To: s.o.CallTo}
		steps := []fibonacco.PhoneCall{c, {ID: c.ID, From: c.From, To: c.To, Step: "choice", Digits: "1"}, {ID: c.ID, From: c.From, To: c.To, Step: "recorded", Seconds: 12}}
		if n < objectors {
			steps = []fibonacco.PhoneCall{c, {ID: c.ID, From: c.From, To: c.To, Step: "choice", Digits: "9"}}
		}
		for _, step := range steps {
			if err := s.o.Call(ctx, step); err != nil {
				s.o.Logger.WarnContext(ctx, "a simulated call was not answered", "error", err)
				return
			}
		}
	})
}
