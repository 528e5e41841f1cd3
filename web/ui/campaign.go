package ui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// campaignHead is what every tab of a campaign's page has above it.
type campaignHead struct {
	C          fibonacco.Campaign
	Tab        string
	Tabs       []choice
	Prev, Next *fibonacco.Campaign // in the order of the programme
	May        bool                // write campaigns
	Try        bool                // try things out, and mail them to oneself
}

// campaignTabs are the parts of the page, in their order; the first needs no name in the address.
var campaignTabs = []struct{ tab, text string }{
	{"", "Preview"}, {"edit", "Edit"}, {"versions", "Versions"}, {"subjects", "Subject test"}, {"test", "Test-send"}, {"figures", "Figures"},
}

func (u *ui) campaign(w http.ResponseWriter, r *http.Request) error {
	fr := u.frame(r, r.PathValue("id"), "/programme")
	h, err := u.campaignHead(r, fr)
	if err != nil {
		return err
	}
	show := map[string]func(*http.Request, frame, campaignHead) (templ.Component, error){
		"": u.previewTab, "edit": u.editTab, "versions": u.versionsTab, "subjects": u.subjectsTab, "test": u.testTab, "figures": u.figuresTab,
	}[h.Tab]
	if show == nil || !slices.ContainsFunc(h.Tabs, func(c choice) bool { return c.On }) {
		http.Redirect(w, r, campaignPath(h.C.ID), http.StatusSeeOther) // another role's tab, or none
		return nil
	}
	body, err := show(r, fr, h)
	if err != nil {
		return err
	}
	fr.Title = h.C.Title
	fr.Toast = campaignToast(r.URL.Query().Get("done"), h)
	u.show(w, r, http.StatusOK, campaignPage(fr, h, body))
	return nil
}

// campaignHead finds the campaign with its neighbours.
func (u *ui) campaignHead(r *http.Request, fr frame) (campaignHead, error) {
	h := campaignHead{Tab: r.URL.Query().Get("tab"), May: mayWrite(r.Context(), fr), Try: fr.may(fibonacco.Operator)}
	all, err := u.Campaigns.ListCampaigns(r.Context(), "", 0)
	if err != nil {
		return h, fmt.Errorf("list campaigns: %w", err)
	}
	i := slices.IndexFunc(all, func(c fibonacco.Campaign) bool { return c.ID == r.PathValue("id") })
	if i < 0 {
		return h, fibonacco.Errorf(fibonacco.NotFound, "There is no campaign with this name.")
	}
	h.C = all[i]
	slices.SortStableFunc(all, func(a, b fibonacco.Campaign) int {
		return cmp.Or(cmpBool(a.Day == 0, b.Day == 0), cmp.Compare(a.Day, b.Day), cmp.Compare(a.ID, b.ID))
	})
	i = slices.IndexFunc(all, func(c fibonacco.Campaign) bool { return c.ID == h.C.ID })
	if i > 0 {
		h.Prev = &all[i-1]
	}
	if i+1 < len(all) {
		h.Next = &all[i+1]
	}
	keep := url.Values{}
	for _, name := range []string{"smb", "view"} { // whom the mail is looked at for stays from tab to tab
		if v := r.URL.Query().Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	for _, t := range campaignTabs {
		if h.offers(t.tab) {
			q := url.Values{}
			if t.tab == "" || t.tab == "edit" || t.tab == "test" {
				q = cloneValues(keep)
			}
			if t.tab != "" {
				q.Set("tab", t.tab)
			}
			h.Tabs = append(h.Tabs, choice{t.text, pathWith(campaignPath(h.C.ID), q), t.tab == h.Tab})
		}
	}
	return h, nil
}

// offers reports whether the visitor has a tab: trying things out takes more than looking.
func (h campaignHead) offers(tab string) bool { return h.Try || tab != "edit" && tab != "test" }

func cloneValues(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = slices.Clone(v)
	}
	return out
}

func campaignToast(done string, h campaignHead) toast {
	switch what, n, _ := strings.Cut(done, "-"); what {
	case "saved":
		return toast{Text: fmt.Sprintf("Saved as version %d, for the mails that are planned from now on.", h.C.Version)}
	case "same":
		return toast{Text: "Nothing was different, so there is no new version."}
	case "created":
		return toast{Text: h.C.ID + " is written. It is off: nothing of it is planned yet."}
	case "restored":
		return toast{Text: fmt.Sprintf("Version %s is back, as version %d.", n, h.C.Version)}
	case "on":
		return toast{Text: h.C.ID + " is on: it is planned from now on.", Undo: campaignPath(h.C.ID) + "/active?on=0"}
	case "off":
		return toast{Text: h.C.ID + " is off: it is planned no more. What is planned already goes.", Undo: campaignPath(h.C.ID) + "/active?on=1"}
	case "chosen":
		return toast{Text: "Chosen. What is planned from now on gets this subject.", Undo: campaignPath(h.C.ID) + "/subject"}
	case "reopened":
		return toast{Text: "The test goes on."}
	case "tested":
		return toast{Text: "On its way. It begins with [Test] and counts nothing."}
	}
	return toast{}
}

// mailView is a mail as one business would get it, on one kind of screen.
type mailView struct {
	ID      string
	Version int // 0 is the present one
	Device  string
	SMB     *fibonacco.SMB // nil: one of which hardly anything is known
	Town    string
	Query   string
	Found   []foundItem
	Mail    *fibonacco.MailPreview
	Wrong   *fibonacco.Error // why there is nothing to see
	From    string
	query   url.Values
}

var devices = []struct{ device, text, icon string }{{"desktop", "Desktop", "desk"}, {"phone", "Phone", "mob"}, {"text", "Plain text", "lines"}}

func (u *ui) previewTab(r *http.Request, _ frame, h campaignHead) (templ.Component, error) {
	v, err := u.mailView(r, h.C.ID)
	if err != nil {
		return nil, err
	}
	v.Mail, err = u.previewMail(r.Context(), h.C, v.Version, v.id())
	if v.Wrong, err = shownError(err); err != nil {
		return nil, err
	}
	return previewTabView(h, v), nil
}

// shownError is an error that belongs on the page, apart from one that takes its place.
func shownError(err error) (*fibonacco.Error, error) {
	var known *fibonacco.Error
	if errors.As(err, &known) && (known.Code == fibonacco.Invalid || known.Code == fibonacco.Conflict || known.Code == fibonacco.TooMany) {
		return known, nil
	}
	return nil, err
}

// mailView reads of the address whom a mail is looked at for, and how.
func (u *ui) mailView(r *http.Request, id string) (mailView, error) {
	q := r.URL.Query()
	v := mailView{ID: id, Device: q.Get("view"), Query: strings.TrimSpace(q.Get("q")), query: q, From: u.Company.Name}
	if !slices.ContainsFunc(devices, func(d struct{ device, text, icon string }) bool { return d.device == v.Device }) {
		v.Device = "desktop"
	}
	v.Version, _ = strconv.Atoi(q.Get("version"))
	t, err := u.towns(r.Context())
	if err != nil {
		return v, err
	}
	if v.SMB, err = u.sampleBusiness(r.Context(), q.Get("smb")); err != nil {
		return v, err
	}
	if v.SMB != nil {
		v.Town = t.name(v.SMB.CommunityID)
	}
	if v.Query == "" {
		return v, nil
	}
	found, _, err := u.Directory.ListSMBs(r.Context(), fibonacco.SMBFilter{Search: v.Query}, 0, foundMost)
	if err != nil {
		return v, fmt.Errorf("find businesses: %w", err)
	}
	for _, s := range found {
		v.Found = append(v.Found, foundItem{v.with("smb", strconv.FormatInt(s.ID, 10)), "store", s.BusinessName, t.name(s.CommunityID)})
	}
	return v, nil
}

// sampleBusiness is the business of the address: the first that the visitor sees when none is named, nil
// when nobody shall be.
func (u *ui) sampleBusiness(ctx context.Context, text string) (*fibonacco.SMB, error) {
	filter := fibonacco.SMBFilter{}
	switch text {
	case "":
	case "0":
		return nil, nil //nolint:nilnil // documented: nobody
	default:
		id, err := idOf(text)
		if err != nil {
			return nil, err
		}
		filter.IDs = []int64{id}
	}
	page, _, err := u.Directory.ListSMBs(ctx, filter, 0, 1)
	if err != nil {
		return nil, fmt.Errorf("find a business to write to: %w", err)
	}
	if len(page) == 0 && text != "" {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "There is no business with this number, or it is not yours to see.")
	}
	if len(page) == 0 {
		return nil, nil //nolint:nilnil // there are none yet
	}
	return &page[0], nil
}

func (v mailView) id() int64 {
	if v.SMB == nil {
		return 0
	}
	return v.SMB.ID
}

// with is the address of the same page for somebody else, or on another screen.
func (v mailView) with(name, value string) string {
	q := url.Values{}
	for _, keep := range []string{"tab", "smb", "view", "version"} {
		if is := v.query.Get(keep); is != "" {
			q.Set(keep, is)
		}
	}
	q.Set(name, value)
	return pathWith(campaignPath(v.ID), q)
}

// hidden is what the search carries along.
func (v mailView) hidden() (all [][2]string) {
	for _, keep := range []string{"tab", "smb", "view", "version"} {
		if is := v.query.Get(keep); is != "" {
			all = append(all, [2]string{keep, is})
		}
	}
	return all
}

// framePath is the address of the mail itself, for the frame that shows it.
func (v mailView) framePath() string {
	q := url.Values{"smb": {strconv.FormatInt(v.id(), 10)}}
	if v.Version > 0 {
		q.Set("version", strconv.Itoa(v.Version))
	}
	return campaignPath(v.ID) + "/mail?" + q.Encode()
}

// previewMail writes a mail. Nobody in particular has no row, and gets what a draft of the same words
// would say.
func (u *ui) previewMail(ctx context.Context, c fibonacco.Campaign, version int, smbID int64) (*fibonacco.MailPreview, error) {
	if smbID != 0 {
		return u.Previewer.PreviewCampaign(ctx, c.ID, version, smbID)
	}
	d := draftOf(c)
	if version != 0 && version != c.Version {
		v, err := u.Editor.CampaignVersion(ctx, c.ID, version)
		if err != nil {
			return nil, err
		}
		d = draftOfVersion(c, *v)
	}
	return u.Previewer.PreviewDraft(ctx, d, 0)
}

// campaignMail is the document in the frame.
func (u *ui) campaignMail(w http.ResponseWriter, r *http.Request) error {
	h, err := u.campaignHead(r, u.frame(r, "", "/programme"))
	if err != nil {
		return err
	}
	v, err := u.mailView(r, h.C.ID)
	if err != nil {
		return err
	}
	p, err := u.previewMail(r.Context(), h.C, v.Version, v.id())
	if err != nil {
		return err
	}
	u.writeMail(w, p.HTML)
	return nil
}

// writeMail answers with a mail as a document for a sandboxed frame: no scripts, no forms, an origin of
// its own, and no pictures but this product's. Its links lead nowhere.
func (u *ui) writeMail(w http.ResponseWriter, document string) {
	head := w.Header()
	head.Set("Content-Security-Policy", "default-src 'none'; img-src 'self' data: "+u.pixels+
		"; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox")
	head.Set("X-Frame-Options", "SAMEORIGIN") // for browsers that do not know frame-ancestors
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "unsafe-none")
	_, _ = w.Write([]byte(document)) //nolint:gosec // sandboxed and without scripts by the policy above
}

// plainDocument is a text as a document for the same frame.
func plainDocument(subject, text string) string {
	return `<!doctype html><html lang="en"><meta charset="utf-8"><title>` + html.EscapeString(subject) +
		`</title><meta name="color-scheme" content="light"><style>body{margin:0;padding:21px}pre{margin:0;font:14px/1.6 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}</style><pre>` +
		html.EscapeString(text) + `</pre></html>`
}

func (u *ui) activateCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	on := r.FormValue("on") == "1"
	_, err := u.Editor.SetCampaignActive(r.Context(), r.PathValue("id"), on)
	done := map[bool]string{true: "on", false: "off"}[on]
	return u.redone(w, r, campaignPath(r.PathValue("id")), done, sentenceError(err))
}

// mayWriteNow refuses whoever sees some communities only: campaigns are the same for all.
func (u *ui) mayWriteNow(r *http.Request) error {
	if fibonacco.ScopeOf(r.Context()) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "Campaigns are the same for all communities, and you are limited to some. Ask somebody who sees all of them.")
	}
	return nil
}

// sentenceError makes the fragment of a contract's error a sentence, as pages have them.
func sentenceError(err error) error {
	var known *fibonacco.Error
	if !errors.As(err, &known) || known.Message == "" {
		return err
	}
	said := *known
	said.Message = capital(strings.TrimSuffix(said.Message, ".")) + "."
	return &said
}
