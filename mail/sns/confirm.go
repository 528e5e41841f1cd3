package sns

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/fibonacco/fibonacco"
)

// Confirmer confirms subscriptions of allowed topics through Amazon's own API; the address that a
// message brings for it is never asked.
type Confirmer struct {
	Endpoint string // "" is Amazon's own
}

var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_.-]{1,256}$`)

// Confirm confirms the subscription that a proven message asks for. Credentials come from where the
// AWS SDK looks for them.
func (c Confirmer) Confirm(ctx context.Context, m *Message) error {
	parts := topicARN.FindStringSubmatch(m.TopicARN)
	if parts == nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "the topic is not one of SNS's")
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(parts[1]))
	if err != nil {
		return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "the AWS settings cannot be read", Err: err}
	}
	client := sns.NewFromConfig(cfg, func(o *sns.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	})
	_, err = client.ConfirmSubscription(ctx, &sns.ConfirmSubscriptionInput{TopicArn: aws.String(m.TopicARN), Token: aws.String(m.Token)})
	if err != nil {
		return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "Amazon SNS did not confirm the subscription", Err: err}
	}
	return nil
}
