package pdf

import (
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// prose turns sanitized HTML into blocks. What it does not know keeps its text.
type prose struct {
	absolute func(href string) string
	blocks   []block
	runs     []run // of the block that is open
	open     block // without its runs
}

// place is where in the HTML a text stands.
type place struct {
	style  style
	link   string
	lists  int // how many lists are around it
	quotes int
	pre    bool
}

// deepest is how many elements may be in one another; what is deeper is left out.
const deepest = 100

func parseProse(text string, absolute func(href string) string) []block {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(text), body)
	if err != nil { // not of a string
		return nil
	}
	p := &prose{absolute: absolute}
	for _, n := range nodes {
		p.walk(n, place{}, 0)
	}
	p.end()
	return p.blocks
}

// begin ends the block that is open and opens another.
func (p *prose) begin(b block) {
	p.end()
	p.open = b
}

// end closes the block that is open. Without any text there was none.
func (p *prose) end() {
	text := false
	for _, r := range p.runs {
		text = text || strings.TrimSpace(r.text) != ""
	}
	if text {
		b := p.open
		b.runs = p.runs
		p.blocks = append(p.blocks, b)
	}
	p.runs = nil
	switch p.open.kind {
	case listItem:
		p.open.marker = "" // what follows in the item goes on with it
	case heading, code:
		p.open = block{}
	}
}

func (p *prose) walkAll(n *html.Node, at place, depth int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c, at, depth+1)
	}
}

func (p *prose) walk(n *html.Node, at place, depth int) {
	if depth > deepest {
		return
	}
	if n.Type == html.TextNode {
		p.say(n.Data, at)
		return
	}
	if n.Type != html.ElementNode {
		return
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Title:
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.begin(block{kind: heading, level: int(n.Data[1] - '0')})
		p.walkAll(n, at, depth)
		p.end()
	case atom.P, atom.Div, atom.Section, atom.Dd, atom.Dt, atom.Figure, atom.Figcaption, atom.Details, atom.Summary:
		p.begin(p.here(at))
		p.walkAll(n, at, depth)
		p.end()
	case atom.Ul, atom.Ol:
		p.list(n, at, depth)
	case atom.Blockquote:
		p.end()
		at.quotes++
		p.begin(p.here(at))
		p.walkAll(n, at, depth)
		p.end()
		at.quotes--
		p.open = p.here(at)
	case atom.Pre:
		p.begin(block{kind: code})
		at.pre, at.style = true, mono
		p.walkAll(n, at, depth)
		p.end()
	case atom.Table:
		p.end()
		if rows := p.rows(n, at); len(rows) > 0 {
			p.blocks = append(p.blocks, block{kind: table, rows: rows})
		}
	case atom.Hr:
		p.end()
		p.blocks = append(p.blocks, block{kind: rule})
	case atom.Img:
		p.image(n)
	case atom.Br:
		p.runs = append(p.runs, run{brk: true})
	default:
		p.walkAll(n, p.inside(n, at), depth)
	}
}

// here is a paragraph in the place where it stands.
func (p *prose) here(at place) block {
	switch {
	case at.lists > 0:
		b := block{kind: listItem, level: at.lists - 1}
		if p.open.kind == listItem {
			b.marker = p.open.marker
		}
		return b
	case at.quotes > 0:
		return block{kind: quote, level: min(at.quotes-1, 5)}
	}
	return block{}
}

// inside is the place within an inline element.
func (p *prose) inside(n *html.Node, at place) place {
	switch n.DataAtom {
	case atom.Strong, atom.B, atom.Th:
		at.style |= bold
	case atom.Em, atom.I, atom.Cite, atom.Var, atom.Dfn:
		at.style |= italic
	case atom.Code, atom.Kbd, atom.Samp, atom.Tt:
		at.style |= mono
	case atom.A:
		at.link = p.absolute(attribute(n, "href"))
	}
	return at
}

func (p *prose) list(n *html.Node, at place, depth int) {
	p.end()
	at.lists = min(at.lists+1, 6)
	number, err := strconv.Atoi(attribute(n, "start"))
	if err != nil || number < 0 || number > 9999 {
		number = 1
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Li {
			p.walk(c, at, depth+1)
			continue
		}
		marker := bullet
		if n.DataAtom == atom.Ol {
			marker = strconv.Itoa(number) + "."
			number++
		}
		p.begin(block{kind: listItem, level: at.lists - 1, marker: marker})
		p.walkAll(c, at, depth+1)
		p.end()
	}
	at.lists--
	p.open = p.here(at)
	p.open.marker = ""
}

// say adds text to the open block. White space is one blank, but in code.
func (p *prose) say(text string, at place) {
	if !at.pre {
		p.runs = append(p.runs, run{text: collapsed(text), style: at.style, link: at.link})
		return
	}
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if i > 0 {
			p.runs = append(p.runs, run{brk: true})
		}
		// Blanks are kept, so that what is in columns stays in them.
		l = strings.ReplaceAll(strings.ReplaceAll(l, "\t", "    "), " ", "\u00a0")
		p.runs = append(p.runs, run{text: l, style: at.style})
	}
}

// collapsed is a text with each stretch of white space as one blank.
func collapsed(text string) string {
	var b strings.Builder
	blank := false
	for _, r := range text {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	if blank {
		b.WriteByte(' ')
	}
	return b.String()
}

func (p *prose) image(n *html.Node) {
	open := p.open
	p.end()
	p.blocks = append(p.blocks, block{kind: picture, src: attribute(n, "src"), alt: strings.TrimSpace(attribute(n, "alt"))})
	p.open = open
	p.open.marker = ""
}

// rows are a table's, with what stands in each cell as one text. A table in a cell is part of that text.
func (p *prose) rows(n *html.Node, at place) (rows [][]cell) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Thead, atom.Tbody, atom.Tfoot:
			rows = append(rows, p.rows(c, at)...)
		case atom.Tr:
			if cells := p.cells(c, at); len(cells) > 0 {
				rows = append(rows, cells)
			}
		}
	}
	return rows
}

func (p *prose) cells(row *html.Node, at place) (cells []cell) {
	for c := row.FirstChild; c != nil && len(cells) < mostColumns; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		inner := &prose{absolute: p.absolute}
		inner.inline(c, p.inside(c, at), 0)
		cells = append(cells, cell{inner.runs})
	}
	return cells
}

// inline says everything below a node, whatever blocks it is in.
func (p *prose) inline(n *html.Node, at place, depth int) {
	for c := n.FirstChild; c != nil && depth < deepest; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			p.say(c.Data, at)
		case c.DataAtom == atom.Br:
			p.runs = append(p.runs, run{brk: true})
		case c.Type == html.ElementNode && c.DataAtom != atom.Script && c.DataAtom != atom.Style:
			p.inline(c, p.inside(c, at), depth+1)
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// absolute is a link as a paper can hold it; "" for what leads nowhere outside its page.
func (p *Press) absolute(href string) string {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil || len(href) > 2000 {
		return ""
	}
	switch {
	case u.Scheme == "mailto" || u.Scheme == "tel":
		return u.String()
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return u.String()
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") && p.Base != "":
		return p.Base + u.String()
	}
	return ""
}
