package ui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fibonacco/fibonacco"
)

const communitiesPath = "/communities"

// mountCommunities adds the communities, with their time zones and days off.
func (u *ui) mountCommunities(page func(pattern string, h handler)) {
	page("GET /communities", u.communitiesPage)
	page("GET /communities/new", u.newCommunity)
	page("POST /communities/new", u.addCommunity)
	page("GET /communities/{id}", u.community)
	page("POST /communities/{id}", u.changeCommunity)
	page("POST /communities/{id}/delete", u.deleteCommunity)
	page("POST /communities/{id}/holidays", u.addHoliday)
	page("POST /communities/{id}/holidays/{day}/remove", u.removeHoliday)
}

// communityField is a text of the form.
type communityField struct {
	Name, Label, Hint string
	Needed            bool
}

var communityFields = []communityField{
	{"name", "Name", "As people there call it, for example Red Hook.", true},
	{"state", "State", "Two letters, for example NY.", true},
	{"timezone", "Time zone", "For example America/New_York. It decides what “day” and “10:00” mean for every business here.", true},
	{"county", "County", "", false},
	{"population", "Population", "", false},
	{"slug", "Short name", "For addresses and the interface: small letters, digits and hyphens. Left empty, it is made of the name.", false},
}

// zonesOffered are the time zones of the United States; any other can be typed.
var zonesOffered = []string{
	"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico",
}

// communityForm is the form with what was typed and what is wrong with it.
type communityForm struct {
	Typed url.Values
	Wrong []fibonacco.FieldError
	Error string
}

// Why is what is wrong with a field.
func (f communityForm) Why(field string) string { return reasonOf(f.Wrong, field) }

// take keeps what the form can say about an error; false for any other.
func (f *communityForm) take(err error) bool {
	var known *fibonacco.Error
	if !errors.As(err, &known) || known.Code != fibonacco.Invalid && known.Code != fibonacco.Conflict {
		return false
	}
	f.Error, f.Wrong = capital(known.Message)+".", known.Fields
	return true
}

// communityRow is a community in the list, in its own time.
type communityRow struct {
	fibonacco.CommunityCount
	Clock string
}

func (u *ui) communitiesPage(w http.ResponseWriter, r *http.Request) error {
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	now := u.Clock.Now()
	rows := make([]communityRow, len(t.all))
	for i, c := range t.all {
		rows[i] = communityRow{c, clockTime(now.In(zone(c.Timezone)))}
	}
	fr := u.frame(r, "Communities", businessesPath)
	if r.URL.Query().Get("done") == "deleted" {
		fr.Toast.Text = "The community is gone."
	}
	u.show(w, r, http.StatusOK, communityListPage(fr, rows))
	return nil
}

func (u *ui) newCommunity(w http.ResponseWriter, r *http.Request) error {
	form := communityForm{Typed: url.Values{"timezone": {fibonacco.DefaultTimezone}}}
	u.show(w, r, http.StatusOK, newCommunityPage(u.frame(r, "Add a community", businessesPath), form))
	return nil
}

// read takes the form. population is nil when it is not given.
func (f *communityForm) read() (c fibonacco.Community) {
	text := func(name string) string { return strings.TrimSpace(f.Typed.Get(name)) }
	c = fibonacco.Community{Name: text("name"), Slug: text("slug"), State: strings.ToUpper(text("state")), County: text("county"), Timezone: text("timezone")}
	if c.Slug == "" {
		c.Slug = slugOf(c.Name)
	}
	if digits := strings.NewReplacer(",", "", " ", "").Replace(text("population")); digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || n > 1<<31-1 {
			f.Wrong = append(f.Wrong, fibonacco.FieldError{Field: "population", Reason: "must be a whole number"})
		}
		c.Population = &n
	}
	if c.Name == "" {
		f.Wrong = append(f.Wrong, fibonacco.FieldError{Field: "name", Reason: "is required"})
	}
	if len(f.Wrong) > 0 {
		f.Error = "The community cannot be saved as it is."
	}
	return c
}

// slugOf is a short name made of a name.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-") && r != '\'' && r != '’':
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

func (u *ui) addCommunity(w http.ResponseWriter, r *http.Request) error {
	posted(w, r)("name")
	form := communityForm{Typed: r.PostForm}
	c := form.read()
	if form.Error == "" {
		added, err := u.Communities.CreateCommunity(r.Context(), c)
		if err == nil {
			return u.redone(w, r, communityPath(added.ID), "added", nil)
		}
		if !form.take(err) {
			return err
		}
	}
	u.show(w, r, http.StatusUnprocessableEntity, newCommunityPage(u.frame(r, "Add a community", businessesPath), form))
	return nil
}

func communityPath(id int64) string { return communitiesPath + "/" + strconv.FormatInt(id, 10) }

// holidayRow is a day off.
type holidayRow struct {
	fibonacco.Holiday
	Text string // the day, for people
	Past bool
}

type communityData struct {
	fibonacco.CommunityCount
	Form     communityForm
	Days     []holidayRow
	DayError string
	DayTyped fibonacco.Holiday
	Clock    string
	Postal   string
}

// findTown is the community of an address, with its counts.
func (u *ui) findTown(r *http.Request) (fibonacco.CommunityCount, error) {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return fibonacco.CommunityCount{}, err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return fibonacco.CommunityCount{}, err
	}
	c := t.byID[id]
	if c == nil {
		return fibonacco.CommunityCount{}, fibonacco.Errorf(fibonacco.NotFound, "There is no such community.")
	}
	return *c, nil
}

func (u *ui) community(w http.ResponseWriter, r *http.Request) error {
	return u.showCommunity(w, r, http.StatusOK, communityData{})
}

func (u *ui) showCommunity(w http.ResponseWriter, r *http.Request, status int, d communityData) error {
	c, err := u.findTown(r)
	if err != nil {
		return err
	}
	d.CommunityCount = c
	if d.Form.Typed == nil {
		d.Form.Typed = url.Values{"name": {c.Name}, "slug": {c.Slug}, "state": {c.State}, "county": {c.County}, "timezone": {c.Timezone}}
		if c.Population != nil {
			d.Form.Typed.Set("population", number(*c.Population))
		}
	}
	now := u.Clock.Now().In(zone(c.Timezone))
	d.Clock, d.Postal = clockTime(now), u.Company.PostalAddress
	if u.Holidays != nil {
		days, err := u.Holidays.ListHolidays(r.Context(), c.ID)
		if err != nil {
			return fmt.Errorf("days off of community %d: %w", c.ID, err)
		}
		for _, h := range days {
			row := holidayRow{Holiday: h, Text: h.Day, Past: h.Day < now.Format(time.DateOnly)}
			if at, err := time.Parse(time.DateOnly, h.Day); err == nil {
				row.Text = at.Format("Monday, 2 January 2006")
			}
			d.Days = append(d.Days, row)
		}
	}
	fr := u.frame(r, c.Name, businessesPath)
	if r.Method == http.MethodGet {
		fr.Toast = communityToast(r.URL.Query(), c.ID)
	}
	u.show(w, r, status, communityPage(fr, d))
	return nil
}

func communityToast(q url.Values, id int64) toast {
	switch q.Get("done") {
	case "added":
		return toast{Text: "Added. Now its businesses: import a file, or add them one by one."}
	case "saved":
		return toast{Text: "Saved. It holds for what is planned from now on."}
	case "day":
		return toast{Text: "No programme mail on that day."}
	case "open":
		undo := url.Values{"day": {q.Get("day")}, "name": {q.Get("name")}}
		return toast{Text: "Mail goes on that day again.", Undo: communityPath(id) + "/holidays?" + undo.Encode()}
	}
	return toast{}
}

func (u *ui) changeCommunity(w http.ResponseWriter, r *http.Request) error {
	posted(w, r)("name")
	c, err := u.findTown(r)
	if err != nil {
		return err
	}
	form := communityForm{Typed: r.PostForm}
	to := form.read()
	if to.Population == nil {
		to.Population = new(int) // makes it unknown
	}
	if form.Error == "" {
		_, err := u.Communities.UpdateCommunity(r.Context(), c.ID, fibonacco.CommunityChange{
			Name: &to.Name, Slug: &to.Slug, State: &to.State, County: &to.County, Population: to.Population, Timezone: &to.Timezone,
		})
		if err == nil {
			return u.redone(w, r, communityPath(c.ID), "saved", nil)
		}
		if !form.take(err) {
			return err
		}
	}
	return u.showCommunity(w, r, http.StatusUnprocessableEntity, communityData{Form: form})
}

func (u *ui) deleteCommunity(w http.ResponseWriter, r *http.Request) error {
	c, err := u.findTown(r)
	if err != nil {
		return err
	}
	return u.redone(w, r, communitiesPath, "deleted", u.Communities.DeleteCommunity(r.Context(), c.ID))
}

// addHoliday keeps a day free of mail. The address may say which, so that letting mail go can be taken back.
func (u *ui) addHoliday(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	c, err := u.findTown(r)
	if err != nil {
		return err
	}
	h := fibonacco.Holiday{Day: r.FormValue("day"), Name: strings.TrimSpace(r.FormValue("name"))}
	if h.Name == "" {
		return u.showCommunity(w, r, http.StatusUnprocessableEntity, communityData{DayError: "Give the day off a name.", DayTyped: h})
	}
	err = u.Holidays.SetHoliday(r.Context(), c.ID, h.Day, h.Name)
	if fibonacco.CodeOf(err) == fibonacco.Invalid {
		return u.showCommunity(w, r, http.StatusUnprocessableEntity, communityData{DayError: "Give a day like 2026-11-27.", DayTyped: h})
	}
	return u.redone(w, r, communityPath(c.ID), "day", err)
}

func (u *ui) removeHoliday(w http.ResponseWriter, r *http.Request) error {
	c, err := u.findTown(r)
	if err != nil {
		return err
	}
	day := r.PathValue("day")
	if err := u.Holidays.SetHoliday(r.Context(), c.ID, day, ""); err != nil {
		return err
	}
	q := url.Values{"done": {"open"}, "day": {day}, "name": {r.FormValue("name")}}
	http.Redirect(w, r, communityPath(c.ID)+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}
