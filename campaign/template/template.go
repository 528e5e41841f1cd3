// Package template is Liquid, compiled: what campaigns say to a business, with its name in it.
//
// A placeholder with simple filters becomes a segment, which renders in nanoseconds; a template
// with tags or other filters is handed to Liquid, parsed once, without the tags that open files
// and within limits of output, loops and time. Both give the same bytes.
//
// It knows the placeholders of a campaign and nothing else: no mail, no Markdown, no database.
package template

// Template is a compiled template. Safe for concurrent use.
type Template struct {
	escape  Escape
	parts   []Part
	program *program // nil when parts say it all
	used    [7]bool
}

// Part is a stretch of a template's output: its own text, or the value of one placeholder.
type Part struct {
	Text   string // the template's own text; "" when the part is a value
	value  value
	escape Escape
}

// Static reports whether the part is the same for every recipient.
func (p *Part) Static() bool { return p.Text != "" }

// Append renders the part onto dst, a value escaped for the template's target.
func (p *Part) Append(dst []byte, f *Fields) []byte {
	if p.Static() {
		return append(dst, p.Text...)
	}
	return p.value.append(dst, f, p.escape)
}

// Compile reads a template whose output goes to escape. It returns an *Error with the line for
// anything that could fail later: an unknown placeholder, filter or tag, braces that are not
// closed, bad syntax, and what goes wrong in a trial with and without values.
func Compile(source string, escape Escape) (*Template, error) {
	tokens, err := Scan(source)
	if err != nil {
		return nil, err
	}
	t := &Template{escape: escape}
	var c check
	for _, token := range tokens {
		if err := c.token(token); err != nil {
			return nil, err
		}
	}
	t.used = c.used
	if t.segments(tokens) {
		return t, nil
	}
	t.parts = nil
	if t.program, err = parseProgram(tokens, escape); err != nil {
		return nil, err
	}
	for _, f := range []Fields{trial, {}} {
		if _, err := t.Render(nil, f); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// trial is a value in every field.
var trial = Fields{
	FirstName: "Marisol", BusinessName: "Marisol Hair Studio", Community: "Port Avery", Category: "hair salon",
	CompanyName: "Port Avery Local", OptOutNumber: "(800) 555-0100", CallbackNumber: "(555) 555-0142",
}

// segments compiles the tokens without Liquid, or reports that it cannot.
func (t *Template) segments(tokens []Token) bool {
	var static []byte
	flush := func() {
		if len(static) > 0 {
			t.parts = append(t.parts, Part{Text: string(static)})
		}
		static = static[:0]
	}
	for _, token := range tokens {
		if token.Kind == TextToken {
			static = t.text(static, token.Source)
			continue
		}
		if token.Kind == TagToken || token.trims() {
			return false
		}
		words, _ := lex(token.args)
		v, ok := parseValue(words)
		switch {
		case !ok:
			return false
		case v.constant():
			static = v.append(static, &Fields{}, t.escape)
		default:
			flush()
			t.parts = append(t.parts, Part{value: v, escape: t.escape})
		}
	}
	flush()
	return true
}

// text is the template's own text as it goes out.
func (t *Template) text(dst []byte, s string) []byte {
	if t.escape == Header {
		return appendHeader(dst, s)
	}
	return append(dst, s...)
}

// constant reports whether no field is looked at.
func (v *value) constant() bool {
	fields := v.base.field >= 0
	for _, f := range v.filters {
		fields = fields || f.arg.field >= 0
	}
	return !fields
}

// Render appends the template's output for f to dst. It returns dst as it was and an *Error when
// a limit is exceeded, which only a template with tags can do.
func (t *Template) Render(dst []byte, f Fields) ([]byte, error) {
	if t.program == nil {
		for i := range t.parts {
			dst = t.parts[i].Append(dst, &f)
		}
		return dst, nil
	}
	if t.escape != Header {
		return t.program.render(dst, &f)
	}
	out, err := t.program.render(nil, &f)
	if err != nil {
		return dst, err
	}
	return appendHeader(dst, string(out)), nil
}

// Parts is the template cut at its placeholders, and false when it has tags or filters that need
// Liquid, so that only Render can tell what comes out.
func (t *Template) Parts() (parts []Part, ok bool) { return t.parts, t.program == nil }

// Fields is the names of the placeholders the template reads, in the order of Known.
func (t *Template) Fields() []string {
	var names []string
	for i, used := range t.used {
		if used {
			names = append(names, Known[i])
		}
	}
	return names
}
