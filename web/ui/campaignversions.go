package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// versionsData is what a campaign has said, newest first, with two of them compared.
type versionsData struct {
	Rows    []versionRow
	From    int // 0: nothing is compared
	To      int
	Changes []difference
	Path    string
}

type versionRow struct {
	Version      int
	Title        string // what it is known by: the subject, the page's title
	By, When     string
	Full         string // the whole time
	Now          bool
	Compare, See string // addresses; "" where there is none
}

func (u *ui) versionsTab(r *http.Request, _ frame, h campaignHead) (templ.Component, error) {
	all, err := u.Editor.ListCampaignVersions(r.Context(), h.C.ID)
	if err != nil {
		return nil, err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return nil, err
	}
	path := campaignPath(h.C.ID)
	d := versionsData{Path: path}
	for i, v := range all {
		row := u.versionRow(t, v.Version, v.Subject, v.CreatedBy, v.CreatedAt)
		row.Now = i == 0
		row.See = pathWith(path, url.Values{"version": {strconv.Itoa(v.Version)}})
		if i+1 < len(all) {
			row.Compare = comparePath(path, all[i+1].Version, v.Version)
		}
		d.Rows = append(d.Rows, row)
	}
	find := func(n int) *fibonacco.CampaignVersion {
		i := slices.IndexFunc(all, func(v fibonacco.CampaignVersion) bool { return v.Version == n })
		if i < 0 {
			return nil
		}
		return &all[i]
	}
	d.From, d.To = comparedVersions(r.URL.Query())
	if from, to := find(d.From), find(d.To); from != nil && to != nil {
		base := fibonacco.Campaign{ID: h.C.ID}
		d.Changes = differences(draftOfVersion(base, *from), draftOfVersion(base, *to), u.serviceName)
	} else {
		d.From, d.To = 0, 0
	}
	return versionsTabView(h.May, d), nil
}

func comparePath(path string, from, to int) string {
	return pathWith(path, url.Values{"tab": {"versions"}, "from": {strconv.Itoa(from)}, "to": {strconv.Itoa(to)}}) + "#compared"
}

func comparedVersions(q url.Values) (from, to int) {
	from, _ = strconv.Atoi(q.Get("from"))
	to, _ = strconv.Atoi(q.Get("to"))
	return from, to
}

func (u *ui) versionRow(t towns, version int, title, by string, at time.Time) versionRow {
	local, now := u.local(t, at), u.local(t, time.Time{})
	return versionRow{Version: version, Title: title, By: authorWord(by), When: moment(local, now), Full: fullTime(local)}
}

// authorWord is who wrote a version.
func authorWord(by string) string {
	switch by {
	case "":
		return "the product"
	case "library":
		return "a library"
	}
	return by
}

// restoreCampaign makes an earlier version the next one. What was said meanwhile stays in the list.
func (u *ui) restoreCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return fibonacco.Errorf(fibonacco.NotFound, "There is no such version.")
	}
	all, err := u.Editor.ListCampaignVersions(r.Context(), r.PathValue("id"))
	if err != nil {
		return sentenceError(err)
	}
	v, err := u.Editor.CampaignVersion(r.Context(), r.PathValue("id"), n)
	if err != nil {
		return sentenceError(err)
	}
	c, err := u.Mailing.Campaign(r.Context(), v.CampaignID)
	if err != nil {
		return err
	}
	_, _, err = u.Editor.UpdateCampaign(r.Context(), all[0].Version, draftOfVersion(*c, *v), visitor(r.Context()))
	return u.redone(w, r, campaignPath(v.CampaignID)+"?tab=versions", fmt.Sprintf("restored-%d", n), sentenceError(err))
}
