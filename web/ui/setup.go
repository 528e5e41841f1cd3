package ui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/fibonacco/fibonacco"
)

// mountSetup adds the way from an empty database to the first businesses. Its first page is open to
// everybody while nobody can sign in; the others are for admins, also afterwards: they are where the
// settings of the database are made.
func (u *ui) mountSetup(route func(pattern string, h http.Handler), page func(pattern string, h handler)) {
	route("GET /setup", http.HandlerFunc(u.setup))
	route("POST /setup", http.HandlerFunc(u.createFirstUser))
	page("GET /setup/security", u.setupPage("security", nil))
	page("GET /setup/company", u.setupPage("company", nil))
	page("POST /setup/company", u.saveSetup("company", "domain", "company.name", "company.postal_address", "http.public_url"))
	page("GET /setup/domain", u.setupPage("domain", nil))
	page("POST /setup/domain", u.saveSetup("domain", "domain#records", "email.from_name", "email.from_email", "email.reply_to"))
	page("GET /setup/domain/check", u.checkDomain)
	page("GET /setup/mail", u.setupPage("mail", nil))
	page("POST /setup/mail", u.sendTestMail)
	page("GET /setup/community", u.setupPage("community", nil))
	page("POST /setup/community", u.createFirstCommunity)
	page("GET /setup/businesses", u.setupPage("businesses", nil))
	page("GET /setup/sample.csv", sampleFile)
	page("GET /setup/start", u.setupPage("start", nil))
	page("POST /setup/finish", u.finishSetup)
}

// setupStep is one page of the setup with how far it is.
type setupStep struct {
	Key, Name string
	Done      bool
	Optional  bool
	Note      string // what is there, or what is missing
}

// setupData is everything the pages of the setup show.
type setupData struct {
	Now      string // key of the page
	Steps    []setupStep
	Finished bool // the setup is over: the pages change settings

	User     *fibonacco.User
	Methods  fibonacco.SignInMethods
	Settings *fibonacco.SettingList
	Typed    map[string]string // what was typed, by key, when it was refused
	Wrong    []fibonacco.FieldError
	Error    string
	Test     *fibonacco.MailTest
	To       string
	Report   *fibonacco.DeliverabilityReport
	Towns    []fibonacco.CommunityCount
	Town     fibonacco.Community // as typed
	SMBs     int
	Here     string // how the visitor has reached the server
}

// Step is the page that is open.
func (d setupData) Step() setupStep {
	for _, s := range d.Steps {
		if s.Key == d.Now {
			return s
		}
	}
	return setupStep{}
}

// Next is the path of the page behind this one.
func (d setupData) Next() string {
	for i, s := range d.Steps {
		if s.Key == d.Now && i+1 < len(d.Steps) {
			return "/setup/" + d.Steps[i+1].Key
		}
	}
	return "/setup/start"
}

// Number is the place of the open page, from 1.
func (d setupData) Number() int {
	for i, s := range d.Steps {
		if s.Key == d.Now {
			return i + 1
		}
	}
	return 1
}

// Missing is what is not done yet of what must be.
func (d setupData) Missing() (missing []setupStep) {
	for _, s := range d.Steps {
		if !s.Done && !s.Optional && s.Key != "start" {
			missing = append(missing, s)
		}
	}
	return missing
}

// Value is what a field shows: what was typed, else what is in force. A default of a stranger's is none.
func (d setupData) Value(key string) string {
	if typed, ok := d.Typed[key]; ok {
		return typed
	}
	if s := d.Settings.Find(key); s != nil && s.Source != fibonacco.SourceDefault {
		return s.Value
	}
	return ""
}

// setupPage shows one page. change may add to what it shows.
func (u *ui) setupPage(key string, change func(d *setupData)) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return u.showSetup(w, r, http.StatusOK, key, change)
	}
}

func (u *ui) showSetup(w http.ResponseWriter, r *http.Request, status int, key string, change func(d *setupData)) error {
	d, err := u.readSetup(r, key)
	if err != nil {
		return err
	}
	if change != nil {
		change(&d)
	}
	fr := u.frame(r, d.Step().Name, "")
	fr.Toast.Text = map[string]string{"saved": "Saved. It counts on every node within seconds."}[r.URL.Query().Get("done")]
	u.show(w, r, status, setupShell(fr, d))
	return nil
}

// saveSetup stores the settings of one page, those that may be stored here, and leads on.
func (u *ui) saveSetup(key, next string, keys ...string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if u.Setup == nil || u.Settings == nil {
			return noSetup()
		}
		field := posted(w, r)
		list, err := u.Settings.ListSettings(r.Context())
		if err != nil {
			return err
		}
		typed := map[string]string{}
		for _, k := range keys {
			if s := list.Find(k); s != nil && s.Editable {
				typed[k] = field(k)
			}
		}
		_, err = u.Settings.ChangeSettings(r.Context(), typed)
		var known *fibonacco.Error
		if errors.As(err, &known) && known.Code == fibonacco.Invalid {
			return u.showSetup(w, r, http.StatusUnprocessableEntity, key, func(d *setupData) { d.Typed, d.Wrong = typed, known.Fields })
		}
		if err != nil {
			return err
		}
		at := &url.URL{Path: "/setup/" + next}
		if path, fragment, ok := cutFragment(next); ok {
			at = &url.URL{Path: "/setup/" + path, Fragment: fragment}
		}
		at.RawQuery = "done=saved"
		http.Redirect(w, r, at.String(), http.StatusSeeOther)
		return nil
	}
}

func noSetup() error {
	return fibonacco.Errorf(fibonacco.NotFound, "There is nothing to set up here.")
}

func (u *ui) finishSetup(w http.ResponseWriter, r *http.Request) error {
	if u.Setup == nil {
		return noSetup()
	}
	if err := u.Setup.FinishSetup(r.Context()); err != nil {
		return fmt.Errorf("finish the setup: %w", err)
	}
	http.Redirect(w, r, "/overview", http.StatusSeeOther)
	return nil
}
