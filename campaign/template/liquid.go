package template

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/filters"
	"github.com/osteele/liquid/parser"
	"github.com/osteele/liquid/render"
	"github.com/osteele/liquid/tags"

	"github.com/fibonacco/fibonacco"
)

// What one rendering may cost. No campaign comes near; a mistake or a malicious import would.
const (
	maxOutput = 256 << 10 // bytes
	maxString = 16 << 10  // bytes of a value on the way
	maxLoops  = 10_000    // passes through all loops together
	maxTime   = time.Second
)

var (
	errOutput = errors.New("renders to more than 256 KB")
	errString = errors.New("builds a value of more than 16 KB")
	errLoops  = errors.New("goes through its loops more than 10,000 times")
	errTime   = errors.New("takes more than a second")
)

// program is a template that needs Liquid.
type program struct {
	root render.Node
	cfg  *render.Config
}

var (
	htmlConfig = sync.OnceValue(func() *render.Config { return newConfig(true) })
	textConfig = sync.OnceValue(func() *render.Config { return newConfig(false) })
)

// newConfig is Liquid without the tags that open files, with the filters that this package
// compiles, and with limits where Liquid has none.
func newConfig(escape bool) *render.Config {
	c := render.NewConfig()
	filters.AddStandardFilters(&c)
	tags.AddStandardTags(&c)
	for _, tag := range []string{"include", "render", "cycle"} {
		c.UnregisterTag(tag)
	}
	if escape {
		c.SetAutoEscapeReplacer(render.HtmlEscaper)
		// A value is never safe: it comes from an imported list.
		c.AddFilter("safe", func(v any) any { return v })
	}
	// The target escapes, once; see Escape.
	c.AddFilter("escape", func(s string) string { return s })
	c.AddFilter("capitalize", capitalize)
	c.AddFilter("truncate", func(s string, n func(int) int, tail func(string) string) string {
		return truncate(s, n(truncateAt), tail(ellipsis))
	})
	addBounded(&c)
	c.AddTag("assign", assignTag)
	c.AddTag(tickTag, func(string) (func(io.Writer, render.Context) error, error) { return tick, nil })
	return &c
}

// addBounded replaces the filters whose output can be much longer than their input.
func addBounded(c *render.Config) {
	c.AddFilter("append", func(s, t string) (string, error) { return bounded(len(s)+len(t), func() string { return s + t }) })
	c.AddFilter("prepend", func(s, t string) (string, error) { return bounded(len(s)+len(t), func() string { return t + s }) })
	c.AddFilter("replace", func(s, old, t string) (string, error) {
		return bounded(len(s)+strings.Count(s, old)*len(t), func() string { return strings.ReplaceAll(s, old, t) })
	})
	c.AddFilter("replace_first", func(s, old, t string) (string, error) {
		return bounded(len(s)+len(t), func() string { return strings.Replace(s, old, t, 1) })
	})
	c.AddFilter("replace_last", func(s, old, t string) (string, error) {
		i := strings.LastIndex(s, old)
		if i < 0 {
			return s, nil
		}
		return bounded(len(s)+len(t), func() string { return s[:i] + t + s[i+len(old):] })
	})
	c.AddFilter("join", func(a []any, sep func(string) string) (string, error) {
		var words []string
		for _, v := range a {
			if v != nil {
				words = append(words, fmt.Sprint(v))
			}
		}
		between, size := sep(" "), 0
		for _, w := range words {
			size += len(w) + len(between)
		}
		return bounded(size, func() string { return strings.Join(words, between) })
	})
}

func bounded(size int, build func() string) (string, error) {
	if size > maxString {
		return "", errString
	}
	return build(), nil
}

// assignTag is Liquid's assign for plain names, bounded.
func assignTag(source string) (func(io.Writer, render.Context) error, error) {
	s, err := expressions.ParseStatement(expressions.AssignStatementSelector, source)
	if err != nil {
		return nil, err
	}
	if len(s.Path) > 1 {
		return nil, errors.New("assigns to a part of a value")
	}
	name, expression := s.Assignment.Variable, s.ValueFn
	return func(_ io.Writer, ctx render.Context) error {
		v, err := ctx.Evaluate(expression)
		if err != nil {
			return err
		}
		if text, ok := v.(string); ok && len(text) > maxString {
			return errString
		}
		ctx.Set(name, v)
		return nil
	}, nil
}

// tickTag stands at the beginning of every loop's body; budgetName is no name a template can say.
const (
	tickTag    = "fibonacco_tick"
	budgetName = "\x00budget"
)

func tick(_ io.Writer, ctx render.Context) error {
	b := ctx.Get(budgetName).(*budget)
	if b.loops++; b.loops > maxLoops {
		b.err = errLoops
	} else if fibonacco.RealTime().After(b.deadline) {
		b.err = errTime
	}
	return b.err
}

// budget collects the output of one rendering and knows when it is too much.
type budget struct {
	out      []byte
	from     int // where this rendering's output begins
	loops    int
	deadline time.Time
	err      error
}

func (b *budget) Write(p []byte) (int, error) {
	if len(b.out)-b.from+len(p) > maxOutput {
		b.err = errOutput
		return 0, b.err
	}
	b.out = append(b.out, p...)
	return len(p), nil
}

// parseProgram hands the tokens to Liquid.
func parseProgram(tokens []Token, escape Escape) (p *program, err error) {
	cfg := textConfig()
	if escape == HTML {
		cfg = htmlConfig()
	}
	var source strings.Builder
	for _, t := range tokens {
		source.WriteString(t.Source)
		if t.Kind == TagToken && t.name == "for" {
			source.WriteString("{% " + tickTag + " %}")
		}
	}
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, &Error{Line: 1, Message: fmt.Sprintf("cannot be read: %v", r)}
		}
	}()
	root, parseErr := cfg.Compile(source.String(), parser.SourceLoc{LineNo: 1})
	if parseErr != nil {
		return nil, liquidError(parseErr)
	}
	return &program{root, cfg}, nil
}

// render appends the output to dst. Liquid reports a writer's error by a panic.
func (p *program) render(dst []byte, f *Fields) (out []byte, err error) {
	b := &budget{out: dst, from: len(dst), deadline: fibonacco.RealTime().Add(maxTime)}
	defer func() {
		r := recover()
		switch {
		case b.err != nil:
			out, err = dst, &Error{Line: 1, Message: b.err.Error()}
		case r != nil:
			out, err = dst, &Error{Line: 1, Message: fmt.Sprintf("fails: %.200v", r)}
		}
	}()
	vars := map[string]any{budgetName: b}
	for i, name := range Known {
		if v := *f.pointer(i); v != "" { // unknown is nil, which {% if %} takes for false
			vars[name] = v
		}
	}
	if err := render.Render(p.root, b, vars, *p.cfg); err != nil {
		return dst, liquidError(err)
	}
	return b.out, nil
}

// liquidError keeps the reason and the line; Liquid's own text quotes the source as well.
func liquidError(err parser.Error) *Error {
	message := err.Error()
	if cause := err.Cause(); cause != nil {
		message = cause.Error()
	}
	return &Error{Line: max(err.LineNumber(), 1), Message: "is not right: " + Cut(message, 200)}
}
