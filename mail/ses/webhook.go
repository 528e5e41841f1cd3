package ses

import (
	"context"
	"log/slog"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/sns"
)

// Webhook takes what SES publishes about mails through SNS. It implements fibonacco.Webhook.
type Webhook struct {
	verifier *sns.Verifier
	confirm  func(ctx context.Context, m *sns.Message) error
	reports  fibonacco.MailReports
	log      *slog.Logger
}

var _ fibonacco.Webhook = (*Webhook)(nil)

// NewWebhook makes a Webhook. confirm answers a topic's question whether to subscribe.
func NewWebhook(v *sns.Verifier, confirm func(ctx context.Context, m *sns.Message) error, reports fibonacco.MailReports, log *slog.Logger) *Webhook {
	return &Webhook{verifier: v, confirm: confirm, reports: reports, log: log}
}

// Receive implements fibonacco.Webhook.
func (w *Webhook) Receive(ctx context.Context, r fibonacco.WebhookRequest) error {
	m, err := sns.Parse(r.Body)
	if err != nil {
		return err
	}
	if err := w.verifier.Verify(ctx, m); err != nil {
		return err
	}
	switch m.Type {
	case sns.SubscriptionConfirmation:
		if err := w.confirm(ctx, m); err != nil {
			return err
		}
		w.log.InfoContext(ctx, "subscribed to an SNS topic", "topic", m.TopicARN)
		return nil
	case sns.UnsubscribeConfirmation:
		w.log.WarnContext(ctx, "an SNS topic no longer tells us of bounces and complaints", "topic", m.TopicARN)
		return nil
	}
	reports, err := Reports(m.Message)
	if fibonacco.CodeOf(err) == fibonacco.Malformed {
		// It is proven to be the topic's own, and no repetition will make it better.
		w.log.WarnContext(ctx, "a message of SNS is not one of SES's", "message", m.MessageID)
		return nil
	}
	if err != nil {
		return err
	}
	_, err = w.reports.TakeReports(ctx, fibonacco.MailDelivery{ID: "sns:" + m.MessageID, Reports: reports})
	return err
}
