package render

import (
	"html"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// The styles are inline because mail programs drop the rest; the classes are for dark mode and
// phones, in those that do not.
const (
	font      = "-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
	textStyle = "font:17px/28px " + font + ";color:#14222c;"
	tipStyle  = "font:16px/26px " + font + ";color:#14222c;"
)

// htmlBody writes the body as rows of the layout's table.
type htmlBody struct {
	*body
	out strings.Builder
}

// html is the body's rows, with runes for placeholders and links.
func (b *body) html() (string, error) {
	w := htmlBody{body: b}
	for n := b.root.FirstChild(); n != nil; n = n.NextSibling() {
		if err := w.row(n); err != nil {
			return "", err
		}
	}
	return w.out.String(), nil
}

// row writes one block of the body.
func (w *htmlBody) row(n ast.Node) error {
	switch n := n.(type) {
	case *ast.Paragraph:
		inner, err := w.inline(n)
		if err != nil {
			return err
		}
		if w.isTag(inner) {
			w.out.WriteString(inner)
			return nil
		}
		w.cell("tx", textStyle+"padding-bottom:16px;", inner)
		return nil
	case *ast.Heading:
		inner, err := w.inline(n)
		w.cell("tx", "font:bold 20px/28px "+font+";color:#14222c;padding:8px 0 10px;", "<strong>"+inner+"</strong>")
		return err
	case *ast.Blockquote:
		return w.tip(n)
	case *ast.ThematicBreak:
		w.out.WriteString(`<tr><td style="padding:8px 0 24px;"><div class="ln" style="border-top:1px solid #dfdcd4;font-size:0;line-height:0;">&nbsp;</div></td></tr>` + "\n")
		return nil
	case *ast.HTMLBlock:
		return w.refuse(n)
	default:
		w.out.WriteString(`<tr><td class="tx" style="` + textStyle + `padding-bottom:16px;">`)
		err := w.block(n)
		w.out.WriteString("</td></tr>\n")
		return err
	}
}

func (w *htmlBody) cell(class, style, inner string) {
	w.out.WriteString(`<tr><td class="` + class + `" style="` + style + `">` + inner + "</td></tr>\n")
}

// tip writes a quotation as a colored box; a first paragraph in bold is its title.
func (w *htmlBody) tip(n ast.Node) error {
	w.out.WriteString(`<tr><td style="padding:8px 0 24px;"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">` +
		`<tr><td class="tip" bgcolor="#d9e6ec" style="background:#d9e6ec;border-radius:8px;padding:20px 24px;">` +
		`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">` + "\n")
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		class, style := "tx", tipStyle
		if e, ok := c.FirstChild().(*ast.Emphasis); ok && c == n.FirstChild() && c.NextSibling() != nil && e.Level == 2 && e.NextSibling() == nil {
			class, style = "q", "font:bold 13px/18px "+font+";color:#0f5570;"
		}
		if c.NextSibling() != nil {
			style += "padding-bottom:6px;"
		}
		w.out.WriteString(`<tr><td class="` + class + `" style="` + style + `">`)
		var err error
		if c.Kind() == ast.KindParagraph {
			var inner string
			inner, err = w.inline(c)
			w.out.WriteString(inner)
		} else {
			err = w.block(c)
		}
		if err != nil {
			return err
		}
		w.out.WriteString("</td></tr>\n")
	}
	w.out.WriteString("</table></td></tr></table></td></tr>\n")
	return nil
}

// block writes a block inside a cell.
func (w *htmlBody) block(n ast.Node) error {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		inner, err := w.inline(n)
		w.out.WriteString(inner)
		if n.NextSibling() != nil && n.Kind() != ast.KindTextBlock {
			w.out.WriteString("<br><br>")
		}
		return err
	case *ast.List:
		return w.list(n)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		w.out.WriteString(`<pre style="margin:0;font:14px/22px Menlo,Consolas,monospace;white-space:pre-wrap;">`)
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			w.out.WriteString(html.EscapeString(string(line.Value(w.text))))
		}
		w.out.WriteString("</pre>")
		return nil
	default:
		return w.refuse(n)
	}
}

func (w *htmlBody) list(n *ast.List) error {
	tag, start := "ul", ""
	if n.IsOrdered() {
		tag = "ol"
		if n.Start > 1 {
			start = ` start="` + strconv.Itoa(n.Start) + `"`
		}
	}
	w.out.WriteString("<" + tag + start + ` style="margin:0;padding:0 0 0 26px;">` + "\n")
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		w.out.WriteString(`<li style="margin:0 0 6px;padding-left:4px;">`)
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			if err := w.block(c); err != nil {
				return err
			}
		}
		w.out.WriteString("</li>\n")
	}
	w.out.WriteString("</" + tag + ">")
	return nil
}

// inline is the text of a block with its emphasis and links.
func (w *htmlBody) inline(parent ast.Node) (string, error) {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if t, ok := n.(*ast.Text); ok {
			b.WriteString(inlineHTML(t, w.text))
			switch {
			case t.HardLineBreak():
				b.WriteString("<br>\n")
			case t.SoftLineBreak():
				b.WriteString("\n")
			}
			continue
		}
		inner, err := w.inline(n)
		if err != nil {
			return "", err
		}
		switch n := n.(type) {
		case *ast.String:
			b.WriteString(html.EscapeString(string(n.Value)))
		case *ast.Emphasis:
			tag := "em"
			if n.Level == 2 {
				tag = "strong"
			}
			b.WriteString("<" + tag + ">" + inner + "</" + tag + ">")
		case *ast.CodeSpan:
			b.WriteString(`<code style="font-family:Menlo,Consolas,monospace;">` + inner + "</code>")
		case *ast.Link, *ast.AutoLink:
			href, err := w.link(n)
			if err != nil {
				return "", err
			}
			if auto, ok := n.(*ast.AutoLink); ok {
				inner = html.EscapeString(string(auto.Label(w.text)))
			}
			b.WriteString(`<a href="` + html.EscapeString(href) + `" style="color:#0f5570;">` + inner + "</a>")
		default:
			return "", w.refuse(n)
		}
	}
	return b.String(), nil
}
