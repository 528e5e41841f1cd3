package render

import (
	"html"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// textBody writes the body as plain text: a paragraph a line, links on lines of their own.
type textBody struct {
	*body
	out strings.Builder
}

// plain is the body as text, with runes for placeholders and links; it ends with a line break.
func (b *body) plain() (string, error) {
	w := textBody{body: b}
	for n := b.root.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() == ast.KindParagraph {
			if tag, err := w.inline(n, "", new([]string)); err == nil && w.isTag(tag) {
				w.out.WriteString(tag)
				continue
			}
		}
		if n != b.root.FirstChild() {
			w.out.WriteString("\n")
		}
		if err := w.block(n, ""); err != nil {
			return "", err
		}
	}
	return w.out.String(), nil
}

// block writes one block; every line but the first begins with indent.
func (w *textBody) block(n ast.Node, indent string) error {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		return w.paragraph(n, indent)
	case *ast.Blockquote:
		return w.blocks(n, indent)
	case *ast.List:
		return w.list(n, indent)
	case *ast.ThematicBreak:
		w.out.WriteString("* * *\n")
		return nil
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			w.out.WriteString(strings.TrimRight("    "+indent+string(line.Value(w.text)), "\n") + "\n")
		}
		return nil
	default:
		return w.refuse(n)
	}
}

func (w *textBody) blocks(parent ast.Node, indent string) error {
	for c := parent.FirstChild(); c != nil; c = c.NextSibling() {
		if c != parent.FirstChild() {
			w.out.WriteString(indent)
		}
		if err := w.block(c, indent); err != nil {
			return err
		}
	}
	return nil
}

func (w *textBody) list(n *ast.List, indent string) error {
	number := max(n.Start, 1)
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "- "
		if n.IsOrdered() {
			bullet = strconv.Itoa(number) + ". "
			number++
		}
		if item != n.FirstChild() {
			w.out.WriteString(indent)
		}
		w.out.WriteString(bullet)
		if err := w.blocks(item, indent+strings.Repeat(" ", len(bullet))); err != nil {
			return err
		}
	}
	return nil
}

func (w *textBody) paragraph(n ast.Node, indent string) error {
	var links []string
	line, err := w.inline(n, indent, &links)
	if err != nil {
		return err
	}
	w.out.WriteString(line + "\n")
	for _, l := range links {
		w.out.WriteString(indent + l + "\n")
	}
	return nil
}

// inline is the text of a block; where its links lead goes into links.
func (w *textBody) inline(parent ast.Node, indent string, links *[]string) (string, error) {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(html.UnescapeString(inlineHTML(n, w.text)))
			switch {
			case n.HardLineBreak():
				b.WriteString("\n" + indent)
			case n.SoftLineBreak():
				b.WriteString(" ")
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.Emphasis, *ast.CodeSpan:
			inner, err := w.inline(n, indent, links)
			if err != nil {
				return "", err
			}
			b.WriteString(inner)
		case *ast.Link:
			href, err := w.link(n)
			if err != nil {
				return "", err
			}
			inner, err := w.inline(n, indent, links)
			if err != nil {
				return "", err
			}
			b.WriteString(inner)
			*links = append(*links, href)
		case *ast.AutoLink:
			href, err := w.link(n)
			if err != nil {
				return "", err
			}
			b.WriteString(strings.TrimPrefix(href, "mailto:"))
		default:
			return "", w.refuse(n)
		}
	}
	return b.String(), nil
}
