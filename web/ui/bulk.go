package ui

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// mountBulk adds doing something to many businesses: what would happen, watching, what came of it.
func (u *ui) mountBulk(page func(pattern string, h handler)) {
	page("GET /businesses/bulk", u.bulkPreview)
	page("POST /businesses/bulk", u.startBulk)
	page("GET /businesses/bulk/{uuid}", u.bulkJob)
	page("GET /businesses/bulk/{uuid}/left.csv", u.bulkLeft)
	page("POST /businesses/bulk/{uuid}/undo", u.undoBulk)
}

const bulkPath = businessesPath + "/bulk"

// bulkAction is something that can be done to many businesses at once.
type bulkAction struct {
	Key, Short, Icon string
	First            bool // in the bar itself; the others are behind its last button
	Harm             bool
	Least            fibonacco.Role
	Does             string // what the page says it does
	Ask, Done        string // "Pause %s", "Paused"
	Needs            string // "tags", "town", "field": what must be said before anything can be counted
	Reason           bool   // a reason is kept
	of               fibonacco.BulkAction
}

var bulkActions = []bulkAction{
	{
		Key: "start_programme", Short: "Start", Icon: "play", First: true, of: fibonacco.BulkStart, Ask: "Start the programme for %s", Done: "Started",
		Does: "Day 1 is today where each business is, and its first step is planned at once. Those that were started before stay as they are.",
	},
	{
		Key: "pause_programme", Short: "Pause", Icon: "pause", First: true, of: fibonacco.BulkPause, Ask: "Pause %s", Done: "Paused", Reason: true,
		Does: "What is planned and has not left is canceled. Nothing is lost: after the pause each goes on with the next day’s step.",
	},
	{
		Key: "resume_programme", Short: "Resume", Icon: "play", First: true, of: fibonacco.BulkResume, Ask: "Let %s go on", Done: "Resumed",
		Does: "Each goes on with the next day’s step: nothing comes twice, nothing comes in a burst.",
	},
	{
		Key: "add_tags", Short: "Tag", Icon: "tag", First: true, of: fibonacco.BulkTag, Ask: "Tag %s", Done: "Tagged", Needs: "tags",
		Does: "Tags are words of your own to find businesses by.",
	},
	{
		Key: "remove_tags", Short: "Take a tag off", Icon: "tag", of: fibonacco.BulkUntag, Ask: "Take the tag off %s", Done: "Tag taken off", Needs: "tags",
		Does: "The businesses stay; only the tag goes.",
	},
	{
		Key: "move", Short: "Move to a community", Icon: "move", of: fibonacco.BulkSet, Ask: "Move %s", Done: "Moved", Needs: "town",
		Does: "From now on the other community’s time zone and days off decide when mail leaves. What is planned already leaves when it was planned.",
	},
	{
		Key: "set", Short: "Set a field", Icon: "edit", of: fibonacco.BulkSet, Ask: "Change %s", Done: "Changed", Needs: "field",
		Does: "The same value for all of them. What they had before is in the audit log of each.",
	},
	{
		Key: "opt_out", Short: "Opt out of everything", Icon: "mailoff", Harm: true, of: fibonacco.BulkOptOut, Ask: "Opt out %s", Done: "Opted out", Reason: true,
		Does: "No e-mail, no voicemail, no text message and no call any more; what is queued is canceled. It stands as a consent taken back, so that there is no undo.",
	},
	{
		Key: "do_not_contact", Short: "Do not contact", Icon: "mailoff", Harm: true, of: fibonacco.BulkBlock, Ask: "Block %s", Done: "Blocked", Reason: true,
		Does: "Nothing goes there on any channel, whatever they consented to. What is queued is canceled.",
	},
	{
		Key: "delete", Short: "Delete", Icon: "x", Harm: true, Least: fibonacco.Manager, of: fibonacco.BulkDelete, Ask: "Delete %s", Done: "Deleted", Reason: true,
		Does: "They vanish from every list, and what is queued for them is canceled. They are kept unseen for 90 days and are then gone for good. There is no undo here.",
	},
}

// bulkActionsOf are those that a visitor may do.
func bulkActionsOf(fr frame) []bulkAction {
	var all []bulkAction
	for _, a := range bulkActions {
		if a.Least == "" || fr.may(a.Least) {
			all = append(all, a)
		}
	}
	return all
}

// bulkFields are the fields that can be set for many, with what they may be.
var bulkFields = [][2]string{
	{"category", "Category"},
	{"business_type", "Legal form"},
	{"city", "City"},
	{"state", "State"},
	{"source", "Source"},
	{"service_model", "Service model"},
	{"subscription_tier", "Subscription"},
}

// bulkForm is what is to be done to whom, as a form says it.
type bulkForm struct {
	bulkAction
	List              string // place of the table that it began at
	IDs               []string
	Everyone          bool // all that the table's filter matches
	Tags, Town, Field string
	Value, ReasonText string
}

func readBulkForm(fr frame, form url.Values) (bulkForm, error) {
	f := bulkForm{
		List: form.Get("list"), IDs: form["id"], Everyone: form.Get("all") == "1", Tags: strings.TrimSpace(form.Get("tags")), Town: form.Get("town"),
		Field: form.Get("field"), Value: strings.TrimSpace(form.Get("value")), ReasonText: strings.TrimSpace(form.Get("reason")),
	}
	for _, a := range bulkActions {
		if a.Key != form.Get("action") {
			continue
		}
		if a.Least != "" && !fr.may(a.Least) {
			return f, fibonacco.Errorf(fibonacco.Forbidden, "Your role does not allow this. Ask a manager of your team.")
		}
		f.bulkAction = a
		return f, nil
	}
	return f, fibonacco.Errorf(fibonacco.Invalid, "Choose what is to be done to the businesses.")
}

// Complete reports whether everything is said that the action needs.
func (f bulkForm) Complete() bool {
	switch f.Needs {
	case "tags":
		return f.Tags != ""
	case "town":
		return f.Town != ""
	case "field":
		return f.Field != ""
	}
	return true
}

// request is what the form asks for; chosen is false when it names nobody.
func (f bulkForm) request() (r fibonacco.BulkRequest, chosen bool) {
	r = fibonacco.BulkRequest{Action: f.of, Reason: f.ReasonText}
	if f.Everyone {
		q, err := url.ParseQuery(f.List)
		if err != nil {
			return r, false
		}
		r.Filter, chosen = readBusinessTable(q).filter(), true
	} else {
		for _, text := range f.IDs {
			if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
				r.Filter.IDs = append(r.Filter.IDs, id)
			}
		}
		chosen = len(r.Filter.IDs) > 0
	}
	switch f.Needs {
	case "tags":
		r.Tags = readTyped(f.Tags)
	case "town":
		if id, err := strconv.ParseInt(f.Town, 10, 64); err == nil {
			r.Change.CommunityID = &id
		}
	case "field":
		to := map[string]**string{
			"category": &r.Change.Category, "business_type": &r.Change.BusinessType, "city": &r.Change.City, "state": &r.Change.State, "source": &r.Change.Source,
			"service_model": &r.Change.ServiceModel, "subscription_tier": &r.Change.SubscriptionTier,
		}[f.Field]
		if to != nil {
			*to = &f.Value
		}
	}
	return r, chosen
}

// carried is what the form's next step needs of this one.
func (f bulkForm) carried() [][2]string {
	all := [][2]string{{"action", f.Key}, {"list", f.List}}
	if f.Everyone {
		return append(all, [2]string{"all", "1"})
	}
	for _, id := range f.IDs {
		all = append(all, [2]string{"id", id})
	}
	return all
}

// said is what the action needed, for the step after.
func (f bulkForm) said() [][2]string {
	return [][2]string{{"tags", f.Tags}, {"town", f.Town}, {"field", f.Field}, {"value", f.Value}}
}

type bulkData struct {
	bulkForm
	Towns   towns
	Preview *fibonacco.BulkPreview
	Rule    string // in words, when everyone is meant
	Later   string // address that counts, when the page did not wait for it
	Wrong   []fibonacco.FieldError
	Error   string
}

// nowParam asks a preview of everybody to count at once.
const nowParam = "now"

func (u *ui) bulkPreview(w http.ResponseWriter, r *http.Request) error {
	return u.showBulk(w, r, http.StatusOK, r.URL.Query(), nil)
}

// showBulk is the page before: what would change, what would not, and why. failed is why it could not
// be begun.
func (u *ui) showBulk(w http.ResponseWriter, r *http.Request, status int, form url.Values, failed error) error {
	ctx := r.Context()
	fr := u.frame(r, "Change several", businessesPath)
	f, err := readBulkForm(fr, form)
	if form.Get("action") == "" {
		http.Redirect(w, r, businessesPath, http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	d := bulkData{bulkForm: f}
	if d.Towns, err = u.towns(ctx); err != nil {
		return err
	}
	request, chosen := f.request()
	if f.Everyone {
		segments, err := u.segments(ctx)
		if err != nil {
			return err
		}
		q, _ := url.ParseQuery(f.List) // what it cannot read, request has refused
		d.Rule = readBusinessTable(q).rule(knownNames{d.Towns, segments, u.Services}, u.local(d.Towns, u.Clock.Now()))
	}
	switch {
	case !chosen:
		d.Error = "Nobody is chosen. Go back, and tick the businesses that are meant."
	case f.Complete() && f.Everyone && r.Method == http.MethodGet && !form.Has(nowParam): // a million take longer to judge than a page may
		later := maps.Clone(form)
		later.Set(nowParam, "1")
		d.Later = pathWith(bulkPath, later)
	case f.Complete() && failed == nil:
		d.Preview, failed = u.Bulk.PreviewBulk(ctx, request)
	}
	if failed != nil {
		var known *fibonacco.Error
		if !errors.As(failed, &known) || known.Code != fibonacco.Invalid && known.Code != fibonacco.Conflict {
			return failed
		}
		d.Error, d.Wrong, status = capital(known.Message)+".", inWordsOfFilters(known.Fields), http.StatusUnprocessableEntity
	}
	fr.Title = d.Short
	u.show(w, r, status, bulkPage(fr, d))
	return nil
}

func (u *ui) startBulk(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	if err := r.ParseForm(); err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "The form could not be read.")
	}
	f, err := readBulkForm(u.frame(r, "", ""), r.PostForm)
	if err != nil {
		return err
	}
	request, chosen := f.request()
	if !chosen || !f.Complete() {
		return u.showBulk(w, r, http.StatusUnprocessableEntity, r.PostForm, nil)
	}
	job, err := u.Bulk.StartBulk(r.Context(), request)
	if err != nil {
		return u.showBulk(w, r, http.StatusUnprocessableEntity, r.PostForm, err)
	}
	http.Redirect(w, r, pathWith(bulkPath+"/"+job.UUID, url.Values{"list": {f.List}}), http.StatusSeeOther) //nolint:gosec // a path of ours, with an id that we made
	return nil
}

// bulkJob is a change on its way, or over.
func (u *ui) bulkJob(w http.ResponseWriter, r *http.Request) error {
	job, err := u.Bulk.FindBulk(r.Context(), r.PathValue("uuid"))
	if err != nil {
		return err
	}
	place := r.URL.Query().Get("list")
	fr := u.frame(r, bulkTitle(*job), businessesPath)
	u.show(w, r, http.StatusOK, bulkJobPage(fr, *job, place))
	return nil
}

func (u *ui) bulkLeft(w http.ResponseWriter, r *http.Request) error {
	to := &attachment{w: w, name: "left-alone.csv"}
	err := u.Bulk.WriteBulkLeft(r.Context(), r.PathValue("uuid"), to)
	if err != nil && to.begun {
		u.Log.Warn("a file of what was left alone broke off", "error", err)
		panic(http.ErrAbortHandler) // nobody shall take half of it for the whole
	}
	return err
}

func (u *ui) undoBulk(w http.ResponseWriter, r *http.Request) error {
	job, err := u.Bulk.UndoBulk(r.Context(), r.PathValue("uuid"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, pathWith(bulkPath+"/"+job.UUID, url.Values{"list": {r.FormValue("list")}}), http.StatusSeeOther) //nolint:gosec // a path of ours, with an id that we made
	return nil
}

// leftWords say why a business stays as it is.
var leftWords = map[fibonacco.BulkReason]string{
	fibonacco.LeftSame: "It is so already", fibonacco.LeftFull: "It has as many tags as one may", fibonacco.LeftGone: "Deleted, or moved out of your sight, meanwhile",
	fibonacco.LeftPending: "Not started yet", fibonacco.LeftActive: "Runs already", fibonacco.LeftPaused: "Paused", fibonacco.LeftCompleted: "All 90 days are over",
}

// leftLine is one reason with its number.
type leftLine struct {
	Why string
	N   int
}

// leftLines are the reasons, the most frequent first.
func leftLines(left fibonacco.BulkLeft) []leftLine {
	var all []leftLine
	for _, why := range slices.Sorted(maps.Keys(left)) {
		word, ok := leftWords[why]
		if !ok {
			word = string(why)
		}
		all = append(all, leftLine{word, left[why]})
	}
	slices.SortStableFunc(all, func(a, b leftLine) int { return b.N - a.N })
	return all
}

func leftCount(left fibonacco.BulkLeft) (n int) {
	for _, one := range left {
		n += one
	}
	return n
}

// bulkTitle is what a change does, in words.
func bulkTitle(j fibonacco.BulkJob) string {
	for _, a := range bulkActions {
		if a.of == j.Action {
			if j.UndoOf != nil {
				return "Taking it back: " + lower(a.Short)
			}
			return a.Short
		}
	}
	return string(j.Action)
}

// bulkDone is what became of those that were changed.
func bulkDone(j fibonacco.BulkJob) string {
	for _, a := range bulkActions {
		if a.of == j.Action && j.Action != fibonacco.BulkSet {
			return a.Done
		}
	}
	return "Changed"
}

func bulkEnded(j fibonacco.BulkJob) bool { return j.Status == "completed" || j.Status == "failed" }

func bulkBadge(j fibonacco.BulkJob) badge {
	switch j.Status {
	case "queued":
		return badge{"open", "Waiting"}
	case "running":
		return badge{"ink", "Running"}
	case "completed":
		return badge{"leaf", "Done"}
	case "failed":
		return badge{"brick", "Failed"}
	}
	return badge{"open", j.Status}
}

// bulkPolling makes a page look again until its change is over.
func bulkPolling(j fibonacco.BulkJob, place string) templ.Attributes {
	if bulkEnded(j) {
		return nil
	}
	return templ.Attributes{
		"hx-get": pathWith(bulkPath+"/"+j.UUID, url.Values{"list": {place}}), "hx-trigger": "every 1s", "hx-select": "#job", "hx-swap": "outerHTML", "data-polled": true,
	}
}

// bulkShare is the part of a change that is done.
func bulkShare(j fibonacco.BulkJob) string {
	if j.Matched == 0 {
		return "1"
	}
	return fmt.Sprintf("%.3f", float64(j.Done)/float64(j.Matched))
}

// whom says how many a change is for.
func (d bulkData) whom() string {
	if d.Preview == nil {
		return "them"
	}
	return plural(d.Preview.Changes, "business", "businesses")
}

// sampleNames are the names of some, in a sentence.
func sampleNames(sample []fibonacco.SMB) string {
	names := make([]string, len(sample))
	for i, s := range sample {
		names[i] = s.BusinessName
	}
	return strings.Join(names, ", ")
}

// bulkSub is the line under the title of a change.
func bulkSub(j fibonacco.BulkJob) string {
	if bulkEnded(j) {
		return "What it came to."
	}
	return "It goes on when you leave this page."
}
