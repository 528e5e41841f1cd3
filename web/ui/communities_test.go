package ui_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// county keeps the communities of a town, and their days off.
type county struct {
	places

	days map[int64][]fibonacco.Holiday
}

func (c *county) CreateCommunity(_ context.Context, made fibonacco.Community) (*fibonacco.Community, error) {
	if err := made.Validate(); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.town.places, func(o fibonacco.CommunityCount) bool { return o.Slug == made.Slug }) {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "there is a community of this slug already")
	}
	made.ID = int64(len(c.town.places) + 1)
	c.town.places = append(c.town.places, fibonacco.CommunityCount{Community: made})
	return &made, nil
}

func (c *county) UpdateCommunity(_ context.Context, id int64, change fibonacco.CommunityChange) (*fibonacco.Community, error) {
	one := &c.town.places[id-1].Community
	after := *one
	after.Name, after.Slug, after.State, after.County, after.Timezone, after.Population = *change.Name, *change.Slug, *change.State, *change.County, *change.Timezone, change.Population
	if err := after.Validate(); err != nil {
		return nil, err
	}
	*one = after
	return one, nil
}

func (c *county) DeleteCommunity(_ context.Context, id int64) error {
	if c.town.places[id-1].SMBs > 0 {
		return fibonacco.Errorf(fibonacco.Conflict, "The community has businesses.")
	}
	c.town.places = slices.Delete(c.town.places, int(id-1), int(id))
	return nil
}

func (c *county) ListHolidays(_ context.Context, id int64) ([]fibonacco.Holiday, error) {
	return c.days[id], nil
}

func (c *county) SetHoliday(_ context.Context, id int64, day, name string) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fibonacco.Errorf(fibonacco.Invalid, "that is no day")
	}
	c.days[id] = slices.DeleteFunc(c.days[id], func(h fibonacco.Holiday) bool { return h.Day == day })
	if name != "" {
		c.days[id] = append(c.days[id], fibonacco.Holiday{Day: day, Name: name})
	}
	return nil
}

func newCounty(w *town) *county {
	return &county{places: places{town: w}, days: map[int64][]fibonacco.Holiday{}}
}

// withCounty lets the days off be those of the communities.
func withCounty(d *ui.Deps) {
	d.Holidays = d.Communities.(*county)
}

func TestCommunities(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager, withCounty)
	s.get("/communities").wants(t, http.StatusOK, "Kailua Bay", "09:12", "Honolulu", "/businesses?community_id=1")
	a := s.do("POST", "/communities/new", url.Values{"name": {"St. Mary’s  Point"}, "state": {"ny"}, "timezone": {"America/New_York"}, "population": {"2,590"}})
	if a.Header.Get("Location") != "/communities/3?done=added" {
		t.Fatalf("%d to %s\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	if c := s.places[2]; c.Slug != "st-marys-point" || c.State != "NY" || *c.Population != 2590 {
		t.Errorf("stored %+v", c)
	}
	s.get("/communities/3?done=added").wants(t, http.StatusOK, "Now its businesses", "14:12 now", `value="2,590"`, "This cannot be undone.")
	s.do("POST", "/communities/new", url.Values{"name": {"X"}, "state": {"New York"}, "timezone": {"Nowhere"}, "population": {"many"}}).
		wants(t, http.StatusUnprocessableEntity, "must be a whole number", `value="New York"`)
	s.do("POST", "/communities/new", url.Values{"name": {"X"}, "state": {"New York"}, "timezone": {"Nowhere"}}).
		wants(t, http.StatusUnprocessableEntity, "is not an IANA time zone", "must be two capital letters", `href="#town-timezone"`)
	s.do("POST", "/communities/new", url.Values{"name": {"St Mary's Point"}, "state": {"NY"}, "timezone": {"America/New_York"}}).wants(t, http.StatusUnprocessableEntity, "slug already")
	if a := s.do("POST", "/communities/3", url.Values{"name": {"Mary"}, "slug": {"mary"}, "state": {"NY"}, "timezone": {"America/Chicago"}}); a.Header.Get("Location") != "/communities/3?done=saved" {
		t.Errorf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	if c := s.places[2]; c.Name != "Mary" || c.Timezone != "America/Chicago" || *c.Population != 0 {
		t.Errorf("stored %+v", c)
	}
	s.get("/communities/1").wants(t, http.StatusOK, "Only an empty community can be deleted. This one has 3 businesses")
	s.do("POST", "/communities/1/delete", nil).wants(t, http.StatusConflict)
	if a := s.do("POST", "/communities/3/delete", nil); a.Header.Get("Location") != "/communities?done=deleted" || len(s.places) != 2 {
		t.Errorf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.get("/communities/9").wants(t, http.StatusNotFound)
	s.town.places = nil
	s.get("/communities").wants(t, http.StatusOK, "No community yet")
	s.get("/businesses?q=").wants(t, http.StatusOK)
}

func TestDaysOff(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager, withCounty)
	const path = "/communities/2/holidays"
	if a := s.do("POST", path, url.Values{"day": {"2026-12-24"}, "name": {" Lei <day> "}}); a.Header.Get("Location") != "/communities/2?done=day" {
		t.Fatalf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.get("/communities/2").wants(t, http.StatusOK, "Lei <day>", "Thursday, 24 December 2026")
	s.do("POST", path, url.Values{"day": {"tomorrow"}, "name": {"x"}}).wants(t, http.StatusUnprocessableEntity, "Give a day like 2026-11-27.")
	s.do("POST", path, url.Values{"day": {"2026-12-25"}}).wants(t, http.StatusUnprocessableEntity, "Give the day off a name.")
	a := s.do("POST", path+"/2026-12-24/remove", url.Values{"name": {"Lei <day>"}})
	a = s.get(a.Header.Get("Location"))
	a.wants(t, http.StatusOK, "Mail goes on that day again.", "None of its own.")
	undo := regexp.MustCompile(`action="(/communities/2/holidays\?[^"]+)"`).FindStringSubmatch(a.body)
	s.do("POST", html.UnescapeString(undo[1]), nil)
	s.get("/communities/2").wants(t, http.StatusOK, "Lei <day>")
}

// added is the record of a business that can be added to.
type added struct{ records }

func (r added) Create(_ context.Context, s fibonacco.SMB) (*fibonacco.SMB, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s.ID = int64(len(r.smbs) + 1)
	r.smbs = append(r.smbs, s)
	return &s, nil
}

func TestAddABusiness(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Operator, func(d *ui.Deps) { d.SMBs = added{d.SMBs.(records)} })
	s.get("/businesses/new?community=2").wants(t, http.StatusOK, "Kailua Bay (Honolulu time, 09:12 now)", `<option value="2" selected>`)
	s.do("POST", "/businesses/new", url.Values{"business_name": {"Nowhere"}}).wants(t, http.StatusUnprocessableEntity, "has to be chosen", `value="Nowhere"`)
	form := url.Values{"community_id": {"2"}, "business_name": {"Reef Cafe"}, "primary_email": {"not one"}, "state": {"hi"}, "rvm_opted_in": {"1"}}
	s.do("POST", "/businesses/new", form).wants(t, http.StatusUnprocessableEntity, "is not an e-mail address", `href="#new-primary_email"`)
	form.Set("primary_email", "reef@example.org")
	form.Set("tags", "beach, vip")
	a := s.do("POST", "/businesses/new", form)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/businesses/5" {
		t.Fatalf("%d to %s\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	if b := s.smbs[4]; b.State != "HI" || b.EmailOptedIn || !b.RVMOptedIn || b.Source != "manual" || len(b.Tags) != 2 {
		t.Errorf("stored %+v", b)
	}

	// One that may be here already is shown first.
	form.Set("business_name", "Reef Café")
	a = s.do("POST", "/businesses/new", form)
	a.wants(t, http.StatusConflict, "It may be here already.", "The same e-mail address.", "/businesses/5", "Add it anyway")
	if len(s.smbs) != 5 {
		t.Error("it was added all the same")
	}
	form.Set("anyway", "1")
	if a := s.do("POST", "/businesses/new", form); a.Header.Get("Location") != "/businesses/6" {
		t.Errorf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
}

// The file has what the table shows: the filter, the order and the columns, on all pages.
func TestExportTheTable(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.smbs[0].BusinessName = "=HYPERLINK(1)"
	s.smbs[0].Tags = []string{"vip", "a,b"}
	a := s.do("GET", "/businesses/export.csv?campaign_status=active&sort=-created_at", nil, "Cookie", "fibonacco_columns=email.tags.services")
	a.wants(t, http.StatusOK)
	want := "id,business_name,category,primary_email,services_activated,tags\n1,'=HYPERLINK(1),Hair salon,owner1@example.org,,\"[\"\"vip\"\",\"\"a,b\"\"]\"\n"
	if a.body != want || !strings.Contains(a.Header.Get("Content-Disposition"), `filename=businesses-20261117-191233.csv`) {
		t.Errorf("got %q, %s", a.body, a.Header.Get("Content-Disposition"))
	}
	if q := s.askedSMBs; q.Size != fibonacco.MaxPage || strings.Join(q.Sort, "") != "-created_at" {
		t.Errorf("asked %+v", q)
	}
	s.get("/businesses/export.csv?tier=9").wants(t, http.StatusUnprocessableEntity)
	if got := linked(t, s.get("/businesses?campaign_status=active&sort=-created_at"), "Export"); got != "/businesses/export.csv?campaign_status=active&sort=-created_at" {
		t.Errorf("the link leads to %s", got)
	}
}
