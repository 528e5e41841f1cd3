package public

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// approveRoutes are the yes to a service, and what follows it:
//
//	GET  /approve/{token}             what will happen, for whom; changes nothing
//	POST /approve                     the yes; the token is in the form
//	POST /approve/renew               mails a fresh link to the address on record
//	GET  /approved/{receipt}          what happens next, and what goes well with it
//	POST /approved/{receipt}/offer    yes or no to a further service
//	POST /approved/{receipt}/meeting  asks for a call
func (s *site) approveRoutes() routes {
	return routes{
		"GET /approve/{token}":             s.approval,
		"POST /approve":                    s.approve,
		"POST /approve/renew":              s.renewApproval,
		"GET /approved/{receipt}":          s.approved,
		"POST /approved/{receipt}/offer":   s.answerOffer,
		"POST /approved/{receipt}/meeting": s.askMeeting,
		"/approve/":                        s.notFound,
		"/approved/":                       s.notFound,
	}
}

func (s *site) approval(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	page, err := s.Approvals.ApprovalPage(r.Context(), token)
	if err != nil {
		s.refuseApproval(w, r, token, err)
		return
	}
	if page.Receipt != "" {
		seeOther(w, r, receiptPath(page.Receipt))
		return
	}
	s.show(w, r, http.StatusOK, s.approvePage(page, form{values: url.Values{"token": {token}, "email": {page.Email}}}))
}

// approve takes the yes. Pressed twice, the second leads to the same page (M4-06).
func (s *site) approve(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	token := r.PostForm.Get("token")
	f := form{values: r.PostForm}
	receipt, err := s.Approvals.Approve(r.Context(), token, fibonacco.ApprovalRequest{
		Name: f.value("name"), Email: f.value("email"), Phone: f.value("phone"), ContactConsent: f.on("consent"),
	})
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, receiptPath(receipt))
	case fibonacco.Invalid:
		page, perr := s.Approvals.ApprovalPage(r.Context(), token)
		if perr != nil {
			s.refuseApproval(w, r, token, perr)
			return
		}
		f.faults = faultsOf(err, approvalAdvice(f.value("name")))
		for _, name := range []string{"name", "email", "phone"} {
			f.values.Set(name, strings.ToValidUTF8(f.value(name), "\uFFFD"))
		}
		s.show(w, r, http.StatusUnprocessableEntity, s.approvePage(page, f))
	default:
		s.refuseApproval(w, r, token, err)
	}
}

// approvalAdvice says what to do about each field, to whoever typed that name.
func approvalAdvice(name string) func(fibonacco.FieldError) string {
	all := fieldWords{
		"name":    "This name has a character in it that we cannot store. Please type it again.",
		"email":   "Please enter an email address, such as name@example.com.",
		"phone":   "Please enter a phone number, such as 718 555 0142, or leave this empty.",
		"consent": "Please tick this box. Without it we may not go ahead.",
	}
	switch {
	case strings.TrimSpace(name) == "":
		all["name"] = "Please enter your name."
	case utf8.RuneCountInString(name) > 255:
		all["name"] = "This name is too long. Please shorten it to 255 characters."
	}
	return all.say
}

// renewApproval says the same whatever came of it: nobody learns whether there is an address.
func (s *site) renewApproval(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	if err := s.Approvals.RenewApproval(r.Context(), r.PostForm.Get("token")); err != nil {
		s.refuse(w, r, "renew an approval link", err)
		return
	}
	s.show(w, r, http.StatusOK, s.message(freshLinkTitle, freshLinkLines...))
}

const freshLinkTitle = "Please look at your email"

var freshLinkLines = []string{
	"If we have an address on file for this business, a fresh link is on its way there. We send one an hour at most.",
	"Nothing came? Look among the junk, or reply to any of our emails: a person reads it.",
}

func (s *site) approved(w http.ResponseWriter, r *http.Request) {
	receipt := r.PathValue("receipt")
	page, err := s.Approvals.ApprovalReceipt(r.Context(), receipt)
	if err != nil {
		s.refuseApproval(w, r, "", err)
		return
	}
	s.show(w, r, http.StatusOK, s.approvedPage(page, receiptPath(receipt)))
}

func (s *site) answerOffer(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	answer := r.PostForm.Get("answer")
	if answer != "yes" && answer != "no" {
		s.badForm(w, r)
		return
	}
	receipt := r.PathValue("receipt")
	err := s.Approvals.AnswerUpsell(r.Context(), receipt, r.PostForm.Get("service"), answer == "yes")
	if err != nil && fibonacco.CodeOf(err) != fibonacco.Conflict { // answered already: the page says how
		s.refuseApproval(w, r, "", err)
		return
	}
	seeOther(w, r, receiptPath(receipt))
}

func (s *site) askMeeting(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	receipt := r.PathValue("receipt")
	err := s.Approvals.AskMeeting(r.Context(), receipt, r.PostForm.Get("wish"))
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, receiptPath(receipt))
	case fibonacco.Invalid:
		s.show(w, r, http.StatusUnprocessableEntity, s.message("That is a little long for us",
			"Please go back and say it in at most 500 characters. Nothing was sent."))
	default:
		s.refuseApproval(w, r, "", err)
	}
}

// refuseApproval shows a link that is not good any more, with a button for a fresh one.
func (s *site) refuseApproval(w http.ResponseWriter, r *http.Request, token string, err error) {
	if fibonacco.CodeOf(err) != fibonacco.Forbidden {
		s.refuse(w, r, "approval", err)
		return
	}
	if token == "" {
		s.show(w, r, http.StatusForbidden, s.message("This link opens nothing any more",
			"Part of it may be missing, or it was turned off. Our newest email about it has one that works.",
			"If you cannot find it, reply to any of our emails: a person reads it."))
		return
	}
	s.show(w, r, http.StatusForbidden, s.expiredPage("This link has run out",
		"Links work for seven days, so that an old email cannot change anything. We can send a fresh one to the address that we have on file for this business.",
		"/approve/renew", token))
}

func receiptPath(receipt string) string { return "/approved/" + url.PathEscape(receipt) }

// promiseStep is one line of what happens next.
type promiseStep struct {
	Text  string
	State string // done, now, or "" for what is to come
}

// stepsAfter is what happens after a yes, with how far it is.
func stepsAfter(r *fibonacco.ApprovalReceipt) []promiseStep {
	var steps []promiseStep
	for i, text := range r.Offering.Next {
		step := promiseStep{Text: text}
		switch {
		case r.Status == "provisioned" && i == 0:
			step.State = "done"
		case r.Status == "provisioned" && i == 1, r.Status != "provisioned" && i == 0:
			step.State = "now"
		}
		steps = append(steps, step)
	}
	return steps
}

// thanks is the heading of the page after a yes.
func thanks(r *fibonacco.ApprovalReceipt) string {
	first, _, _ := strings.Cut(strings.TrimSpace(legible(r.Name)), " ")
	switch {
	case r.Status == "cancelled":
		return "This was taken back"
	case r.Withdrawn:
		return "This is turned off"
	case r.Status == "provisioned" && r.Offering.Automatic:
		return "Thank you, " + first + ". It is ready for you."
	case r.Status == "provisioned":
		return "Thank you, " + first + ". It is done."
	case r.Offering.Automatic && r.Status != "failed":
		return "Thank you, " + first + ". It is on its way."
	}
	return "Thank you, " + first + ". A person replies."
}

// saidYes is when a yes came, as its business reads a clock.
func saidYes(r *fibonacco.ApprovalReceipt) string {
	at := in(r.Zone, r.ApprovedAt)
	half := "a.m."
	if at.Hour() >= 12 {
		half = "p.m."
	}
	return "You said yes on " + at.Format("Monday, January 2") + " at " + at.Format("3:04 ") + half
}

// yesButton is the label of the button that approves.
func yesButton(page *fibonacco.ApprovalPage) string {
	if page.Offering.Automatic {
		return "Yes, set it up"
	}
	return "Yes, ask for it"
}

func approveTitle(page *fibonacco.ApprovalPage, f form) string {
	if len(f.faults) > 0 {
		return "Please look again: " + page.Offering.Title
	}
	return page.Offering.Title
}

// legible is a name without the characters that turn the direction of what follows: the words around
// it are ours.
func legible(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, name)
}

func plainSteps(next []string) []promiseStep {
	steps := make([]promiseStep, len(next))
	for i, text := range next {
		steps[i].Text = text
	}
	return steps
}
