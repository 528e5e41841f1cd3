package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco/mail/sns/snstest"
)

const sesTopic = "arn:aws:sns:us-east-1:123456789012:ses-events"

// post is requests of Amazon's, ready to be written to a connection. They are in a file: held in
// memory they would be most of what this process takes.
type post struct {
	file *os.File
	ends []int64 // of each request; the first begins at 0
}

// newPost writes an event of SES's about each mail, signed by a certificate of this Amazon. Signing
// takes far longer than what is measured.
func newPost(ctx context.Context, h *house, amazon *snstest.Amazon, sends []send) (*post, error) {
	requests := make([][]byte, len(sends))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(sends) || ctx.Err() != nil {
					return
				}
				requests[i] = snsRequest(amazon, sesEvent(i, sends[i]))
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	f, err := os.Create(filepath.Join(h.dir, "post"))
	if err != nil {
		return nil, err
	}
	p := &post{file: f}
	var end int64
	for _, r := range requests {
		if _, err := f.Write(r); err != nil {
			return nil, err
		}
		end += int64(len(r))
		p.ends = append(p.ends, end)
	}
	return p, nil
}

// read puts the nth request into buf.
func (p *post) read(n int, buf []byte) ([]byte, error) {
	var from int64
	if n > 0 {
		from = p.ends[n-1]
	}
	size := int(p.ends[n] - from)
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	_, err := p.file.ReadAt(buf[:size], from)
	return buf[:size], err
}

// snsRequest is one message as SNS posts it.
func snsRequest(amazon *snstest.Amazon, message string) []byte {
	body := amazon.Sign(map[string]string{
		"Type": "Notification", "MessageId": uuid.NewString(), "TopicArn": sesTopic, "Subject": "Amazon SES Email Event Notification",
		"Message": message, "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "1",
		"UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + sesTopic + ":" + uuid.NewString(),
	})
	return fmt.Appendf(nil, "POST /webhooks/ses HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Amazon Simple Notification Service Agent\r\n"+
		"x-amz-sns-message-type: Notification\r\nx-amz-sns-topic-arn: %s\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s",
		sesTopic, len(body), body)
}

// sesEvent is what SES publishes about one mail, of the size and shape of its documentation: of a
// hundred events 94 are deliveries, the others what else becomes of mails.
func sesEvent(i int, s send) string {
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	to := s.Email
	mail := map[string]any{
		"timestamp": at, "source": "Sarah <sarah@local.example>", "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/local.example",
		"sendingAccountId": "123456789012", "messageId": strings.ReplaceAll(uuid.NewString(), "-", "") + "-000000",
		"destination": []string{to}, "headersTruncated": false,
		"headers": []map[string]string{
			{"name": "From", "value": "Sarah <sarah@local.example>"},
			{"name": "To", "value": to},
			{"name": "Reply-To", "value": "reply@local.example"},
			{"name": "Subject", "value": "A page for Business number 17 of town"},
			{"name": "Message-ID", "value": "<" + uuid.NewString() + "@local.example>"},
			{"name": "List-Unsubscribe", "value": "<https://go.local.example/u/" + strings.Repeat("t", 60) + ">"},
			{"name": "List-Unsubscribe-Post", "value": "List-Unsubscribe=One-Click"},
			{"name": "MIME-Version", "value": "1.0"},
			{"name": "Content-Type", "value": "multipart/alternative; boundary=\"b0193c2f0\""},
		},
		"commonHeaders": map[string]any{
			"from": []string{"Sarah <sarah@local.example>"}, "to": []string{to}, "subject": "A page for Business number 17 of town",
		},
		"tags": map[string][]string{
			"send": {fmt.Sprint(s.ID)}, "ses:configuration-set": {"events"}, "ses:source-ip": {"192.0.2.25"},
			"ses:from-domain": {"local.example"}, "ses:caller-identity": {"sender"}, "ses:outgoing-ip": {"192.0.2.26"},
		},
	}
	e := map[string]any{"mail": mail}
	recipients := []map[string]string{{"emailAddress": to, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}}
	bounce := map[string]any{
		"bounceSubType": "General", "bouncedRecipients": recipients, "timestamp": at,
		"feedbackId": uuid.NewString(), "reportingMTA": "dsn; a8-31.smtp-out.amazonses.com",
	}
	switch i % 100 {
	case 0, 1:
		bounce["bounceType"] = "Permanent"
		e["eventType"], e["bounce"] = "Bounce", bounce
	case 2:
		bounce["bounceType"], bounce["bounceSubType"] = "Transient", "MailboxFull"
		e["eventType"], e["bounce"] = "Bounce", bounce
	case 3:
		e["eventType"], e["complaint"] = "Complaint", map[string]any{
			"complainedRecipients": []map[string]string{{"emailAddress": to}}, "timestamp": at, "feedbackId": uuid.NewString(),
			"complaintFeedbackType": "abuse", "userAgent": "Yahoo!-Mail-Feedback/2.0",
		}
	case 4:
		e["eventType"], e["open"] = "Open", map[string]any{"ipAddress": "192.0.2.1", "timestamp": at, "userAgent": "Mozilla/5.0"}
	case 5:
		e["eventType"], e["deliveryDelay"] = "DeliveryDelay", map[string]any{
			"timestamp": at, "delayType": "MailboxFull", "expirationTime": at, "delayedRecipients": recipients,
		}
	default:
		e["eventType"], e["delivery"] = "Delivery", map[string]any{
			"timestamp": at, "processingTimeMillis": 546, "recipients": []string{to},
			"smtpResponse": "250 2.0.0 OK  1732358400 af79cd13be357-7b51a3d5f2asi1 - gsmtp", "remoteMtaIp": "192.0.2.99",
			"reportingMTA": "a8-53.smtp-out.amazonses.com",
		}
	}
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // of maps and texts
	}
	return string(text)
}
