package ses

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/fibonacco/fibonacco"
)

// Options say how to reach SES. The zero value takes region and credentials from where the AWS
// SDK looks for them (environment, shared files, the machine's role).
type Options struct {
	Region           string // "" is the SDK's own choice
	Endpoint         string // "" is SES itself; tests and stand-ins have another
	AccessKeyID      string // with SecretAccessKey; "" looks for credentials
	SecretAccessKey  string
	ConfigurationSet string // named with every mail: events are published by it; "" names none
	Simple           bool   // send the parts of a mail, not the mail as it is: SES then writes the headers itself

	Connections int           // requests at once; 0 is 20
	Timeout     time.Duration // of one request; 0 is 30 s

	Limiter   fibonacco.Limiter // shares the account's rate between nodes; required
	LimitKey  string            // "" is "ses"
	PerSecond float64           // at most so many a second, below the account's rate; 0 is the account's rate

	QuotaEvery time.Duration // how often GetAccount is asked; 0 is a minute
	Backoff    Backoff
	Logger     *slog.Logger // nil is slog.Default()
}

// Backoff is how long nothing is tried after SES failed as a whole.
type Backoff struct {
	First time.Duration // after the first failure; 0 is a second
	Most  time.Duration // it doubles up to this; 0 is ten minutes, as long as AWS asks one to wait
}

// New makes a Mailer. It talks to nobody yet. Returns Invalid when an option is wrong.
func New(ctx context.Context, o Options) (*Mailer, error) {
	if o.Limiter == nil {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "the SES mailer needs a limiter")
	}
	if o.PerSecond < 0 || o.Connections < 0 {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "connections and mails per second cannot be negative")
	}
	if (o.AccessKeyID == "") != (o.SecretAccessKey == "") {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "an AWS access key has two parts: id and secret")
	}
	o.Connections = cmp.Or(o.Connections, 20)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.LimitKey = cmp.Or(o.LimitKey, "ses")
	o.QuotaEvery = cmp.Or(o.QuotaEvery, time.Minute)
	o.Backoff.First, o.Backoff.Most = cmp.Or(o.Backoff.First, time.Second), cmp.Or(o.Backoff.Most, 10*time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.Default())

	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(o)),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.AccessKeyID != "" {
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, &fibonacco.Error{Code: fibonacco.Invalid, Message: "the AWS settings cannot be read", Err: err}
	}
	if cfg.Region == "" {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "SES needs a region: set SES_REGION or AWS_REGION, for example us-east-1")
	}
	client := sesv2.NewFromConfig(cfg, func(s *sesv2.Options) {
		if o.Endpoint != "" {
			s.BaseEndpoint = aws.String(strings.TrimSuffix(o.Endpoint, "/"))
		}
	})
	return &Mailer{o: o, api: client, gate: newGate(o.Backoff, o.Logger), quota: newQuota(o)}, nil
}

// httpClient keeps a connection for each request that may be under way. It is the SDK's own, which
// knows AWS_CA_BUNDLE and follows no redirect of a POST.
func httpClient(o Options) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(o.Timeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = o.Connections+2, o.Connections+2, o.Connections+2
	})
}
