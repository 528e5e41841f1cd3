package public

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

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

// approvalForm is what was typed, and what is wrong with it, by field.
type approvalForm struct {
	Name, Email, Phone string
	Consent            bool
	Wrong              map[string]string
}

// approvalFields are the fields in the order of the form.
var approvalFields = []string{"name", "email", "phone", "consent"}

func (s *site) approval(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	page, err := s.Approvals.ApprovalPage(r.Context(), token)
	if err != nil {
		s.refuseApproval(w, r, token, err)
		return
	}
	if page.Receipt != "" {
		http.Redirect(w, r, receiptPath(page.Receipt), http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, s.approvePage(page, token, approvalForm{Email: page.Email}))
}

// approve takes the yes. Pressed twice, the second leads to the same page (M4-06).
func (s *site) approve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := parseForm(r); err != nil {
		s.badForm(w, r)
		return
	}
	token := r.PostForm.Get("token")
	typed := approvalForm{
		Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email"), Phone: r.PostForm.Get("phone"), Consent: r.PostForm.Get("consent") != "",
	}
	receipt, err := s.Approvals.Approve(r.Context(), token, fibonacco.ApprovalRequest{
		Name: typed.Name, Email: typed.Email, Phone: typed.Phone, ContactConsent: typed.Consent,
	})
	switch fibonacco.CodeOf(err) {
	case "":
		http.Redirect(w, r, receiptPath(receipt), http.StatusSeeOther) //nolint:gosec // a path of ours, with a token that we signed
	case fibonacco.Invalid:
		page, perr := s.Approvals.ApprovalPage(r.Context(), token)
		if perr != nil {
			s.refuseApproval(w, r, token, perr)
			return
		}
		typed.judge(err)
		s.show(w, r, http.StatusUnprocessableEntity, s.approvePage(page, token, typed))
	default:
		s.refuseApproval(w, r, token, err)
	}
}

// judge says what is wrong, in words for whoever typed it.
func (f *approvalForm) judge(err error) {
	f.Wrong = map[string]string{}
	var e *fibonacco.Error
	if errors.As(err, &e) {
		for _, field := range e.Fields {
			f.Wrong[field.Field] = f.advice(field.Field)
		}
	}
	for _, value := range []*string{&f.Name, &f.Email, &f.Phone} {
		*value = strings.ToValidUTF8(*value, "\uFFFD")
	}
}

func (f *approvalForm) advice(field string) string {
	switch {
	case field == "name" && strings.TrimSpace(f.Name) == "":
		return "Please enter your name."
	case field == "name" && utf8.RuneCountInString(f.Name) > 255:
		return "This name is too long. Please shorten it to 255 characters."
	case field == "name":
		return "This name has a character in it that we cannot store. Please type it again."
	case field == "email":
		return "Please enter an email address, such as name@example.com."
	case field == "phone":
		return "Please enter a phone number, such as 718 555 0142, or leave this empty."
	}
	return "Please tick this box. Without it we may not go ahead."
}

// described is what ties a field to its hints, and to what is wrong with it.
func (f *approvalForm) described(field string, hints ...string) templ.Attributes {
	all := templ.Attributes{}
	if f.Wrong[field] != "" {
		hints, all["aria-invalid"] = append(hints, field+"-wrong"), "true"
	}
	if len(hints) > 0 {
		all["aria-describedby"] = strings.Join(hints, " ")
	}
	return all
}

// renewApproval says the same whatever came of it: nobody learns whether there is an address.
func (s *site) renewApproval(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := parseForm(r); err != nil {
		s.badForm(w, r)
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
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	answer := ""
	if err := parseForm(r); err == nil {
		answer = r.PostForm.Get("answer")
	}
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
	http.Redirect(w, r, receiptPath(receipt), http.StatusSeeOther)
}

func (s *site) askMeeting(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := parseForm(r); err != nil {
		s.badForm(w, r)
		return
	}
	receipt := r.PathValue("receipt")
	err := s.Approvals.AskMeeting(r.Context(), receipt, r.PostForm.Get("wish"))
	switch fibonacco.CodeOf(err) {
	case "":
		http.Redirect(w, r, receiptPath(receipt), http.StatusSeeOther)
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
	zone, err := fibonacco.LoadZone(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	at := r.ApprovedAt.In(zone)
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

func approveTitle(page *fibonacco.ApprovalPage, f approvalForm) string {
	if len(f.Wrong) > 0 {
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
