package ui

import (
	"fmt"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// stepCurrent marks the step that is open.
func stepCurrent(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "step"}
}

// missingWords are what it holds back that a step is not done.
var missingWords = map[string]string{
	"security":   "A stolen password is enough to come in.",
	"company":    "Mails cannot leave without a name and a postal address.",
	"domain":     "Mails would come from a domain that is not yours, and be refused.",
	"mail":       "No server has taken a test mail yet: nobody knows whether mail leaves.",
	"community":  "Businesses have nowhere to belong to.",
	"businesses": "There is nobody to write to.",
}

func mailTestVerdict(t *fibonacco.MailTest) string {
	switch {
	case t.Accepted && t.Mailer == "catcher":
		return "Caught. It is in the mailbox of this server and went nowhere."
	case t.Accepted:
		return fmt.Sprintf("Accepted after %d ms.", t.TookMS)
	case t.Code > 0:
		return "Refused."
	}
	return "It did not leave."
}

func mailTestAnswer(t *fibonacco.MailTest) string {
	if t.Code > 0 && !strings.HasPrefix(t.Answer, fmt.Sprint(t.Code)) {
		return fmt.Sprintf("%d %s", t.Code, t.Answer)
	}
	return t.Answer
}

// mailTestAdvice is what to do about an answer that was no yes.
func mailTestAdvice(t *fibonacco.MailTest) string {
	switch {
	case t.Code == 535 || t.Code == 530 || t.Code == 534:
		return "The server wants another user or password: look at SMTP_URL, where special characters of a password are written as %40."
	case t.Code >= 550 && t.Code < 560:
		return "The server does not take this mail for good: it may not know the sender, or the sender may not use it. Look at the sending domain, and at what your mail provider allows."
	case t.Code >= 400 && t.Code < 500:
		return "The server does not take it right now. Try again in a few minutes; mails of the programme are tried again by themselves."
	case t.Code > 0:
		return "Look up the answer with your mail provider, change the settings, and try again."
	case strings.Contains(t.Answer, "postal address"):
		return "Fill in the company’s postal address first."
	}
	return "The server could not be spoken to. Look at its name and port in the settings, and at firewalls on the way: many hosting companies close port 25, and leave 587 open."
}
