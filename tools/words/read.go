package main

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ/parser/v2"
	"github.com/a-h/templ/parser/v2/visitor"
)

// spoken are the attributes that a person reads or hears.
var spoken = []string{"alt", "aria-description", "aria-label", "aria-valuetext", "placeholder", "title", "value", "label", "content"}

func isSpoken(attribute string) bool {
	return slices.Contains(spoken, attribute) || strings.HasPrefix(attribute, "data-") // what scripts say
}

// readTemplate takes the words of one template: its text, what attributes say, and what components are given.
func (c catalogue) readTemplate(file string, text []byte) error {
	t, err := parser.ParseString(string(text))
	if err != nil {
		return err
	}
	v := visitor.New()
	v.TemplateFileGoExpression = func(n *parser.TemplateFileGoExpression) error {
		return c.readGo(file, []byte("package p\n"+n.Expression.Value))
	}
	v.Text = func(n *parser.Text) error {
		if s := tidy(html.UnescapeString(n.Value)); hasLetter(s) {
			c.add(s, file)
		}
		return nil
	}
	v.StringExpression = func(n *parser.StringExpression) error { return c.readExpression(file, n.Expression.Value) }
	v.ConstantAttribute = func(n *parser.ConstantAttribute) error {
		if s := tidy(html.UnescapeString(n.Value)); isSpoken(n.Key.String()) && isSentence(s) {
			c.add(s, file)
		}
		return nil
	}
	v.ExpressionAttribute = func(n *parser.ExpressionAttribute) error {
		if !isSpoken(n.Key.String()) {
			return nil
		}
		return c.readExpression(file, n.Expression.Value)
	}
	v.TemplElementExpression = func(n *parser.TemplElementExpression) error {
		for _, child := range n.Children {
			if err := child.Visit(v); err != nil {
				return err
			}
		}
		return c.readExpression(file, n.Expression.Value)
	}
	return t.Visit(v)
}

func (c catalogue) readExpression(file, text string) error {
	e, err := goparser.ParseExpr(text)
	if err != nil {
		return err
	}
	c.literals(file, e)
	return nil
}

// readGo takes the words of one Go file.
func (c catalogue) readGo(file string, text []byte) error {
	f, err := goparser.ParseFile(token.NewFileSet(), file, text, goparser.SkipObjectResolution)
	if err != nil {
		return err
	}
	c.literals(file, f)
	return nil
}

// unread are calls whose words go to a log, to the router, to a clock or to a program, and to no person.
var unread = regexp.MustCompile(`(?i)^(errors\.|slog\.|regexp\.|mux\.|time\.|.*\.log\.|.*\.(format|handle|handlefunc|set|get|header|urls?|failed|broken|trouble)$|panic$|templ\.(safeurl|kv|classes)|static\.)`)

func (c catalogue) literals(file string, from ast.Node) {
	ast.Inspect(from, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				return false
			}
		case *ast.CallExpr:
			return !unread.MatchString(nameOf(n.Fun))
		case *ast.IndexExpr: // a key
			c.literals(file, n.X)
			return false
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				return false
			}
			if s, err := strconv.Unquote(n.Value); err == nil && isSentence(tidy(s)) {
				c.add(tidy(s), file)
			}
		}
		return true
	})
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		return nameOf(e.Fun)
	}
	return ""
}

// tidy puts a sentence on one line.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	letters = regexp.MustCompile(`\p{L}{2}`)
	// machine is what is written for programs: paths, routes, formats of times, wrapped errors, mark-up, policies.
	machine = regexp.MustCompile(`^ink lv |^[/#.?&=<]|%w|^(GET|POST|PUT|DELETE|PATCH|HEAD) |2006|15:04|^Jan |</|/>|^[\w-]+/[\w.+-]+(;|$)|^[a-z-]+(=| ')|default-src|charset=|^(public|private|no-[a-z]+), |^\w+[:_]\w+$`)
	// word is one word that a person reads: a capital and small letters.
	word = regexp.MustCompile(`^\p{Lu}[\p{Ll}’'-]+[.…:?]?$`)
)

func hasLetter(s string) bool { return letters.MatchString(s) }

func isSentence(s string) bool {
	if !hasLetter(s) || machine.MatchString(s) {
		return false
	}
	return strings.Contains(s, " ") || word.MatchString(s)
}
