package public_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/listing"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/web/public"
)

// poison is what nobody should be called, and somebody will be.
const poison = `</script><script>alert(1)</script>"'>{{ x }} \u003c &amp; ` + "\u202e\x00\x1b😀 RTL: שלום"

// stand is the pages over the real listing service: business 7 has a page at /b/marisol-hair-studio, and
// the token "seven" opens what is its owner's.
type stand struct {
	*testing.T
	db    *db.DB
	clock *fibonacco.FakeClock
	svc   *listing.Service
	mux   *http.ServeMux
}

// Owner implements fibonacco.BusinessOwners.
func (s *stand) Owner(_ context.Context, token string) (*fibonacco.BusinessOwner, error) {
	if token != "seven" && token != "eight" {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "no")
	}
	return &fibonacco.BusinessOwner{SMBID: map[string]int64{"seven": 7, "eight": 8}[token], Business: "Marisol <Hair>", Token: token}, nil
}

// RenewOwner implements fibonacco.BusinessOwners.
func (s *stand) RenewOwner(context.Context, string) error { return nil }

func newStand(t *testing.T) *stand {
	t.Helper()
	clock := fibonacco.NewFakeClock(dbtest.Start)
	s := &stand{T: t, db: dbtest.Open(t, db.SQLite, clock), clock: clock, mux: http.NewServeMux()}
	s.svc = listing.New(s.db, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}})
	public.Mount(s.mux, public.Deps{
		Owners: s, Business: s.svc, Clock: clock, Company: fibonacco.CompanyConfig{Name: "Port Avery Local", PostalAddress: "200 Market Street"},
		PublicURL: "https://go.example.com", Log: slog.New(slog.DiscardHandler),
	})
	s.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES (1, $1, 'Port Avery', 'port-avery', 'NY', 'America/New_York')`, uuid.NewString())
	for _, id := range []int{7, 8} {
		s.exec(`
			INSERT INTO smbs (id, uuid, community_id, business_name, category, primary_email, primary_phone, address, city, state, zip, coordinates)
			VALUES ($1, $2, 1, 'Marisol Hair Studio', 'Hair salon', 'private@example.com', '+17185550142', '18 Wharf Street', 'Port Avery', 'NY', '11231', '(-73.98,40.67)')`, id, uuid.NewString())
	}
	s.update(func(tx *db.Tx) error {
		_, err := s.svc.Provision(t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: 7})
		return err
	})
	return s
}

func (s *stand) update(do func(tx *db.Tx) error) {
	s.Helper()
	if err := s.db.Update(s.Context(), do); err != nil {
		s.Fatal(err)
	}
}

func (s *stand) exec(query string, args ...any) {
	s.Helper()
	s.update(func(tx *db.Tx) error {
		_, err := tx.Exec(s.Context(), query, args...)
		return err
	})
}

func (s *stand) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// post posts an owner's form, and returns where it leads or what it says.
func (s *stand) post(page string, values url.Values) (status int, location, body string) {
	w := s.ask(form("/my/seven/"+page, values.Encode()))
	return w.Code, w.Header().Get("Location"), w.Body.String()
}

func (s *stand) photo(alt string, file []byte) *httptest.ResponseRecorder {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("alt", alt)
	_ = m.WriteField("action", "add")
	if file != nil {
		part, _ := m.CreateFormFile("photo", "../../etc/<passwd>.jpg")
		_, _ = part.Write(file)
	}
	_ = m.Close()
	r := httptest.NewRequest(http.MethodPost, "/my/seven/page/photos", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.ask(r)
}

func picture(w, h int) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil)
	return b.Bytes()
}

var dataBlock = regexp.MustCompile(`(?s)<script id="facts" type="application/ld\+json">(.*?)</script>`)

// facts are the page's facts for search engines.
func facts(t *testing.T, body string) (business, questions map[string]any) {
	t.Helper()
	m := dataBlock.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no facts in %s", body)
	}
	var graph struct {
		Context string           `json:"@context"`
		Graph   []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal([]byte(m[1]), &graph); err != nil {
		t.Fatalf("%v in %s", err, m[1])
	}
	equal(t, "context", graph.Context, "https://schema.org")
	if len(graph.Graph) > 1 {
		questions = graph.Graph[1]
	}
	return graph.Graph[0], questions
}

// From the owner's link to a page that everybody sees.
func TestOwnerMakesAPage(t *testing.T) {
	s := newStand(t)
	w := s.ask(get("/b/marisol-hair-studio"))
	equal(t, "before it is public", w.Code, http.StatusNotFound)
	equal(t, "not to be found", w.Header().Get("X-Robots-Tag"), "noindex")
	w = s.ask(get("/my/seven/page"))
	equal(t, "the owner's", w.Code, http.StatusOK)
	contains(t, "the owner's", w.Body.String(), "Nothing is public before you confirm it", "18 Wharf Street", "(718) 555-0142", "Marisol &lt;Hair&gt;", `value="public"`)
	if strings.Contains(w.Body.String(), "private@example.com") {
		t.Error("offers to show the address that our emails go to")
	}
	preview := s.ask(get("/my/seven/page/preview"))
	contains(t, "preview", preview.Body.String(), "Only you see this", "Marisol Hair Studio", "Show on a map")
	if strings.Contains(preview.Body.String(), "canonical") || preview.Header().Get("X-Robots-Tag") != "noindex" {
		t.Error("the preview may be found")
	}

	status, location, _ := s.post("page/facts", url.Values{
		"name": {"Marisol’s"}, "category": {"Hair salon"}, "about": {"Since 2009.\r\n\r\nWalk in."}, "phone": {"718 555 0199"}, "email": {"hello@example.com"},
		"website": {"www.example.com"}, "street": {"18 Wharf Street"}, "city": {"Port Avery"}, "state": {"NY"}, "zip": {"11231"},
	})
	equal(t, "facts", fmt.Sprint(status, location), "303/my/seven/page?saved=facts")
	hours := url.Values{"monday-0-opens": {"09:00"}, "monday-0-closes": {"12:00"}, "monday-1-opens": {"1 pm"}, "monday-1-closes": {"5:30 p.m."}, "friday-0-opens": {"18:00"}, "friday-0-closes": {"02:00"}, "saturday-0-opens": {"00:00"}, "saturday-0-closes": {"00:00"}}
	status, _, body := s.post("page/hours", hours)
	equal(t, "hours", status, http.StatusUnprocessableEntity)
	contains(t, "hours that overlap", body, `href="#hours-saturday"`, "Saturday begins before the night before has ended", `value="18:00"`, `aria-invalid="true"`, "Nothing is saved yet")
	hours.Set("saturday-0-opens", "10:00")
	status, location, _ = s.post("page/hours", hours)
	equal(t, "hours", fmt.Sprint(status, location), "303/my/seven/page?saved=hours")
	contains(t, "hours again", s.ask(get("/my/seven/page/hours")).Body.String(), `name="monday-1-opens" value="13:00"`, `name="saturday-0-closes" value="00:00"`)
	status, location, _ = s.post("page/answers", url.Values{"services": {"Cut, $40\r\nColor\r\n"}, "questions[0].question": {"Open on Sunday?"}, "questions[0].answer": {"No."}, "questions[1].question": {""}, "questions[1].answer": {""}})
	equal(t, "answers", fmt.Sprint(status, location), "303/my/seven/page?saved=answers")
	w = s.photo("Two chairs", picture(640, 480))
	equal(t, "photo", fmt.Sprint(w.Code, w.Header().Get("Location")), "303/my/seven/page/photos?saved=photo")
	contains(t, "photos", s.ask(get("/my/seven/page/photos?saved=photo")).Body.String(), "1 of 8", `alt="Two chairs"`, "The photo is on your page.")
	equal(t, "own photo", s.ask(get("/my/seven/page/photo/1")).Code, http.StatusOK)
	equal(t, "photo before it is public", s.ask(get("/b/marisol-hair-studio/photo/1")).Code, http.StatusNotFound)

	status, location, _ = s.post("page", url.Values{"action": {"public"}})
	equal(t, "public", fmt.Sprint(status, location), "303/my/seven/page?saved=public")
	w = s.ask(get("/b/marisol-hair-studio"))
	equal(t, "status", w.Code, http.StatusOK)
	equal(t, "may be found", w.Header().Get("X-Robots-Tag"), "")
	contains(t, "may be kept", w.Header().Get("Cache-Control"), "public")
	equal(t, "runs nothing", strings.Contains(w.Header().Get("Content-Security-Policy"), "script"), false)
	contains(t, "the page", w.Body.String(), `<link rel="canonical" href="https://go.example.com/b/marisol-hair-studio">`, `href="tel:+17185550199"`, "(718) 555-0199",
		`href="https://www.openstreetmap.org/?mlat=40.67000&amp;mlon=-73.98000#map=18/40.67000/-73.98000"`, `property="og:image" content="https://go.example.com/b/marisol-hair-studio/photo/1"`,
		"Open now, until noon", "9 a.m. to noon,\n1 p.m. to 5:30 p.m.", "6 p.m. to 2 a.m.", "10 a.m. to midnight", `<tr class="today">`, "Cut, $40", "Open on Sunday?", `alt="Two chairs"`, "Holidays may differ")
	business, questions := facts(t, w.Body.String())
	text, _ := json.Marshal(business)
	contains(t, "facts", string(text), `"@type":"LocalBusiness"`, `"telephone":"+17185550199"`, `"streetAddress":"18 Wharf Street"`, `"latitude":40.67`, `"sameAs":["https://www.example.com"]`,
		`{"@type":"OpeningHoursSpecification","closes":"02:00","dayOfWeek":"https://schema.org/Friday","opens":"18:00"}`, `"closes":"00:00","dayOfWeek":"https://schema.org/Saturday"`)
	equal(t, "questions", questions["@type"], any("FAQPage"))

	w = s.ask(get("/b/marisol-hair-studio/photo/1"))
	equal(t, "photo", fmt.Sprint(w.Code, w.Header().Get("Content-Type"), w.Header().Get("X-Content-Type-Options")), "200image/jpegnosniff")
	again := get("/b/marisol-hair-studio/photo/1")
	again.Header.Set("If-None-Match", w.Header().Get("ETag"))
	equal(t, "photo again", s.ask(again).Code, http.StatusNotModified)
	for _, no := range []string{"/b/marisol-hair-studio/photo/2", "/b/marisol-hair-studio/photo/x", "/b/", "/b/x/y", "/b/nothing"} {
		equal(t, no, s.ask(get(no)).Code, http.StatusNotFound)
	}
	status, _, _ = s.post("page", url.Values{"action": {"private"}})
	equal(t, "taken down", status, http.StatusSeeOther)
	equal(t, "page taken down", s.ask(get("/b/marisol-hair-studio")).Code, http.StatusNotFound)
	equal(t, "photo taken down", s.ask(get("/b/marisol-hair-studio/photo/1")).Code, http.StatusNotFound)
}

// What is open is open, in the zone of the business, beyond midnight and on days without hours.
func TestOpenNow(t *testing.T) {
	s := newStand(t)
	status, _, _ := s.post("page/hours", url.Values{"monday-0-opens": {"9"}, "monday-0-closes": {"5pm"}, "friday-0-opens": {"18:00"}, "friday-0-closes": {"02:00"}, "saturday-0-opens": {"20:00"}, "saturday-0-closes": {"00:00"}})
	equal(t, "hours", status, http.StatusSeeOther)
	s.post("page", url.Values{"action": {"public"}})
	for at, want := range map[string]string{
		"2026-03-02 08:59": "Closed now, opens at 9 a.m.", "2026-03-02 16:59": "Open now, until 5 p.m.", "2026-03-02 17:00": "Closed now, opens Friday at 6 p.m.",
		"2026-03-05 12:00": "Closed now, opens tomorrow at 6 p.m.", "2026-03-06 23:00": "Open now, until 2 a.m.", "2026-03-07 01:59": "Open now, until 2 a.m.",
		"2026-03-07 23:59": "Open now, until midnight", "2026-03-08 00:00": "Closed now, opens tomorrow at 9 a.m.",
	} {
		s.clock.Set(local(t, at))
		contains(t, at, s.ask(get("/b/marisol-hair-studio")).Body.String(), ">"+want+"<")
	}
	all := url.Values{"action": {"copy-all"}, "monday-0-opens": {"00:00"}, "monday-0-closes": {"00:00"}}
	status, _, body := s.post("page/hours", all)
	equal(t, "copied", status, http.StatusOK)
	contains(t, "copied", body, `name="sunday-0-closes" value="00:00"`, "Save to keep it")
	contains(t, "not stored", s.ask(get("/b/marisol-hair-studio")).Body.String(), "9 a.m. to 5 p.m.")
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		all.Set(day+"-0-opens", "00:00")
		all.Set(day+"-0-closes", "00:00")
	}
	all.Del("action")
	s.post("page/hours", all)
	contains(t, "always", s.ask(get("/b/marisol-hair-studio")).Body.String(), "Open day and night", "Day and night")
	_, _, body = s.post("page/hours", url.Values{"action": {"copy-week"}, "monday-0-opens": {"08:00"}, "saturday-0-opens": {"07:00"}})
	contains(t, "copied to the week", body, `name="friday-0-opens" value="08:00"`, `name="saturday-0-opens" value="07:00"`)
}

// Whatever stands in a field, the page shows it and does nothing else.
func TestHostilePage(t *testing.T) {
	s := newStand(t)
	for _, f := range []string{"name", "category", "about", "street", "city"} {
		s.exec(`UPDATE business_profiles SET `+f+` = $1, published_at = $2`, poison, s.clock.Now())
	}
	s.exec(`UPDATE business_profiles SET website = 'javascript:alert(1)', email = 'a"onclick=alert(1)@x.y', phone = 'x" onload="', services = $1, questions = $2, hours = $3`,
		db.JSON([]string{poison}), db.JSON([]fibonacco.Answered{{Question: poison, Answer: poison}}), db.JSON([]fibonacco.OpeningHours{{Day: 1, Opens: poison, Closes: poison}}))
	equal(t, "photo", s.photo(poison, picture(80, 80)).Code, http.StatusSeeOther)
	for _, target := range []string{"/b/marisol-hair-studio", "/my/seven/page", "/my/seven/page/preview", "/my/seven/page/facts", "/my/seven/page/hours", "/my/seven/page/answers", "/my/seven/page/photos"} {
		w := s.ask(get(target))
		equal(t, target, w.Code, http.StatusOK)
		body := dataBlock.ReplaceAllString(w.Body.String(), "")
		for _, no := range []string{"<script", `href="javascript`, `" onload="`, `"onclick`, "style="} {
			if strings.Contains(body, no) {
				t.Errorf("%s holds %q", target, no)
			}
		}
	}
	body := s.ask(get("/b/marisol-hair-studio")).Body.String()
	business, questions := facts(t, body)
	equal(t, "name in the facts", business["name"], any(strings.ToValidUTF8(poison, "")))
	if questions == nil || strings.Count(body, "<script") != 1 || strings.Count(body, "</script>") != 1 {
		t.Errorf("the facts end early: %s", body)
	}
	// The same by the form: what was typed stands in the fields again.
	status, _, body := s.post("page/facts", url.Values{"name": {poison}, "website": {"javascript:alert(1)"}, "about": {"\n" + poison}})
	equal(t, "status", status, http.StatusUnprocessableEntity)
	contains(t, "typed", body, `value="javascript:alert(1)"`, "Website is not the address of a website", `href="#website"`, `aria-describedby="website-error"`)
	if strings.Contains(body, "<script") {
		t.Error("the form runs what was typed")
	}
}

func TestPhotoForm(t *testing.T) {
	s := newStand(t)
	for name, tc := range map[string]struct {
		alt  string
		file []byte
		says []string
	}{
		"nothing":  {"", nil, []string{"The photo is missing: choose a file first", "What it shows is missing", `href="#photo"`, `href="#alt"`}},
		"no words": {"", picture(99, 99), []string{"What it shows is missing"}},
		"a page":   {"A chair", []byte("<html><script>"), []string{"not a picture that we can read", `value="A chair"`}},
		"large":    {"A chair", make([]byte, 13<<20), []string{"larger than 12 MB"}}, "very large": {"A chair", make([]byte, 25<<20), []string{"larger than 12 MB"}},
	} {
		w := s.photo(tc.alt, tc.file)
		equal(t, name, w.Code, http.StatusUnprocessableEntity)
		contains(t, name, w.Body.String(), tc.says...)
	}
	equal(t, "a chair", s.photo("A chair", picture(99, 99)).Code, http.StatusSeeOther)
	status, _, body := s.post("page/photos", url.Values{"action": {"describe"}, "id": {"1"}, "alt-1": {""}})
	equal(t, "no words", status, http.StatusUnprocessableEntity)
	contains(t, "no words", body, `href="#alt-1"`)
	status, location, _ := s.post("page/photos", url.Values{"action": {"describe"}, "id": {"1"}, "alt-1": {"A mirror"}})
	equal(t, "words", fmt.Sprint(status, location), "303/my/seven/page/photos?saved=words")
	for range 7 {
		s.photo("A chair", picture(99, 99))
	}
	status, location, _ = s.post("page/photos", url.Values{"action": {"lead"}, "id": {"3"}})
	equal(t, "first", fmt.Sprint(status, location), "303/my/seven/page/photos?saved=lead")
	if body := s.ask(get("/my/seven/page/photos")).Body.String(); strings.Index(body, "photo/3") > strings.Index(body, "photo/1") || strings.Count(body, `value="lead"`) != 7 {
		t.Error("the third photo is not the first")
	}
	w := s.photo("One too many", picture(99, 99))
	equal(t, "the ninth", w.Code, http.StatusUnprocessableEntity)
	contains(t, "the ninth", w.Body.String(), "there are 8 already", `alt="A mirror"`)
	status, location, _ = s.post("page/photos", url.Values{"action": {"remove"}, "id": {"1"}})
	equal(t, "removed", fmt.Sprint(status, location), "303/my/seven/page/photos?saved=removed")
	status, _, _ = s.post("page/photos", url.Values{"action": {"remove"}, "id": {"x"}})
	equal(t, "no photo", status, http.StatusNotFound)
	status, _, _ = s.post("page/photos", url.Values{"action": {"burn"}})
	equal(t, "no such button", status, http.StatusUnprocessableEntity)
}

// Whoever has no link sees the same page everywhere; who has no page is told.
func TestWhoMayChangeAPage(t *testing.T) {
	s := newStand(t)
	for _, page := range []string{"page", "page/preview", "page/facts", "page/hours", "page/answers", "page/photos", "page/photo/1"} {
		equal(t, page, s.ask(get("/my/bad/"+page)).Code, http.StatusForbidden)
		equal(t, page+" of one without", s.ask(get("/my/eight/"+page)).Code, http.StatusNotFound)
		if !strings.Contains(page, "preview") && !strings.Contains(page, "/photo/") {
			equal(t, page+" posted", s.ask(form("/my/bad/"+page, "action=public&name=x")).Code, http.StatusForbidden)
		}
	}
	for range 3 { // looking changes nothing
		s.ask(get("/my/seven/page?action=public"))
		s.ask(httptest.NewRequest(http.MethodHead, "/my/seven/page", nil))
	}
	equal(t, "still private", s.ask(get("/b/marisol-hair-studio")).Code, http.StatusNotFound)
	// The address of a business that became part of another leads to that one's page.
	s.post("page", url.Values{"action": {"public"}})
	s.exec(`INSERT INTO smb_addresses (smb_id, slug, created_at) VALUES (8, 'marisol-two', $1)`, s.clock.Now())
	s.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 8`, s.clock.Now())
	s.exec(`INSERT INTO merges (uuid, community_id, survivor_id, other_id, merged_at, undo_until) VALUES ($1, 1, 7, 8, $2, $2)`, uuid.NewString(), s.clock.Now())
	w := s.ask(get("/b/marisol-two"))
	equal(t, "merged", fmt.Sprint(w.Code, w.Header().Get("Location")), "301/b/marisol-hair-studio")
}

// A street that is hidden is nowhere on the page, nor in what search engines read.
func TestStreetStaysHidden(t *testing.T) {
	s := newStand(t)
	status, _, _ := s.post("page/facts", url.Values{"name": {"Marisol"}, "street": {"18 Wharf Street"}, "city": {"Port Avery"}, "zip": {"11231"}, "hide_street": {"on"}})
	equal(t, "saved", status, http.StatusSeeOther)
	s.post("page", url.Values{"action": {"public"}})
	for _, target := range []string{"/b/marisol-hair-studio", "/my/seven/page/preview"} {
		body := s.ask(get(target)).Body.String()
		contains(t, target, body, "Port Avery, 11231")
		for _, no := range []string{"Wharf", "40.67", "openstreetmap"} {
			if strings.Contains(body, no) {
				t.Errorf("%s tells %q", target, no)
			}
		}
	}
	contains(t, "the owner's form", s.ask(get("/my/seven/page/facts")).Body.String(), "18 Wharf Street", `name="hide_street" value="on" checked`)
}

// local is a time in New York.
func local(t *testing.T, at string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when.UTC()
}
