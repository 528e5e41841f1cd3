package deliverability

import (
	"context"
	"fmt"
	"strings"
)

// Account is what a provider that sends for us says of our account with it. Nil parts were not to be had.
type Account struct {
	Provider string // "Amazon SES"
	Trouble  string // why it could not be asked; nothing else is then set

	Enabled    bool
	Production bool   // false in the sandbox, which mails verified addresses only
	Health     string // HEALTHY, PROBATION, SHUTDOWN; "" when not known
	PerDay     float64
	SentInDay  float64
	PerSecond  float64

	Identity *Identity // of the sending domain
}

// Identity is what the provider knows of the sending domain.
type Identity struct {
	Domain   string
	Known    bool // false: it was never set up there
	Verified bool
	Signs    bool   // with DKIM, as this domain
	DKIM     string // how far its set-up is: SUCCESS, PENDING, FAILED…
	KeyBits  int    // 0 when not known
	MailFrom string // return path of our own; "" is the provider's
}

func checkAccount(_ context.Context, _ Resolver, s Setup) []Finding {
	a := s.Account
	if a == nil {
		return nil
	}
	if a.Trouble != "" {
		return []Finding{{
			Name: "account", State: Failed, Found: a.Provider + " cannot be asked: " + a.Trouble,
			Advice: "Look at region and credentials. Reading needs ses:GetAccount and ses:GetEmailIdentity.",
		}}
	}
	out := []Finding{a.standing()}
	if a.Identity != nil {
		out = append(out, a.Identity.check(a.Provider)...)
	}
	return out
}

// standing is whether the account may send, and how much.
func (a *Account) standing() Finding {
	f := Finding{Name: "account", State: Failed}
	switch {
	case !a.Enabled:
		f.Found = "sending is turned off for the account" + inBrackets(a.Health)
		f.Advice = "Read what " + a.Provider + " has written to you, mend it, and ask there for a review."
	case !a.Production:
		f.Found = "the account is in the sandbox: only verified addresses get mail, 200 a day"
		f.Advice = "Ask for production access: Amazon SES console, Account dashboard, Request production access."
	case a.Health == "PROBATION":
		f.State, f.Found = Warning, "the account is on probation: too much of its mail bounces or is reported as spam"
		f.Advice = "Look at fibonacco sending for the rates of late, and mail fewer, better known businesses until it is lifted."
	case a.PerDay >= 0 && a.SentInDay >= a.PerDay:
		f.Found, f.Advice = fmt.Sprintf("the quota of %.0f mails in 24 hours is used up", a.PerDay), "Sending goes on as mails of the day before fall out of it. Ask for a larger quota."
	case a.PerDay >= 0 && a.SentInDay > 0.8*a.PerDay:
		f.State, f.Found = Warning, fmt.Sprintf("%.0f of %.0f mails in 24 hours are sent", a.SentInDay, a.PerDay)
		f.Advice = "Ask for a larger quota before the programme needs it."
	default:
		f.State, f.Found = OK, fmt.Sprintf("may send %s, %.0f a second", perDay(a.PerDay), a.PerSecond)
	}
	return f
}

func perDay(n float64) string {
	if n < 0 {
		return "without a daily limit"
	}
	return fmt.Sprintf("%.0f mails in 24 hours", n)
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func (i *Identity) check(provider string) []Finding {
	set := "Set the domain up at " + provider + ", with Easy DKIM, and publish the three CNAME records that it names."
	f := Finding{Name: "identity", State: Failed, Advice: set}
	switch {
	case !i.Known:
		f.Found = i.Domain + " is not set up at " + provider
		return []Finding{f}
	case !i.Verified:
		f.Found = i.Domain + " is not verified at " + provider
		return []Finding{f}
	}
	f.State, f.Found, f.Advice = OK, i.Domain+" is verified at "+provider, ""
	d := Finding{Name: "DKIM", State: Failed, Advice: set}
	switch {
	case !i.Signs:
		d.Found = provider + " does not sign as " + i.Domain
		d.Advice = "Turn Easy DKIM on for the domain at " + provider + "."
	case i.DKIM != "SUCCESS":
		d.Found = "the keys of " + i.Domain + " are not found in the DNS: " + strings.ToLower(i.DKIM)
	case i.KeyBits > 0 && i.KeyBits < 2048:
		d.State, d.Found = Warning, fmt.Sprintf("%s signs as %s, with a key of %d bits", provider, i.Domain, i.KeyBits)
		d.Advice = "Let it make keys of 2048 bits: Edit the DKIM settings of the domain at " + provider + "."
	default:
		d.State, d.Found, d.Advice = OK, provider+" signs as "+i.Domain, ""
	}
	return []Finding{f, d}
}
