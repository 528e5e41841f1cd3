package dropcowboy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fibonacco/fibonacco"
)

// requestV2 is the body of POST /rvm.
type requestV2 struct {
	To          string `json:"to"`
	PhoneLineID string `json:"phone_line_id,omitempty"`
	VoiceID     string `json:"voice_id"`
	TTSBody     string `json:"tts_body"`
	ForeignID   string `json:"foreign_id"`
	CallbackURL string `json:"callback_url,omitempty"`
	PostalCode  string `json:"postal_code,omitempty"`
	BrandID     string `json:"brand_id,omitempty"`
}

// requestV1 is the body of POST /v1/rvm: the credentials travel in it.
type requestV1 struct {
	TeamID      string `json:"team_id"`
	Secret      string `json:"secret"`
	BrandID     string `json:"brand_id"`
	PhoneNumber string `json:"phone_number"`
	VoiceID     string `json:"voice_id"`
	TTSBody     string `json:"tts_body"`
	PoolID      string `json:"pool_id,omitempty"`
	ForeignID   string `json:"foreign_id"`
	CallbackURL string `json:"callback_url,omitempty"`
	PostalCode  string `json:"postal_code,omitempty"`
}

// answer is what a hand-over is answered with; of a refusal, a problem (RFC 9457) or a few words.
type answer struct {
	Status    any    `json:"status"` // "queued", or of a problem its number
	MessageID string `json:"message_id"`
	Title     string `json:"title"`
	Detail    string `json:"detail"`
	Message   string `json:"message"`
	Error     string `json:"error"`
}

const (
	mostAnswer   = 64 << 10
	mostTTS      = 1200 // characters that a voice speaks
	accountPause = time.Minute
)

// Drop implements fibonacco.Voicemailer.
func (c *Client) Drop(ctx context.Context, v fibonacco.Voicemail) fibonacco.Handover {
	if n := len([]rune(v.Script)); n > mostTTS {
		return fibonacco.Handover{Result: fibonacco.Refused, Reason: "the script has more than 1,200 characters"}
	}
	if err := c.gate.ready(); err != nil {
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: err.Error()}
	}
	r, err := c.request(ctx, v)
	if err != nil {
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: "the request cannot be made"}
	}
	var left atomic.Bool
	limited, cancel := context.WithTimeout(watch(ctx, func() { left.Store(true) }), c.o.Timeout)
	defer cancel()
	res, err := c.o.Client.Do(r.WithContext(limited))
	if err != nil {
		return c.broken(err, left.Load())
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil && res.StatusCode < http.StatusMultipleChoices {
		return c.broken(err, true)
	}
	return c.judge(res, text)
}

// request is the hand-over of one voicemail. The body is the same for the same voicemail, byte by
// byte: a key that comes with another body would fail.
func (c *Client) request(ctx context.Context, v fibonacco.Voicemail) (*http.Request, error) {
	var body any = requestV2{
		To: v.To, PhoneLineID: c.o.PhoneLineID, VoiceID: c.o.VoiceID, TTSBody: v.Script, ForeignID: v.UUID,
		CallbackURL: v.CallbackURL, PostalCode: v.PostalCode, BrandID: c.o.BrandID,
	}
	path := "/rvm"
	if c.o.V1 {
		path = "/v1/rvm"
		body = requestV1{
			TeamID: c.o.Key, Secret: c.o.Secret, BrandID: c.o.BrandID, PhoneNumber: v.To, VoiceID: c.o.VoiceID, TTSBody: v.Script,
			PoolID: c.o.PhoneLineID, ForeignID: v.UUID, CallbackURL: v.CallbackURL, PostalCode: v.PostalCode,
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.Endpoint+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c.sign(r)
	r.Header.Set("Content-Type", "application/json")
	if !c.o.V1 {
		r.Header.Set("Idempotency-Key", v.Key)
	}
	r.GetBody = nil // nothing may send it again behind our back
	return r, nil
}

// broken is a request without an answer.
func (c *Client) broken(err error, left bool) fibonacco.Handover {
	words := lastCause(err).Error()
	if errors.Is(err, context.DeadlineExceeded) {
		words = "no answer in time"
	}
	cancelled := errors.Is(err, context.Canceled)
	if cancelled {
		words = "given up at the end"
	} else {
		c.gate.fail(words, 0)
	}
	if left {
		return fibonacco.Handover{Result: fibonacco.Unanswered, Reason: words}
	}
	return fibonacco.Handover{Result: fibonacco.NotTried, Reason: words}
}

// judge reads an answer.
func (c *Client) judge(res *http.Response, text []byte) fibonacco.Handover {
	var a answer
	_ = json.Unmarshal(text, &a) // an answer that is none says nothing: its status counts
	h := fibonacco.Handover{Code: res.StatusCode, MessageID: a.MessageID, Reason: reason(a, res.StatusCode)}
	switch {
	case res.StatusCode < http.StatusMultipleChoices && a.Status == "queued":
		c.gate.works()
		h.Result, h.Reason = fibonacco.Accepted, ""
	case res.StatusCode < http.StatusMultipleChoices:
		// It is said to be taken, in words that are not the provider's: somebody stands between.
		h.Result, h.Reason = fibonacco.Unanswered, "the answer could not be read"
		c.gate.fail(h.Reason, 0)
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden || res.StatusCode == http.StatusPaymentRequired:
		h.Result = fibonacco.NotTried // somebody has to do something; no voicemail is lost meanwhile
		c.gate.fail("Drop Cowboy does not take voicemails from this account: "+h.Reason, accountPause)
	case res.StatusCode == http.StatusTooManyRequests:
		h.Result = fibonacco.NotTried
		c.gate.fail(h.Reason, retryAfter(res))
	case res.StatusCode >= 500 || res.StatusCode == http.StatusRequestTimeout:
		h.Result = fibonacco.Unanswered // it may have been taken before something broke
		c.gate.fail(h.Reason, retryAfter(res))
	case res.StatusCode < http.StatusBadRequest, res.StatusCode == http.StatusNotFound:
		h.Result = fibonacco.NotTried // a redirect, or no such address: not Drop Cowboy
		c.gate.fail("the address is not Drop Cowboy's: "+h.Reason, accountPause)
	case res.StatusCode == http.StatusConflict || res.StatusCode == http.StatusLocked || res.StatusCode == http.StatusTooEarly:
		h.Result = fibonacco.Deferred
	default:
		c.gate.works()
		h.Result = fibonacco.Refused
	}
	return h
}

// retryAfter is how long the provider asks to wait, at most an hour; 0 when it does not say.
func retryAfter(res *http.Response) time.Duration {
	seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}

// reason is a refusal in few words, without numbers of telephones: it is stored and shown.
func reason(a answer, status int) string {
	for _, words := range []string{a.Detail, a.Title, a.Message, a.Error} {
		if words = withoutNumbers(words); words != "" {
			return words
		}
	}
	return "HTTP " + strconv.Itoa(status) + " " + http.StatusText(status)
}

// withoutNumbers takes out what could be a telephone number.
func withoutNumbers(text string) string {
	fields := strings.Fields(strings.ToValidUTF8(text, ""))
	for i, f := range fields {
		digits := 0
		for _, r := range f {
			if r >= '0' && r <= '9' {
				digits++
			}
		}
		if digits >= 7 {
			fields[i] = "(number)"
		}
	}
	text = strings.Join(fields, " ")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}
