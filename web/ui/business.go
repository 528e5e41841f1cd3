package ui

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// businessData is one business's record, in the time of its community.
type businessData struct {
	*fibonacco.SMB
	query     url.Values // what its address says
	Community string
	Zone      *time.Location
	Timezone  string
	Now       time.Time // local
	Score     fibonacco.ScoreBreakdown
	Series    scoreChart
	Strip     strip
	Titles    map[string]string      // campaign → title
	Explained *fibonacco.Explanation // nil unless a day was asked for
	Date      string                 // in the box to ask in
	DateError string

	Timeline    timeline
	Notes       []fibonacco.Note
	Suggestions []fibonacco.ContactSuggestion // that wait for somebody
	Reach       []channelReach
	Services    servicesData
}

// recordItems are the lists of what waits for somebody at records.
var recordItems = []navItem{{"/duplicates", "Duplicates", "merge"}, {"/suggestions", "Suggestions", "sarah"}}

// mountRecord adds what is done on the record of one business, and the pages below it.
func (u *ui) mountRecord(route func(pattern string, h http.Handler), page func(pattern string, h handler)) {
	route("GET /businesses/{id}/{part}", u.recordParts(map[string]handler{
		"edit": u.editBusiness, "consents": u.consents, "export": u.exportBusiness, "duplicates": u.duplicatesOf, "merge": u.mergeForm,
	}))
	page("POST /businesses/{id}/edit", u.saveBusiness)
	page("POST /businesses/{id}/edit-undo", u.undoEdit)
	page("POST /businesses/{id}/notes", u.addNote)
	page("POST /businesses/{id}/notes/{note}/delete", u.deleteNote)
}

// recordParts answers for the pages below a record by their last word, each by its own rule. A pattern
// for each would claim addresses that /businesses/import/{uuid} has as well.
func (u *ui) recordParts(parts map[string]handler) http.Handler {
	byName := map[string]http.Handler{}
	for name, h := range parts {
		byName[name] = u.staff(ruleOf("GET /businesses/{id}/"+name), h)
	}
	none := u.staff(ruleOf("/"), func(http.ResponseWriter, *http.Request) error {
		return fibonacco.Errorf(fibonacco.NotFound, "There is no page at this address.")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := byName[r.PathValue("part")]
		if !ok {
			h = none
		}
		h.ServeHTTP(w, r)
	})
}

func mailable(s fibonacco.SMB) bool {
	return s.EmailOptedIn && !s.DoNotContact && fibonacco.ValidEmail(s.PrimaryEmail)
}

func ringable(s fibonacco.SMB) bool {
	return s.RVMOptedIn && !s.DoNotContact && s.PrimaryPhone != ""
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (u *ui) business(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := u.readBusiness(r.Context(), id, r.URL.Query())
	if err != nil {
		return err
	}
	fr := u.frame(r, d.BusinessName, "/businesses")
	fr.Toast = d.toast(r.URL.Query())
	u.show(w, r, http.StatusOK, businessPage(fr, d))
	return nil
}

func (u *ui) readBusiness(ctx context.Context, id int64, q url.Values) (businessData, error) {
	smb, err := u.SMBs.Find(ctx, id)
	if err != nil {
		return businessData{}, err
	}
	t, err := u.towns(ctx)
	if err != nil {
		return businessData{}, err
	}
	d := businessData{SMB: smb, query: keptQuery(q), Community: t.name(smb.CommunityID), Timezone: t.zone(smb.CommunityID), Titles: map[string]string{}}
	d.Zone = zone(d.Timezone)
	d.Now = u.Clock.Now().In(d.Zone)
	if d.Score, err = u.SMBs.CalculateEngagementScore(ctx, id); err != nil {
		return d, fmt.Errorf("score of business %d: %w", id, err)
	}
	sends, _, err := u.Campaigns.ListSends(ctx, fibonacco.SendFilter{SMBID: id}, 0, 200)
	if err != nil {
		return d, fmt.Errorf("sends of business %d: %w", id, err)
	}
	campaigns, err := u.Campaigns.ListCampaigns(ctx, "", 0)
	if err != nil {
		return d, fmt.Errorf("list campaigns: %w", err)
	}
	for _, c := range campaigns {
		d.Titles[c.ID] = c.Title
	}
	if err := u.readBeside(ctx, &d, q); err != nil {
		return d, err
	}
	week, _ := strconv.Atoi(q.Get("week"))
	if d.Strip, err = u.readStrip(ctx, smb, d.Now, campaigns, sends, week); err != nil {
		return d, err
	}
	d.Strip.All = q.Get("week") == "all"
	d.Strip.approvedBy(d.Services.Approvals)
	d.Date = d.Now.Format(time.DateOnly)
	if date := q.Get("date"); date != "" {
		d.Date = date
		d.Explained, err = u.Explainer.Explain(ctx, id, date)
		switch fibonacco.CodeOf(err) {
		case "":
		case fibonacco.Invalid:
			d.DateError = "Give a day like " + d.Now.Format(time.DateOnly) + "."
		default:
			return d, fmt.Errorf("explain a day of business %d: %w", id, err)
		}
	}
	return d, nil
}

// recordParams are what the address of a record may say: the week that is open, the day that is
// explained, and the place in the timeline.
var recordParams = []string{"week", "date", "topic", afterParam, trailParam}

func keptQuery(q url.Values) url.Values {
	kept := url.Values{}
	for _, name := range recordParams {
		if v := q.Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	return kept
}

// at is the address of the same record with one thing changed.
func (d businessData) at(name, value string) string {
	q := keptQuery(d.query)
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	return pathWith(businessPath(d.ID), q)
}

// hiddenBut is what a form of one parameter must carry along.
func (d businessData) hiddenBut(name string) [][2]string {
	var all [][2]string
	for _, p := range recordParams {
		if v := d.query.Get(p); v != "" && p != name {
			all = append(all, [2]string{p, v})
		}
	}
	return all
}

// readBeside reads what stands around the programme.
func (u *ui) readBeside(ctx context.Context, d *businessData, q url.Values) (err error) {
	if d.Timeline, err = u.readTimeline(ctx, d.ID, q, d.Now, d.Titles); err != nil {
		return err
	}
	notes, err := u.Notes.ListNotes(ctx, d.ID, fibonacco.ListQuery{Size: notesShown})
	if err != nil {
		return fmt.Errorf("notes about business %d: %w", d.ID, err)
	}
	d.Notes = notes.Data
	if d.Suggestions, err = u.openSuggestions(ctx, d.ID); err != nil {
		return err
	}
	if d.Reach, err = u.readReach(ctx, d.ID); err != nil {
		return err
	}
	series, err := u.Records.ScoreSeries(ctx, d.ID, "", "")
	if err != nil {
		return fmt.Errorf("score of business %d day by day: %w", d.ID, err)
	}
	d.Series = drawScores(series)
	d.Services, err = u.readServices(ctx, d.ID)
	return err
}

// Status is the programme badge with the day.
func (d businessData) Status() badge {
	b := programmeBadge(d.CampaignStatus)
	if d.ManifestDestinyDay > 0 && (d.CampaignStatus == fibonacco.StatusActive || d.CampaignStatus == fibonacco.StatusPaused) {
		b.Text += fmt.Sprintf(", day %d", d.Strip.Today)
	}
	return b
}

// Kind is what the business is, and where.
func (d businessData) Kind() string {
	if d.Category == "" {
		return "In " + d.Community
	}
	return d.Category + " in " + d.Community
}

// Place is the postal address on one line.
func (d businessData) Place() string {
	var parts []string
	for _, p := range []string{d.Address, d.City, strings.TrimSpace(d.State + " " + d.ZIP)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// undoOf is the way back from a change that made a version; "" when the record has changed since.
func (d businessData) undoOf(version string) string {
	if version != strconv.Itoa(d.Version) {
		return ""
	}
	return businessPath(d.ID) + "/edit-undo?v=" + version
}

func (d businessData) toast(q url.Values) toast {
	switch q.Get("done") {
	case "saved":
		return toast{Text: "Saved.", Undo: d.undoOf(q.Get("v"))}
	case "unchanged":
		return toast{Text: "Nothing was changed."}
	case "undone":
		return toast{Text: "It is as it was before."}
	case "noted":
		return toast{Text: "Your note is kept."}
	case "unnoted":
		return toast{Text: "The note is deleted."}
	case "accepted":
		return toast{Text: "The new details are on file.", Undo: d.undoOf(q.Get("v"))}
	case "kept":
		if id, err := idOf(q.Get("suggestion")); err == nil {
			return toast{Text: "Kept as it is.", Undo: fmt.Sprintf("/suggestions/%d/reopen?from=record", id)}
		}
		return toast{Text: "Kept as it is."}
	case "reopened":
		return toast{Text: "The suggestion waits again."}
	case "merged":
		t := toast{Text: "Two records are one now."}
		if uuid := q.Get("merge"); uuid != "" {
			t.Undo = "/merges/" + url.PathEscape(uuid) + "/undo?survivor=" + strconv.FormatInt(d.ID, 10)
		}
		return t
	case "unmerged":
		return toast{Text: "They are two records again."}
	case "links":
		return toast{Text: "Every link that was given out so far opens nothing any more."}
	case "started":
		return toast{Text: "Programme started for " + d.BusinessName}
	case "paused":
		return toast{Text: "Paused " + d.BusinessName, Undo: businessPath(d.ID) + "/resume"}
	case "resumed":
		return toast{Text: d.BusinessName + " goes on"}
	}
	return toast{}
}

// change is a start, pause or resume of one business, and the way back to its page.
func (u *ui) change(w http.ResponseWriter, r *http.Request, done, refused string,
	do func(ctx context.Context, one fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error),
) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := u.SMBs.Find(r.Context(), id); err != nil {
		return err
	}
	result, err := do(r.Context(), fibonacco.SMBFilter{IDs: []int64{id}})
	if err != nil {
		return err
	}
	if result.Changed == 0 {
		return fibonacco.Errorf(fibonacco.Conflict, "%s", refused)
	}
	http.Redirect(w, r, businessPath(id)+"?done="+done, http.StatusSeeOther) //nolint:gosec // a number, and a constant
	return nil
}

func (u *ui) startBusiness(w http.ResponseWriter, r *http.Request) error {
	return u.change(w, r, "started", "This programme was started before.", u.Programme.StartProgramme)
}

func (u *ui) pauseBusiness(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	return u.change(w, r, "paused", "Only a programme that is running can be paused.",
		func(ctx context.Context, one fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
			return u.Programme.PauseProgramme(ctx, one, reason)
		})
}

func (u *ui) resumeBusiness(w http.ResponseWriter, r *http.Request) error {
	return u.change(w, r, "resumed", "Only a paused programme can go on.", u.Programme.ResumeProgramme)
}
