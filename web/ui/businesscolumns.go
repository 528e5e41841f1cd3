package ui

import (
	"net/http"
	"slices"
	"strings"
)

// businessColumn is a column of the table that can be chosen.
type businessColumn struct {
	Key, Name string
	Sort      string   // the field that its head orders by; "" has none
	Num       bool     // to the right
	Fields    []string // what an export has of it
}

// businessColumns are all that can be chosen, in the order in which they stand. The name is always there.
var businessColumns = []businessColumn{
	{Key: "community", Name: "Community", Fields: []string{"community_id"}},
	{Key: "contact", Name: "Contact", Fields: []string{"primary_contact_name"}},
	{Key: "email", Name: "E-mail", Fields: []string{"primary_email"}},
	{Key: "phone", Name: "Phone", Fields: []string{"primary_phone"}},
	{Key: "place", Name: "City", Fields: []string{"address", "city", "state", "zip"}},
	{Key: "status", Name: "Status", Fields: []string{"campaign_status"}},
	{Key: "programme", Name: "Programme", Fields: []string{"manifest_destiny_day", "manifest_destiny_start_date"}},
	{Key: "score", Name: "Score", Sort: "engagement_score", Num: true, Fields: []string{"engagement_score"}},
	{Key: "tier", Name: "Tier", Fields: []string{"engagement_tier"}},
	{Key: "reach", Name: "Reach", Fields: []string{"email_opted_in", "rvm_opted_in", "do_not_contact"}},
	{Key: "activity", Name: "Last activity", Fields: []string{"last_email_open", "last_email_click", "last_content_view", "last_approval"}},
	{Key: "next", Name: "Next step", Fields: []string{"current_campaign_id", "next_scheduled_send"}},
	{Key: "services", Name: "Services", Num: true, Fields: []string{"services_activated"}},
	{Key: "subscription", Name: "Subscription", Fields: []string{"subscription_tier"}},
	{Key: "tags", Name: "Tags", Fields: []string{"tags"}},
	{Key: "source", Name: "Source", Fields: []string{"source"}},
	{Key: "quality", Name: "Data quality", Num: true, Fields: []string{"data_quality_score"}},
	{Key: "added", Name: "Added", Sort: "created_at", Fields: []string{"created_at"}},
	{Key: "changed", Name: "Changed", Sort: "updated_at", Fields: []string{"updated_at"}},
}

// usualColumns are those that are shown until somebody chooses others.
var usualColumns = []string{"community", "status", "programme", "score", "tier", "reach", "activity", "next", "services"}

// columnsCookie holds the columns that a browser shows, by their keys.
const columnsCookie = "fibonacco_columns"

// shownColumns are those that a visitor chose.
func shownColumns(r *http.Request) []businessColumn {
	chosen := usualColumns
	if c, err := r.Cookie(columnsCookie); err == nil {
		chosen = strings.Split(c.Value, ".")
	}
	return slices.DeleteFunc(slices.Clone(businessColumns), func(c businessColumn) bool { return !slices.Contains(chosen, c.Key) })
}

// isShown reports whether a column is among some.
func isShown(columns []businessColumn, key string) bool {
	return slices.ContainsFunc(columns, func(c businessColumn) bool { return c.Key == key })
}

// chooseColumns remembers a choice in the browser that made it.
func (u *ui) chooseColumns(w http.ResponseWriter, r *http.Request) error {
	field := posted(w, r)
	back := tablePath(field("list"))
	cookie := &http.Cookie{ //nolint:gosec // the demo and a first start are served over plain http
		Name: columnsCookie, Path: businessesPath, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: u.SecureCookies, MaxAge: 365 * 24 * 60 * 60,
	}
	if field("do") == "usual" {
		cookie.MaxAge = -1
	} else {
		var keys []string
		for _, c := range businessColumns {
			if slices.Contains(r.PostForm["column"], c.Key) {
				keys = append(keys, c.Key)
			}
		}
		cookie.Value = strings.Join(keys, ".")
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}
