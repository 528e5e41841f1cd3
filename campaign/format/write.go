package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

// Write turns an entry into a file that Rules.Load reads as the same entry, and gives it its name.
// It is Markdown where the texts allow it, else JSON: "# Article" is a section in one and a text in
// the other. It returns Invalid for an entry that no file can say: a mail in which the product could
// not work with, or a page that is not the campaign's own.
func (r Rules) Write(e Entry) (name string, data []byte, err error) {
	for _, lenient := range []bool{false, true} {
		for _, ext := range []string{".md", ".json"} {
			name = e.Campaign.ID + ext
			if data, err = writeFile(e, ext == ".json", lenient); err != nil {
				return "", nil, err
			}
			d := parse(name, data)
			r.lint(d)
			if !d.failed() && same(e, d) {
				return name, data, nil
			}
		}
	}
	d := parse(name, data)
	r.lint(d)
	reason := "its page, or what was stored with it, is not what a file says"
	for _, p := range d.problems {
		if p.Severity == Error {
			reason = p.Field + " " + p.Message
			break
		}
	}
	return "", nil, fibonacco.Errorf(fibonacco.Invalid, "campaign %s cannot be written to a file: %s", e.Campaign.ID, reason)
}

// same reports whether a file says what the entry does. Whether a campaign is active is for the
// folder as a whole to say, except that one that is not must stay so.
func same(e Entry, d *document) bool {
	a, b := e.Campaign, d.campaign
	b.IsActive, b.Version, b.CreatedAt, b.UpdatedAt = a.IsActive, a.Version, a.CreatedAt, a.UpdatedAt
	b.ApprovalConfig, b.RVMConfig = a.ApprovalConfig, a.RVMConfig // the product's own, and in no file
	p, q := e.Content, d.content
	q.ID, q.IsActive, q.CreatedAt, q.UpdatedAt, q.AudioBaseURL = p.ID, p.IsActive, p.CreatedAt, p.UpdatedAt, p.AudioBaseURL
	return a.IsActive == !d.idle && canonical(a) == canonical(b) && canonical(p) == canonical(q)
}

// canonical is a value as text, with nothing and an empty list being the same.
func canonical(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.NewReplacer(`:null`, `:[]`, `:{}`, `:[]`).Replace(b.String())
}

// writeFile writes the front matter and the sections, or all of it as JSON.
func writeFile(e Entry, asJSON, lenient bool) ([]byte, error) {
	c, p := e.Campaign, e.Content
	m := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) {
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	}
	text := func(key, value string) {
		if value != "" {
			add(key, textNode(value))
		}
	}
	text("id", c.ID)
	text("type", string(c.Type))
	add("week", scalarNode(itoa(c.Week)))
	add("day", scalarNode(itoa(c.Day)))
	if lenient {
		add("strict", scalarNode("false"))
	}
	if !c.IsActive {
		add("active", scalarNode("false"))
	}
	text("slug", c.Slug)
	text("title", c.Title)
	text("subject", c.Subject)
	if len(c.Subjects) > 0 {
		add("subjects", listNode(c.Subjects))
	}
	text("preheader", c.Preheader)
	text("service", c.ServiceType)
	text("approval_button", c.ApprovalButtonText)
	text("learning_button", c.LearningButton)
	if len(c.UpsellServices) > 0 {
		add("upsells", listNode(c.UpsellServices))
	}
	text("meeting_topic", c.MeetingTopic)
	add("slides", slidesNode(p.Slides))
	text("rvm_script", c.RVMScript)
	if len(p.Metadata) > 0 {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(p.Metadata); err != nil {
			return nil, fmt.Errorf("write the metadata of %s: %w", c.ID, err)
		}
		text("metadata", strings.TrimSpace(b.String()))
	}
	if asJSON {
		text("email", c.BodyMarkdown)
		text("article", p.ArticleBody)
		return jsonOf(m)
	}
	var b bytes.Buffer
	b.WriteString("---\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("write the front matter of %s: %w", c.ID, err)
	}
	b.WriteString("---\n\n# Email\n\n" + c.BodyMarkdown)
	if p.ArticleBody != "" {
		b.WriteString("\n# Article\n\n" + p.ArticleBody)
	}
	return b.Bytes(), nil
}

func scalarNode(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// textNode is a text in the style that reads best: as a block when it has several lines.
func textNode(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if strings.Contains(value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	return n
}

func listNode(list []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range list {
		n.Content = append(n.Content, textNode(s))
	}
	return n
}

func slidesNode(slides []fibonacco.Slide) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range slides {
		m := &yaml.Node{Kind: yaml.MappingNode}
		add := func(key string, value *yaml.Node) { m.Content = append(m.Content, scalarNode(key), value) }
		text := func(key, value string) {
			if value != "" {
				add(key, textNode(value))
			}
		}
		text("component", s.Component)
		text("headline", s.Headline)
		text("body", s.Body)
		if len(s.Items) > 0 {
			add("items", listNode(s.Items))
		}
		text("narration", s.Narration)
		add("seconds", scalarNode(itoa(s.Seconds)))
		text("audio", s.Audio)
		list.Content = append(list.Content, m)
	}
	return list
}

// jsonOf writes the same keys as JSON, in the same order.
func jsonOf(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	if err := appendJSON(&b, n); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

func appendJSON(b *bytes.Buffer, n *yaml.Node) error {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag != "!!str":
		b.WriteString(n.Value) // a number, true or false
		return nil
	case n.Kind == yaml.ScalarNode:
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		return enc.Encode(n.Value)
	}
	open, end := "[", "]"
	if n.Kind == yaml.MappingNode {
		open, end = "{", "}"
	}
	b.WriteString(open)
	for i, c := range n.Content {
		key := n.Kind == yaml.MappingNode && i%2 == 0
		if i > 0 && (key || n.Kind == yaml.SequenceNode) {
			b.WriteString(",")
		}
		if key {
			b.WriteString(`"` + c.Value + `":`)
			continue
		}
		if err := appendJSON(b, c); err != nil {
			return err
		}
	}
	b.WriteString(end)
	return nil
}
