package ui_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// fits reports whether the conditions of a filter hold: of those fields that these tests ask for.
func fits(s fibonacco.SMB, f fibonacco.Filter) bool {
	conditions, err := fibonacco.SMBListing.Conditions(f)
	if err != nil {
		return false
	}
	for _, c := range conditions {
		value := map[string]string{
			"community_id": strconv.FormatInt(s.CommunityID, 10), "campaign_status": string(s.CampaignStatus), "engagement_tier": strconv.Itoa(s.EngagementTier),
			"engagement_score": strconv.Itoa(s.EngagementScore), "category": s.Category, "primary_email": s.PrimaryEmail, "business_name": s.BusinessName, "id": strconv.FormatInt(s.ID, 10),
		}[c.Field.Name]
		holds := slices.Contains(c.Values, value)
		switch c.Op {
		case fibonacco.NoneOf:
			holds = !holds
		case fibonacco.Between:
			n, _ := strconv.Atoi(value)
			low, _ := strconv.Atoi(c.Values[0])
			high, err := strconv.Atoi(c.Values[1])
			holds = n >= low && (err != nil || n <= high)
		case fibonacco.IsNull:
			holds = value == ""
		case fibonacco.NotNull:
			holds = value != ""
		}
		if !holds {
			return false
		}
	}
	return true
}

// QuerySMBs checks the question as the real one does; its cursor is a number of rows.
func (t *town) QuerySMBs(ctx context.Context, q fibonacco.SMBQuery) (page fibonacco.Page[fibonacco.SMB], err error) {
	t.mu.Lock()
	t.askedSMBs, t.askedBy = q, fibonacco.PrincipalOf(ctx)
	t.mu.Unlock()
	if _, err := fibonacco.SMBListing.Conditions(q.Filter.Where); err != nil {
		return page, err
	}
	if _, err := fibonacco.SMBListing.SortKeys(q.Sort); err != nil {
		return page, err
	}
	all := t.matching(q.Filter)
	at, _ := strconv.Atoi(q.Cursor)
	end := min(len(all), at+max(q.Size, 1))
	if end < len(all) {
		page.Next = strconv.Itoa(end)
	}
	page.Data = all[min(at, len(all)):end]
	return page, nil
}

// drawer is where a town keeps its saved views.
type drawer struct {
	fibonacco.SegmentService
	*town

	all []fibonacco.Segment
}

func (d *drawer) at(uuid string) (int, error) {
	i := slices.IndexFunc(d.all, func(s fibonacco.Segment) bool { return s.UUID == uuid })
	if i < 0 {
		return 0, missing()
	}
	return i, nil
}

func (d *drawer) CreateSegment(_ context.Context, s fibonacco.Segment) (*fibonacco.Segment, error) {
	if slices.ContainsFunc(d.all, func(o fibonacco.Segment) bool { return o.Name == s.Name }) {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "there is a segment of this name already")
	}
	if strings.TrimSpace(s.Name) == "" {
		return nil, fibonacco.InvalidFields("the segment cannot be saved", []fibonacco.FieldError{{Field: "name", Reason: "is required"}})
	}
	s.UUID, s.UpdatedAt = fmt.Sprintf("0193c2f0-0000-7000-8000-%012d", len(d.all)+1), monday
	d.all = append(d.all, s)
	return &s, nil
}

func (d *drawer) FindSegment(_ context.Context, uuid string) (*fibonacco.Segment, error) {
	i, err := d.at(uuid)
	if err != nil {
		return nil, err
	}
	s := d.all[i]
	return &s, nil
}

func (d *drawer) UpdateSegment(_ context.Context, uuid string, s fibonacco.Segment) (*fibonacco.Segment, error) {
	i, err := d.at(uuid)
	if err != nil {
		return nil, err
	}
	o := &d.all[i]
	o.Name, o.Description, o.Filter, o.Search = s.Name, s.Description, s.Filter, s.Search
	return o, nil
}

func (d *drawer) DeleteSegment(_ context.Context, uuid string) error {
	i, err := d.at(uuid)
	if err != nil {
		return err
	}
	d.all = slices.Delete(d.all, i, i+1)
	return nil
}

func (d *drawer) ListSegments(context.Context, fibonacco.ListQuery, bool) (fibonacco.Page[fibonacco.Segment], error) {
	return fibonacco.Page[fibonacco.Segment]{Data: slices.Clone(d.all)}, nil
}

func withViews(views *drawer) func(*ui.Deps) { return func(d *ui.Deps) { d.Segments = views } }

// linked is the address of the link whose text is given.
func linked(t *testing.T, a answer, text string) string {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?s)<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>`).FindAllStringSubmatch(a.body, -1) {
		plain := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[2], ""))
		if strings.TrimSpace(strings.Join(strings.Fields(plain), " ")) == text || strings.Contains(m[0], `aria-label="`+text+`"`) {
			return html.UnescapeString(m[1])
		}
	}
	t.Fatalf("%s has no link %q", a.Request.URL, text)
	return ""
}

func TestBusinessFilters(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		path string
		says string            // the chip
		asks fibonacco.Filter  // of the directory
		rest map[string]string // what else the page holds
	}{
		"values":          {path: "campaign_status=active,paused", says: "Status <b>Active, Paused</b>", asks: fibonacco.Filter{"campaign_status": "active,paused"}},
		"another's link":  {path: "community=1&community=2", says: "Community <b>Port Avery, Kailua Bay</b>", asks: fibonacco.Filter{"community_id": "1,2"}},
		"none of":         {path: "tag=!vip,gold", says: "Tag not <b>vip, gold</b>", asks: fibonacco.Filter{"tag": "!vip,gold"}},
		"a comma inside":  {path: `category=Bar%5C,+Grill`, says: "Category <b>Bar, Grill</b>", asks: fibonacco.Filter{"category": `Bar\, Grill`}},
		"unknown":         {path: "category=null", says: "<b>No category</b>", asks: fibonacco.Filter{"category": "null"}},
		"range":           {path: "engagement_score=20..60", says: "Score <b>20 to 60</b>", asks: fibonacco.Filter{"engagement_score": "20..60"}},
		"open range":      {path: "engagement_score=..60", says: "Score <b>at most 60</b>", asks: fibonacco.Filter{"engagement_score": "..60"}},
		"dates":           {path: "last_email_open=2026-11-10..", says: "Last opened a mail <b>since 10 Nov</b>", asks: fibonacco.Filter{"last_email_open": "2026-11-10.."}},
		"never":           {path: "last_email_open=null", says: "<b>Never opened a mail</b>", asks: fibonacco.Filter{"last_email_open": "null"}},
		"another year":    {path: "created_at=..2025-02-01T23:59:59Z", says: "Added <b>until 1 Feb 2025</b>", asks: fibonacco.Filter{"created_at": "..2025-02-01T23:59:59Z"}},
		"yes or no":       {path: "rvm_opted_in=false", says: "Voicemail <b>Opted out</b>", asks: fibonacco.Filter{"rvm_opted_in": "false"}},
		"by hand":         {path: "id=1,2", says: "Chosen by hand <b>2 businesses</b>", asks: fibonacco.Filter{"id": "1,2"}},
		"has a service":   {path: "approved_service=booking", says: "Service approved <b>Appointment booking</b>", asks: fibonacco.Filter{"approved_service": "booking"}},
		"waits for some":  {path: "waiting_service=!null", says: "<b>Waiting for any service</b>", asks: fibonacco.Filter{"waiting_service": "!null"}},
		"none is unknown": {path: "q=+mari+", asks: fibonacco.Filter{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, fibonacco.Viewer, func(d *ui.Deps) {
				d.Services = []fibonacco.Offering{{Type: "booking", Title: "Appointment booking"}}
			})
			a := s.get("/businesses?" + tc.path)
			a.wants(t, http.StatusOK)
			plain := strings.Join(strings.Fields(html.UnescapeString(a.body)), " ")
			if !strings.Contains(plain, tc.says) {
				t.Errorf("%q is missing", tc.says)
			}
			if got := s.askedSMBs.Filter.Where; fmt.Sprint(got) != fmt.Sprint(tc.asks) {
				t.Errorf("asked for %v, want %v", got, tc.asks)
			}
		})
	}
}

// A form of a filter leads to the plain address of the list, and keeps what else is asked for.
func TestBusinessFilterForms(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	for form, want := range map[string]string{
		"set=engagement_score&low=20&high=":                     "engagement_score=20..",
		"set=engagement_score&low=&high=&engagement_score=1..2": "",
		"set=tag&how=any&typed=vip,+spring+sale":                "tag=vip,spring sale",
		`set=category&how=none&typed=Bar%5C,+Grill,!x`:          `category=!Bar\, Grill,\!x`,
		"set=category&how=any&typed=!x":                         `category=\!x`,
		"set=category&how=null&typed=ignored":                   "category=null",
		"set=created_at&low=2026-11-01&high=2026-11-17":         "created_at=2026-11-01..2026-11-17T23:59:59Z",
		"set=nonsense&low=1":                                    "",
	} {
		a := s.get("/businesses?q=rosa&sort=-created_at&after=25&from=26&" + form)
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || a.StatusCode != http.StatusSeeOther || to.Path != "/businesses" {
			t.Fatalf("%s: %d to %s", form, a.StatusCode, to)
		}
		q := to.Query()
		if q.Get("q") != "rosa" || q.Get("sort") != "-created_at" || q.Has("after") || q.Has("from") {
			t.Errorf("%s leads to %s", form, to)
		}
		q.Del("q")
		q.Del("sort")
		if got, err := url.QueryUnescape(q.Encode()); err != nil || got != want {
			t.Errorf("%s: %q, want %q", form, got, want)
		}
	}
}

func TestBusinessTableSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	a := s.get("/businesses?tier=9&engagement_score=many")
	a.wants(t, http.StatusUnprocessableEntity, "The list cannot be narrowed so.", "Tier must be one of 1, 2, 3, 4.", "Score must be a whole number.")
	if got := linked(t, a, "Remove filter Tier"); got != "/businesses?engagement_score=many" {
		t.Errorf("the way out leads to %s", got)
	}
	// htmx shows nothing of an answer that is an error.
	s.do("GET", "/businesses?tier=9", nil, "HX-Request", "true").wants(t, http.StatusOK, "Tier must be one of")
}

func TestBusinessOrders(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	a := s.get("/businesses?status=active")
	if n := strings.Count(a.body, `aria-sort="none"`); n != 2 {
		t.Errorf("%d heads can order", n)
	}
	for _, step := range [][2]string{{"engagement_score", "descending"}, {"engagement_score", "ascending"}, {"business_name", "ascending"}, {"business_name", "descending"}} {
		head := regexp.MustCompile(`href="([^"]+)" id="head-` + step[0] + `"`).FindStringSubmatch(a.body)
		a = s.get(html.UnescapeString(head[1]))
		a.wants(t, http.StatusOK, `aria-sort="`+step[1]+`"`, "Status <b>")
	}
	if got := s.askedSMBs.Sort; fmt.Sprint(got) != "[-business_name]" {
		t.Errorf("ordered by %v", got)
	}
	s.get("/businesses?q=kayak").wants(t, http.StatusOK, "Best match")
}

func TestBusinessColumns(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	a := s.do("POST", "/businesses/columns", url.Values{"column": {"email", "tags", "nonsense"}, "list": {"campaign_status=active&evil=1"}})
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/businesses?campaign_status=active" {
		t.Fatalf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	cookie := a.Cookies()[0]
	if cookie.Value != "email.tags" || !cookie.HttpOnly {
		t.Errorf("remembered %v", cookie)
	}
	shown := s.do("GET", "/businesses", nil, "Cookie", cookie.Name+"="+cookie.Value)
	shown.wants(t, http.StatusOK, ">E-mail</th>", ">Tags</th>", "owner1@example.org")
	if strings.Contains(shown.body, ">Community</th>") {
		t.Error("a column is shown that was not chosen")
	}
	if a := s.do("POST", "/businesses/columns", url.Values{"do": {"usual"}}); a.Cookies()[0].MaxAge >= 0 {
		t.Error("the choice is not forgotten")
	}
}

func TestSavedViews(t *testing.T) {
	t.Parallel()
	views := &drawer{}
	s := serve(t, fibonacco.Operator, withViews(views))
	s.get("/segments").wants(t, http.StatusOK, "No saved view yet")
	const list = "campaign_status=active,paused&q=" // as the form of the table carries it
	s.get("/businesses?campaign_status=active,paused").wants(t, http.StatusOK, "Save this view", `value="campaign_status=active%2Cpaused"`)
	a := s.do("POST", "/segments", url.Values{"name": {"In the programme"}, "list": {list}})
	to := a.Header.Get("Location")
	if a.StatusCode != http.StatusSeeOther || views.all[0].Filter["campaign_status"] != "active,paused" || views.all[0].CommunityID != nil {
		t.Fatalf("%d to %s: %+v", a.StatusCode, to, views.all)
	}
	shown := s.get(to)
	shown.wants(t, http.StatusOK, "View saved.", "1 to 2 of 2")
	if strings.Contains(shown.body, "Save this view") {
		t.Error("what is saved is offered to be saved again")
	}
	if got := linked(t, s.get("/businesses"), "In the programme 2"); !strings.Contains(got, "view="+views.all[0].UUID) {
		t.Errorf("the tab leads to %s", got)
	}

	// Another filter makes it a changed view, which can be kept.
	changed := s.get(strings.Replace(to, "active%2Cpaused", "active", 1))
	changed.wants(t, http.StatusOK, "changed", "Save the change", "/segments/"+views.all[0].UUID)
	s.do("POST", "/segments/"+views.all[0].UUID, url.Values{"list": {"campaign_status=active"}})
	if v := views.all[0]; v.Name != "In the programme" || v.Filter["campaign_status"] != "active" {
		t.Errorf("changed to %+v", v)
	}
	s.do("POST", "/segments/"+views.all[0].UUID, url.Values{"name": {"Active <ones>"}, "description": {"d"}})
	if v := views.all[0]; v.Name != "Active <ones>" || v.Filter["campaign_status"] != "active" {
		t.Errorf("renamed to %+v", v)
	}
	a = s.get("/segments")
	a.wants(t, http.StatusOK, "Active <ones>", "Status Active.", "Everybody who sees all communities")
	if strings.Contains(a.body, "<ones>") {
		t.Error("a name is markup")
	}

	s.do("POST", "/segments", url.Values{"name": {"Active <ones>"}, "list": {list}}).wants(t, http.StatusUnprocessableEntity, "There is a segment of this name already.")
	s.do("POST", "/segments", url.Values{"name": {" "}, "list": {list}}).wants(t, http.StatusUnprocessableEntity, "Name is required.", `value="campaign_status=active,paused&q="`)

	// What is deleted can be taken back.
	a = s.do("POST", "/segments/"+views.all[0].UUID+"/delete", nil)
	if len(views.all) != 0 {
		t.Fatal("still there")
	}
	a = s.get(a.Header.Get("Location"))
	a.wants(t, http.StatusOK, "Deleted the view Active <ones>.")
	undo := regexp.MustCompile(`action="(/segments\?[^"]+)"`).FindStringSubmatch(a.body)
	s.do("POST", html.UnescapeString(undo[1]), nil)
	if len(views.all) != 1 || views.all[0].Name != "Active <ones>" || views.all[0].Filter["campaign_status"] != "active" {
		t.Errorf("back came %+v", views.all)
	}
}

func TestSavedViewOfACommunity(t *testing.T) {
	t.Parallel()
	views := &drawer{}
	s := serve(t, fibonacco.Operator, withViews(views))
	s.do("POST", "/segments", url.Values{"name": {"Ours"}, "list": {"q=kayak"}, "community": {"2"}})
	if v := views.all[0]; v.CommunityID == nil || *v.CommunityID != 2 || v.Search != "kayak" {
		t.Fatalf("saved %+v", v)
	}
	s.get("/segments").wants(t, http.StatusOK, "Everybody who sees Kailua Bay", "“kayak” in the name, e-mail or phone; Community Kailua Bay.")
	a := s.get(linked(t, s.get("/businesses"), "Ours 1"))
	a.wants(t, http.StatusOK, "Kayak Shed", "1 to 1 of 1")
	if strings.Contains(a.body, "Save the change") {
		t.Error("a view that was just opened counts as changed")
	}
}

// rewriting is the record of a business that can be changed.
type rewriting struct{ records }

func (r rewriting) Update(_ context.Context, id int64, change fibonacco.SMBChange) (*fibonacco.SMB, error) {
	for i := range r.smbs {
		s := &r.smbs[i]
		if s.ID != id {
			continue
		}
		if change.IfVersion != nil && *change.IfVersion != s.Version {
			return nil, fibonacco.Errorf(fibonacco.Conflict, "the business was changed meanwhile")
		}
		if change.PrimaryEmail != nil {
			if *change.PrimaryEmail != "" && !fibonacco.ValidEmail(*change.PrimaryEmail) {
				return nil, fibonacco.InvalidFields("the business cannot be saved", []fibonacco.FieldError{{Field: "primary_email", Reason: "is not an e-mail address"}})
			}
			s.PrimaryEmail = *change.PrimaryEmail
		}
		s.Version++
		copied := *s
		return &copied, nil
	}
	return nil, missing()
}

func TestChangeAFieldInTheTable(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Operator, func(d *ui.Deps) { d.SMBs = rewriting{d.SMBs.(records)} })
	const path = "/cells/1/email"
	s.get(path+"/edit").wants(t, http.StatusOK, "E-mail of Marisol Hair Studio", `value="owner1@example.org"`, "<title>")
	if a := s.do("GET", path+"/edit", nil, "HX-Request", "true"); strings.Contains(a.body, "<title>") {
		t.Error("the table would get a whole page")
	}
	s.do("POST", path, url.Values{"value": {"not one"}, "version": {"0"}}).wants(t, http.StatusUnprocessableEntity, "E-mail is not an e-mail address.", `value="not one"`)
	s.do("POST", path, url.Values{"value": {" new@example.org "}, "version": {"0"}}, "HX-Request", "true").wants(t, http.StatusOK, "new@example.org", "Saved.")
	if s.smbs[0].PrimaryEmail != "new@example.org" {
		t.Fatalf("stored %q", s.smbs[0].PrimaryEmail)
	}

	// Somebody else was faster: what they left is shown, and whoever saves then has seen it.
	a := s.do("POST", path, url.Values{"value": {"mine@example.org"}, "version": {"0"}})
	a.wants(t, http.StatusConflict, "Somebody changed this business meanwhile.", "new@example.org", `value="mine@example.org"`, `name="version" value="1"`, "Keep theirs")
	if s.smbs[0].PrimaryEmail != "new@example.org" {
		t.Error("the other's change is lost")
	}
	s.do("POST", path, url.Values{"value": {""}, "version": {"1"}}, "HX-Request", "true").wants(t, http.StatusOK, "None")
	s.get("/cells/1/engagement_score/edit").wants(t, http.StatusNotFound)
	s.do("POST", path, url.Values{"value": {"x@example.org"}}).wants(t, http.StatusUnprocessableEntity, "did not arrive whole")
}
