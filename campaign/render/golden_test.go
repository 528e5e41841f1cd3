package render_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything uses all that a body may hold.
var everything = fibonacco.Campaign{
	ID: "EVERYTHING", Type: fibonacco.Edu, Day: 29, Title: "How search chooses {{ business_name }}", Subject: "<Everything> & more",
	Preheader: `For "{{ business_name }}" & friends`, LearningButton: "See the <three> factors",
	BodyMarkdown: `Hello **{{ first_name | default: "there" }}**,

Some *text* with ` + "`code < {{ category }}`" + `, 1 < 2 &amp; \*stars\*, \{\{ braces }} and a [*link*](https://a.example/?b=c&d=e).
A soft break, and a hard\
one. Mail <sarah@portavery.example>.

## A heading with {{ community }}

> **Try this tonight**
>
> After closing, search for your own shop.
>
> - Count the taps.

3. Three
4. Four is long.

   It has a second paragraph.
   - nested *one*
   - nested two

***

{% if category %}

Only for a {{ category }}.

{% else %}

For anybody.

{% endif %}

    four blanks: code
    more

Sarah
AI account manager
`,
}

func TestGolden(t *testing.T) {
	for name, c := range map[string]fibonacco.Campaign{
		"HOOK-001": campaign(t, "HOOK-001"), "EDU-001": campaign(t, "EDU-001"), "EVERYTHING": everything,
	} {
		m := compile(t, c, settings(t))
		eml, err := m.Render(nil, marisol)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Preview(marisol)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".eml", string(eml))
		golden(t, name+".html", p.HTML)
		golden(t, name+".txt", p.Text)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; if that is right, run the test with -update", name)
	}
}

func TestArticle(t *testing.T) {
	f := template.Fields{BusinessName: "*A* <b>[x](http://evil.example)</b>", Community: "Port Avery"}
	for name, tc := range map[string]struct{ markdown, want string }{
		"text":              {"## One\n\nAt {{ business_name }}.", "<h2>One</h2>\n<p>At *A* &lt;b&gt;[x](http://evil.example)&lt;/b&gt;.</p>\n"},
		"in bold":           {"**{{ community }}**'s", "<p><strong>Port Avery</strong>&#39;s</p>\n"},
		"default":           {`{{ category | default: "business" }}`, "<p>business</p>\n"},
		"in code":           {"`{{ community }}`", "<p><code>Port Avery</code></p>\n"},
		"label of a link":   {"[{{ community }}](https://a.example)", "<p><a href=\"https://a.example\" rel=\"nofollow\">Port Avery</a></p>\n"},
		"braces":            {`\{\{ community }}`, "<p>{{ community }}</p>\n"},
		"script":            {"a <script>alert(1)</script> b", "<p>a  b</p>\n"},
		"script block":      {"<script>\nalert(1)\n</script>\n", "\n"},
		"handler":           {`<b onclick="alert(1)">a</b>`, "<p><b>a</b></p>\n"},
		"script link":       {"[a](javascript:alert(1))", "<p>a</p>\n"},
		"tag on a line":     {"{% if community %}\n\nYes.\n\n{% endif %}", "\n<p>Yes.</p>\n\n"},
		"tag in a line":     {"{% if category %}No{% else %}Yes{% endif %}.", "<p>Yes.</p>\n"},
		"table":             {"| a | b |\n|---|---|\n| {{ community }} | 2 |", ""},
		"Windows line ends": {"a\r\n\r\nb", "<p>a</p>\n<p>b</p>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			tmpl, err := render.CompileArticle(tc.markdown)
			if err != nil {
				t.Fatal(err)
			}
			out, err := tmpl.Render(nil, f)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if !strings.Contains(string(out), "<td>Port Avery</td>") {
					t.Errorf("got %q", out)
				}
				return
			}
			if string(out) != tc.want {
				t.Errorf("got  %q\nwant %q", out, tc.want)
			}
		})
	}
}

// TestArticleKeepsValuesOutOfAttributes by an error, or by dropping the attribute.
func TestArticleKeepsValuesOutOfAttributes(t *testing.T) {
	for name, markdown := range map[string]string{
		"address":           "[a](https://a.example/{{ community }})",
		"whole address":     "[a]({{ community }})",
		"address in HTML":   `<a href="{{ community }}">a</a>`,
		"attribute in HTML": `<b title="{{ community }}">a</b>`,
		"title of a link":   `[a](https://a.example "{{ community }}")`,
		"reference":         "[a][b]\n\n[b]: https://{{ community }}.example",
		"picture":           "![{{ community }}](https://a.example/b.png)",
	} {
		if tmpl, err := render.CompileArticle(markdown); err == nil {
			if out, _ := tmpl.Render(nil, template.Fields{Community: "XYZ"}); strings.Contains(string(out), "XYZ") {
				t.Errorf("%s: compiles to %q", name, out)
			}
		}
	}
	for _, markdown := range []string{"a\n\n{{ nick }}", "a\n\n{{ community", "[a]({{ community }})"} {
		var bad *template.Error
		if _, err := render.CompileArticle(markdown); !errors.As(err, &bad) {
			t.Errorf("%q: got %v", markdown, err)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("[a]({{ community }})\n\n<b title=\"{{ community }}\">a</b>")
	f.Add(everything.BodyMarkdown)
	f.Fuzz(func(t *testing.T, source string) {
		s := settings(t)
		if tmpl, err := render.CompileArticle(source); err == nil {
			out, err := tmpl.Render(nil, template.Fields{Community: `"><script>`, BusinessName: "javascript:x", FirstName: "' onclick="})
			if err == nil && strings.Contains(strings.ToLower(string(out)), "<script") {
				t.Fatalf("%q becomes %q", source, out)
			}
		}
		m, err := render.Compile(fibonacco.Campaign{ID: "X", BodyMarkdown: source}, s)
		if err != nil {
			return
		}
		out, err := m.Render(nil, marisol)
		if err == nil {
			checkLines(t, out[strings.Index(string(out), "\r\n\r\n"):], 76)
		}
	})
}
