package dropcowboy

import (
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// meaning is what a reason code says.
type meaning struct {
	outcome fibonacco.DropOutcome
	status  string // as rvm_drops.delivery_status keeps it
	words   string // when the provider gives none
}

// codes is every reason code that Drop Cowboy documents for voicemails. The words that come with a
// result may change; the number does not.
var codes = map[int]meaning{
	0: {fibonacco.DropDelivered, "delivered", ""},

	// Nothing would leave, for anybody: voicemails are paused, and somebody has to look.
	3000: {fibonacco.DropBlocked, "no_funds", "the account has no funds"},
	3001: {fibonacco.DropBlocked, "audio", "the audio or voice is not valid"},
	3007: {fibonacco.DropBlocked, "credentials", "the key or secret is not accepted"},
	3014: {fibonacco.DropBlocked, "audio", "the account may not use this audio"},
	3040: {fibonacco.DropBlocked, "test_mode", "the account is in testing mode"},
	4010: {fibonacco.DropBlocked, "no_phone_line", "there is no phone line to send from"},
	6000: {fibonacco.DropBlocked, "use_case_denied", "the carrier denies the use case"},
	6001: {fibonacco.DropBlocked, "carrier_suspended", "the carrier has suspended the account"},
	6002: {fibonacco.DropBlocked, "pool_suspended", "the numbers are suspended"},
	6003: {fibonacco.DropBlocked, "pool_not_ready", "the numbers are not ready"},

	// This voicemail is over.
	3021: {fibonacco.DropFailed, "script_too_long", "the script is too long"},
	4000: {fibonacco.DropFailed, "no_voicemail", "no voicemail was detected"},
	4001: {fibonacco.DropFailed, "no_mailbox", "no mailbox is set up"},
	4002: {fibonacco.DropFailed, "mailbox_full", "the mailbox is full"},
	4004: {fibonacco.DropFailed, "not_reachable", "the number is not reachable"},
	6004: {fibonacco.DropFailed, "opt_in_flagged", "the opt-in is flagged"},
	6006: {fibonacco.DropFailed, "opt_in_pending", "the opt-in is pending"},
	6011: {fibonacco.DropFailed, "opt_in_missing", "the provider has no opt-in on file"},

	// Another day may do; nothing was left.
	4005: {fibonacco.DropDeferred, "no_answer", "no answer"},
	4006: {fibonacco.DropDeferred, "busy", "busy"},
	4011: {fibonacco.DropDeferred, "outside_hours", "outside calling hours"},
	4013: {fibonacco.DropDeferred, "too_many_attempts", "too many attempts"},
	4021: {fibonacco.DropDeferred, "lookup_failed", "whether the number was reassigned could not be found out"},
	3028: {fibonacco.DropDeferred, "bad_key", "the idempotency key is not valid"},

	// Who has the number wants none, or may get none.
	4016: {fibonacco.DropOptedOut, "do_not_call", "the number is on a do-not-call list"},
	4017: {fibonacco.DropOptedOut, "litigator", "the number is a known litigator's"},
	4019: {fibonacco.DropOptedOut, "reassigned", "the number has been reassigned"},
	6005: {fibonacco.DropOptedOut, "opt_in_revoked", "the opt-in was revoked"},
}

// spoken are the words of version 1, which gives no codes, for the codes of version 2. They are what its
// documentation and results have shown; words that are not here are a failure of this voicemail.
var spoken = map[string]int{
	"insufficient funds": 3000, "no funds": 3000, "unauthorized": 3007, "invalid audio": 3001, "voicemail not detected": 4000,
	"voicemail not setup": 4001, "voicemail not set up": 4001, "voicemail full": 4002, "number not reachable": 4004, "no answer": 4005,
	"user busy": 4006, "too many attempts": 4013, "internal dnc": 4016, "dnc": 4016, "known litigator": 4017, "rnd reassigned": 4019,
	"rnd error": 4021, "carrier denied use case": 6000, "pool suspended": 6002, "opt-in revoked": 6005, "opt-in missing": 6011,
}

// sameKey says that a second request came under a used key with another body. It tells nothing of what
// became of the first: a result of its own follows.
const sameKey = 3027

// result is what a callback, and the data of a webhook, have in common.
type result struct {
	Status      string `json:"status"` // success, failure
	Reason      string `json:"reason"`
	ReasonCode  *int   `json:"reason_code"` // nil in version 1
	DNC         bool   `json:"dnc"`
	DropID      string `json:"drop_id"`
	ForeignID   string `json:"foreign_id"`
	To          string `json:"to"`
	PhoneNumber string `json:"phone_number"`
}

// report reads a result; false for one that says nothing about a voicemail.
func (r result) report() (fibonacco.DropReport, bool) {
	phone := r.To
	if phone == "" {
		phone = r.PhoneNumber
	}
	out := fibonacco.DropReport{UUID: r.ForeignID, Theirs: r.DropID, Phone: phone, Reason: withoutNumbers(r.Reason)}
	if len(out.Theirs) > 100 {
		out.Theirs = ""
	}
	if r.ReasonCode != nil {
		out.Code = *r.ReasonCode
	}
	m := r.meaning()
	if m.outcome == "" {
		return out, false
	}
	if r.DNC && m.outcome != fibonacco.DropDelivered {
		m = codes[4016]
	}
	out.Outcome, out.Status = m.outcome, m.status
	if out.Reason == "" {
		out.Reason = m.words
	}
	return out, true
}

// meaning is by the code, or the words that stand for one; with neither, or with one that is new to us,
// by the status.
func (r result) meaning() meaning {
	if r.ReasonCode == nil && r.Status == "failure" {
		if code, known := spoken[strings.ToLower(strings.TrimSpace(r.Reason))]; known {
			return codes[code]
		}
	}
	if r.ReasonCode != nil {
		if *r.ReasonCode == sameKey {
			return meaning{}
		}
		if m, known := codes[*r.ReasonCode]; known && (m.outcome == fibonacco.DropDelivered) == (r.Status == "success") {
			return m
		}
	}
	switch {
	case r.Status == "success":
		return codes[0]
	case r.Status == "failure" && r.ReasonCode != nil:
		return meaning{fibonacco.DropFailed, "code_" + strconv.Itoa(*r.ReasonCode), "the provider gives no reason"}
	case r.Status == "failure":
		return meaning{fibonacco.DropFailed, "failed", "the provider gives no reason"}
	}
	return meaning{}
}
