package render_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"
	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/library"
)

func settings(t testing.TB) render.Settings {
	t.Helper()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	return render.Settings{
		PublicURL: "https://go.portavery.example", FromName: "Sarah at Port Avery Local", FromEmail: "sarah@portavery.example",
		ReplyTo: "reply@portavery.example", CompanyName: "Port Avery Local", Signer: signer,
		PostalAddress: "200 Market Street, Port Avery, NY 14099",
	}
}

var marisol = render.Recipient{
	SendID: 123456, SMBID: 7890, UUID: "0190b5a0-0000-7000-8000-000000000001", Email: "marisol@hair.example",
	At: time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC),
	Fields: template.Fields{
		FirstName: "Marisol", BusinessName: "Marisol's Hair Studio", Community: "Port Avery", Category: "hair salon",
	},
}

var shipped = sync.OnceValue(func() []format.Entry {
	entries, _ := format.Load(library.FS)
	return entries
})

// campaign is a shipped one.
func campaign(t testing.TB, id string) fibonacco.Campaign {
	t.Helper()
	for _, e := range shipped() {
		if e.Campaign.ID == id {
			return e.Campaign
		}
	}
	t.Fatalf("there is no %s", id)
	return fibonacco.Campaign{}
}

func compile(t testing.TB, c fibonacco.Campaign, s render.Settings) *render.Mail {
	t.Helper()
	m, err := render.Compile(c, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// message parses what Render makes with somebody else's parser.
func message(t testing.TB, m *render.Mail, r render.Recipient) *enmime.Envelope {
	t.Helper()
	raw, err := m.Render(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	env, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range env.Errors {
		t.Errorf("the parser complains: %v", e)
	}
	return env
}

func TestHeader(t *testing.T) {
	s := settings(t)
	r := marisol
	r.ToName = "Marisol Vega"
	env := message(t, compile(t, campaign(t, "HOOK-001"), s), r)
	token := s.Signer.SignSend(fibonacco.UnsubscribeToken, fibonacco.SendClaim{SendID: r.SendID, SMBID: r.SMBID})
	for name, want := range map[string]string{
		"From":                      "Sarah at Port Avery Local <sarah@portavery.example>",
		"To":                        "Marisol Vega <marisol@hair.example>",
		"Reply-To":                  "reply@portavery.example",
		"Subject":                   "A page for Marisol's Hair Studio, if you want it",
		"Date":                      "Mon, 23 Nov 2026 15:04:05 +0000",
		"Message-ID":                "<0190b5a0-0000-7000-8000-000000000001@portavery.example>",
		"MIME-Version":              "1.0",
		"List-Id":                   "Port Avery Local <programme.portavery.example>",
		"List-Unsubscribe":          "<https://go.portavery.example/u/" + token + ">",
		"List-Unsubscribe-Post":     "List-Unsubscribe=One-Click",
		"Precedence":                "bulk",
		"X-Fibonacco-Send":          "123456",
		"Auto-Submitted":            "",
		"Content-Transfer-Encoding": "",
	} {
		if got := env.GetHeader(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := len(env.GetHeaderKeys()); got != 13 {
		t.Errorf("there are %d headers: %v", got, env.GetHeaderKeys())
	}
}

var (
	href = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	bare = regexp.MustCompile(`(?m)^https://\S+$`)
)

// claims reads the tokens of links back.
func claims(t testing.TB, s render.Settings, links [][]string) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, l := range links {
		path, ok := strings.CutPrefix(l[len(l)-1], s.PublicURL)
		if !ok {
			found[l[len(l)-1]]++
			continue
		}
		kind := fibonacco.TrackToken
		if strings.HasPrefix(path, "/u/") {
			kind = fibonacco.UnsubscribeToken
		}
		cut := strings.LastIndexByte(path, '/') + 1
		c, ok := s.Signer.VerifySend(kind, path[cut:])
		if !ok || c.SendID != marisol.SendID || c.SMBID != marisol.SMBID {
			t.Errorf("the token of %s proves %+v, %v", path, c, ok)
		}
		found[fmt.Sprintf("%s%d", path[:cut], c.LinkID)]++
	}
	return found
}

func TestLinks(t *testing.T) {
	s := settings(t)
	for id, want := range map[string][2]map[string]int{
		"HOOK-001": {
			{"/track/click/2": 1, "/track/click/1": 1, "/track/click/-1": 1, "/u/0": 2, "/track/open/0": 1},
			{"/track/click/2": 1, "/track/click/1": 1, "/u/0": 1},
		},
		"EDU-001": { // nothing to approve
			{"/track/click/1": 1, "/track/click/-1": 1, "/u/0": 2, "/track/open/0": 1},
			{"/track/click/1": 1, "/u/0": 1},
		},
	} {
		env := message(t, compile(t, campaign(t, id), s), marisol)
		html := claims(t, s, href.FindAllStringSubmatch(env.HTML, -1))
		text := claims(t, s, bare.FindAllStringSubmatch(strings.ReplaceAll(env.Text, "\r\n", "\n"), -1))
		if fmt.Sprint(html) != fmt.Sprint(want[0]) || fmt.Sprint(text) != fmt.Sprint(want[1]) {
			t.Errorf("%s links to %v and %v, want %v", id, html, text, want)
		}
	}
}

func TestLinksOfABody(t *testing.T) {
	c := campaign(t, "EDU-001")
	c.BodyMarkdown = "See [a](https://a.example/?x=1&y=2), [again](https://a.example/?x=1&y=2), <https://b.example/>,\n" +
		"[us](https://c.example/), [mail](mailto:x@a.example), <y@a.example> or [call](tel:+15555550142).\n\nBye.\n"
	s := settings(t)
	asked := map[string]int{}
	s.ResolveLink = func(url string) int64 {
		asked[url]++
		return map[string]int64{"https://a.example/?x=1&y=2": 100, "https://b.example/": 101}[url]
	}
	env := message(t, compile(t, c, s), marisol)
	got := claims(t, s, href.FindAllStringSubmatch(env.HTML, -1))
	for link, n := range map[string]int{
		"/track/click/100": 2, "/track/click/101": 1, "https://c.example/": 1, "mailto:x@a.example": 1,
		"mailto:y@a.example": 1, "tel:+15555550142": 1, "https://a.example/?x=1&y=2": 0,
	} {
		if got[link] != n {
			t.Errorf("%s is there %d times, want %d: %v", link, got[link], n, got)
		}
	}
	if asked["https://a.example/?x=1&y=2"] > 2 {
		t.Errorf("asked %v", asked)
	}
	s.ResolveLink = func(string) int64 { return render.LinkApprove }
	if _, err := render.Compile(c, s); fibonacco.CodeOf(err) != fibonacco.Invalid {
		t.Errorf("a reserved id gives %v", err)
	}
}

func TestValuesAreNeverMarkup(t *testing.T) {
	r := marisol
	r.Fields.BusinessName = "*A* [x](http://evil.example) <script>alert(1)</script> & {{ first_name }}"
	r.Fields.FirstName = "# Head\r\nBcc: spy@evil.example"
	env := message(t, compile(t, campaign(t, "HOOK-001"), settings(t)), r)
	if !strings.Contains(env.HTML, "for *A* [x](http://evil.example) &lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ first_name }}:") {
		t.Error("the HTML does not show the name as it is")
	}
	if strings.Contains(env.HTML, "<script") || strings.Contains(env.HTML, `href="http://evil`) {
		t.Error("the name became markup")
	}
	if !strings.Contains(env.Text, "for "+r.Fields.BusinessName+":") || !strings.Contains(env.Text, "Hello # Head Bcc: spy@evil.example,") {
		t.Error("the text does not show the names as they are")
	}
	if env.GetHeader("Bcc") != "" || !strings.HasPrefix(env.GetHeader("Subject"), "A page for *A* [x]") {
		t.Errorf("header is %v", env.Root.Header)
	}
}

func TestWhatAPersonReads(t *testing.T) {
	p, err := compile(t, campaign(t, "HOOK-001"), settings(t)).Preview(render.Recipient{
		Fields: template.Fields{BusinessName: "Cut & Dry", Community: "Port Avery"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Subject != "A page for Cut & Dry, if you want it" || !strings.HasPrefix(p.Preheader, "Hours, phone") {
		t.Errorf("got %q, %q", p.Subject, p.Preheader)
	}
	for _, want := range []string{
		"Hello there,", "Set up my page", "Read it as slides", "Cut &amp; Dry is on the mailing list of Port Avery Local",
		"This is day 1 of 90", "200 Market Street, Port Avery, NY 14099", ">Unsubscribe</a>", "<title>A page for Cut &amp; Dry",
		">A page you control</h1>", "AI account manager, Port Avery Local. Just reply",
	} {
		if !strings.Contains(p.HTML, want) {
			t.Errorf("the HTML does not hold %q", want)
		}
	}
	for _, want := range []string{"\n\nHello there,\n\n", "\n\nSet up my page:\nhttps://", "\n\nRead it as slides:\nhttps://", "Unsubscribe, or choose what you get:\nhttps://", "\nPort Avery Local, 200 Market Street, Port Avery, NY 14099\n"} {
		if !strings.Contains(p.Text, want) {
			t.Errorf("the text does not hold %q:\n%s", want, p.Text)
		}
	}
	if strings.Contains(p.Text, "\n\n\n") || strings.Contains(p.Text, "**") {
		t.Errorf("the text is untidy:\n%s", p.Text)
	}
}

// TestEqualsNaiveRendering compares the pre-encoded segments with Liquid over the whole body and
// the standard library's decoder, for odd values.
func TestEqualsNaiveRendering(t *testing.T) {
	c := campaign(t, "HOOK-001")
	fast := compile(t, c, settings(t))
	c.BodyMarkdown = "{% assign unused = 1 %}" + c.BodyMarkdown // makes Liquid render the whole part
	naive := compile(t, c, settings(t))
	rapid.Check(t, func(t *rapid.T) {
		r := marisol
		r.Fields = template.Fields{
			FirstName: values().Draw(t, "first name"), BusinessName: values().Draw(t, "business name"),
			Community: values().Draw(t, "community"), Category: values().Draw(t, "category"),
		}
		r.ToName = values().Draw(t, "to")
		got, err := fast.Render(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		want, err := naive.Render(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		gotHead, gotParts := decode(t, got)
		wantHead, wantParts := decode(t, want)
		if gotHead != wantHead || len(gotParts) != 2 {
			t.Fatalf("headers differ:\n%s\n%s", gotHead, wantHead)
		}
		for i := range gotParts {
			if gotParts[i] != wantParts[i] {
				t.Fatalf("part %d differs:\n%s\n%s", i, gotParts[i], wantParts[i])
			}
		}
		_, body, _ := bytes.Cut(got, []byte("\r\n\r\n"))
		checkLines(t, body, 76)
		if m, err := mail.ReadMessage(bytes.NewReader(got)); err != nil || len(m.Header) != 13 {
			t.Fatalf("net/mail reads %v, %v", m, err)
		}
		again, _ := fast.Render([]byte("before"), r)
		if !bytes.Equal(again, append([]byte("before"), got...)) {
			t.Fatal("the same input gives other bytes")
		}
	})
}

// decode takes a message apart by hand.
func decode(t *rapid.T, raw []byte) (head string, parts []string) {
	h, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		t.Fatal("no header")
	}
	all := bytes.Split(body, []byte("--=_"+marisol.UUID))
	for _, part := range all[1 : len(all)-1] {
		_, encoded, _ := bytes.Cut(part, []byte("\r\n\r\n"))
		out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(encoded)))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(out))
	}
	return string(h), parts
}

func TestRenderRefuses(t *testing.T) {
	m := compile(t, campaign(t, "HOOK-001"), settings(t))
	for name, change := range map[string]func(*render.Recipient){
		"no address":           func(r *render.Recipient) { r.Email = "" },
		"line break":           func(r *render.Recipient) { r.Email = "a@b.example\r\nBcc: c@d.example" },
		"two addresses":        func(r *render.Recipient) { r.Email = "a@b.example,c@d.example" },
		"brackets":             func(r *render.Recipient) { r.Email = "<a@b.example>" },
		"beyond ASCII":         func(r *render.Recipient) { r.Email = "josé@b.example" },
		"no uuid":              func(r *render.Recipient) { r.UUID = "" },
		"line break in a uuid": func(r *render.Recipient) { r.UUID = "0190b5a0-0000-7000-8000-0000000000\r\n" },
		"no date":              func(r *render.Recipient) { r.At = time.Time{} },
	} {
		r := marisol
		change(&r)
		out, err := m.Render([]byte("kept"), r)
		if fibonacco.CodeOf(err) != fibonacco.Invalid || string(out) != "kept" {
			t.Errorf("%s: got %q, %v", name, out, err)
		}
		if err != nil && strings.Contains(err.Error(), "@") {
			t.Errorf("%s: the error names the address: %v", name, err)
		}
	}
}

func TestPlannedSubject(t *testing.T) {
	r := marisol
	r.Subject = "As planned\r\nX-Evil: 1 – " + strings.Repeat("lang ", 100)
	env := message(t, compile(t, campaign(t, "HOOK-001"), settings(t)), r)
	if got := env.GetHeader("Subject"); !strings.HasPrefix(got, "As planned  X-Evil: 1 – lang") || len([]rune(got)) > 255 || env.GetHeader("X-Evil") != "" {
		t.Errorf("subject is %q", got)
	}
	s, err := compile(t, campaign(t, "HOOK-001"), settings(t)).Subject(template.Fields{BusinessName: strings.Repeat("é ", 300)})
	if n := len([]rune(s)); err != nil || n != 255 && n != 254 {
		t.Errorf("got %d characters, %v", n, err)
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*fibonacco.Campaign, *render.Settings)
		field  string
		line   int
	}{
		"no postal address": {func(_ *fibonacco.Campaign, s *render.Settings) { s.PostalAddress = " " }, "postal_address", 0},
		"no company":        {func(_ *fibonacco.Campaign, s *render.Settings) { s.CompanyName = "" }, "company_name", 0},
		"no sender":         {func(_ *fibonacco.Campaign, s *render.Settings) { s.FromEmail = "sarah" }, "from_email", 0},
		"reply address":     {func(_ *fibonacco.Campaign, s *render.Settings) { s.ReplyTo = "a b@c" }, "reply_to", 0},
		"no public URL":     {func(_ *fibonacco.Campaign, s *render.Settings) { s.PublicURL = "" }, "public_url", 0},
		"script URL":        {func(_ *fibonacco.Campaign, s *render.Settings) { s.PublicURL = "javascript:alert(1)" }, "public_url", 0},
		"no signer":         {func(_ *fibonacco.Campaign, s *render.Settings) { s.Signer = nil }, "signer", 0},
		"no button":         {func(c *fibonacco.Campaign, _ *render.Settings) { c.ApprovalButtonText = "" }, "approval_button_text", 0},
		"subject":           {func(c *fibonacco.Campaign, _ *render.Settings) { c.Subject = "{{ x }}" }, "subject", 1},
		"title":             {func(c *fibonacco.Campaign, _ *render.Settings) { c.Title = "\U00100005" }, "body_markdown", 1},
		"placeholder":       {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "a\n\n{{ x }}" }, "body_markdown", 0},
		"HTML":              {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "a\n\nb <b>c</b>" }, "body_markdown", 3},
		"HTML block":        {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "a\n\n<div>\nc\n</div>\n" }, "body_markdown", 3},
		"picture":           {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "![a](https://b.example/c.png)" }, "body_markdown", 1},
		"script link":       {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "a\n\n[a](javascript:alert(1))" }, "body_markdown", 3},
		"link to nowhere":   {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "[a](https:///x)" }, "body_markdown", 1},
		"field in a link": {func(c *fibonacco.Campaign, _ *render.Settings) {
			c.BodyMarkdown = "[a](https://b.example/{{ first_name }})"
		}, "body_markdown", 1},
		"private rune": {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = "a\n\U000F0000" }, "body_markdown", 2},
		"too long":     {func(c *fibonacco.Campaign, _ *render.Settings) { c.BodyMarkdown = strings.Repeat("a", 33<<10) }, "body_markdown", 1},
	} {
		c, s := campaign(t, "HOOK-001"), settings(t)
		tc.change(&c, &s)
		_, err := render.Compile(c, s)
		var e *fibonacco.Error
		if !errors.As(err, &e) || e.Code != fibonacco.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != tc.field {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		var bad *template.Error
		if found := errors.As(err, &bad); tc.line > 0 && (!found || bad.Line != tc.line) {
			t.Errorf("%s: want line %d, got %v", name, tc.line, err)
		}
	}
}

func TestVersion(t *testing.T) {
	c := campaign(t, "HOOK-001")
	v := render.Version(c)
	if v != c.EmailTemplateID || len(v) != 16 {
		t.Errorf("version %q, id %q", v, c.EmailTemplateID)
	}
	same, other := c, c
	same.RVMScript, same.UpdatedAt, same.IsActive = "x", marisol.At, false
	other.Preheader += "."
	if render.Version(same) != v || render.Version(other) == v {
		t.Error("the version does not follow what the mail says")
	}
}

func TestRenderConcurrently(t *testing.T) {
	c := campaign(t, "HOOK-001")
	for _, prefix := range []string{"", "{% if first_name %}{% endif %}"} {
		c.BodyMarkdown = prefix + c.BodyMarkdown
		m := compile(t, c, settings(t))
		want, err := m.Render(nil, marisol)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					if got, err := m.Render(nil, marisol); err != nil || !bytes.Equal(got, want) {
						t.Errorf("differs: %v", err)
					}
				}
			})
		}
		wg.Wait()
	}
}

func BenchmarkRender(b *testing.B) {
	c, s := campaign(b, "HOOK-001"), settings(b)
	m := compile(b, c, s)
	c.BodyMarkdown = "{% if first_name %}{% endif %}" + c.BodyMarkdown
	liquid := compile(b, c, s)
	run := func(b *testing.B, m *render.Mail) {
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			out, _ = m.Render(out[:0], marisol)
		}
		b.SetBytes(int64(len(out)))
	}
	b.Run("mail", func(b *testing.B) { run(b, m) })
	b.Run("only the tokens", func(b *testing.B) { // what of it is signing
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			out = out[:0]
			for link := range int64(5) {
				out = s.Signer.AppendSend(out, fibonacco.TrackToken, fibonacco.SendClaim{SendID: 123456, SMBID: 7890, LinkID: link})
			}
		}
	})
	b.Run("through Liquid", func(b *testing.B) { run(b, liquid) })
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			compile(b, c, s)
		}
	})
}
