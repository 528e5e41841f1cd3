package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

// front reads the front matter, which begins after the given number of lines. whole is for JSON,
// where the texts are keys too.
func (d *document) front(text string, skipped int, whole bool) {
	root, err := parseYAML(text)
	if err != nil {
		line, message := yamlError(err)
		d.at(line+skipped, "", Error, "has front matter that is not YAML: "+message)
		d.unread = true
		return
	}
	r := &frontReader{document: d, skipped: skipped}
	if root == nil || root.Kind != yaml.MappingNode {
		d.at(1+skipped, "", Error, "has front matter without keys")
		d.unread = true
		return
	}
	if !r.plain(root, 0) {
		d.unread = true
		return
	}
	d.lenient = hasStrictFalse(root)
	r.must = r.text
	if d.lenient {
		r.must = r.optional
	}
	c := &d.campaign
	strict, active, metadata := true, true, ""
	keys := map[string]func(string, *yaml.Node){
		"id": r.text(&c.ID), "type": r.text((*string)(&c.Type)), "week": r.number(&c.Week), "day": r.number(&c.Day),
		"slug": r.text(&c.Slug), "title": r.text(&c.Title), "subject": r.text(&c.Subject), "subjects": r.list(&c.Subjects), "preheader": r.must(&c.Preheader),
		"service": r.optional(&c.ServiceType), "approval_button": r.optional(&c.ApprovalButtonText),
		"learning_button": r.optional(&c.LearningButton), "upsells": r.list(&c.UpsellServices),
		"meeting_topic": r.must(&c.MeetingTopic), "slides": r.slides, "rvm_script": r.optional(&c.RVMScript),
		"strict": r.flag(&strict), "active": r.flag(&active), "metadata": r.text(&metadata),
	}
	required := []string{"id", "type", "week", "day", "slug", "title", "subject", "preheader", "meeting_topic", "slides"}
	if d.lenient {
		required = []string{"id", "type", "day", "slug", "title", "subject"}
	}
	if whole {
		keys["email"], keys["article"] = r.must(&c.BodyMarkdown), r.must(&d.content.ArticleBody)
	}
	r.mapping("", root, keys)
	d.idle = !active
	if whole {
		c.BodyMarkdown, d.content.ArticleBody = trimText(c.BodyMarkdown), trimText(d.content.ArticleBody)
	}
	if metadata != "" {
		if err := json.Unmarshal([]byte(metadata), &d.content.Metadata); err != nil {
			d.error("metadata", "must be an object in JSON: %v", err)
		}
	}
	for _, key := range required {
		if _, found := d.lines[key]; !found {
			d.at(1, key, Error, "is missing")
		}
	}
}

// parseYAML returns the root of the one document in text, nil when it is empty.
func parseYAML(text string) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser is a port of a C library
			root, err = nil, fmt.Errorf("%.100v", r)
		}
	}()
	dec := yaml.NewDecoder(strings.NewReader(text))
	var n yaml.Node
	if err := dec.Decode(&n); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document")
	}
	if len(n.Content) == 0 {
		return nil, nil
	}
	return n.Content[0], nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlError is where and why text is not YAML.
func yamlError(err error) (line int, message string) {
	message = err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	return max(line, 1), quote(message)
}

// frontReader turns nodes into values, and nodes of the wrong kind into problems.
type frontReader struct {
	*document
	skipped int
	must    func(*string) func(string, *yaml.Node) // text that only a lenient file may leave out
}

// hasStrictFalse looks for "strict: false", which says how everything else is read.
func hasStrictFalse(root *yaml.Node) bool {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "strict" && root.Content[i+1].Value == "false" {
			return true
		}
	}
	return false
}

// flag reads true or false.
func (r *frontReader) flag(into *bool) func(string, *yaml.Node) {
	return func(field string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
			r.refuse(n, field, "must be true or false")
			return
		}
		*into = n.Value == "true"
	}
}

func (r *frontReader) refuse(n *yaml.Node, field, format string, args ...any) {
	r.at(n.Line+r.skipped, field, Error, fmt.Sprintf(format, args...))
}

// plain refuses what makes YAML hard to follow, or dangerous: anchors, aliases, own tags.
func (r *frontReader) plain(n *yaml.Node, depth int) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.refuse(n, "", "has front matter with an anchor or alias, which is not allowed")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		r.refuse(n, "", "has front matter with a tag, which is not allowed")
		return false
	case depth > 10:
		r.refuse(n, "", "has front matter that is nested too deeply")
		return false
	}
	for _, c := range n.Content {
		if !r.plain(c, depth+1) {
			return false
		}
	}
	return true
}

// mapping hands each value to the reader of its key.
func (r *frontReader) mapping(prefix string, n *yaml.Node, keys map[string]func(string, *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.refuse(n, prefix, "must have keys, as in \"headline: Four photos\"")
		return
	}
	if prefix != "" {
		r.lines[prefix] = n.Line + r.skipped
		prefix += "."
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field := prefix + quote(key.Value)
		read, known := keys[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			r.refuse(key, field, "is an unknown key")
		case seen[key.Value]:
			r.refuse(key, field, "is there twice")
		default:
			seen[key.Value] = true
			r.lines[field] = value.Line + r.skipped
			if value.Style == yaml.LiteralStyle || value.Style == yaml.FoldedStyle {
				r.lines[field]++
			}
			read(field, value)
		}
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// text reads a text that must be there.
func (r *frontReader) text(into *string) func(string, *yaml.Node) {
	return func(field string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
			r.refuse(n, field, "must be text; put it in quotation marks")
			return
		}
		if *into = strings.TrimRight(n.Value, "\n"); strings.TrimSpace(*into) == "" {
			r.refuse(n, field, "is empty")
		}
	}
}

// optional reads a text that may be null.
func (r *frontReader) optional(into *string) func(string, *yaml.Node) {
	return func(field string, n *yaml.Node) {
		if !isNull(n) {
			r.text(into)(field, n)
		}
	}
}

func (r *frontReader) number(into *int) func(string, *yaml.Node) {
	return func(field string, n *yaml.Node) {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
			r.refuse(n, field, "must be a whole number")
			return
		}
		*into = v
	}
}

func (r *frontReader) list(into *[]string) func(string, *yaml.Node) {
	return func(field string, n *yaml.Node) {
		if isNull(n) {
			return
		}
		if n.Kind != yaml.SequenceNode {
			r.refuse(n, field, "must be a list")
			return
		}
		for i, item := range n.Content {
			var s string
			name := fmt.Sprintf("%s[%d]", field, i)
			r.lines[name] = item.Line + r.skipped
			r.text(&s)(name, item)
			*into = append(*into, s)
		}
	}
}

func (r *frontReader) slides(field string, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		r.refuse(n, field, "must be a list")
		return
	}
	for i, item := range n.Content {
		var s fibonacco.Slide
		name := fmt.Sprintf("%s[%d]", field, i)
		r.mapping(name, item, map[string]func(string, *yaml.Node){
			"component": r.text(&s.Component), "headline": r.must(&s.Headline), "body": r.optional(&s.Body), "items": r.list(&s.Items),
			"narration": r.must(&s.Narration), "seconds": r.number(&s.Seconds), "audio": r.optional(&s.Audio),
		})
		for _, key := range []string{"component", "headline", "narration", "seconds"} {
			if r.lenient && key != "component" {
				break
			}
			if _, found := r.lines[name+"."+key]; !found && item.Kind == yaml.MappingNode {
				r.refuse(item, name+"."+key, "is missing")
			}
		}
		r.content.Slides = append(r.content.Slides, s)
	}
}
