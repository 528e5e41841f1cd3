package deliverability

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Mail is one mail as it would leave.
type Mail struct {
	Name    string // that people know it by: HOOK-001
	Message []byte
}

const (
	clipped     = 102 << 10 // bytes of HTML of which Gmail shows no more
	heavy       = 70 << 10  // where it is time to think
	wordsPerPic = 60        // words that a picture takes to be taken for a part of a text
)

// checkMails looks at mails as filters and mail programs do, and says of each kind of flaw which mails
// have it.
func checkMails(_ context.Context, _ Resolver, s Setup) []Finding {
	if len(s.Mails) == 0 {
		return nil
	}
	looks := mailChecks()
	var broken []string
	for _, m := range s.Mails {
		r, err := read(m.Message)
		if err != nil {
			broken = append(broken, m.Name)
			continue
		}
		for i := range looks {
			looks[i].look(s, m, r)
		}
	}
	out := make([]Finding, 0, len(looks)+1)
	if len(broken) > 0 {
		out = append(out, Finding{Name: "mails", State: Failed, Found: "cannot be read: " + some(broken), Advice: "Look at them: fibonacco campaigns lint."})
	}
	if n := len(s.Mails) - len(broken); n > 0 {
		for _, c := range looks {
			out = append(out, c.finding(n))
		}
	}
	return out
}

// mailCheck is one kind of flaw. has says what is wrong with a mail, the gravest first; "" is nothing.
type mailCheck struct {
	name   string
	fine   string // of all mails, when none has it
	has    func(s Setup, r *readMail) (state, what string)
	advice string

	state string
	found map[string][]string // what → mails
	order []string
}

func (c *mailCheck) look(s Setup, m Mail, r *readMail) {
	state, what := c.has(s, r)
	if what == "" {
		return
	}
	if c.state != Failed {
		c.state = state
	}
	if c.found == nil {
		c.found = map[string][]string{}
	}
	if c.found[what] == nil {
		c.order = append(c.order, what)
	}
	c.found[what] = append(c.found[what], m.Name)
}

func (c *mailCheck) finding(mails int) Finding {
	if len(c.order) == 0 {
		return Finding{Name: c.name, State: OK, Found: fmt.Sprintf("%s, in all of %s", c.fine, count(mails, "mail"))}
	}
	var parts []string
	for _, what := range c.order {
		parts = append(parts, what+" ("+some(c.found[what])+")")
	}
	return Finding{Name: c.name, State: c.state, Found: strings.Join(parts, "; "), Advice: c.advice}
}

// some is the first of a list of names, and how many more there are.
func some(names []string) string {
	const most = 3
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func mailChecks() []mailCheck {
	return []mailCheck{
		{
			name: "unsubscribe", fine: "one click unsubscribes (List-Unsubscribe and List-Unsubscribe-Post)", has: hasUnsubscribe,
			advice: "Gmail and Yahoo want both headers, with an https address, from who sends in bulk. Set FIBONACCO_PUBLIC_URL to an https address.",
		},
		{
			name: "headers", fine: "the headers that a mail must have are there, once each", has: hasHeaders,
			advice: "Set MAIL_FROM_EMAIL, and look at what is between here and the server: something takes headers away or adds some.",
		},
		{
			name: "size", fine: "small enough to be shown whole", has: hasSize,
			advice: "Gmail shows the first 102 KB and hides the rest, with the way out at its end. Shorten these mails.",
		},
		{
			name: "pictures", fine: "enough text for their pictures", has: hasPictures,
			advice: "Filters distrust mails that are all picture, and many people see no pictures. Say it in words too, and give each picture an alt text.",
		},
		{
			name: "links", fine: "links lead to the sending domain, by https", has: hasLinks,
			advice: "Receivers compare where links lead with who has sent the mail. Serve this site by https under a name of the sending domain, such as go.example.com.",
		},
	}
}

func hasUnsubscribe(_ Setup, r *readMail) (state, what string) {
	ways, post := r.header.Get("List-Unsubscribe"), r.header.Get("List-Unsubscribe-Post")
	switch {
	case ways == "":
		return Failed, "no List-Unsubscribe"
	case !strings.Contains(ways, "<https://") && !strings.Contains(ways, "<http://"):
		return Failed, "List-Unsubscribe has no web address"
	case strings.ReplaceAll(strings.ToLower(post), " ", "") != "list-unsubscribe=one-click":
		return Failed, "no List-Unsubscribe-Post: it takes more than one click"
	case !strings.Contains(ways, "<https://"):
		return Warning, "List-Unsubscribe has no https address, so that its one click does not count"
	}
	return "", ""
}

func hasHeaders(s Setup, r *readMail) (state, what string) {
	for _, name := range []string{"From", "To", "Date", "Message-Id", "Subject"} {
		switch values := r.header[name]; {
		case len(values) == 0 || strings.TrimSpace(values[0]) == "":
			return Failed, "no " + name
		case len(values) > 1:
			return Failed, "several " + name
		}
	}
	switch {
	case r.from == "":
		return Failed, "From cannot be read"
	case !strings.EqualFold(r.from, s.FromDomain):
		return Warning, "From is of " + r.from
	case r.longest > 998:
		return Failed, "lines of more than 998 bytes"
	case r.text == "":
		return Warning, "no part of plain text"
	}
	return "", ""
}

func hasSize(_ Setup, r *readMail) (state, what string) {
	switch n := len(r.html); {
	case n > clipped:
		return Failed, "more than 102 KB of HTML"
	case n > heavy:
		return Warning, "more than 70 KB of HTML"
	}
	return "", ""
}

func hasPictures(_ Setup, r *readMail) (state, what string) {
	switch {
	case r.pictures > 0 && r.words < wordsPerPic*r.pictures:
		return Warning, fmt.Sprintf("%s beside %s", count(r.pictures, "picture"), count(r.words, "word"))
	case r.unnamed > 0:
		return Warning, count(r.unnamed, "picture") + " without an alt text"
	}
	return "", ""
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// hasLinks looks where links lead.
func hasLinks(s Setup, r *readMail) (state, what string) {
	var foreign, clear []string
	for _, l := range r.links {
		switch {
		case l.shortener():
			return Failed, "links by way of " + l.host
		case l.numeric():
			return Failed, "links to the address " + l.host
		case organisation(l.host) != organisation(s.FromDomain):
			foreign = append(foreign, organisation(l.host))
		case !l.secure:
			clear = append(clear, l.host)
		}
	}
	slices.Sort(foreign)
	switch foreign = slices.Compact(foreign); {
	case len(foreign) > 0:
		return Warning, "links lead to " + strings.Join(foreign, ", ") + ", and mail comes from " + s.FromDomain
	case len(clear) > 0:
		return Warning, "links lead to " + clear[0] + " without https"
	}
	return "", ""
}

// longestLine is how long the longest line is, without its end.
func longestLine(message []byte) (longest int) {
	for line := range bytes.Lines(message) {
		longest = max(longest, len(bytes.TrimRight(line, "\r\n")))
	}
	return longest
}
