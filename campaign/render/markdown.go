package render

import (
	"bufio"
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	renderhtml "github.com/yuin/goldmark/renderer/html"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// Placeholders travel through Markdown as one rune each, which Markdown takes for a letter: what
// stands in a field is put in afterwards and is never read as Markdown.
const (
	firstToken = template.FirstPrivate // token i is firstToken + i
	firstLink  = '\U00100000'          // link i of a mail is firstLink + i
	lastToken  = firstLink - 1         // never a token's: see bodyMark
)

// marked is Markdown with a rune in the place of each token.
type marked struct {
	text   []byte
	tokens []template.Token
}

// maxMarkdown is how long a Markdown text may be, in bytes; an article is about 6,000. Some texts
// take the parser time that grows with the square of their length.
const maxMarkdown = 32 << 10

// mark takes the Liquid out of Markdown. It returns a *template.Error for braces without end
// and for a text that is too long.
func mark(source string) (*marked, error) {
	if len(source) > maxMarkdown {
		return nil, &template.Error{Line: 1, Message: fmt.Sprintf("is longer than %d KB", maxMarkdown>>10)}
	}
	for i, r := range source {
		if r >= firstToken {
			return nil, &template.Error{Line: 1 + strings.Count(source[:i], "\n"), Message: "holds a character that no font has"}
		}
	}
	tokens, err := template.Scan(source)
	if err != nil {
		return nil, err
	}
	m := &marked{}
	for _, t := range tokens {
		if t.Kind == template.TextToken {
			m.text = append(m.text, t.Source...)
			continue
		}
		if firstToken+rune(len(m.tokens)) >= lastToken {
			return nil, &template.Error{Line: t.Line, Message: "holds too many placeholders"}
		}
		m.text = utf8.AppendRune(m.text, firstToken+rune(len(m.tokens)))
		m.tokens = append(m.tokens, t)
	}
	return m, nil
}

// token is the token that r stands for, or nil.
func (m *marked) token(r rune) *template.Token {
	if i := int(r - firstToken); i >= 0 && i < len(m.tokens) {
		return &m.tokens[i]
	}
	return nil
}

// restore turns output with runes in it into a Liquid template; everything else renders as it is.
func (m *marked) restore(output string) string {
	var b strings.Builder
	from := 0
	for i, r := range output {
		if t := m.token(r); t != nil {
			b.WriteString(template.Literal(output[from:i]))
			b.WriteString(t.Source)
			from = i + utf8.RuneLen(r)
		}
	}
	b.WriteString(template.Literal(output[from:]))
	return b.String()
}

// isTag reports whether text is nothing but tags: {% if %} on a line of its own, say.
func (m *marked) isTag(text string) bool {
	found := false
	for _, r := range text {
		switch t := m.token(r); {
		case t != nil && t.Kind == template.TagToken:
			found = true
		case r != ' ' && r != '\n':
			return false
		}
	}
	return found
}

// escapeSource makes Liquid with plain text around it into Liquid with HTML around it.
func escapeSource(source string) (string, error) {
	tokens, err := template.Scan(source)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, t := range tokens {
		if t.Kind == template.TextToken {
			b.WriteString(html.EscapeString(t.Source))
		} else {
			b.WriteString(t.Source)
		}
	}
	return b.String(), nil
}

var textWriter = renderhtml.NewWriter()

// inlineHTML is Markdown text as HTML: backslashes and entities resolved, the rest escaped.
func inlineHTML(n *ast.Text, source []byte) string {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if value := n.Segment.Value(source); n.IsRaw() {
		textWriter.RawWrite(w, value)
	} else {
		textWriter.Write(w, value)
	}
	w.Flush() // into memory
	return b.String()
}

var (
	articleMarkdown = sync.OnceValue(func() goldmark.Markdown {
		// HTML in an article goes through the sanitizer below.
		return goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithRendererOptions(renderhtml.WithUnsafe()))
	})
	articlePolicy = sync.OnceValue(bluemonday.UGCPolicy)

	tagParagraph = regexp.MustCompile(`<p>([^<]*)</p>`)
)

// Markdown turns an article into HTML that is a Liquid template: placeholders survive as they
// are, HTML in the source is sanitized. It returns a *template.Error for braces without end and
// for a placeholder inside a link's address or another attribute.
func Markdown(source string) (string, error) {
	m, err := mark(source)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := articleMarkdown().Convert(m.text, &b); err != nil {
		return "", fmt.Errorf("convert an article: %w", err)
	}
	out := articlePolicy().Sanitize(b.String())
	if t := m.inAttribute(out); t != nil {
		return "", &template.Error{Line: t.Line, Message: "has a placeholder inside an address or an attribute"}
	}
	out = tagParagraph.ReplaceAllStringFunc(out, func(p string) string {
		if inner := p[len("<p>") : len(p)-len("</p>")]; m.isTag(inner) {
			return inner
		}
		return p
	})
	return m.restore(out), nil
}

// CompileArticle is Markdown, compiled. The result's values are escaped for HTML.
func CompileArticle(markdown string) (*template.Template, error) {
	source, err := Markdown(markdown)
	if err != nil {
		return nil, err
	}
	return template.Compile(source, template.HTML)
}

// inAttribute is a token that stands inside an HTML tag, as a rune or as part of a URL, or nil.
// The sanitizer has quoted every < and > that is not a tag's.
func (m *marked) inAttribute(out string) *template.Token {
	inside := false
	for i, r := range out {
		switch r {
		case '<':
			inside = true
		case '>':
			inside = false
		case '%':
			if t := m.percent(out[i:]); t != nil && inside {
				return t
			}
		default:
			if t := m.token(r); t != nil && inside {
				return t
			}
		}
	}
	return nil
}

// percent is the token whose rune s begins with, percent-encoded, or nil.
func (m *marked) percent(s string) *template.Token {
	const size = 4 * len("%F3")
	if len(s) < size || !strings.EqualFold(s[:3], "%F3") {
		return nil
	}
	var raw [4]byte
	if _, err := fmt.Sscanf(s[:size], "%%%02X%%%02X%%%02X%%%02X", &raw[0], &raw[1], &raw[2], &raw[3]); err != nil {
		return nil
	}
	r, _ := utf8.DecodeRune(raw[:])
	return m.token(r)
}
