package outgoing_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/approval/outgoing"
)

// What a receiver is told to do with a signature works, and nothing but a 2xx counts as taken.
func TestPost(t *testing.T) {
	const secret = "a secret of the operator"
	answer := http.StatusNoContent
	var seen *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(answer)
	}))
	defer server.Close()
	hook := outgoing.New(server.URL+"/approvals?key=hidden", secret)
	if err := hook.Post(t.Context(), "delivery-1", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	at, sum, ok := strings.Cut(strings.TrimPrefix(seen.Header.Get(outgoing.SignatureHeader), "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "." + string(body)))
	if !ok || sum != hex.EncodeToString(mac.Sum(nil)) || seen.Header.Get(outgoing.IDHeader) != "delivery-1" {
		t.Errorf("headers %v", seen.Header)
	}
	for _, answer = range []int{http.StatusFound, http.StatusBadRequest, http.StatusInternalServerError} {
		if err := hook.Post(t.Context(), "x", nil); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("answer %d: %v", answer, err)
		}
		if seen.URL.Path != "/approvals" {
			t.Errorf("answer %d was followed to %s", answer, seen.URL.Path)
		}
	}
	server.Close()
	if err := hook.Post(t.Context(), "x", nil); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("nobody there: %v", err)
	}
}
