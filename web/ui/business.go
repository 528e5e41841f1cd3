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

const sendsShown = 13

// businessData is one business's record, in the time of its community.
type businessData struct {
	*fibonacco.SMB
	Community string
	Zone      *time.Location
	Timezone  string
	Now       time.Time // local
	Score     fibonacco.ScoreBreakdown
	Strip     strip
	Sends     []fibonacco.CampaignSend // newest first
	Titles    map[string]string        // campaign → title
	Explained *fibonacco.Explanation   // nil unless a day was asked for
	Date      string                   // in the box to ask in
	DateError string
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
	fr.Toast = d.toast(r.URL.Query().Get("done"))
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
	d := businessData{SMB: smb, Community: t.name(smb.CommunityID), Timezone: t.zone(smb.CommunityID), Titles: map[string]string{}}
	d.Zone = zone(d.Timezone)
	d.Now = u.Clock.Now().In(d.Zone)
	if d.Score, err = u.SMBs.CalculateEngagementScore(ctx, id); err != nil {
		return d, fmt.Errorf("score of business %d: %w", id, err)
	}
	sends, _, err := u.Campaigns.ListSends(ctx, fibonacco.SendFilter{SMBID: id}, 0, 200)
	if err != nil {
		return d, fmt.Errorf("sends of business %d: %w", id, err)
	}
	d.Sends = sends[:min(len(sends), sendsShown)]
	campaigns, err := u.Campaigns.ListCampaigns(ctx, "", 0)
	if err != nil {
		return d, fmt.Errorf("list campaigns: %w", err)
	}
	for _, c := range campaigns {
		d.Titles[c.ID] = c.Title
	}
	week, _ := strconv.Atoi(q.Get("week"))
	if d.Strip, err = u.readStrip(ctx, smb, d.Now, campaigns, sends, week); err != nil {
		return d, err
	}
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

func (d businessData) toast(done string) toast {
	switch done {
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
