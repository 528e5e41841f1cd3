package queue_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/queue"
)

func TestMaskArgs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"ids stay":              {`{"smb_id":12,"campaign_id":"HOOK-001","uuid":"0b0e3a4e-54ad-4bd5-9e0d-3c1f5ad1e6c1"}`, `{"smb_id":12,"campaign_id":"HOOK-001","uuid":"0b0e3a4e-54ad-4bd5-9e0d-3c1f5ad1e6c1"}`},
		"large ids stay whole":  {`{"send_ids":[9007199254740993]}`, `{"send_ids":[9007199254740993]}`},
		"moments stay":          {`{"due":"2026-11-23T10:00:00Z","any":"2026-11-23"}`, `{"due":"2026-11-23T10:00:00Z","any":"2026-11-23"}`},
		"addresses":             {`{"to":"Jo.Smith+x@shop.example.com"}`, `{"to":"J•••@shop.example.com"}`},
		"free text":             {`{"reason":"Marisol called","first_name":"Marisol"}`, `{"reason":"•••","first_name":"•••"}`},
		"an open name lies":     {`{"type":"call +1 718 555 0142","id":"ann@x.example"}`, `{"type":"•••","id":"a•••@x.example"}`},
		"telephones as numbers": {`{"phone":17185550142,"count":20000}`, `{"phone":"•••","count":20000}`},
		"links":                 {`{"link":"https://x.example/?token=abc"}`, `{"link":"•••"}`},
		"inside":                {`{"events":[{"smb_id":1,"by":{"name":"Ann","user_id":4}}]}`, `{"events":[{"by":{"name":"•••","user_id":4},"smb_id":1}]}`},
		"long lists":            {`{"send_ids":[1,2,3,4]}`, `{"send_ids":[1,2,"… and 2 more"]}`},
		"no object":             {`[1]`, `{}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(queue.MaskArgs(tc.in, 2))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]json.RawMessage
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(want)
			if err != nil || string(got) != string(again) {
				t.Errorf("got %s, want %s (%v)", got, again, err)
			}
		})
	}
}

// Whatever is stored, no address gets through.
func FuzzMaskArgs(f *testing.F) {
	f.Add(`{"to":"ann@example.com","id":["ann@example.com"]}`)
	f.Add(`{"a":{"type":"x ann@example.com y"}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		out, err := json.Marshal(queue.MaskArgs(raw, 5))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(raw, "ann@example.com") && strings.Contains(string(out), `"ann@example.com`) {
			t.Errorf("%s", out)
		}
	})
}

// A percentile of the histogram is within a bucket of the true one.
func TestPercentile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(int64(2*time.Millisecond), int64(8*time.Hour)).Draw(t, "time"))
		}), 1, 200).Draw(t, "times")
		share := rapid.Float64Range(.01, 1).Draw(t, "share")
		slices.Sort(times)
		truth := times[max(int(math.Ceil(share*float64(len(times))))-1, 0)]
		if got := queue.Percentile(times, share); float64(got) < float64(truth)/math.Sqrt2*.999 || float64(got) > float64(truth)*math.Sqrt2*1.001 {
			t.Fatalf("%s, but it is %s", got, truth)
		}
	})
	if got := queue.Percentile(nil, .5); got != 0 {
		t.Errorf("of nothing: %s", got)
	}
}
