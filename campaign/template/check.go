package template

import (
	"fmt"
	"slices"
)

// maxDepth is how deep tags may be nested.
const maxDepth = 20

// check finds what Liquid would notice too late or not at all: unknown placeholders, filters and
// tags, ranges, and tags inside tags without end.
type check struct {
	locals []string // what assign and for have named so far
	used   [7]bool  // which of Known the template reads
	depth  int
}

// liquidNames are identifiers that mean something without being a placeholder.
var liquidNames = []string{"true", "false", "nil", "blank", "empty", "and", "or", "contains", "forloop"}

// allowedFilters is what a template may use: each one's output is bounded, and none of them asks
// for the time or a file.
var allowedFilters = []string{
	"append", "capitalize", "default", "downcase", "escape", "first", "join", "last", "lstrip", "prepend", "remove",
	"remove_first", "remove_last", "replace", "replace_first", "replace_last", "rstrip", "size", "slice", "split",
	"strip", "strip_newlines", "truncate", "upcase",
}

// token checks one token of the template.
func (c *check) token(t Token) *Error {
	switch t.Kind {
	case PlaceholderToken:
		return c.words(t, t.args)
	case TagToken:
		return c.tag(t)
	default:
		return nil
	}
}

func (c *check) tag(t Token) *Error {
	switch t.name {
	case "if", "unless", "case":
		if err := c.open(t); err != nil {
			return err
		}
		return c.words(t, t.args)
	case "for":
		if err := c.open(t); err != nil {
			return err
		}
		return c.loop(t)
	case "endif", "endunless", "endcase", "endfor":
		c.depth--
		return nil
	case "elsif", "when":
		return c.words(t, t.args)
	case "assign":
		return c.assign(t)
	case "else", "break", "continue":
		return nil
	default:
		return t.wrong(t.name, "uses the tag %q, which is not available here", t.name)
	}
}

func (c *check) open(t Token) *Error {
	if c.depth++; c.depth > maxDepth {
		return t.wrong(t.name, "nests tags more than %d deep", maxDepth)
	}
	return nil
}

// loop checks "x in expression reversed limit: 3".
func (c *check) loop(t Token) *Error {
	words, ok := lex(t.args)
	if !ok || len(words) < 3 || words[0].kind != identifier || words[1] != (lexeme{identifier, "in"}) {
		return t.wrong("for", "has a for that does not read: for x in something")
	}
	c.locals = append(c.locals, words[0].text)
	modifier := func(w lexeme) bool { return w == lexeme{identifier, "reversed"} }
	return c.expression(t, slices.DeleteFunc(words[2:], modifier))
}

// assign checks "x = expression".
func (c *check) assign(t Token) *Error {
	words, ok := lex(t.args)
	if !ok || len(words) < 3 || words[0].kind != identifier || words[1] != (lexeme{operator, "="}) {
		return t.wrong("assign", "has an assign that does not read: assign x = something")
	}
	if err := c.expression(t, words[2:]); err != nil {
		return err
	}
	c.locals = append(c.locals, words[0].text)
	return nil
}

func (c *check) words(t Token, expression string) *Error {
	words, ok := lex(expression)
	if !ok {
		return t.wrong("", "has a quotation mark that is never closed")
	}
	return c.expression(t, words)
}

func (c *check) expression(t Token, words []lexeme) *Error {
	filter := false
	for _, w := range words {
		switch {
		case filter && (w.kind == identifier || w.kind == keyword):
			if !slices.Contains(allowedFilters, w.text) {
				return t.wrong(w.text, "uses the filter %q, which is not available here", w.text)
			}
		case w.kind == identifier:
			if err := c.name(t, w.text); err != nil {
				return err
			}
		case w == lexeme{operator, ".."}:
			return t.wrong("..", "uses a range, which is not available here")
		}
		filter = w == lexeme{operator, "|"}
	}
	return nil
}

func (c *check) name(t Token, name string) *Error {
	if i := fieldIndex(name); i >= 0 {
		c.used[i] = true
		return nil
	}
	if slices.Contains(liquidNames, name) || slices.Contains(c.locals, name) {
		return nil
	}
	return t.wrong(name, "uses the unknown placeholder %q", name)
}

func (t Token) wrong(name, format string, args ...any) *Error {
	return &Error{Line: t.Line, Name: name, Message: fmt.Sprintf(format, args...)}
}
