package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web"
	"github.com/fibonacco/fibonacco/web/api"
)

// shop takes files for one community.
type shop struct {
	fibonacco.Importer
	fibonacco.CommunityService
	got int
}

func (s *shop) FindCommunity(context.Context, int64) (*fibonacco.Community, error) {
	return &fibonacco.Community{ID: 1}, nil
}

func (s *shop) StartImport(_ context.Context, _ fibonacco.ImportRequest, file io.Reader, _ int64) (*fibonacco.ImportJob, error) {
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	s.got = len(content)
	return &fibonacco.ImportJob{UUID: "x"}, nil
}

// A file may be larger, and come more slowly, than any other request.
func TestSlowLargeUpload(t *testing.T) {
	t.Parallel()
	s := &shop{}
	server := httptest.NewUnstartedServer(web.New(web.Options{Contracts: api.Contracts{Access: gate{}, Importer: s, Communities: s}}))
	server.Config.ReadTimeout = 150 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	in, out := io.Pipe()
	go func() {
		for range 4 {
			_, _ = out.Write([]byte(strings.Repeat("x", 1<<20)))
			time.Sleep(100 * time.Millisecond)
		}
		out.Close()
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/v1/smbs/import?community=1", in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer operator")
	r.Header.Set("Content-Type", "text/csv")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusAccepted || s.got != 4<<20 {
		t.Errorf("%d %s, %d bytes arrived", res.StatusCode, body, s.got)
	}
}

// A photo for a business's page may be larger than other forms; the page itself says what is too large.
func TestPhotoUpload(t *testing.T) {
	t.Parallel()
	got := map[string]int{}
	h := web.New(web.Options{Contracts: api.Contracts{Access: gate{}}, Mounts: []func(*http.ServeMux){func(mux *http.ServeMux) {
		mux.HandleFunc("/my/", func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got[r.URL.Path] = len(body)
		})
	}}})
	for path, want := range map[string]int{"/my/x/page/photos": 2 << 20, "/my/x/page/facts": 0, "/my/x/page": 0} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, strings.NewReader(strings.Repeat("x", 2<<20))))
		if got[path] != want {
			t.Errorf("%s read %d bytes, want %d", path, got[path], want)
		}
	}
}
