package ses

import (
	"cmp"
	"context"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/fibonacco/fibonacco"
)

// send hands one mail over. failed is not "" when SES cannot take any mail now, for at least pause.
func (m *Mailer) send(ctx context.Context, mail *fibonacco.Mail, flight fibonacco.FlightLog) (h fibonacco.Handover, failed string, pause time.Duration) {
	content, err := m.content(mail)
	if err != nil {
		return fibonacco.Handover{Result: fibonacco.Refused, Reason: "the mail cannot be taken apart: " + err.Error()}, "", 0
	}
	in := &sesv2.SendEmailInput{
		Content: content, EmailTags: tags(mail.Tags),
		Destination: &types.Destination{ToAddresses: []string{mail.To}},
	}
	if m.o.Simple { // a raw mail brings its own
		in.FromEmailAddress = aws.String(cmp.Or(headerOf(mail.Message, "From"), mail.From))
		if reply := headerOf(mail.Message, "Reply-To"); reply != "" {
			in.ReplyToAddresses = []string{reply}
		}
	}
	if m.o.ConfigurationSet != "" {
		in.ConfigurationSetName = aws.String(m.o.ConfigurationSet)
	}
	// The last byte of the request is what could deliver the mail: before it has left, nothing can.
	var left atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { left.Store(left.Load() || info.Err == nil) },
	})
	flight.Intent(mail.SendID)
	out, err := m.api.SendEmail(ctx, in)
	if err == nil {
		return fibonacco.Handover{Result: fibonacco.Accepted, MessageID: aws.ToString(out.MessageId), Code: 200}, "", 0
	}
	return verdict(err, left.Load(), mail.From)
}

func (m *Mailer) content(mail *fibonacco.Mail) (*types.EmailContent, error) {
	if m.o.Simple {
		message, err := simple(mail.Message)
		return &types.EmailContent{Simple: message}, err
	}
	return &types.EmailContent{Raw: &types.RawMessage{Data: mail.Message}}, nil
}

// tags are a mail's tags in the letters that SES allows.
func tags(all map[string]string) []types.MessageTag {
	var out []types.MessageTag
	for name, value := range all {
		if name, value = tagText(name), tagText(value); name != "" && value != "" {
			out = append(out, types.MessageTag{Name: aws.String(name), Value: aws.String(value)})
		}
	}
	return out
}

func tagText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 256)]
}
