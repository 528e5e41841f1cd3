package fibonacco

import (
	"context"
	"time"
)

// Idempotency-Keys: how long an answer is kept, and how long a claim holds when nothing is heard
// of whoever made it. Both are real time.
const (
	IdempotencyKept  = 24 * time.Hour
	IdempotencyLease = time.Minute
)

// KeyedRequest is a request whose caller gave it an Idempotency-Key, so that it can be sent again
// without being carried out again.
type KeyedRequest struct {
	Owner   string // who asks, "token:3": the keys of two callers never meet
	Key     string // 1 to 255 visible ASCII characters
	Address string // method, path and query
}

// KeptAnswer is what such a request was answered with.
type KeptAnswer struct {
	Status  int
	Headers map[string]string
	Body    []byte
	Long    bool   // Body was too long to keep, and is empty
	Request string // fingerprint of the request's body
}

// Idempotency sees to it that a keyed request is carried out once among all nodes.
type Idempotency interface {
	// Claim takes the key for one try, which must be ended with Keep or Free; try names it. When
	// the request has been answered before, it returns that answer and takes nothing. Returns
	// Conflict while another try runs, and Invalid when the key stands for another address.
	Claim(ctx context.Context, r KeyedRequest) (try string, kept *KeptAnswer, err error)
	// Extend lets a try hold its claim for another IdempotencyLease from now. held is false when
	// it has lapsed and somebody else may have taken it.
	Extend(ctx context.Context, r KeyedRequest, try string) (held bool, err error)
	// Keep ends a try with an answer for whoever asks again within IdempotencyKept. It does
	// nothing when the claim has been lost.
	Keep(ctx context.Context, r KeyedRequest, try string, a KeptAnswer) error
	// Free ends a try as if it had not been made.
	Free(ctx context.Context, r KeyedRequest, try string) error
}
