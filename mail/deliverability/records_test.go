package deliverability_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/mail/deliverability"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	key := deliverability.Key{Domain: "shop.test", Selector: "s1", Record: "v=DKIM1; k=rsa; p=MIIB"}
	for name, tc := range map[string]struct {
		setup    deliverability.Setup
		findings []deliverability.Finding
		want     string
	}{
		"nothing is known": {
			deliverability.Setup{FromDomain: "shop.test"}, nil, `
SPF shop.test TXT v=spf1 a mx ~all failed
DMARC _dmarc.shop.test TXT v=DMARC1; p=none; rua=mailto:dmarc@shop.test failed`,
		},
		"Amazon SES": {
			deliverability.Setup{FromDomain: "shop.test", Include: "amazonses.com"},
			[]deliverability.Finding{{Name: "SPF", State: "ok", Found: "the record of shop.test takes 2 look-ups of 10"}, {Name: "DMARC", State: "warning"}},
			`
SPF shop.test TXT v=spf1 include:amazonses.com ~all ok
DMARC _dmarc.shop.test TXT v=DMARC1; p=none; rua=mailto:dmarc@shop.test warning`,
		},
		"a server of one's own, with all": {
			deliverability.Setup{
				FromDomain: "shop.test", BounceDomain: "bounce.shop.test", PublicHost: "go.shop.test", Keys: []deliverability.Key{key},
				Senders: []netip.Addr{netip.MustParseAddr("192.0.2.25")},
			},
			[]deliverability.Finding{
				{Name: "DKIM", State: "failed", Found: "s0._domainkey.shop.test has no key"},
				{Name: "DKIM", State: "ok", Found: "s1._domainkey.shop.test has the key that signs"},
				{Name: "bounce MX", State: "ok"},
			},
			`
SPF bounce.shop.test TXT v=spf1 ip4:192.0.2.25 ~all failed
DKIM s1._domainkey.shop.test TXT v=DKIM1; k=rsa; p=MIIB ok
DMARC _dmarc.shop.test TXT v=DMARC1; p=none; rua=mailto:dmarc@shop.test failed
MX bounce.shop.test MX 10 go.shop.test ok`,
		},
	} {
		var b strings.Builder
		for _, r := range deliverability.Records(tc.setup, tc.findings) {
			fmt.Fprintf(&b, "\n%s %s %s %s %s", r.Purpose, r.Name, r.Type, r.Value, r.State)
		}
		if b.String() != tc.want {
			t.Errorf("%s:%s\nwant%s", name, b.String(), tc.want)
		}
	}
}
