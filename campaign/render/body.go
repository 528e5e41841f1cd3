package render

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// body is a campaign's Markdown, read: a tree that the HTML and the text part are written from.
type body struct {
	*marked
	root  ast.Node
	click func(address string) (href string, err error) // what a link leads to in the mail

	name, role string // the signature's lines, taken off the end; "" when there is none
}

// readBody parses Markdown.
func readBody(source string, click func(string) (string, error)) (*body, error) {
	m, err := mark(source)
	if err != nil {
		return nil, err
	}
	b := &body{marked: m, click: click}
	b.root = goldmark.DefaultParser().Parse(text.NewReader(m.text))
	b.takeSignature()
	return b, nil
}

// takeSignature removes a closing paragraph like "Sarah, new line, AI account manager": one or
// two short lines without an end of sentence. The layout sets it below the buttons.
func (b *body) takeSignature() {
	last := b.root.LastChild()
	if last == nil || last.Kind() != ast.KindParagraph || last.PreviousSibling() == nil {
		return
	}
	var lines []string
	for n := last.FirstChild(); n != nil; n = n.NextSibling() {
		t, ok := n.(*ast.Text)
		if !ok {
			return
		}
		line := strings.TrimSpace(html.UnescapeString(inlineHTML(t, b.text)))
		if line == "" || utf8.RuneCountInString(line) > 40 || strings.ContainsAny(line[len(line)-1:], ".?!:;,") ||
			strings.IndexFunc(line, func(r rune) bool { return r >= firstToken }) >= 0 {
			return
		}
		lines = append(lines, line)
	}
	if len(lines) > 2 {
		return
	}
	b.name = lines[0]
	if len(lines) == 2 {
		b.role = lines[1]
	}
	b.root.RemoveChild(b.root, last)
}

// line is where a node begins in the source.
func (b *body) line(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
			return 1 + strings.Count(string(b.text[:n.Lines().At(0).Start]), "\n")
		}
	}
	return 1
}

func (b *body) wrong(n ast.Node, format string, args ...any) error {
	return &template.Error{Line: b.line(n), Message: fmt.Sprintf(format, args...)}
}

// schemes is what a link in a mail may begin with.
var schemes = []string{"http", "https", "mailto", "tel"}

// href checks a link's address and says what the mail links to instead.
func (b *body) href(n ast.Node, address string) (string, error) {
	if strings.IndexFunc(address, func(r rune) bool { return r >= firstToken }) >= 0 {
		return "", b.wrong(n, "has a placeholder inside a link's address")
	}
	u, err := url.Parse(address)
	if err != nil || !slices.Contains(schemes, u.Scheme) || strings.HasPrefix(u.Scheme, "http") && u.Host == "" {
		return "", b.wrong(n, "links to %q, which is not a http, https, mailto or tel address", address)
	}
	if u.Scheme == "mailto" || u.Scheme == "tel" {
		return u.String(), nil
	}
	href, err := b.click(u.String())
	if err != nil {
		return "", b.wrong(n, "%v", err)
	}
	return href, nil
}

// link is the address and the label's kind of a link node.
func (b *body) link(n ast.Node) (href string, err error) {
	switch n := n.(type) {
	case *ast.Link:
		return b.href(n, string(n.Destination))
	case *ast.AutoLink:
		address := string(n.URL(b.text))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
			address = "mailto:" + address
		}
		return b.href(n, address)
	default:
		return "", b.wrong(n, "holds a link of an unknown kind")
	}
}

// refuse is the error for what a mail cannot show.
func (b *body) refuse(n ast.Node) error {
	switch n.Kind() {
	case ast.KindImage:
		return b.wrong(n, "holds a picture, which mail programs hide")
	case ast.KindRawHTML, ast.KindHTMLBlock:
		return b.wrong(n, "holds HTML; write Markdown")
	default:
		return b.wrong(n, "holds a %s, which a mail cannot show", n.Kind())
	}
}
