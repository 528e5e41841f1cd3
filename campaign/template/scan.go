package template

import (
	"fmt"
	"strings"

	"github.com/osteele/liquid/parser"
)

// maxSource is how long a template may be, in bytes.
const maxSource = 256 << 10

// Error is what is wrong with a template. Line counts from 1 within the template.
type Error struct {
	Line    int
	Name    string // the placeholder, filter or tag at fault; "" when it is none of them
	Message string // a sentence fragment for people
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Token is a piece of a template's source: text, a placeholder {{ … }} or a tag {% … %}.
type Token struct {
	Source string // as written, braces included
	Kind   TokenKind
	Line   int // where it begins, from 1

	name, args string // of a tag; args is a placeholder's expression too
}

// TokenKind tells the tokens apart.
type TokenKind int

// The kinds of token.
const (
	TextToken TokenKind = iota
	PlaceholderToken
	TagToken
)

// Scan splits a template into its tokens, the way Liquid does. It returns an *Error for a brace
// pair that is never closed; the insides of placeholders and tags are left for Compile to check.
func Scan(source string) ([]Token, error) {
	if len(source) > maxSource {
		return nil, &Error{Line: 1, Message: fmt.Sprintf("is longer than %d KB", maxSource>>10)}
	}
	var tokens []Token
	for _, t := range parser.Scan(source, parser.SourceLoc{LineNo: 1}, nil) {
		token := Token{Source: t.Source, Line: t.SourceLoc.LineNo, name: t.Name, args: t.Args}
		switch t.Type {
		case parser.ObjTokenType:
			token.Kind = PlaceholderToken
		case parser.TagTokenType:
			token.Kind = TagToken
		case parser.TextTokenType:
			if i := openBrace(t.Source); i >= 0 {
				line := token.Line + strings.Count(t.Source[:i], "\n")
				return nil, &Error{Line: line, Message: "has a " + t.Source[i:i+2] + " that is never closed, or has nothing inside"}
			}
		default: // Liquid's marks for {{- and -}}; the dash is in the neighbor's source too
			continue
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// openBrace is where text holds something that Liquid would take for a beginning, or -1.
func openBrace(text string) int {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '{' && (text[i+1] == '{' || text[i+1] == '%') {
			return i
		}
	}
	return -1
}

// trims reports whether the token takes the white space beside it away.
func (t Token) trims() bool {
	return t.Kind != TextToken && (t.Source[2] == '-' || t.Source[len(t.Source)-3] == '-')
}

// Literal is source that renders to text, whatever braces text holds.
func Literal(text string) string {
	if openBrace(text) < 0 && !strings.HasSuffix(text, "{") {
		return text
	}
	return strings.ReplaceAll(text, "{", `{{ "{" }}`)
}
