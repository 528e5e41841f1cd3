package format

import (
	"fmt"
	"slices"
	"strings"
)

// foreignMail is one of a file's e-mails.
type foreignMail struct {
	name string
	*tree
}

var (
	subjectKeys   = []string{"subject", "subject_line"}
	preheaderKeys = []string{"preview_text", "preheader", "preview"}
	bodyKeys      = []string{"body", "body_text", "text", "content"}
)

// listMails is the e-mails in the order of the file. They may be an object by name, a list, a single
// one, or nothing but a text.
func listMails(t *tree) []foreignMail {
	if t == nil || t.kind == nullTree {
		return nil
	}
	if t.scalar() {
		return []foreignMail{{"email", t}}
	}
	if t.kind == objectTree && slices.ContainsFunc(append(slices.Clone(subjectKeys), bodyKeys...), func(key string) bool {
		v := t.get(key)
		return v != nil && (v.kind == textTree || v.kind == listTree)
	}) {
		return []foreignMail{{"email", t}}
	}
	var all []foreignMail
	for i, v := range t.values {
		name := fmt.Sprintf("email %d", i+1)
		if t.kind == objectTree {
			name = t.keys[i]
		} else if n := v.get("name", "id"); n.says() {
			name = n.text
		}
		if v.kind != nullTree {
			all = append(all, foreignMail{name, v})
		}
	}
	return all
}

// mails reads the mail of the campaign: the one that its template names, or the first. A step of the
// programme has one mail, so that the others are kept with the page.
func (f *foreignReader) mails(t, campaign *tree) {
	all := listMails(t)
	if len(all) == 0 {
		f.warn("email", "is missing: the campaign cannot be mailed, and is not active")
		return
	}
	main := 0
	if named := campaign.get("template"); named.says() {
		if i := slices.IndexFunc(all, func(m foreignMail) bool { return m.name == named.text }); i >= 0 {
			main = i
			named.take()
		}
	}
	others := map[string]any{}
	for i, m := range all {
		if i == main {
			continue
		}
		name := m.name
		for n := 2; others[name] != nil; n++ {
			name = fmt.Sprintf("%s (%d)", m.name, n)
		}
		others[name] = m.any()
		f.report(m.tree, "is another e-mail of this campaign: %q is mailed, this one is kept with the page", quote(all[main].name))
		m.take()
	}
	if len(others) > 0 {
		f.metadata["emails"] = others
	}
	f.metadata["email"] = all[main].name
	f.mail(all[main])
}

// mail reads subject, preheader and body of the campaign's mail.
func (f *foreignReader) mail(m foreignMail) {
	c := &f.campaign
	body := m.tree
	if m.kind == objectTree {
		if s := m.get(subjectKeys...); s.says() {
			f.place("subject", s)
			c.Subject = f.text(s)
		}
		if p := m.get(preheaderKeys...); p.says() {
			f.place("preheader", p)
			c.Preheader = f.text(p)
		}
		if n := m.get("name"); n.says() && n.text == m.name {
			n.take()
		}
		body = m.get(bodyKeys...)
	}
	if body == nil || body.void() {
		f.report(m.tree, "has no body: the campaign cannot be mailed, and is not active")
		return
	}
	f.place("email", body)
	f.body(body, strings.Join(f.leaves(body), "\n\n"))
}

// body turns a plain text with calls to action into Markdown, and its first call into the button.
func (f *foreignReader) body(t *tree, text string) {
	c := &f.campaign
	if htmlLike.MatchString(text) {
		f.report(t, "holds HTML, which a reader will see as it is written")
	}
	rest, first, others := takeCalls(text)
	if label := f.merged(first); len([]rune(label)) > column {
		rest, others = label+" →\n\n"+rest, append(others, first)
	} else if c.ServiceType != "" {
		c.ApprovalButtonText = label
	} else {
		c.LearningButton = label
	}
	if c.ServiceType != "" && c.ApprovalButtonText == "" {
		c.ApprovalButtonText = "See what it does"
		f.warn("approval_button", "is missing: it is %q", c.ApprovalButtonText)
	}
	for _, label := range others {
		f.report(t, "has another call to action, %q, which stays as text", quote(label))
	}
	c.BodyMarkdown = markdownOf(rest, func(name string) { f.unknown[name] = true })
}
