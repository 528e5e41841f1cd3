package ui

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountSuppressions adds the list of addresses and numbers that get nothing more.
func (u *ui) mountSuppressions(page func(pattern string, h handler)) {
	page("GET /settings/suppressions", u.suppressions)
	page("POST /settings/suppressions", u.suppress)
	page("POST /settings/suppressions/import", u.importSuppressions)
	page("POST /settings/suppressions/{id}/remove", u.unsuppress)
}

// suppressData is the forms of the page, with what was typed and what became of a file.
type suppressData struct {
	Value, Reason, Source string
	Wrong                 []fibonacco.FieldError
	Error                 string
	File                  bool // the trouble is with the form of the file
	Result                *fibonacco.SuppressionResult
	MayAdd, MayImport     bool
}

// suppressionReasons are why an address gets nothing more: those that people may give, and then those
// that the product finds.
var suppressionReasons = [][2]string{
	{"manual", "Asked us"},
	{"dnc", "Do-not-call list"},
	{"unsubscribe", "Unsubscribed"},
	{"bounce", "Bounced"},
	{"complaint", "Reported as spam"},
	{"legal", "Legal reasons"},
	{"erased", "Erased"},
}

func suppressionReason(reason string) string {
	for _, r := range suppressionReasons {
		if r[0] == reason {
			return r[1]
		}
	}
	return capital(strings.ReplaceAll(reason, "_", " "))
}

// reasonsToGive are those of suppressionReasons that people may give.
func reasonsToGive() [][2]string { return suppressionReasons[:len(suppressionReasons)-1] }

func (u *ui) suppressions(w http.ResponseWriter, r *http.Request) error {
	return u.showSuppressions(w, r, http.StatusOK, suppressData{})
}

func (u *ui) showSuppressions(w http.ResponseWriter, r *http.Request, status int, form suppressData) error {
	if u.Consents == nil {
		return fibonacco.Errorf(fibonacco.NotFound, "This build keeps no suppressions.")
	}
	q := r.URL.Query()
	if r.Method != http.MethodGet {
		q = nil
	}
	l := readLedger(fibonacco.SuppressionListing, "/settings/suppressions", q)
	page, err := u.Consents.ListSuppressions(r.Context(), l.asked())
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	fr := u.frame(r, "Suppressions", "/settings")
	if !fr.may(fibonacco.Manager) {
		fr.Current = "/settings/suppressions"
	}
	fr.Toast.Text = map[string]string{
		"added": "It gets nothing more. What was queued for it is canceled.", "known": "It was suppressed already.", "removed": "It may be reached again. Opt-ins stay as they are.",
	}[r.URL.Query().Get("done")]
	form.MayAdd, form.MayImport = fr.may(fibonacco.Operator), fr.may(fibonacco.Manager)
	var kinds, reasons [][2]string
	kinds = [][2]string{{"email", "E-mail addresses"}, {"phone", "Phone numbers"}}
	reasons = suppressionReasons
	d := ledgerData{
		ledger: l, Title: "Suppressions", About: "Addresses and numbers that get nothing more, whoever they belong to.", Label: "Suppressions",
		Menus:   []filterMenu{l.pick("kind", "Kind", kinds), l.pick("reason", "Why", reasons)},
		Columns: []column{{Name: "Address or number"}, {Name: "Why"}, {Name: "From", Wide: true}, {Name: "Business", Wide: true}, {Name: "Since", Wide: true}, {Name: ""}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"Nothing is suppressed", "Addresses that bounce or complain appear here by themselves. Add one by hand when somebody asks to hear nothing, or take in a do-not-contact file."},
		How: "What stands here is left out of every mail and voicemail, at planning and once more just before it leaves. Bounces and complaints add to it by themselves. " +
			"Taking an entry away does not opt anybody in: consent stays as it is. Of what was erased only a fingerprint is kept; it stays, so that a later import does not reach it again.",
		Above: suppressForms(form, settingsTabs(fr, "/settings/suppressions")),
	}
	b := l.box(findParam, "Search suppressions", "Address or number")
	d.Box = &b
	now := u.local(t, time.Time{})
	rows, err := u.suppressionRows(r, page.Data, t, now)
	if err != nil {
		return err
	}
	d.Rows = rows
	u.show(w, r, status, ledgerPage(fr, d))
	return nil
}

func (u *ui) suppressionRows(r *http.Request, page []fibonacco.Suppression, t towns, now time.Time) (rows []ledgerRow, err error) {
	var ids []int64
	for _, s := range page {
		if s.SMBID != nil {
			ids = append(ids, *s.SMBID)
		}
	}
	names, err := u.names(r.Context(), ids)
	if err != nil {
		return nil, err
	}
	mayRemove := principal(r.Context()).Role.AtLeast(fibonacco.Manager)
	for _, s := range page {
		value := cell{Text: s.Value}
		switch {
		case s.Reason == "erased":
			value = cell{Text: "Erased", Sub: "only its fingerprint is kept"}
		case s.Kind == "phone":
			value.Text = phone(s.Value)
		}
		business := text("")
		if s.SMBID != nil {
			business = named(names, *s.SMBID, t)
		}
		from := cell{Text: s.Source}
		if s.Source == "" {
			from.Text = "Found by the product"
		}
		if s.CommunityID != nil {
			from.Sub = t.name(*s.CommunityID)
		}
		action := cell{}
		if mayRemove && s.Reason != "erased" {
			action.More = unsuppressForm(s)
		}
		at := s.CreatedAt.In(now.Location())
		rows = append(rows, ledgerRow{Key: fmt.Sprint("suppression-", s.ID), Cells: []cell{
			value, badged(suppressionBadge(s.Reason)), from, business, {Text: moment(at, now), Title: fullTime(at)}, action,
		}})
	}
	return rows, nil
}

func suppressionBadge(reason string) badge {
	if reason == "complaint" || reason == "bounce" {
		return badge{"brick", suppressionReason(reason)}
	}
	return badge{"", suppressionReason(reason)}
}

func (u *ui) suppress(w http.ResponseWriter, r *http.Request) error {
	if u.Consents == nil {
		return fibonacco.Errorf(fibonacco.NotFound, "This build keeps no suppressions.")
	}
	field := posted(w, r)
	form := suppressData{Value: field("value"), Reason: field("reason"), Source: field("source")}
	_, added, err := u.Consents.Suppress(r.Context(), fibonacco.Suppression{Value: form.Value, Reason: form.Reason, Source: form.Source})
	if err != nil {
		if !form.take(err) {
			return err
		}
		return u.showSuppressions(w, r, http.StatusUnprocessableEntity, form)
	}
	what := "known"
	if added {
		what = "added"
	}
	return u.redone(w, r, "/settings/suppressions", what, nil)
}

// take keeps what the form can say about an error; false for any other.
func (d *suppressData) take(err error) bool {
	var known *fibonacco.Error
	if !errors.As(err, &known) || !slices.Contains([]fibonacco.Code{fibonacco.Invalid, fibonacco.Malformed, fibonacco.TooLarge}, known.Code) {
		return false
	}
	d.Wrong = known.Fields
	if len(known.Fields) == 0 || d.File {
		d.Error = capital(known.Message) + "."
	}
	return true
}

func (u *ui) unsuppress(w http.ResponseWriter, r *http.Request) error {
	if u.Consents == nil {
		return fibonacco.Errorf(fibonacco.NotFound, "This build keeps no suppressions.")
	}
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	return u.redone(w, r, "/settings/suppressions", "removed", u.Consents.Unsuppress(r.Context(), id, posted(w, r)("reason")))
}

// importSuppressions takes in a do-not-contact file and says what it did.
func (u *ui) importSuppressions(w http.ResponseWriter, r *http.Request) error {
	if u.Consents == nil {
		return fibonacco.Errorf(fibonacco.NotFound, "This build keeps no suppressions.")
	}
	form := suppressData{File: true}
	_, _, file, _, err := u.readImport(w, r)
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }()
	}
	if err != nil {
		return err
	}
	form.Reason, form.Source = r.PostFormValue("reason"), strings.TrimSpace(r.PostFormValue("source"))
	if file == nil {
		form.Error = "Choose a file first."
		return u.showSuppressions(w, r, http.StatusUnprocessableEntity, form)
	}
	defer func() { _ = file.Close() }()
	form.Result, err = u.Consents.ImportSuppressions(r.Context(), file, form.Reason, form.Source)
	if err != nil {
		if !form.take(err) {
			return err
		}
		return u.showSuppressions(w, r, http.StatusUnprocessableEntity, form)
	}
	return u.showSuppressions(w, r, http.StatusOK, form)
}
