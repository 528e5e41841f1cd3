package deliverability_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/mail/deliverability"
)

func TestPTR(t *testing.T) {
	const from, name = "192.0.2.25", "25.2.0.192.in-addr.arpa PTR"
	for what, tc := range map[string]struct {
		zone  zone
		state string
		says  string
	}{
		"there and back":     {zone{name: {"mail.shop.test"}, "mail.shop.test A": {from}}, "ok", "192.0.2.25 is mail.shop.test"},
		"one of two":         {zone{name: {"old.shop.test", "mail.shop.test"}, "mail.shop.test A": {"192.0.2.1", from}}, "ok", "mail.shop.test"},
		"a provider's name":  {zone{name: {"ip-192-0-2-25.cloud.test"}, "ip-192-0-2-25.cloud.test A": {from}}, "warning", "ip-192-0-2-25.cloud.test"},
		"backwards":          {zone{name: {"25.2.0.192.cloud.test"}, "25.2.0.192.cloud.test A": {from}}, "warning", "cloud.test"},
		"none":               {zone{}, "failed", "has no name"},
		"another's":          {zone{name: {"mail.shop.test"}, "mail.shop.test A": {"192.0.2.26"}}, "failed", "does not lead back"},
		"a name of nobody's": {zone{name: {"mail.shop.test"}}, "failed", "does not lead back"},
	} {
		t.Run(what, func(t *testing.T) {
			s := deliverability.Setup{FromDomain: "shop.test", Senders: []netip.Addr{netip.MustParseAddr(from)}}
			f := find(t, deliverability.Check(t.Context(), tc.zone.serve(t), s), "PTR")
			if f.State != tc.state || !strings.Contains(f.Found, tc.says) || (f.State == "ok") != (f.Advice == "") {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestAccount(t *testing.T) {
	well := deliverability.Account{
		Provider: "Amazon SES", Enabled: true, Production: true, Health: "HEALTHY", PerDay: 50_000, SentInDay: 10, PerSecond: 14,
		Identity: &deliverability.Identity{Domain: "shop.test", Known: true, Verified: true, Signs: true, DKIM: "SUCCESS", KeyBits: 2048},
	}
	for what, tc := range map[string]struct {
		change func(a *deliverability.Account, i *deliverability.Identity)
		name   string
		state  string
		says   string
	}{
		"all is well":       {func(*deliverability.Account, *deliverability.Identity) {}, "account", "ok", "50000 mails in 24 hours, 14 a second"},
		"no limit":          {func(a *deliverability.Account, _ *deliverability.Identity) { a.PerDay = -1 }, "account", "ok", "without a daily limit"},
		"the sandbox":       {func(a *deliverability.Account, _ *deliverability.Identity) { a.Production = false }, "account", "failed", "sandbox"},
		"turned off":        {func(a *deliverability.Account, _ *deliverability.Identity) { a.Enabled, a.Health = false, "SHUTDOWN" }, "account", "failed", "turned off for the account (SHUTDOWN)"},
		"on probation":      {func(a *deliverability.Account, _ *deliverability.Identity) { a.Health = "PROBATION" }, "account", "warning", "probation"},
		"nearly used up":    {func(a *deliverability.Account, _ *deliverability.Identity) { a.SentInDay = 40_001 }, "account", "warning", "40001 of 50000"},
		"used up":           {func(a *deliverability.Account, _ *deliverability.Identity) { a.SentInDay = 50_000 }, "account", "failed", "used up"},
		"does not answer":   {func(a *deliverability.Account, _ *deliverability.Identity) { a.Trouble = "no credentials" }, "account", "failed", "no credentials"},
		"a domain of ours":  {func(*deliverability.Account, *deliverability.Identity) {}, "identity", "ok", "is verified"},
		"nobody's domain":   {func(_ *deliverability.Account, i *deliverability.Identity) { i.Known = false }, "identity", "failed", "not set up"},
		"not verified":      {func(_ *deliverability.Account, i *deliverability.Identity) { i.Verified = false }, "identity", "failed", "not verified"},
		"signed":            {func(*deliverability.Account, *deliverability.Identity) {}, "DKIM", "ok", "signs as shop.test"},
		"not signed":        {func(_ *deliverability.Account, i *deliverability.Identity) { i.Signs = false }, "DKIM", "failed", "does not sign"},
		"keys not yet seen": {func(_ *deliverability.Account, i *deliverability.Identity) { i.DKIM = "PENDING" }, "DKIM", "failed", "pending"},
		"a short key":       {func(_ *deliverability.Account, i *deliverability.Identity) { i.KeyBits = 1024 }, "DKIM", "warning", "1024 bits"},
	} {
		t.Run(what, func(t *testing.T) {
			a, i := well, *well.Identity
			a.Identity = &i
			tc.change(&a, &i)
			s := deliverability.Setup{FromDomain: "shop.test", Include: "amazonses.com", Account: &a}
			f := find(t, deliverability.Check(t.Context(), zone{}.serve(t), s), tc.name)
			if f.State != tc.state || !strings.Contains(f.Found, tc.says) || (f.State == "ok") != (f.Advice == "") {
				t.Errorf("%+v", f)
			}
		})
	}
}
