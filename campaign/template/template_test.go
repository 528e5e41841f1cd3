package template_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco/campaign/template"
)

var marisol = template.Fields{
	FirstName: "Marisol", BusinessName: `Marisol's "Hair" <Studio> & Co`, Community: "Port Avery", Category: "hair salon",
}

func render(t *testing.T, source string, escape template.Escape, f template.Fields) string {
	t.Helper()
	tmpl, err := template.Compile(source, escape)
	if err != nil {
		t.Fatalf("Compile(%q): %v", source, err)
	}
	out, err := tmpl.Render(nil, f)
	if err != nil {
		t.Fatalf("Render(%q): %v", source, err)
	}
	return string(out)
}

func TestRender(t *testing.T) {
	cases := map[string]struct {
		source string
		escape template.Escape
		want   string
	}{
		"value":                        {`Hello {{ first_name }}.`, template.Text, "Hello Marisol."},
		"default not needed":           {`{{ first_name | default: "there" }}`, template.Text, "Marisol"},
		"default needed":               {`{{ company_name | default: "there" }}`, template.Text, "there"},
		"default is another field":     {`{{ company_name | default: community }}`, template.Text, "Port Avery"},
		"default is escaped too":       {`{{ company_name | default: "a<b" }}`, template.HTML, "a&lt;b"},
		"no blanks needed":             {`{{first_name|upcase}}`, template.Text, "MARISOL"},
		"filters in a row":             {`{{ category | capitalize | truncate: 6, "…" }}`, template.Text, "Hair …"},
		"html":                         {`{{ business_name }}`, template.HTML, "Marisol&#39;s &#34;Hair&#34; &lt;Studio&gt; &amp; Co"},
		"own text is the author's":     {`<b>{{ first_name }}</b>`, template.HTML, "<b>Marisol</b>"},
		"escape does not escape twice": {`{{ business_name | escape }}`, template.HTML, "Marisol&#39;s &#34;Hair&#34; &lt;Studio&gt; &amp; Co"},
		"text is not escaped":          {`{{ business_name | escape }}`, template.Text, marisol.BusinessName},
		"a literal shows braces":       {`{{ "{{" }} {{ '%}' }}`, template.Text, "{{ %}"},
		"header is one line":           {"A\r\nB {{ first_name }}", template.Header, "A  B Marisol"},
		"if":                           {`{% if first_name %}Hi {{ first_name }}{% else %}Hi{% endif %}`, template.Text, "Hi Marisol"},
		"unknown is false":             {`{% if company_name %}yes{% else %}no{% endif %}`, template.Text, "no"},
		"blank":                        {`{% if company_name == blank %}none{% endif %}`, template.Text, "none"},
		"tags escape too":              {`{% if true %}{{ business_name }}{% endif %}`, template.HTML, "Marisol&#39;s &#34;Hair&#34; &lt;Studio&gt; &amp; Co"},
		"assign":                       {`{% assign n = first_name | append: "!" %}{{ n }}`, template.Text, "Marisol!"},
		"for":                          {`{% for w in category | split: " " %}[{{ w }}]{% endfor %}`, template.Text, "[hair][salon]"},
		"for with modifiers":           {`{% for w in category | split: "" reversed limit: 2 %}{{ w }}{{ forloop.index }}{% endfor %}`, template.Text, "n1o2"},
		"case":                         {`{% case category %}{% when "hair salon" %}cut{% else %}other{% endcase %}`, template.Text, "cut"},
		"white space control":          {"a {{- first_name -}} b", template.Text, "aMarisolb"},
		"size":                         {`{{ first_name.size }}`, template.Text, "7"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := render(t, tc.source, tc.escape, marisol); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCompileNamesWhatIsWrong(t *testing.T) {
	cases := map[string]struct {
		source string
		line   int
		name   string
	}{
		"unknown placeholder":       {"one\ntwo {{ frist_name }}", 2, "frist_name"},
		"in a filter's argument":    {`{{ first_name | default: nick }}`, 1, "nick"},
		"in a condition":            {"\n\n{% if vip %}{% endif %}", 3, "vip"},
		"unknown filter":            {`{{ first_name | date: "%s" }}`, 1, "date"},
		"filter that marks as safe": {`{{ business_name | safe }}`, 1, "safe"},
		"unknown tag":               {`{% frobnicate %}`, 1, "frobnicate"},
		"include":                   {`{% include "passwd" %}`, 1, "include"},
		"render":                    {`{% render "passwd" %}`, 1, "render"},
		"layout":                    {`{% layout "x" %}`, 1, "layout"},
		"capture":                   {`{% capture x %}{% endcapture %}`, 1, "capture"},
		"our own tag":               {`{% fibonacco_tick %}`, 1, "fibonacco_tick"},
		"range":                     {`{% for i in (1..1000000000) %}{% endfor %}`, 1, ".."},
		"open placeholder":          {"a\nb {{ first_name", 2, ""},
		"open tag":                  {"{% if", 1, ""},
		"empty placeholder":         {"x {{}}", 1, ""},
		"blank placeholder":         {"x {{ }}", 1, ""},
		"open quotation":            {`{{ first_name | default: "x }}`, 1, ""},
		"syntax":                    {`{{ first_name first_name }}`, 1, ""},
		"three braces":              {`{{{ first_name }}}`, 1, ""},
		"missing end":               {"a\n{% if first_name %}", 2, ""},
		"end without beginning":     {`{% endif %}`, 1, ""},
		"else without if":           {`{% else %}`, 1, ""},
		"break outside a loop":      {`{% break %}`, 1, ""},
		"bad argument":              {`{{ first_name | truncate: "x" }}`, 1, ""},
		"missing argument":          {`{% assign x = %}`, 1, "assign"},
		"for without in":            {`{% for x %}{% endfor %}`, 1, "for"},
		"assign to a part":          {`{% assign forloop.x = 1 %}`, 1, "assign"},
		"nested too deeply":         {strings.Repeat("{% if true %}", 21) + strings.Repeat("{% endif %}", 21), 1, "if"},
		"too long":                  {strings.Repeat("x", 256<<10+1), 1, ""},
		"output without end":        {bomb(14, "{{ x }}{{ x }}"), 1, ""},
		"value without end":         {bomb(40, ""), 1, ""},
		"loops without end":         {loops(5), 1, ""},
		"replace without end":       {`{% assign x = business_name | replace: "", business_name %}{{ x | replace: "", x }}`, 1, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template.Compile(tc.source, template.HTML)
			var bad *template.Error
			if !errors.As(err, &bad) {
				t.Fatalf("Compile(%.80q) = %v", tc.source, err)
			}
			if bad.Line != tc.line || bad.Name != tc.name {
				t.Errorf("got line %d, name %q (%v), want %d, %q", bad.Line, bad.Name, err, tc.line, tc.name)
			}
			if len(bad.Message) > 300 || bad.Message == "" {
				t.Errorf("message is %q", bad.Message)
			}
		})
	}
}

// bomb doubles a value n times.
func bomb(n int, tail string) string {
	return `{% assign x = "0123456789" %}` + strings.Repeat(`{% assign x = x | append: x %}`, n) + tail
}

// loops is n loops inside one another, thirty passes each.
func loops(n int) string {
	s := `{% assign x = "012345678901234567890123456789" | split: "" %}`
	for i := range n {
		s += fmt.Sprintf("{%% for i%d in x %%}", i)
	}
	return s + strings.Repeat("{% endfor %}", n)
}

func TestOutputIsBounded(t *testing.T) {
	source := bomb(10, "") + strings.Repeat("{{ x }}", 30)
	_, err := template.Compile(source, template.Text)
	if err == nil || !strings.Contains(err.Error(), "256 KB") {
		t.Errorf("got %v", err)
	}
	almost := bomb(10, "") + strings.Repeat("{{ x }}", 25)
	if got := render(t, almost, template.Text, marisol); len(got) != 25*10*1024 {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestRenderAppends(t *testing.T) {
	for _, source := range []string{"{{ first_name }}", "{% if true %}{{ first_name }}{% endif %}"} {
		for _, escape := range []template.Escape{template.HTML, template.Text, template.Header} {
			tmpl, err := template.Compile(source, escape)
			if err != nil {
				t.Fatal(err)
			}
			out, err := tmpl.Render([]byte("Hello "), marisol)
			if err != nil || string(out) != "Hello Marisol" {
				t.Errorf("%s: got %q, %v", source, out, err)
			}
		}
	}
}

func TestFields(t *testing.T) {
	tmpl, err := template.Compile(`{{ category }} {% if first_name %}{% assign x = community %}{{ x }}{% endif %}`, template.Text)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{template.FirstName, template.Community, template.Category}
	if got := tmpl.Fields(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, ok := tmpl.Parts(); ok {
		t.Error("a template with tags has no parts")
	}
}

func TestClean(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"clean":          {"Marisol Hair Studio", "Marisol Hair Studio"},
		"nothing":        {"", ""},
		"blanks":         {" \t\n ", ""},
		"ends":           {"  Marisol ", "Marisol"},
		"inside":         {"Marisol \n\n Hair", "Marisol Hair"},
		"line break":     {"Marisol\r\nBcc: x@y.z", "Marisol Bcc: x@y.z"},
		"control":        {"Mari\x00sol\x1b[0m", "Marisol[0m"},
		"direction":      {"Mari\u202elos", "Marilos"},
		"no-break space": {"Marisol\u00a0Hair", "Marisol Hair"},
		"beyond ASCII":   {"Café Łódź 寿司 💈", "Café Łódź 寿司 💈"},
		"invalid":        {"Caf\xe9", "Caf\ufffd"},
		"long":           {strings.Repeat("é", 300), strings.Repeat("é", 255)},
		"long with gap":  {strings.Repeat("x", 254) + " yyy", strings.Repeat("x", 254)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := template.Fields{FirstName: tc.in, CallbackNumber: tc.in}.Clean()
			if got.FirstName != tc.want || got.CallbackNumber != tc.want {
				t.Errorf("got %q, want %q", got.FirstName, tc.want)
			}
			if again := got.Clean(); again != got {
				t.Errorf("cleaning twice gives %q", again.FirstName)
			}
		})
	}
}

func TestCut(t *testing.T) {
	for n, want := range []string{"", "é", "éa", "éa寿", "éa寿"} {
		if got := template.Cut("éa寿", n); got != want || !utf8.ValidString(got) {
			t.Errorf("Cut(%d) = %q, want %q", n, got, want)
		}
	}
}

func ExampleCompile() {
	tmpl, err := template.Compile(`Hello {{ first_name | default: "there" }} of {{ business_name }}`, template.HTML)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, _ := tmpl.Render(nil, template.Fields{BusinessName: "Cut & Dry"})
	fmt.Println(string(out))
	_, err = template.Compile("Hello\n{{ frist_name }}", template.HTML)
	fmt.Println(err)
	// Output:
	// Hello there of Cut &amp; Dry
	// line 2: uses the unknown placeholder "frist_name"
}
