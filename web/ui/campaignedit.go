package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// draftForm is a draft in its form, with what is to be said about it.
type draftForm struct {
	D        fibonacco.CampaignDraft
	New      bool
	Version  int // that the draft goes on from
	Findings []fibonacco.CampaignFinding
	Problem  *fibonacco.Error // why it was not saved
	Theirs   *theirs          // what somebody else saved meanwhile
	May      bool             // save, beside trying out
	Limited  bool             // sees some communities only, which is why not
	Services []fibonacco.Offering
	Who      mailView
	Inbox    *fibonacco.MailPreview // nil while no mail can be made of it
}

// theirs is what somebody else has made of a campaign while it was being written here.
type theirs struct {
	Version int
	By      string
	When    string
	Changes []difference // from theirs to ours
}

// Found are the findings about one field.
func (f draftForm) Found(field string) (all []fibonacco.CampaignFinding) {
	for _, one := range f.Findings {
		if one.Field == field {
			all = append(all, one)
		}
	}
	return all
}

// errors counts what prevents saving.
func (f draftForm) errors() (n int) {
	for _, one := range f.Findings {
		if one.Severity == "error" {
			n++
		}
	}
	return n
}

// Path is where the form goes.
func (f draftForm) Path() string {
	if f.New {
		return "/programme/new"
	}
	return campaignPath(f.D.ID)
}

// Subjects are the further subjects, with room for all there may be.
func (f draftForm) Subjects() []string {
	return append(slices.Clone(f.D.Subjects), make([]string, max(moreSubjects-len(f.D.Subjects), 0))...)
}

func (u *ui) editTab(r *http.Request, fr frame, h campaignHead) (templ.Component, error) {
	f, err := u.draftForm(r, fr, draftOf(h.C))
	if err != nil {
		return nil, err
	}
	f.Version = h.C.Version
	return editTabView(f), nil
}

// draftForm is the form of a draft, looked over.
func (u *ui) draftForm(r *http.Request, fr frame, d fibonacco.CampaignDraft) (f draftForm, err error) {
	f = draftForm{D: d, May: mayWrite(r.Context(), fr), Limited: fibonacco.ScopeOf(r.Context()) != nil, Services: u.Services}
	if f.Who, err = u.mailView(r, d.ID); err != nil {
		return f, err
	}
	f.Findings = u.Editor.LintCampaign(d)
	f.Inbox, err = u.inboxOf(r.Context(), d, f.Who.id())
	return f, err
}

// inboxOf is the mail of a draft; nil when none can be made of it yet, which the findings say.
func (u *ui) inboxOf(ctx context.Context, d fibonacco.CampaignDraft, smbID int64) (*fibonacco.MailPreview, error) {
	p, err := u.Previewer.PreviewDraft(ctx, d, smbID)
	if known, err := shownError(err); err != nil || known != nil {
		return nil, err
	}
	return p, nil
}

// saveCampaign stores a version, unless somebody else was faster: then both texts are shown.
func (u *ui) saveCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	fr := u.frame(r, r.PathValue("id"), "/programme")
	h, err := u.campaignHead(r, fr)
	if err != nil {
		return err
	}
	d, problem := readDraft(r, draftOf(h.C))
	version, _ := strconv.Atoi(r.PostFormValue("version"))
	if problem == nil {
		var c *fibonacco.Campaign
		c, _, problem = u.Editor.UpdateCampaign(r.Context(), version, d, visitor(r.Context()))
		if problem == nil {
			done := "saved"
			if c.Version == version {
				done = "same"
			}
			return u.redone(w, r, campaignPath(d.ID)+"?tab=edit"+keepWho(r), done, nil)
		}
	}
	f, err := u.draftForm(r, fr, d)
	if err != nil {
		return err
	}
	f.Version, f.Who.query = version, nil
	if f.Theirs, err = u.theirs(r, d, version); err != nil {
		return err
	}
	if err := f.refused(problem); err != nil {
		return err
	}
	h.Tab = "edit"
	for i := range h.Tabs {
		h.Tabs[i].On = h.Tabs[i].Text == "Edit"
	}
	status := http.StatusUnprocessableEntity
	if f.Theirs != nil {
		f.Version, status = f.Theirs.Version, http.StatusConflict
	}
	u.show(w, r, status, campaignPage(fr, h, editTabView(f)))
	return nil
}

// refused keeps why a draft was not saved, for its form to say; what no form can say is returned.
func (f *draftForm) refused(problem error) error {
	var known *fibonacco.Error
	if !errors.As(problem, &known) || known.Code != fibonacco.Invalid && known.Code != fibonacco.Conflict {
		return problem
	}
	f.Problem = known
	for _, w := range known.Fields {
		if !slices.ContainsFunc(f.Findings, func(have fibonacco.CampaignFinding) bool { return have.Field == w.Field && have.Message == w.Reason }) {
			f.Findings = append(f.Findings, fibonacco.CampaignFinding{Field: w.Field, Message: w.Reason, Severity: "error"})
		}
	}
	return nil
}

// keepWho carries along for whom the preview is.
func keepWho(r *http.Request) string {
	if id, err := strconv.ParseInt(r.PostFormValue("smb"), 10, 64); err == nil {
		return fmt.Sprintf("&smb=%d", id)
	}
	return ""
}

// theirs is nil unless the campaign has become another version than the one the draft goes on from. The
// versions are asked for, and not what this node remembers.
func (u *ui) theirs(r *http.Request, d fibonacco.CampaignDraft, version int) (*theirs, error) {
	all, err := u.Editor.ListCampaignVersions(r.Context(), d.ID)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 || all[0].Version == version {
		return nil, nil //nolint:nilnil // documented: nobody was faster
	}
	now, by := u.Clock.Now(), all[0].CreatedBy
	return &theirs{
		Version: all[0].Version, By: orWord(by, "Somebody"), When: ago(all[0].CreatedAt, now),
		Changes: differences(draftOfVersion(fibonacco.Campaign{ID: d.ID}, all[0]), d, u.serviceName),
	}, nil
}

// lintDraft says what is to be said about a draft, each beside its field, as parts that htmx puts in
// their places.
func (u *ui) lintDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := u.draftInHand(r)
	f := draftForm{D: d}
	if err != nil {
		if err := f.refused(err); err != nil {
			return err
		}
	}
	f.Findings = append(f.Findings, u.Editor.LintCampaign(d)...)
	f.Who.From = u.Company.Name
	if f.Inbox, err = u.inboxOf(r.Context(), d, smbOf(r)); err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, allFindings(f))
	return nil
}

// draftInHand is the draft of a form; of a new campaign, whatever it says of itself.
func (u *ui) draftInHand(r *http.Request) (fibonacco.CampaignDraft, error) {
	base := fibonacco.CampaignDraft{}
	if id := r.PathValue("id"); id != "new" {
		c, err := u.Mailing.Campaign(r.Context(), id)
		if err != nil {
			return base, err
		}
		base = draftOf(*c)
	} else {
		base = newDraft(r)
	}
	return readDraft(r, base)
}

// smbOf is the business that a form is filled for; 0 is nobody in particular.
func smbOf(r *http.Request) int64 {
	id, _ := strconv.ParseInt(r.PostFormValue("smb"), 10, 64)
	return max(id, 0)
}

// draftMail is the mail of a draft, for the frame beside the form.
func (u *ui) draftMail(w http.ResponseWriter, r *http.Request) error {
	d, err := u.draftInHand(r)
	if err != nil {
		return err
	}
	p, err := u.Previewer.PreviewDraft(r.Context(), d, smbOf(r))
	known, err := shownError(err)
	switch {
	case err != nil:
		return err
	case known != nil:
		var lines []string
		for _, field := range known.Fields {
			lines = append(lines, fieldWord(field.Field)+" "+field.Reason+".")
		}
		u.writeMail(w, plainDocument("No mail yet", "No mail can be made of this yet.\n\n"+strings.Join(lines, "\n")))
	case r.PostFormValue("view") == "text":
		u.writeMail(w, plainDocument(p.Subject, p.Subject+"\n\n"+p.Text))
	default:
		u.writeMail(w, p.HTML)
	}
	return nil
}

// newDraft is what a form says of a new campaign that will be fixed once it is there.
func newDraft(r *http.Request) fibonacco.CampaignDraft {
	return fibonacco.CampaignDraft{
		ID: strings.TrimSpace(r.PostFormValue("id")), Type: fibonacco.CampaignType(r.PostFormValue("type")), Slug: strings.TrimSpace(r.PostFormValue("slug")),
	}
}

func (u *ui) newCampaign(w http.ResponseWriter, r *http.Request) error {
	return u.showNewCampaign(w, r, http.StatusOK, fibonacco.CampaignDraft{Type: fibonacco.Hook}, nil)
}

func (u *ui) showNewCampaign(w http.ResponseWriter, r *http.Request, status int, d fibonacco.CampaignDraft, problem error) error {
	fr := u.frame(r, "New campaign", "/programme")
	f, err := u.draftForm(r, fr, d)
	if err != nil {
		return err
	}
	f.New, f.Who.ID = true, "new"
	if problem == nil {
		f.Findings = nil // nothing is wrong with what nobody has written yet
	} else if err := f.refused(problem); err != nil {
		return err
	}
	u.show(w, r, status, newCampaignPage(fr, f))
	return nil
}

func (u *ui) createCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	d, problem := readDraft(r, newDraft(r))
	if problem == nil {
		var c *fibonacco.Campaign
		if c, _, problem = u.Editor.CreateCampaign(r.Context(), d, visitor(r.Context())); problem == nil {
			return u.redone(w, r, campaignPath(c.ID), "created", nil)
		}
	}
	status := http.StatusUnprocessableEntity
	if fibonacco.CodeOf(problem) == fibonacco.Conflict {
		status = http.StatusConflict
	}
	return u.showNewCampaign(w, r, status, d, problem)
}
