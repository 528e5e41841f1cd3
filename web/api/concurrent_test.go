package api_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// 500 clients at once change 50 businesses, ten of them each, while the programme is started, paused
// and resumed for all of them: whoever sends If-Match and tries again after 412 loses nothing,
// neither do those who change different keys without it, and nobody is told of deadlocks or busy
// databases.
func TestFiveHundredClientsLoseNothing(t *testing.T) {
	const clients, businesses = 500, 50
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		a, tokens := real(t, d, clock)
		var refused atomic.Int64
		call := func(method, path, body, ifMatch string) (*httptest.ResponseRecorder, stored) {
			r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/smbs"+path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+tokens["operator"])
			r.Header.Set("Content-Type", "application/json")
			if ifMatch != "" {
				r.Header.Set("If-Match", ifMatch)
			}
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			var s stored
			switch w.Code {
			case http.StatusOK, http.StatusCreated:
				if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
					t.Errorf("%v in %s", err, w.Body)
				}
			case http.StatusPreconditionFailed:
				refused.Add(1)
			default:
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			return w, s
		}
		ids := make([]int, businesses)
		for i := range ids {
			_, s := call("POST", "", fmt.Sprintf(`{"community_id":1,"business_name":"Shared %d","metadata":{"count":0}}`, i), "")
			ids[i] = s.ID
		}

		var all sync.WaitGroup
		begin := make(chan struct{})
		for client := range clients {
			all.Go(func() {
				id := ids[client%businesses]
				<-begin
				call("PATCH", one(id), fmt.Sprintf(`{"metadata":{"own-%d":%d}}`, client, client), "")
				for !t.Failed() {
					w, s := call("GET", one(id), "", "")
					tags, err := json.Marshal(append(s.Tags, fmt.Sprintf("tag-%03d", client)))
					if err != nil {
						t.Error(err)
					}
					w, _ = call("PATCH", one(id), fmt.Sprintf(`{"metadata":{"count":%v},"tags":%s}`, s.Metadata["count"].(float64)+1, tags), w.Header().Get("ETag"))
					if w.Code == http.StatusOK {
						return
					}
					time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				}
			})
		}
		for step := range 12 {
			all.Go(func() {
				<-begin
				call("POST", "/campaign/"+[]string{"start", "pause", "resume"}[step%3], `{"filter":{"community_id":[1]}}`, "")
			})
		}
		close(begin)
		all.Wait()

		const each = clients / businesses
		for i, id := range ids {
			_, s := call("GET", one(id), "", "")
			if s.Metadata["count"] != float64(each) || len(s.Tags) != each || !slices.IsSorted(s.Tags) || s.Version < 1+2*each {
				t.Errorf("business %d: count %v, %d tags, version %d; want %d, %d, at least %d", id, s.Metadata["count"], len(s.Tags), s.Version, each, each, 1+2*each)
			}
			for client := i; client < clients; client += businesses {
				if s.Metadata[fmt.Sprintf("own-%d", client)] != float64(client) || !slices.Contains(s.Tags, fmt.Sprintf("tag-%03d", client)) {
					t.Errorf("business %d lost what client %d wrote", id, client)
				}
			}
		}
		if refused.Load() == 0 {
			t.Error("nobody ever met anybody: the clients did not overlap")
		}
		t.Logf("%d changes were refused with 412 and tried again", refused.Load())
	})
}

func one(id int) string { return fmt.Sprint("/", id) }

// stored is what the clients look at.
type stored struct {
	ID, Version int
	Tags        []string
	Metadata    map[string]any
}
