// Package outgoing posts signed requests to the operator's own program. It keeps nothing, and tries
// once: who calls it tries again.
package outgoing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// The headers of a request.
const (
	SignatureHeader = "Fibonacco-Signature" // t=UNIX SECONDS,v1=HEX
	IDHeader        = "Fibonacco-Delivery"  // the same when it is told again
)

// patience is how long an answer may take.
const patience = 10 * time.Second

// Hook is where requests are posted. Safe for concurrent use.
type Hook struct {
	url    string
	secret []byte
	client *http.Client
}

// New makes a Hook.
func New(target, secret string) *Hook {
	return &Hook{url: target, secret: []byte(secret), client: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post hands one body over. Any answer but a 2xx is an error, which names neither the address nor what
// was answered: both may hold what is nobody's business.
func (h *Hook) Post(ctx context.Context, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "fibonacco")
	req.Header.Set(IDHeader, id)
	// The receiver's own clock judges how old a request is: the product's may run faster.
	req.Header.Set(SignatureHeader, Sign(h.secret, fibonacco.RealTime().Unix(), body))
	resp, err := h.client.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the address
		}
		return fmt.Errorf("no answer: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	return nil
}

// Sign is the header of a body that is posted at a moment, in seconds since 1970.
func Sign(secret []byte, at int64, body []byte) string {
	seconds := strconv.FormatInt(at, 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
