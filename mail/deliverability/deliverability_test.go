package deliverability_test

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/fibonacco/fibonacco/mail/deliverability"
)

// zone is what the test's DNS server knows: "example.com TXT" → values, "example.com A", "example.com MX".
type zone map[string][]string

// serve answers from the zone over UDP, and returns a resolver that asks it.
func (z zone) serve(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := z.answer(buf[:n]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (z zone) answer(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	known := false
	for key := range z {
		known = known || strings.HasPrefix(key, name+" ")
	}
	if !known {
		m.RCode = dnsmessage.RCodeNameError
	}
	kind := map[dnsmessage.Type]string{dnsmessage.TypeTXT: "TXT", dnsmessage.TypeA: "A", dnsmessage.TypeMX: "MX", dnsmessage.TypePTR: "PTR"}[q.Type]
	for _, value := range z[name+" "+kind] {
		var body dnsmessage.ResourceBody
		switch q.Type {
		case dnsmessage.TypeTXT:
			txt := &dnsmessage.TXTResource{}
			for len(value) > 200 {
				txt.TXT, value = append(txt.TXT, value[:200]), value[200:]
			}
			txt.TXT = append(txt.TXT, value)
			body = txt
		case dnsmessage.TypeA:
			body = &dnsmessage.AResource{A: netip.MustParseAddr(value).As4()}
		case dnsmessage.TypePTR:
			body = &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(value + ".")}
		case dnsmessage.TypeMX:
			body = &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(value + ".")}
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: body})
	}
	return m.Pack()
}

func find(t *testing.T, list []deliverability.Finding, name string) deliverability.Finding {
	t.Helper()
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no finding %q among %+v", name, list)
	return deliverability.Finding{}
}

func TestSPF(t *testing.T) {
	eleven := "v=spf1"
	z := zone{}
	for i := range 11 {
		eleven += " include:i" + strconv.Itoa(i) + ".test"
		z["i"+strconv.Itoa(i)+".test TXT"] = []string{"v=spf1 ip4:198.51.100." + strconv.Itoa(i) + " ?all"}
	}
	z["relay.test A"], z["in.test MX"], z["mx.test A"] = []string{"192.0.2.25"}, []string{"mx.test"}, []string{"192.0.2.26"}
	z["amazonses.com TXT"] = []string{"v=spf1 ip4:199.255.192.0/22 -all"}
	for name, tc := range map[string]struct {
		records []string
		from    string
		include string
		state   string
		says    string
		advice  string
	}{
		"allowed by address":  {[]string{"v=spf1 ip4:192.0.2.0/24 -all"}, "192.0.2.9", "", "ok", "0 look-ups of 10; it allows", ""},
		"by host":             {[]string{"other", "V=SPF1 a:relay.test ~all"}, "192.0.2.25", "", "ok", "1 look-ups", ""},
		"by the net of an MX": {[]string{"v=spf1 mx:in.test/24 ~all"}, "192.0.2.77", "", "ok", "1 look-ups", ""},
		"by an include":       {[]string{"v=spf1 include:i3.test -all"}, "198.51.100.3", "", "ok", "1 look-ups", ""},
		"by a redirect":       {[]string{"v=spf1 redirect=i4.test"}, "198.51.100.4", "", "ok", "1 look-ups", ""},
		"excluded first":      {[]string{"v=spf1 -ip4:192.0.2.9 ip4:192.0.2.0/24 -all"}, "192.0.2.9", "", "warning", "does not allow 192.0.2.9", "ip4:192.0.2.9"},
		"not allowed":         {[]string{"v=spf1 -all"}, "192.0.2.9", "", "warning", "does not allow 192.0.2.9", "ip4:192.0.2.9"},
		"neutral is no yes":   {[]string{"v=spf1 ?all"}, "192.0.2.9", "", "warning", "does not allow", "ip4:192.0.2.9"},
		"Amazon is in":        {[]string{"v=spf1 include:amazonses.com ~all"}, "", "amazonses.com", "ok", "it allows", ""},
		"Amazon is not":       {[]string{"v=spf1 ~all"}, "", "amazonses.com", "warning", "amazonses.com", "include:amazonses.com"},
		"none":                {[]string{"google-site-verification=x"}, "192.0.2.9", "", "failed", "has no SPF record", `from.test TXT "v=spf1 ip4:192.0.2.9 ~all"`},
		"two":                 {[]string{"v=spf1 a ~all", "v=spf1 mx ~all"}, "192.0.2.9", "", "failed", "2 SPF records", "Publish"},
		"too many":            {[]string{eleven + " ~all"}, "198.51.100.10", "", "failed", "11 look-ups of 10", "Receivers give up"},
		"a circle":            {[]string{"v=spf1 include:from.test ~all"}, "192.0.2.9", "", "failed", "includes itself", "Publish"},
		"broken":              {[]string{"v=spf1 ip4:192.0.2.300 ~all"}, "192.0.2.9", "", "failed", "cannot be read", "Publish"},
		"an include of none":  {[]string{"v=spf1 include:nowhere.test ~all"}, "192.0.2.9", "", "failed", "nowhere.test has no SPF record", "Publish"},
		"long":                {[]string{"v=spf1 " + strings.Repeat("ip4:203.0.113.1 ", 30) + "ip4:192.0.2.9 ~all"}, "192.0.2.9", "", "ok", "it allows", ""},
	} {
		t.Run(name, func(t *testing.T) {
			mine := zone{"from.test TXT": tc.records}
			for k, v := range z {
				mine[k] = v
			}
			s := deliverability.Setup{FromDomain: "from.test", Include: tc.include}
			if tc.from != "" {
				s.Senders = []netip.Addr{netip.MustParseAddr(tc.from)}
			}
			f := find(t, deliverability.Check(t.Context(), mine.serve(t), s), "SPF")
			if f.State != tc.state || !strings.Contains(f.Found, tc.says) || !strings.Contains(f.Advice, tc.advice) || (f.State == "ok") != (f.Advice == "") {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestDMARCAndKeys(t *testing.T) {
	key := deliverability.Key{Domain: "mail.shop.test", Selector: "s1", Record: "v=DKIM1; k=rsa; p=QUJD", Bits: 2048}
	for name, tc := range map[string]struct {
		zone  zone
		bits  int
		dmarc string
		dkim  string
		says  string
	}{
		"all is well":     {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1; p=none"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p=QUJD"}}, 2048, "ok", "ok", "aligned by the DKIM signature"},
		"of the parent":   {zone{"_dmarc.shop.test TXT": {"v=DMARC1; p=reject; adkim=s"}, "s1._domainkey.mail.shop.test TXT": {"p=QU JD"}}, 2048, "ok", "ok", "_dmarc.shop.test"},
		"neither":         {zone{"mail.shop.test TXT": {"x"}}, 2048, "failed", "failed", "no DMARC record"},
		"another key":     {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1; p=none"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p=WFla"}}, 2048, "ok", "failed", ""},
		"revoked":         {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1; p=none"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p="}}, 2048, "ok", "failed", ""},
		"a short key":     {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1; p=none"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p=QUJD"}}, 1024, "ok", "warning", ""},
		"no such policy":  {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1; p=maybe"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p=QUJD"}}, 2048, "failed", "ok", "maybe"},
		"no policy":       {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p=QUJD"}}, 2048, "failed", "ok", "p is"},
		"a tag too often": {zone{"_dmarc.mail.shop.test TXT": {"v=DMARC1; p=none; p=reject"}, "s1._domainkey.mail.shop.test TXT": {"v=DKIM1; p=QUJD"}}, 2048, "failed", "ok", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			k := key
			k.Bits = tc.bits
			list := deliverability.Check(t.Context(), tc.zone.serve(t), deliverability.Setup{FromDomain: "mail.shop.test", Keys: []deliverability.Key{k}})
			if f := find(t, list, "DMARC"); f.State != tc.dmarc || !strings.Contains(f.Found, tc.says) {
				t.Errorf("%+v", f)
			}
			if f := find(t, list, "DKIM"); f.State != tc.dkim || f.State == "failed" && !strings.Contains(f.Advice, `s1._domainkey.mail.shop.test TXT "v=DKIM1; k=rsa; p=QUJD"`) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestBounceDomain(t *testing.T) {
	s := deliverability.Setup{FromDomain: "shop.test", BounceDomain: "back.shop.test", PublicHost: "go.shop.test"}
	f := find(t, deliverability.Check(t.Context(), zone{}.serve(t), s), "bounce MX")
	if f.State != "failed" || f.Advice != "Publish: back.shop.test MX 10 go.shop.test" {
		t.Errorf("%+v", f)
	}
	list := deliverability.Check(t.Context(), zone{"back.shop.test MX": {"go.shop.test"}, "_dmarc.shop.test TXT": {"v=DMARC1; p=none; aspf=s"}}.serve(t), s)
	if f := find(t, list, "bounce MX"); f.State != "ok" {
		t.Errorf("%+v", f)
	}
	if f := find(t, list, "DMARC"); f.State != "warning" || !strings.Contains(f.Advice, "Sign with a DKIM key of shop.test") {
		t.Errorf("%+v", f)
	}
}

func FuzzParseSPF(f *testing.F) {
	for _, seed := range []string{"v=spf1", "v=spf1 +a/24//64 mx:x ip6:2001:db8::/32 redirect=y exp=z -all", "v=spf1 include:%{i}.x ?ptr", "v=spf1 -", "v=spf1 ip4:/ a:/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		terms, err := deliverability.ParseSPF(record)
		if err != nil {
			return
		}
		for _, term := range terms {
			if term.Name == "" || strings.IndexByte("+-~?", term.Qualifier) < 0 {
				t.Errorf("%q has the term %+v", record, term)
			}
		}
	})
}

func FuzzParseDMARC(f *testing.F) {
	for _, seed := range []string{"v=DMARC1; p=none", "v=DMARC1;p=reject;sp=none; rua=mailto:a@b,mailto:c@d", "v=DMARC1;;=;p", "v = DMARC1 ; P = Quarantine"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		tags, err := deliverability.ParseDMARC(record)
		if err == nil && tags["p"] != "none" && tags["p"] != "quarantine" && tags["p"] != "reject" {
			t.Errorf("%q has the policy %q", record, tags["p"])
		}
	})
}
