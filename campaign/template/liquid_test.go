package template_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/osteele/liquid"
	liquidrender "github.com/osteele/liquid/render"
	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// odd is what lists of businesses really hold.
var odd = []string{
	"", " ", "\t \n", "Marisol", "  Marisol  ", "O'Brien & Sons", `"Best" <b>Cuts</b>`, "<script>alert(1)</script>",
	"élan vital", "ÉLAN", "寿司 太郎", "💈 Barber", "a\nb\r\nc", "{{ first_name }}", "{% if %}", "*A* [x](http://evil)", "&amp;",
	"\u202egnirts", strings.Repeat("x", 255), strings.Repeat("é", 255), "ÀÉÎ straße", "1234", "-5", "true", "nil", "a\x00b",
	"MARISOL HAIR STUDIO AND DAY SPA OF GREATER PORT AVERY, LLC  ",
}

func fields() *rapid.Generator[template.Fields] {
	return rapid.Custom(func(t *rapid.T) template.Fields {
		value := rapid.OneOf(rapid.SampledFrom(odd), rapid.String())
		return template.Fields{
			FirstName: value.Draw(t, "first name"), BusinessName: value.Draw(t, "business name"),
			Community: value.Draw(t, "community"), Category: value.Draw(t, "category"),
		}
	})
}

// source generates templates that compile to segments; filters are picked from the list.
func source(filters []string) *rapid.Generator[string] {
	text := rapid.SampledFrom([]string{"", "Hello ", "<p class=\"x\">", "é寿💈", "}} %} {", " ", "\r\n", "*a*", "a & b"})
	base := rapid.SampledFrom([]string{"first_name", "business_name", "community", "category", `"lit \"er\\al"`, `'it is'`})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(1, 5).Draw(t, "placeholders") {
			b.WriteString(text.Draw(t, "text") + " {{ " + base.Draw(t, "base"))
			for _, f := range rapid.SliceOfN(rapid.SampledFrom(filters), 0, 3).Draw(t, "filters") {
				b.WriteString(" | " + f)
			}
			b.WriteString(" }}")
		}
		return b.String() + text.Draw(t, "text")
	})
}

// TestSegmentsEqualLiquid is the promise of this package: compiled or not, the same bytes.
func TestSegmentsEqualLiquid(t *testing.T) {
	filters := []string{
		"upcase", "downcase", "capitalize", "strip", "escape", `default: "there"`, "default: community", `default: 'a "b"'`,
		"truncate", "truncate: 10", `truncate: 10, "…"`, "truncate: 0", "truncate: 2", "truncate: 300", `truncate: 5, ""`,
	}
	rapid.Check(t, func(t *rapid.T) {
		src, f := source(filters).Draw(t, "source"), fields().Draw(t, "fields")
		for _, escape := range []template.Escape{template.HTML, template.Text, template.Header} {
			compiled, err := template.Compile(src, escape)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := compiled.Parts(); !ok {
				t.Fatalf("%q was not compiled to segments", src)
			}
			whole, err := template.Compile(src+"{% if true %}{% endif %}", escape)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := whole.Parts(); ok {
				t.Fatal("a template with tags has parts")
			}
			got, err := compiled.Render(nil, f)
			if err != nil {
				t.Fatal(err)
			}
			want, err := whole.Render(nil, f)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%q with %+v:\nsegments %q\nliquid   %q", src, f, got, want)
			}
		}
	})
}

// TestSegmentsEqualStockLiquid compares with Liquid as it comes, over what this package does not
// do differently on purpose: escape escapes once, capitalize and truncate count characters.
func TestSegmentsEqualStockLiquid(t *testing.T) {
	html := liquid.NewEngine()
	html.SetAutoEscapeReplacer(liquidrender.HtmlEscaper)
	engines := map[template.Escape]*liquid.Engine{template.HTML: html, template.Text: liquid.NewEngine()}
	filters := []string{"upcase", "downcase", "strip", `default: "there"`, "default: community", "truncate: 300"}
	rapid.Check(t, func(t *rapid.T) {
		src, f := source(filters).Draw(t, "source"), fields().Draw(t, "fields")
		vars := liquid.Bindings{
			"first_name": f.FirstName, "business_name": f.BusinessName, "community": f.Community, "category": f.Category,
		}
		for escape, engine := range engines {
			want, err := engine.ParseAndRenderString(src, vars)
			if err != nil {
				t.Fatal(err)
			}
			compiled, err2 := template.Compile(src, escape)
			if err2 != nil {
				t.Fatal(err2)
			}
			got, err2 := compiled.Render(nil, f)
			if err2 != nil {
				t.Fatal(err2)
			}
			if string(got) != want {
				t.Fatalf("%q with %+v:\nsegments %q\nliquid   %q", src, f, got, want)
			}
		}
	})
}

// TestLiteral shows any text through a template unchanged.
func TestLiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[{}%a ]*`)).Draw(t, "text")
		tmpl, err := template.Compile(template.Literal(text)+"{{ first_name }}", template.HTML)
		if err != nil {
			t.Fatalf("%q: %v", template.Literal(text), err)
		}
		got, err := tmpl.Render(nil, template.Fields{FirstName: "x"})
		if err != nil || string(got) != text+"x" {
			t.Fatalf("got %q, %v, want %q", got, err, text+"x")
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range append([]string{
		`Hello {{ first_name | default: "there" }},`, `{% if first_name %}{{ first_name }}{% endif %}`,
		`{% for x in category | split: "" %}{{ x | upcase }}{% endfor %}`, `{% assign x = "a" | append: "b" %}{{ x }}`,
		`{{- "a" -}}`, `{% case category %}{% when "a" %}{% endcase %}`, `{{ first_name | truncate: 9, "x" }}`, `{{ "\`,
	}, odd...) {
		f.Add(s, "Marisol", "O'Brien <& Co>\r\nBcc: x")
	}
	f.Fuzz(func(t *testing.T, source, first, business string) {
		for _, escape := range []template.Escape{template.HTML, template.Text, template.Header} {
			tmpl, err := template.Compile(source, escape)
			if err != nil {
				continue
			}
			out, err := tmpl.Render(nil, template.Fields{FirstName: first, BusinessName: business})
			if err == nil && escape == template.Header && bytes.ContainsAny(out, "\r\n") {
				t.Fatalf("%q lets a line break into a header: %q", source, out)
			}
		}
	})
}

var sink []byte

func BenchmarkRender(b *testing.B) {
	for name, source := range map[string]string{
		"segments": `Hello {{ first_name | default: "there" }}, a page for {{ business_name }} in {{ community }}.`,
		"liquid":   `Hello {{ first_name | default: "there" }}, a page for {{ business_name }} in {{ community }}.{% if true %}{% endif %}`,
	} {
		tmpl, err := template.Compile(source, template.HTML)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink, _ = tmpl.Render(sink[:0], marisol)
			}
		})
	}
}
