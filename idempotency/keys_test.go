package idempotency_test

import (
	"bytes"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/idempotency"
)

var (
	first  = fibonacco.KeyedRequest{Owner: "token:3", Key: "5f0c", Address: "POST /api/v1/smbs"}
	answer = fibonacco.KeptAnswer{
		Status: 201, Headers: map[string]string{"Location": "/api/v1/smbs/7"}, Body: []byte(`{"id":7,"primary_email":"rosa@example.com"}`), Request: "abc",
	}
)

func service(t *testing.T, d *db.DB, clock fibonacco.Clock, secret string) *idempotency.Service {
	t.Helper()
	signer, err := fibonacco.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return idempotency.New(d, signer, clock)
}

var secret = strings.Repeat("k", 32)

func claim(t *testing.T, s *idempotency.Service, r fibonacco.KeyedRequest) (try string, kept *fibonacco.KeptAnswer, code fibonacco.Code) {
	t.Helper()
	try, kept, err := s.Claim(t.Context(), r)
	code = fibonacco.CodeOf(err)
	if code == fibonacco.Internal || (try != "") == (kept != nil || err != nil) {
		t.Fatalf("claimed %q, kept %v, %v", try, kept, err)
	}
	return try, kept, code
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := service(t, d, clock, secret)
		try, _, _ := claim(t, s, first)
		if _, _, code := claim(t, s, first); code != fibonacco.Conflict {
			t.Errorf("while the first runs: %q", code)
		}
		must(t, s.Keep(t.Context(), first, try, answer))
		if _, kept, _ := claim(t, s, first); !reflect.DeepEqual(*kept, answer) {
			t.Errorf("kept %+v", kept)
		}

		elsewhere := first
		elsewhere.Address = "POST /api/v1/communities"
		if _, _, code := claim(t, s, elsewhere); code != fibonacco.Invalid {
			t.Errorf("the key for another address: %q", code)
		}
		other := first
		other.Owner = "token:4"
		if try, _, _ := claim(t, s, other); try == "" {
			t.Error("somebody else's key stands in the way")
		}

		clock.Advance(fibonacco.IdempotencyKept - time.Second)
		must(t, s.Sweep(t.Context(), clock.Now()))
		if _, kept, _ := claim(t, s, first); kept == nil {
			t.Error("forgotten too early")
		}
		clock.Advance(time.Second)
		if try, _, _ := claim(t, s, first); try == "" {
			t.Error("not forgotten after a day")
		}
	})
}

// A try that fails frees its key at once, one that dies when its lease is over; and who lost the
// key to another cannot touch it any more.
func TestTriesThatFailAndTriesThatDie(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := service(t, d, clock, secret)
		failed, _, _ := claim(t, s, first)
		must(t, s.Free(t.Context(), first, failed))

		dead, _, _ := claim(t, s, first)
		if dead == "" {
			t.Fatal("a failed try keeps the key")
		}
		clock.Advance(fibonacco.IdempotencyLease - time.Second)
		if held, err := s.Extend(t.Context(), first, dead); err != nil || !held {
			t.Fatalf("extend: %v %v", held, err)
		}
		clock.Advance(fibonacco.IdempotencyLease - time.Second)
		if _, _, code := claim(t, s, first); code != fibonacco.Conflict {
			t.Errorf("a lease that was extended ran out: %q", code)
		}
		clock.Advance(time.Second)
		living, _, _ := claim(t, s, first)
		if living == "" {
			t.Fatal("a dead try keeps the key")
		}
		if held, err := s.Extend(t.Context(), first, dead); err != nil || held {
			t.Errorf("the dead try extends another's claim: %v %v", held, err)
		}
		must(t, s.Free(t.Context(), first, dead))
		must(t, s.Keep(t.Context(), first, dead, answer))
		if _, kept, code := claim(t, s, first); kept != nil || code != fibonacco.Conflict {
			t.Errorf("the dead try ends another's: %v %q", kept, code)
		}
		must(t, s.Keep(t.Context(), first, living, answer))
		must(t, s.Free(t.Context(), first, living))
		if _, kept, _ := claim(t, s, first); kept == nil {
			t.Error("an answer was freed")
		}
	})
}

func TestOneOfManyClaims(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := service(t, d, clock, secret)
		var won atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				try, _, err := s.Claim(t.Context(), first)
				switch {
				case try != "":
					won.Add(1)
				case fibonacco.CodeOf(err) != fibonacco.Conflict:
					t.Errorf("refused with %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 50 claimed the key", won.Load())
		}
	})
}

// Whoever reads the table learns nothing: answers may hold a token's secret.
func TestAnswersAreSealed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := service(t, d, clock, secret)
		try, _, _ := claim(t, s, first)
		must(t, s.Keep(t.Context(), first, try, answer))
		var address string
		var stored []byte
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT address, answer FROM idempotency_keys`).Scan(&address, &stored)
		}))
		if len(stored) < 50 || bytes.Contains(stored, []byte("rosa")) || strings.Contains(address, "smbs") {
			t.Errorf("stored %q, %q", address, stored)
		}
		if _, _, code := claim(t, service(t, d, clock, strings.Repeat("n", 32)), first); code != fibonacco.Invalid {
			t.Errorf("with another secret key: %q", code)
		}
		if _, kept, _ := claim(t, service(t, d, clock, strings.Repeat("n", 32)+","+secret), first); kept == nil {
			t.Error("after a rotation of the secret key the answer is lost")
		}
	})
}

func TestSweepForgetsWhatIsOld(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := service(t, d, clock, secret)
		try, _, _ := claim(t, s, first)
		must(t, s.Keep(t.Context(), first, try, answer))
		long := fibonacco.KeyedRequest{Owner: "user:1", Key: "long", Address: "POST /"}
		running, _, _ := claim(t, s, long)
		clock.Advance(fibonacco.IdempotencyKept)
		if held, err := s.Extend(t.Context(), long, running); err != nil || !held {
			t.Fatalf("extend: %v %v", held, err)
		}
		must(t, s.Sweep(t.Context(), clock.Now()))
		n := 0
		must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
			n, err = db.Count(t.Context(), tx, `SELECT count(*) FROM idempotency_keys`)
			return err
		}))
		if n != 1 {
			t.Errorf("%d keys are left, want the one that is in use", n)
		}
	})
}
