package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
)

// drop is one voicemail that somebody handed over, of either version.
type drop struct {
	To          string `json:"to"`
	PhoneNumber string `json:"phone_number"` // of version 1
	VoiceID     string `json:"voice_id"`
	TTSBody     string `json:"tts_body"`
	MediaID     string `json:"media_id"`
	RecordingID string `json:"recording_id"` // of version 1
	BrandID     string `json:"brand_id"`
	ForeignID   string `json:"foreign_id"`
	CallbackURL string `json:"callback_url"`
	TeamID      string `json:"team_id"` // of version 1
	Secret      string `json:"secret"`  // of version 1

	v1 bool
	id string // of the drop, as results name it
}

const (
	mostBody = 1 << 20
	mostTTS  = 1200
	keyLife  = 24 * time.Hour
)

// dropV2 takes a voicemail. Like Drop Cowboy it says 202 to nearly everything: what is wrong comes as
// a result.
func (s *Simulator) dropV2(w http.ResponseWriter, r *http.Request) {
	key, secret := r.Header.Get("X-Key"), r.Header.Get("X-Secret")
	if key == "" || secret == "" {
		respond(w, http.StatusUnauthorized, map[string]any{"status": http.StatusUnauthorized, "title": "Unauthorized", "detail": "x-key and x-secret are required"})
		return
	}
	text, d, ok := read(w, r)
	if !ok {
		return
	}
	respond(w, http.StatusAccepted, map[string]any{"status": "queued", "message_id": uuid.NewString()})
	code := s.check(d, secret)
	switch idempotencyKey := r.Header.Get("Idempotency-Key"); {
	case idempotencyKey == "":
	case !printable(idempotencyKey):
		code = 3028
	default:
		switch s.seen(idempotencyKey, text) {
		case sameBody:
			return // sent before, or on its way: no second result
		case otherBody:
			code = 3027
		}
	}
	s.schedule(d, code)
}

// dropV1 takes a voicemail as version 1 has it: credentials in the body, no keys.
func (s *Simulator) dropV1(w http.ResponseWriter, r *http.Request) {
	_, d, ok := read(w, r)
	if !ok {
		return
	}
	d.v1, d.To = true, d.PhoneNumber
	if d.TeamID == "" || d.Secret == "" || d.BrandID == "" {
		respond(w, http.StatusBadRequest, map[string]any{"error": "team_id, secret and brand_id are required"})
		return
	}
	respond(w, http.StatusOK, map[string]any{"status": "queued"})
	s.schedule(d, s.check(d, d.Secret))
}

// lines is what a client asks for to try its credentials.
func (s *Simulator) lines(w http.ResponseWriter, r *http.Request) {
	secret := r.Header.Get("X-Secret")
	if r.Header.Get("X-Key") == "" || secret == "" || s.o.Secret != "" && secret != s.o.Secret {
		respond(w, http.StatusUnauthorized, map[string]any{"status": http.StatusUnauthorized, "title": "Unauthorized"})
		return
	}
	respond(w, http.StatusOK, map[string]any{"data": []any{map[string]any{"ivr_id": uuid.NewString(), "name": "Simulated line", "is_default": true}}})
}

// check is the code of what is wrong with a request, 0 when nothing is.
func (s *Simulator) check(d *drop, secret string) int {
	switch {
	case s.o.Secret != "" && secret != s.o.Secret:
		return 3007
	case d.MediaID == "" && d.RecordingID == "" && (d.VoiceID == "" || d.TTSBody == ""):
		return 3001
	case len([]rune(d.TTSBody)) > mostTTS:
		return 3021
	}
	return 0
}

func read(w http.ResponseWriter, r *http.Request) (text string, d *drop, ok bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	d = &drop{id: uuid.NewString()}
	if err == nil {
		err = json.Unmarshal(body, d)
	}
	if err != nil {
		respond(w, http.StatusBadRequest, map[string]any{"status": http.StatusBadRequest, "title": "Bad Request", "detail": "the body is not JSON"})
		return "", nil, false
	}
	return string(body), d, true
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked has gone
}

type seenBefore int

const (
	never seenBefore = iota
	sameBody
	otherBody
)

// seen remembers a key for 24 hours of the machine's time.
func (s *Simulator) seen(key, body string) seenBefore {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := fibonacco.RealTime()
	if was, ok := s.keys[key]; ok && now.Sub(was.at) < keyLife {
		if was.body == body {
			return sameBody
		}
		return otherBody
	}
	if len(s.keys) > 100_000 {
		for k, u := range s.keys {
			if now.Sub(u.at) >= keyLife {
				delete(s.keys, k)
			}
		}
	}
	s.keys[key] = used{body, now}
	return never
}

func printable(key string) bool {
	for _, r := range key {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return len(key) <= 255
}
