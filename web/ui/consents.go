package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountConsents adds who may be reached and the proof of it, and what the law gives people.
func (u *ui) mountConsents(page func(pattern string, h handler)) {
	page("POST /businesses/{id}/consents", u.recordConsent)
	page("POST /businesses/{id}/contact", u.switchContact)
	page("POST /businesses/{id}/suppress", u.suppressOwn)
	page("POST /businesses/{id}/suppressions/{suppression}/lift", u.liftSuppression)
	page("POST /businesses/{id}/erase", u.eraseBusiness)
}

// channelReach is whether a business may be reached on one channel, and every reason why not.
type channelReach struct {
	Channel  fibonacco.Channel
	Name     string
	Icon     string
	Allowed  bool
	Address  string
	Reasons  []reachReason
	Standing *fibonacco.Consent // the word in force; nil when nobody ever said anything
}

// reachReason is why not, and what would have to happen.
type reachReason struct{ Word, Advice string }

// channelLooks are the channels in the order in which people use them.
var channelLooks = []struct {
	channel    fibonacco.Channel
	name, icon string
}{
	{fibonacco.ChannelEmail, "E-mail", "mail"},
	{fibonacco.ChannelRVM, "Voicemail", "voice"},
	{fibonacco.ChannelPhone, "Calls", "phone"},
	{fibonacco.ChannelSMS, "Text messages", "note"},
}

func channelName(c fibonacco.Channel) string {
	for _, l := range channelLooks {
		if l.channel == c {
			return l.name
		}
	}
	return string(c)
}

// reachAdvice is what lifts a reason.
var reachAdvice = map[fibonacco.SkipReason]string{
	fibonacco.DoNotContact:   "Somebody has said that this business must not be contacted at all.",
	fibonacco.NotOptedIn:     "The last word on this channel was no. A new yes, written down with its wording, opens it again.",
	fibonacco.NoAddress:      "Add an address to the record.",
	fibonacco.InvalidAddress: "Correct the address in the record.",
	fibonacco.NoPhone:        "Add a phone number to the record.",
	fibonacco.Suppressed:     "The address or number is on the list of those that get nothing more.",
	fibonacco.NoConsent:      "The law asks for written consent. Write down what they agreed to, word by word.",
}

// neverAsked changes the advice where there was no word to begin with.
func (c *channelReach) neverAsked() {
	for i := range c.Reasons {
		if c.Reasons[i].Word == skipWord(fibonacco.NotOptedIn) {
			c.Reasons[i].Advice = "They have never said yes to it. Write it down when they do."
		}
	}
}

func (u *ui) readReach(ctx context.Context, id int64) ([]channelReach, error) {
	record, err := u.Records.FindRecord(ctx, id, []string{"reach"})
	if err != nil {
		return nil, err
	}
	var all []channelReach
	for _, look := range channelLooks {
		c := channelReach{Channel: look.channel, Name: look.name, Icon: look.icon, Allowed: record.Reach[look.channel].Allowed, Address: phone(record.SMB.PrimaryPhone)}
		if look.channel == fibonacco.ChannelEmail {
			c.Address = record.SMB.PrimaryEmail
		}
		for _, reason := range record.Reach[look.channel].Reasons {
			c.Reasons = append(c.Reasons, reachReason{skipWord(reason), reachAdvice[reason]})
		}
		all = append(all, c)
	}
	return all, nil
}

// consentData is the page of one business's consents.
type consentData struct {
	*fibonacco.SMB
	Zone         *time.Location
	Now          time.Time
	Timezone     string
	Reach        []channelReach
	Voicemail    *fibonacco.VoicemailPermission // rule by rule; nil where it is not known
	History      []fibonacco.Consent
	List         ledger
	Next         string
	Suppressions []fibonacco.Suppression
	Form         consentForm
	Wrong        map[string]string
	EraseWrong   string
}

type consentForm struct {
	Channel, Granted, Wording, Version, Source, SourceURL, Address, When string
}

func (u *ui) consents(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := u.readConsents(r.Context(), id, r.URL.Query())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	d.Form = consentForm{Channel: q.Get("channel"), Granted: q.Get("granted")}
	return u.showConsents(w, r, http.StatusOK, d)
}

func (u *ui) showConsents(w http.ResponseWriter, r *http.Request, status int, d consentData) error {
	fr := u.frame(r, "Consent of "+d.BusinessName, "/businesses")
	here := businessPath(d.ID)
	switch r.URL.Query().Get("done") {
	case "recorded":
		fr.Toast.Text = "It is on record."
	case "closed":
		fr.Toast = toast{Text: "Nothing more goes to this business.", Undo: here + "/contact?do_not_contact=false"}
	case "opened":
		fr.Toast = toast{Text: "It may be contacted again, as far as its consents go.", Undo: here + "/contact?do_not_contact=true"}
	case "suppressed":
		fr.Toast.Text = "It gets nothing more from anybody here."
	case "lifted":
		fr.Toast.Text = "It is off the list. Consents stay as they are."
	}
	u.show(w, r, status, consentPage(fr, d))
	return nil
}

const consentsPerPage = 20

func (u *ui) readConsents(ctx context.Context, id int64, q url.Values) (d consentData, err error) {
	if d.SMB, err = u.SMBs.Find(ctx, id); err != nil {
		return d, err
	}
	t, err := u.towns(ctx)
	if err != nil {
		return d, err
	}
	d.Timezone = t.zone(d.CommunityID)
	d.Zone = zone(d.Timezone)
	d.Now = u.Clock.Now().In(d.Zone)
	if d.Reach, err = u.readReach(ctx, id); err != nil {
		return d, err
	}
	kept := url.Values{}
	for _, name := range []string{afterParam, trailParam} {
		if v := q.Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	d.List = readLedger(fibonacco.ConsentListing, businessPath(id)+"/consents", kept)
	asked := d.List.asked()
	asked.Size = consentsPerPage
	page, err := u.Consents.ListConsents(ctx, id, asked)
	if err != nil {
		return d, err
	}
	d.History, d.Next = page.Data, d.List.next(page.Next)
	last, err := u.standing(ctx, id)
	if err != nil {
		return d, err
	}
	for i := range d.Reach {
		d.Reach[i].Standing = last[d.Reach[i].Channel]
		if d.Reach[i].Standing == nil {
			d.Reach[i].neverAsked()
		}
	}
	if d.Suppressions, err = u.suppressionsOf(ctx, d.SMB); err != nil {
		return d, err
	}
	if d.PrimaryPhone != "" && u.Voicemail != nil {
		if d.Voicemail, err = u.Voicemail.CheckVoicemail(ctx, id, nil); err != nil {
			return d, fmt.Errorf("voicemail rules of business %d: %w", id, err)
		}
	}
	return d, nil
}

// standing are the words in force: on each channel the latest that was given, whenever it was written
// down.
func (u *ui) standing(ctx context.Context, id int64) (map[fibonacco.Channel]*fibonacco.Consent, error) {
	page, err := u.Consents.ListConsents(ctx, id, fibonacco.ListQuery{Size: fibonacco.MaxPage})
	if err != nil {
		return nil, fmt.Errorf("consents of business %d: %w", id, err)
	}
	last := map[fibonacco.Channel]*fibonacco.Consent{}
	for i, c := range page.Data {
		if known := last[c.Channel]; known == nil || c.OccurredAt.After(known.OccurredAt) {
			last[c.Channel] = &page.Data[i]
		}
	}
	return last, nil
}

// suppressionsOf are those of a business's own address and number, whoever put them there.
func (u *ui) suppressionsOf(ctx context.Context, s *fibonacco.SMB) ([]fibonacco.Suppression, error) {
	var values []string
	for _, v := range []string{s.PrimaryEmail, s.PrimaryPhone} {
		if v != "" {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	page, err := u.Consents.ListSuppressions(ctx, fibonacco.ListQuery{Filter: fibonacco.Filter{"value": fibonacco.FilterValues(values)}})
	if err != nil {
		return nil, fmt.Errorf("suppressions of business %d: %w", s.ID, err)
	}
	return page.Data, nil
}

// recordConsent writes down a yes or a no.
func (u *ui) recordConsent(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	f := consentForm{
		Channel: r.PostFormValue("channel"), Granted: r.PostFormValue("granted"), Wording: normalLines(r.PostFormValue("wording")), Version: r.PostFormValue("version"),
		Source: r.PostFormValue("source"), SourceURL: strings.TrimSpace(r.PostFormValue("source_url")), Address: strings.TrimSpace(r.PostFormValue("address")), When: r.PostFormValue("when"),
	}
	d, err := u.readConsents(r.Context(), id, r.URL.Query())
	if err != nil {
		return err
	}
	c := fibonacco.Consent{
		SMBID: id, Channel: fibonacco.Channel(f.Channel), Granted: f.Granted == "true", Wording: f.Wording, Version: f.Version,
		Source: f.Source, SourceURL: f.SourceURL, Address: f.Address,
	}
	d.Form, d.Wrong = f, map[string]string{}
	if f.Granted != "true" && f.Granted != "false" {
		d.Wrong["granted"] = "Say whether it is a yes or a no."
	}
	if f.When != "" {
		if c.OccurredAt, err = time.ParseInLocation("2006-01-02T15:04", f.When, d.Zone); err != nil {
			d.Wrong["occurred_at"] = "Give a day and a time."
		}
	}
	if len(d.Wrong) == 0 {
		_, err = u.Consents.RecordConsent(r.Context(), c)
		if fibonacco.CodeOf(err) != fibonacco.Invalid {
			return u.redone(w, r, businessPath(id)+"/consents", "recorded", err)
		}
		var e *fibonacco.Error
		if errors.As(err, &e) {
			for _, bad := range e.Fields {
				d.Wrong[bad.Field] = consentAdvice(bad)
			}
		}
	}
	return u.showConsents(w, r, http.StatusUnprocessableEntity, d)
}

func consentAdvice(bad fibonacco.FieldError) string {
	switch bad.Field {
	case "wording":
		return "Write down what they agreed to, word by word. Without it a yes proves nothing."
	case "source":
		return "Say how you know: a call, a paper, a form on a website."
	case "source_url":
		return "This is not a web address. It begins with https://."
	case "address":
		return "This is not an address or number of this channel. Leave it empty for the one on file."
	case "occurred_at":
		return "The day lies in the future, or too far back."
	case "channel":
		return "Choose what the word is about."
	}
	return capital(bad.Reason) + "."
}

// switchContact says that a business must not be contacted at all, or that it may again.
func (u *ui) switchContact(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	off := r.FormValue("do_not_contact") == "true"
	done := "opened"
	if off {
		done = "closed"
	}
	_, err = u.SMBs.Update(r.Context(), id, fibonacco.SMBChange{DoNotContact: &off})
	return u.redone(w, r, businessPath(id)+"/consents", done, err)
}

// suppressOwn puts the business's own address or number on the list of those that get nothing more.
func (u *ui) suppressOwn(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return err
	}
	kind, value := r.PostFormValue("kind"), s.PrimaryEmail
	if kind == "phone" {
		value = s.PrimaryPhone
	}
	if kind != "email" && kind != "phone" || value == "" {
		return fibonacco.Errorf(fibonacco.Invalid, "There is nothing of this kind on the record.")
	}
	_, _, err = u.Consents.Suppress(r.Context(), fibonacco.Suppression{
		Kind: kind, Value: value, Reason: "manual", Source: strings.TrimSpace(r.PostFormValue("source")), CommunityID: &s.CommunityID, SMBID: &id,
	})
	return u.redone(w, r, businessPath(id)+"/consents", "suppressed", err)
}

func (u *ui) liftSuppression(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	suppression, err := idOf(r.PathValue("suppression"))
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	if reason == "" {
		return fibonacco.Errorf(fibonacco.Invalid, "Say why it may get mail or calls again: the reason goes into the audit log.")
	}
	return u.redone(w, r, businessPath(id)+"/consents", "lifted", u.Consents.Unsuppress(r.Context(), suppression, reason))
}

// exportBusiness hands out everything that is stored about a business. Once its first byte is out, a
// failure cuts the connection, so that nobody takes half an archive for the whole.
func (u *ui) exportBusiness(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	out := &archiveWriter{to: w, name: "business-" + strconv.FormatInt(id, 10) + ".zip"}
	err = u.Privacy.ExportSMB(r.Context(), id, out)
	if err != nil && out.begun {
		u.Log.Error("archive broke off", "smb", id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// archiveWriter sends its headers with the first byte: until then an error is a page.
type archiveWriter struct {
	to    http.ResponseWriter
	name  string
	begun bool
}

func (a *archiveWriter) Write(b []byte) (int, error) {
	if !a.begun {
		a.begun = true
		a.to.Header().Set("Content-Type", "application/zip")
		a.to.Header().Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
	}
	return a.to.Write(b)
}

// eraseBusiness takes a name to be typed, because it cannot be undone.
func (u *ui) eraseBusiness(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	wrong := ""
	switch {
	case strings.TrimSpace(r.PostFormValue("name")) != strings.TrimSpace(s.BusinessName):
		wrong = "Nothing was erased: the name is not the one of this business."
	case reason == "":
		wrong = "Nothing was erased: say why, without saying who it is about."
	}
	if wrong != "" {
		d, err := u.readConsents(r.Context(), id, r.URL.Query())
		if err != nil {
			return err
		}
		d.EraseWrong = wrong
		return u.showConsents(w, r, http.StatusUnprocessableEntity, d)
	}
	if err := u.Privacy.EraseSMB(r.Context(), id, reason); err != nil {
		return err
	}
	http.Redirect(w, r, "/businesses?done=erased", http.StatusSeeOther)
	return nil
}
