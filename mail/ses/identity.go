package ses

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/fibonacco/fibonacco"
)

// Identity is what SES knows of a domain that mails come from.
type Identity struct {
	Known    bool   // false: it was never set up; nothing else is then set
	Verified bool   // SES lets mails go out in its name
	Signs    bool   // with DKIM, as this domain
	DKIM     string // PENDING, SUCCESS, FAILED, TEMPORARY_FAILURE or NOT_STARTED
	KeyBits  int    // 1024 or 2048; 0 when the keys are our own
	MailFrom string // domain of the return path; "" is SES's own
}

// Identity asks SES about a domain.
func (m *Mailer) Identity(ctx context.Context, domain string) (Identity, error) {
	out, err := m.api.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(domain)})
	var missing *types.NotFoundException
	switch {
	case errors.As(err, &missing):
		return Identity{}, nil
	case err != nil:
		return Identity{}, fmt.Errorf("read the SES identity of %s: %w", domain, err)
	}
	i := Identity{Known: true, Verified: out.VerifiedForSendingStatus}
	if d := out.DkimAttributes; d != nil {
		i.Signs, i.DKIM = d.SigningEnabled, string(d.Status)
		switch d.CurrentSigningKeyLength {
		case types.DkimSigningKeyLengthRsa1024Bit:
			i.KeyBits = 1024
		case types.DkimSigningKeyLengthRsa2048Bit:
			i.KeyBits = 2048
		}
	}
	if f := out.MailFromAttributes; f != nil && f.MailFromDomain != nil && f.MailFromDomainStatus == types.MailFromDomainStatusSuccess {
		i.MailFrom = *f.MailFromDomain
	}
	return i, nil
}

// Account is what SES says of the account, and of a domain that mails come from. Unavailable, with the
// reason in few words, when it does not answer or may not be asked.
func (m *Mailer) Account(ctx context.Context, domain string) (q Quota, i Identity, err error) {
	if q, err = m.Quota(ctx); err == nil {
		i, err = m.Identity(ctx, domain)
	}
	if err != nil {
		return q, i, &fibonacco.Error{Code: fibonacco.Unavailable, Message: reason(err), Err: err}
	}
	return q, i, nil
}
