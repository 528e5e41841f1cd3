package ui

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// readSetup looks at everything that the setup asks for, and says of each page how far it is. Nothing
// of that is kept: what was done elsewhere, or by the configuration, counts as well.
func (u *ui) readSetup(r *http.Request, key string) (d setupData, err error) {
	if u.Setup == nil || u.Settings == nil || u.MailTests == nil || u.Demo != nil {
		return d, noSetup()
	}
	ctx := r.Context()
	d = setupData{Now: key, Methods: u.Access.SignInMethods(), Here: hereOf(r)}
	state, err := u.firstRun(ctx)
	if err != nil {
		return d, err
	}
	d.Finished = state.Done
	if d.User, err = u.Access.Account(ctx); err != nil {
		return d, fmt.Errorf("read the account: %w", err)
	}
	d.To = d.User.Email
	if d.Settings, err = u.Settings.ListSettings(ctx); err != nil {
		return d, err
	}
	if d.Test, err = u.MailTests.LastMailTest(ctx); err != nil {
		return d, fmt.Errorf("read the last mail test: %w", err)
	}
	if d.Towns, err = u.Communities.ListCommunities(ctx); err != nil {
		return d, fmt.Errorf("list communities: %w", err)
	}
	for _, t := range d.Towns {
		d.SMBs += t.SMBs
	}
	d.Steps = setupSteps(d)
	return d, nil
}

// hereOf is the address that the visitor has typed.
func hereOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func setupSteps(d setupData) []setupStep {
	return []setupStep{
		{Key: "security", Name: "Your account", Done: d.User.TOTP || d.User.Passkeys > 0, Optional: true, Note: d.securityNote()},
		{Key: "company", Name: "Your company", Done: d.set("company.name") && d.set("company.postal_address"), Note: d.companyNote()},
		{Key: "domain", Name: "Sending domain", Done: d.set("email.from_email"), Note: d.domainNote()},
		{Key: "mail", Name: "Test mail", Done: d.tested() && d.mailer() != "catcher", Note: d.mailNote()},
		{Key: "community", Name: "First community", Done: len(d.Towns) > 0, Note: d.townNote()},
		{Key: "businesses", Name: "Businesses", Done: d.SMBs > 0, Note: d.businessNote()},
		{Key: "start", Name: "Start", Done: d.Finished, Note: ""},
	}
}

// set reports whether somebody has said what the program comes without.
func (d setupData) set(key string) bool {
	s := d.Settings.Find(key)
	return s != nil && s.Source != fibonacco.SourceDefault && s.Value != ""
}

func (d setupData) value(key string) string {
	if s := d.Settings.Find(key); s != nil {
		return s.Value
	}
	return ""
}

// tested reports whether the mailer in force has taken a test mail.
func (d setupData) tested() bool {
	return d.Test != nil && d.Test.Accepted && d.Test.Mailer == d.mailer()
}

func (d setupData) mailer() string { return d.value("email.mailer") }

func (d setupData) securityNote() string {
	switch {
	case d.User.TOTP && d.User.Passkeys > 0:
		return "Codes and " + plural(d.User.Passkeys, "passkey", "passkeys")
	case d.User.TOTP:
		return "Codes of an app"
	case d.User.Passkeys > 0:
		return plural(d.User.Passkeys, "passkey", "passkeys")
	}
	return "A password only"
}

func (d setupData) companyNote() string {
	switch {
	case !d.set("company.postal_address"):
		return "No postal address yet"
	case !d.set("company.name"):
		return "No name yet"
	}
	return d.value("company.name")
}

func (d setupData) domainNote() string {
	if !d.set("email.from_email") {
		return "No sender of your own yet"
	}
	return d.value("email.from_email")
}

func (d setupData) mailNote() string {
	switch {
	case d.Test == nil:
		return "Not tried yet"
	case d.Test.Mailer != d.mailer():
		return "Not tried with " + mailerName(d.mailer())
	case !d.Test.Accepted:
		return "The last one was refused"
	case d.mailer() == "catcher":
		return "Caught here; nothing leaves"
	}
	return "Accepted"
}

func (d setupData) townNote() string {
	switch len(d.Towns) {
	case 0:
		return "None yet"
	case 1:
		return d.Towns[0].Name
	}
	return plural(len(d.Towns), "community", "communities")
}

func (d setupData) businessNote() string {
	if d.SMBs == 0 {
		return "None yet"
	}
	return plural(d.SMBs, "business", "businesses")
}

func mailerName(mailer string) string {
	return map[string]string{"catcher": "the mail catcher", "smtp": "SMTP", "ses": "Amazon SES"}[mailer]
}

// checkDomain is the part of the page that looks at the DNS, asked for once the page is there. The
// settings may have been changed a moment ago: until the server goes by them, it says so and is asked again.
func (u *ui) checkDomain(w http.ResponseWriter, r *http.Request) error {
	if u.Deliverability == nil || u.Settings == nil {
		return noSetup()
	}
	list, err := u.Settings.ListSettings(r.Context())
	if err != nil {
		return err
	}
	report, err := u.Deliverability.Deliverability(r.Context())
	if err != nil {
		return err
	}
	if from := list.Find("email.from_email"); from != nil && domainOf(from.Value) != report.Domain {
		report = nil
	}
	if r.Header.Get("HX-Request") == "true" {
		u.show(w, r, http.StatusOK, setupReport(report))
		return nil
	}
	return u.showSetup(w, r, http.StatusOK, "domain", func(d *setupData) { d.Report = report })
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

func cutFragment(text string) (path, fragment string, found bool) { return strings.Cut(text, "#") }

func (u *ui) sendTestMail(w http.ResponseWriter, r *http.Request) error {
	if u.MailTests == nil {
		return noSetup()
	}
	to := posted(w, r)("to")
	_, err := u.MailTests.SendTestMail(r.Context(), to)
	var known *fibonacco.Error
	if errors.As(err, &known) && (known.Code == fibonacco.Invalid || known.Code == fibonacco.TooMany || known.Code == fibonacco.Unavailable) {
		return u.showSetup(w, r, http.StatusUnprocessableEntity, "mail", func(d *setupData) {
			d.To, d.Wrong = to, known.Fields
			if len(known.Fields) == 0 {
				d.Error = capital(known.Message) + "."
			}
		})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/setup/mail#answer", http.StatusSeeOther)
	return nil
}
