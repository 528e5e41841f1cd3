package format

import (
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
	c := &d.campaign
	keys := map[string]func(string, *yaml.Node){
		"id": r.text(&c.ID), "type": r.text((*string)(&c.Type)), "week": r.number(&c.Week), "day": r.number(&c.Day),
		"slug": r.text(&c.Slug), "title": r.text(&c.Title), "subject": r.text(&c.Subject), "preheader": r.text(&c.Preheader),
		"service": r.optional(&c.ServiceType), "approval_button": r.optional(&c.ApprovalButtonText),
		"learning_button": r.optional(&c.LearningButton), "upsells": r.list(&c.UpsellServices),
		"meeting_topic": r.text(&c.MeetingTopic), "slides": r.slides, "rvm_script": r.optional(&c.RVMScript),
	}
	required := []string{"id", "type", "week", "day", "slug", "title", "subject", "preheader", "meeting_topic", "slides"}
	if whole {
		keys["email"], keys["article"] = r.text(&c.BodyMarkdown), r.text(&d.content.ArticleBody)
	}
	r.mapping("", root, keys)
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
			"component": r.text(&s.Component), "headline": r.text(&s.Headline), "body": r.optional(&s.Body),
			"items": r.list(&s.Items), "narration": r.text(&s.Narration), "seconds": r.number(&s.Seconds),
		})
		for _, key := range []string{"component", "headline", "narration", "seconds"} {
			if _, found := r.lines[name+"."+key]; !found && item.Kind == yaml.MappingNode {
				r.refuse(item, name+"."+key, "is missing")
			}
		}
		r.content.Slides = append(r.content.Slides, s)
	}
}
