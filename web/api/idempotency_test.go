package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/idempotency"
	"github.com/fibonacco/fibonacco/web/api"
)

// remembering is an interface that keeps answers, with a house behind it that may be changed.
func remembering(t *testing.T, d *db.DB, clock fibonacco.Clock, more func(*api.Options)) *api.API {
	t.Helper()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	o := newHouse().options()
	o.Idempotency = idempotency.New(d, signer, clock)
	if more != nil {
		more(&o)
	}
	return api.New(o)
}

const newBusiness = `{"community_id":1,"business_name":"Rosa's Bakery"}`

func keyed(route, key, body string) request {
	return request{route: route, body: body, headers: map[string]string{"Idempotency-Key": key}}
}

func TestARepeatedRequestIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := newHouse()
		a := remembering(t, d, clock, func(o *api.Options) { o.SMBs, o.Communities = h, h })
		first := do(t, a, keyed("POST /smbs", "5f0c", newBusiness))
		again := do(t, a, keyed("POST /smbs", "5f0c", newBusiness))
		if first.StatusCode != http.StatusCreated || again.StatusCode != http.StatusCreated || again.body != first.body || len(h.smbs) != 8 {
			t.Fatalf("%d %s, then %d %s; %d businesses", first.StatusCode, first.body, again.StatusCode, again.body, len(h.smbs))
		}
		for _, name := range []string{"Location", "Content-Type"} {
			if got := again.Header.Get(name); got == "" || got != first.Header.Get(name) {
				t.Errorf("%s is %q, and was %q", name, got, first.Header.Get(name))
			}
		}
		if first.Header.Get("Idempotency-Replayed") != "" || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("replayed: %q, then %q", first.Header.Get("Idempotency-Replayed"), again.Header.Get("Idempotency-Replayed"))
		}
		for what, q := range map[string]request{
			"another body":  keyed("POST /smbs", "5f0c", `{"community_id":1,"business_name":"Luigi's"}`),
			"another path":  keyed("POST /communities", "5f0c", newBusiness),
			"another query": keyed("POST /smbs?x=1", "5f0c", newBusiness),
		} {
			if got := do(t, a, q); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "Idempotency-Key" {
				t.Errorf("%s: %d %s", what, got.StatusCode, got.body)
			}
		}
		other := keyed("POST /smbs", "5f0c", newBusiness)
		other.role = "manager" // the fakes give every token the same id
		if got := do(t, a, other); got.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same token: %d", got.StatusCode)
		}
		clock.Advance(fibonacco.IdempotencyKept)
		if got := do(t, a, keyed("POST /smbs", "5f0c", newBusiness)); got.StatusCode != http.StatusCreated || len(h.smbs) != 9 {
			t.Errorf("after a day: %d, %d businesses", got.StatusCode, len(h.smbs))
		}
		if got := do(t, a, request{route: "GET /smbs/1", headers: map[string]string{"Idempotency-Key": "5f0c"}}); got.StatusCode != http.StatusOK {
			t.Errorf("a GET looks at the key: %d %s", got.StatusCode, got.body)
		}
	})
}

// A refusal is an answer too; what is nobody's fault but ours, or a panic, is none.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := &moody{house: newHouse()}
		a := remembering(t, d, clock, func(o *api.Options) { o.SMBs = m })
		for i, tc := range []struct {
			err    error
			panics bool
			status int
			kept   bool
		}{
			{err: fibonacco.Errorf(fibonacco.Conflict, "taken"), status: http.StatusConflict, kept: true},
			{err: fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "city", Reason: "is wrong"}}), status: http.StatusUnprocessableEntity, kept: true},
			{err: errors.New("the disk is on fire"), status: http.StatusInternalServerError},
			{err: fibonacco.Errorf(fibonacco.Unavailable, "not now"), status: http.StatusServiceUnavailable},
			{err: fibonacco.Errorf(fibonacco.TooMany, "slow down"), status: http.StatusTooManyRequests},
			{err: context.Canceled, status: http.StatusRequestTimeout},
			{panics: true},
		} {
			m.err, m.panics = tc.err, tc.panics
			q := keyed("POST /smbs", fmt.Sprint("key", i), newBusiness)
			func() {
				defer func() { _ = recover() }()
				if got := do(t, a, q); got.StatusCode != tc.status {
					t.Errorf("%v: %d", tc.err, got.StatusCode)
				}
			}()
			m.err, m.panics = nil, false
			got := do(t, a, q)
			if tc.kept && (got.StatusCode != tc.status || got.Header.Get("Idempotency-Replayed") != "true") {
				t.Errorf("%v is not kept: %d", tc.err, got.StatusCode)
			}
			if !tc.kept && (got.StatusCode != http.StatusCreated || got.Header.Get("Idempotency-Replayed") != "") {
				t.Errorf("%v (panics: %v) keeps the key: %d %s", tc.err, tc.panics, got.StatusCode, got.body)
			}
		}
	})
}

// moody is a house that fails when told to, and waits where it should.
type moody struct {
	*house
	err    error
	panics bool
	gate   chan struct{} // nil: do not wait
	made   atomic.Int32
}

func (m *moody) Create(ctx context.Context, s fibonacco.SMB) (*fibonacco.SMB, error) {
	if m.gate != nil {
		select {
		case <-m.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if m.panics {
		panic("out of order")
	}
	if m.err != nil {
		return nil, m.err
	}
	m.made.Add(1)
	return m.house.Create(ctx, s)
}

func TestOfFiftyAtOnceOneIsCarriedOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := &moody{house: newHouse()}
		// Two nodes with one database.
		nodes := []*api.API{
			remembering(t, d, clock, func(o *api.Options) { o.SMBs = m }),
			remembering(t, d, clock, func(o *api.Options) { o.SMBs = m }),
		}
		var all sync.WaitGroup
		var created, replayed, told atomic.Int32
		for i := range 50 {
			all.Go(func() {
				switch got := do(t, nodes[i%2], keyed("POST /smbs", "once", newBusiness)); {
				case got.StatusCode == http.StatusCreated && got.Header.Get("Idempotency-Replayed") == "":
					created.Add(1)
				case got.StatusCode == http.StatusCreated:
					replayed.Add(1)
				case got.StatusCode == http.StatusConflict && got.Header.Get("Retry-After") == "1":
					told.Add(1)
				default:
					t.Errorf("%d %s", got.StatusCode, got.body)
				}
			})
		}
		all.Wait()
		if m.made.Load() != 1 || created.Load() != 1 {
			t.Errorf("made %d, of 50 requests %d created, %d were answered again, %d told to wait", m.made.Load(), created.Load(), replayed.Load(), told.Load())
		}
		if got := do(t, nodes[0], keyed("POST /smbs", "once", newBusiness)); got.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("afterwards: %d %s", got.StatusCode, got.body)
		}
	})
}

// A client that goes away in the middle finds the answer when it comes back.
func TestAKeyedRequestOutlivesItsClient(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := &moody{house: newHouse(), gate: make(chan struct{})}
		a := remembering(t, d, clock, func(o *api.Options) { o.SMBs = m })
		server := httptest.NewServer(a)
		defer server.Close()
		send := func(ctx context.Context) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/v1/smbs", strings.NewReader(newBusiness))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer admin")
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", "gone")
			return server.Client().Do(r)
		}
		ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer leave()
		if resp, err := send(ctx); err == nil {
			t.Fatalf("answered %d", resp.StatusCode)
		}
		close(m.gate)
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			resp, err := send(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusCreated && resp.Header.Get("Idempotency-Replayed") == "true" {
				break
			}
			if resp.StatusCode != http.StatusConflict || time.Now().After(deadline) {
				t.Fatalf("came back to %d %v", resp.StatusCode, resp.Header)
			}
		}
		if m.made.Load() != 1 {
			t.Errorf("made %d", m.made.Load())
		}
	})
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	a := remembering(t, dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(noon)), fibonacco.NewFakeClock(noon), nil)
	for _, key := range []string{"", " ", "a b", "ü", "a\tb", "\x7f", strings.Repeat("k", 256)} {
		if got := do(t, a, keyed("POST /smbs", key, newBusiness)); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "Idempotency-Key" {
			t.Errorf("%q: %d %s", key, got.StatusCode, got.body)
		}
	}
	for _, key := range []string{"!", "~", `"quoted"`, strings.Repeat("k", 255)} {
		if got := do(t, a, keyed("POST /smbs", key, newBusiness)); got.StatusCode != http.StatusCreated {
			t.Errorf("%q: %d %s", key, got.StatusCode, got.body)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/smbs", strings.NewReader(newBusiness))
	r.Header = http.Header{"Authorization": {"Bearer admin"}, "Content-Type": {"application/json"}, "Idempotency-Key": {"a", "b"}}
	if w := recordRequest(a, r); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("two keys: %d %s", w.Code, w.Body)
	}
	if got := do(t, api.New(newHouse().options()), keyed("POST /smbs", "k", newBusiness)); got.StatusCode != http.StatusNotImplemented {
		t.Errorf("without a memory: %d", got.StatusCode)
	}
	if got := do(t, a, keyed("POST /nothing", "k", "{}")); got.StatusCode != http.StatusNotFound {
		t.Errorf("no such route: %d", got.StatusCode)
	}
}

// A file that is sent again is the same file, whatever boundary the form has this time; half of
// it is not.
func TestFilesAreSentAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		h := newHouse()
		a := remembering(t, d, clock, func(o *api.Options) { o.Importer = h })
		content := "name,email\n" + strings.Repeat("Rosa's Bakery,rosa@example.com\n", 5000)
		send := func(key, content string) *httptest.ResponseRecorder {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, err := form.CreateFormFile("file", "a.csv")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(part, content)
			_ = form.WriteField("community", "brooklyn")
			_ = form.Close()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/smbs/import", iotest.HalfReader(&body))
			r.Header = http.Header{"Authorization": {"Bearer admin"}, "Content-Type": {form.FormDataContentType()}, "Idempotency-Key": {key}}
			return recordRequest(a, r)
		}
		first, again := send("file", content), send("file", content)
		if first.Code != http.StatusAccepted || again.Code != http.StatusAccepted || again.Header().Get("Idempotency-Replayed") != "true" || len(h.jobs) != 1 {
			t.Fatalf("%d %s, then %d %s; %d imports", first.Code, first.Body, again.Code, again.Body, len(h.jobs))
		}
		if again.Header().Get("Location") != first.Header().Get("Location") {
			t.Errorf("Location %q", again.Header().Get("Location"))
		}
		if w := send("file", content+"x"); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Idempotency-Key") {
			t.Errorf("another file: %d %s", w.Code, w.Body)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/smbs/import?community=brooklyn", io.MultiReader(strings.NewReader("name\n"), broken{}))
		r.Header = http.Header{"Authorization": {"Bearer admin"}, "Content-Type": {"text/csv"}, "Idempotency-Key": {"half"}}
		if w := recordRequest(a, r); w.Code != http.StatusBadRequest {
			t.Errorf("half a file: %d %s", w.Code, w.Body)
		}
		r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/smbs/import?community=brooklyn", strings.NewReader("name\nRosa\n"))
		r.Header = http.Header{"Authorization": {"Bearer admin"}, "Content-Type": {"text/csv"}, "Idempotency-Key": {"half"}}
		if w := recordRequest(a, r); w.Code != http.StatusAccepted {
			t.Errorf("the whole of it then: %d %s", w.Code, w.Body)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// An answer that is too long to be kept comes once; then the caller is told that it was.
func TestLongAnswersAreNotKept(t *testing.T) {
	t.Parallel()
	h := &moody{house: newHouse()}
	a := remembering(t, dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(noon)), fibonacco.NewFakeClock(noon), func(o *api.Options) { o.SMBs = wordy{h} })
	first := do(t, a, keyed("POST /smbs", "long", newBusiness))
	if first.StatusCode != http.StatusCreated || len(first.body) < 2<<20 || !strings.HasSuffix(first.body, "}\n") {
		t.Fatalf("%d, %d bytes", first.StatusCode, len(first.body))
	}
	again := do(t, a, keyed("POST /smbs", "long", newBusiness))
	if again.StatusCode != http.StatusUnprocessableEntity || again.fields() != "Idempotency-Key" || h.made.Load() != 1 {
		t.Errorf("%d %.200s, made %d", again.StatusCode, again.body, h.made.Load())
	}
}

type wordy struct{ *moody }

func (w wordy) Create(ctx context.Context, s fibonacco.SMB) (*fibonacco.SMB, error) {
	made, err := w.moody.Create(ctx, s)
	if made != nil {
		made.Metadata = map[string]any{"story": strings.Repeat("x", 2<<20)}
	}
	return made, err
}
