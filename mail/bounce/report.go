package bounce

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/part"
)

// Report is what a mail that came back says.
type Report struct {
	Kind       string // delivered, bounced, complained or delayed; "" when it is not a report
	BounceType string // of bounced: Permanent, Transient or Undetermined
	Recipient  string // whom it is about, as the report has it; "" when it does not say
	At         time.Time
	Status     string // RFC 3463: "5.1.1"; "" when there is none
}

const (
	mostParts = 20
	mostDepth = 4
	mostPart  = 256 << 10 // bytes of a machine-readable part
)

// Read reads a message. Returns Malformed for what is no mail at all; a mail that is no report
// gives none.
func Read(message []byte) ([]Report, error) {
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the message cannot be read", Err: err}
	}
	at, err := m.Header.Date()
	if err != nil {
		at = time.Time{}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" {
		return nil, nil
	}
	var reports []Report
	switch strings.ToLower(params["report-type"]) {
	case "delivery-status":
		reports, err = find(m.Body, params["boundary"], "message/delivery-status", readStatus, 0)
	case "feedback-report":
		reports, err = find(m.Body, params["boundary"], "message/feedback-report", readFeedback, 0)
	}
	for i := range reports {
		reports[i].At = at.UTC()
	}
	return reports, err
}

// find reads the first part of a type.
func find(body io.Reader, boundary, want string, read func(io.Reader) []Report, depth int) ([]Report, error) {
	if boundary == "" || depth == mostDepth {
		return nil, nil
	}
	parts := multipart.NewReader(body, boundary)
	for range mostParts {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the report is cut off", Err: err}
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		switch {
		case err != nil:
		case kind == want || kind == "message/global-delivery-status" && want == "message/delivery-status":
			return read(io.LimitReader(part.Decoded(p.Header, p), mostPart)), nil
		case strings.HasPrefix(kind, "multipart/"):
			if found, err := find(p, params["boundary"], want, read, depth+1); len(found) > 0 || err != nil {
				return found, err
			}
		}
	}
	return nil, nil
}

// readStatus reads the groups of fields of a delivery status: one about the message, then one a
// recipient.
func readStatus(r io.Reader) []Report {
	var all []Report
	for _, group := range groups(r) {
		action := strings.ToLower(strings.TrimSpace(group.Get("Action")))
		if action == "" {
			continue
		}
		one := Report{Recipient: typed(group.Get("Original-Recipient")), Status: status(group.Get("Status"))}
		if one.Recipient == "" {
			one.Recipient = typed(group.Get("Final-Recipient"))
		}
		switch action {
		case "failed":
			one.Kind, one.BounceType = "bounced", bounceType(one.Status, group.Get("Diagnostic-Code"))
		case "delayed":
			one.Kind = "delayed"
		case "delivered":
			one.Kind = "delivered"
		default: // relayed, expanded: nobody knows yet
			continue
		}
		all = append(all, one)
	}
	return all
}

// bounceType: 5 is for good and 4 for now. Some servers say 5 of a full mailbox (5.2.2), which
// empties again, and of content or policy (5.7), which is about the mail and not the address.
func bounceType(status, diagnostic string) string {
	switch {
	case strings.HasPrefix(status, "5.2.2"), strings.HasPrefix(status, "5.3."), strings.HasPrefix(status, "5.6."), strings.HasPrefix(status, "5.7."):
		return "Transient"
	case strings.HasPrefix(status, "5."):
		return "Permanent"
	case strings.HasPrefix(status, "4."):
		return "Transient"
	}
	_, words, _ := strings.Cut(diagnostic, ";")
	switch words = strings.TrimSpace(words); {
	case strings.HasPrefix(words, "550"), strings.HasPrefix(words, "551"), strings.HasPrefix(words, "553"):
		return "Permanent"
	case strings.HasPrefix(words, "4"):
		return "Transient"
	}
	return "Undetermined"
}

// readFeedback reads an abuse report. "not-spam" takes a complaint back, and the other types are
// about authentication.
func readFeedback(r io.Reader) []Report {
	all := groups(r)
	if len(all) == 0 {
		return nil
	}
	fields := all[0]
	switch kind := strings.ToLower(strings.TrimSpace(fields.Get("Feedback-Type"))); kind {
	case "", "not-spam", "auth-failure", "dmarc":
		return nil
	}
	return []Report{{Kind: "complained", Recipient: strings.Trim(fields.Get("Original-Rcpt-To"), "<> ")}}
}

// groups is the groups of header fields of a part, separated by empty lines.
func groups(r io.Reader) []textproto.MIMEHeader {
	in := textproto.NewReader(bufio.NewReader(r))
	var all []textproto.MIMEHeader
	for len(all) < 200 {
		h, err := in.ReadMIMEHeader()
		if len(h) > 0 {
			all = append(all, h)
		}
		if err != nil {
			break
		}
	}
	return all
}

// typed is the address of "rfc822;owner@shop.example".
func typed(field string) string {
	kind, address, ok := strings.Cut(field, ";")
	if !ok || !strings.EqualFold(strings.TrimSpace(kind), "rfc822") && !strings.EqualFold(strings.TrimSpace(kind), "utf-8") {
		return ""
	}
	return strings.Trim(strings.TrimSpace(address), "<>")
}

// status is the code at the beginning of a Status field, "5.1.1 (unknown user)".
func status(field string) string {
	code, _, _ := strings.Cut(strings.TrimSpace(field), " ")
	if len(code) < 5 || len(code) > 9 || code[1] != '.' {
		return ""
	}
	return code
}
