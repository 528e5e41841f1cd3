package config

import (
	"net"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// PublicURL is the base of links for a server that listens on an address and was given no public
// URL of its own. An address that stands for every interface becomes this machine.
func PublicURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	return u.String()
}

// publicURL is the one given, without slashes at its end, else the one that follows from where
// the server listens. It stays empty while that port is 0, which the system will choose.
func publicURL(c fibonacco.HTTPConfig) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	if _, port, err := net.SplitHostPort(c.Listen); err == nil && strings.Trim(port, "0") == "" {
		return ""
	}
	return PublicURL(c.Listen)
}

// ReadyToServe returns an Invalid error for what a configuration must have before it serves real
// businesses: a postal address when mail really leaves, a secret key when nodes share a database, and
// the real time when voicemails leave. warnings are sentences about what is allowed, but seldom meant.
func ReadyToServe(c fibonacco.Config) (warnings []string, err error) {
	var missing []fibonacco.FieldError
	if strings.HasPrefix(c.Database.URL, "postgres") && c.SecretKey == "" {
		missing = append(missing, fibonacco.FieldError{Field: "secret_key", Reason: "is empty, and nodes that share a PostgreSQL database need one: " +
			"set FIBONACCO_SECRET_KEY to the output of: openssl rand -hex 32"})
	}
	if c.RVM.Provider == "drop_cowboy" && c.RVM.Key != "" && (c.Clock.Scale != 1 || c.Clock.Start != "") {
		missing = append(missing, fibonacco.FieldError{Field: "rvm.key", Reason: "is set, and the clock is virtual: voicemails would really leave, " +
			"at hours that the law forbids; set RVM_PROVIDER to simulator"})
	}
	warnings = voicemailWarnings(c)
	if c.Email.Mailer == "catcher" {
		return warnings, problems(missing)
	}
	if strings.TrimSpace(c.Company.PostalAddress) == "" {
		missing = append(missing, fibonacco.FieldError{Field: "company.postal_address", Reason: "is empty, and every mail that leaves must show it (CAN-SPAM): " +
			"set COMPANY_POSTAL_ADDRESS"})
	}
	if u, err := url.Parse(c.HTTP.PublicURL); err != nil || isLocal(u.Hostname()) {
		warnings = append(warnings, "Links in mails lead to "+c.HTTP.PublicURL+", which only this machine can open: set FIBONACCO_PUBLIC_URL.")
	}
	if c.Company.Name == shipped().byPath["company.name"].Default {
		warnings = append(warnings, "Mails are signed by \""+c.Company.Name+"\": set COMPANY_NAME.")
	}
	if c.Clock.Scale != 1 || c.Clock.Start != "" {
		warnings = append(warnings, "The clock is virtual, and mail really leaves: set FIBONACCO_CLOCK_SCALE to 1 and no FIBONACCO_CLOCK_START.")
	}
	return warnings, problems(missing)
}

// voicemailWarnings are about voicemails that really leave, or only seem to.
func voicemailWarnings(c fibonacco.Config) (warnings []string) {
	switch {
	case c.RVM.Provider == "simulator" && c.RVM.OptOutNumber != "":
		return []string{"Voicemails go to the simulator, which calls nobody: set RVM_PROVIDER to drop_cowboy to drop them."}
	case c.RVM.Provider != "drop_cowboy" || c.RVM.Key == "":
		return nil
	}
	if c.RVM.WebhookSecret == "" {
		warnings = append(warnings, "What becomes of a voicemail is told once and unsigned: create a webhook for contact.rvm.status to /webhooks/rvm, and set RVM_WEBHOOK_SECRET.")
	}
	if !c.RVM.RequireConsent {
		warnings = append(warnings, "Voicemails leave without consent on record where no state's law asks for it (rvm.require_consent): federal law asks for it everywhere.")
	}
	return warnings
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || ip != nil && ip.IsLoopback()
}
