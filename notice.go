package fibonacco

import "time"

// Notice is one mail about something that its reader did or asked for: a confirmation, a link, a
// reminder of an appointment. It offers nothing, counts nothing and needs no way to unsubscribe. All
// texts are plain: whatever stands in them is shown as it is.
type Notice struct {
	Key        string      // what it is about, "booking 17 confirmed": the same key is mailed once
	Purpose    string      // for the ledger: "approval.confirmation"
	SMBID      int64       // the business it is about; 0 when it is about none
	To         string      // e-mail address
	ReplyTo    string      // "" lets replies go to us
	Subject    string      // at most 255 characters
	Paragraphs []string    // what it says
	Facts      [][2]string // label and value, as a table behind the first paragraph
	Button     string      // label; "" has none
	ButtonURL  string      // http or https
	After      []string    // paragraphs behind the button
	Leave      string      // where one click ends mails like it (RFC 8058); "" when there is nothing to end
	Footer     string      // why its reader gets it; "" says that they did or asked for something
	Calendar   string      // an iCalendar file, attached; "" has none
	Method     string      // of the calendar: PUBLISH, REQUEST or CANCEL
	At         time.Time   // when it is due, on the product's clock; the zero time is now
}

// NoticeState is what became of a notice.
type NoticeState string

// The states of a notice. It is handed over once: where no answer came it stays unknown.
const (
	NoticeQueued     NoticeState = "queued"
	NoticeSending    NoticeState = "sending"
	NoticeSent       NoticeState = "sent"
	NoticeFailed     NoticeState = "failed"
	NoticeUnknown    NoticeState = "unknown"
	NoticeSuppressed NoticeState = "suppressed" // mail to the address bounces, or was reported as abuse
	NoticeCancelled  NoticeState = "cancelled"
)
