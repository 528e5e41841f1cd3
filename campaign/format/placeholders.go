package format

import (
	"regexp"
	"strings"

	"github.com/fibonacco/fibonacco/campaign/template"
)

// foreignPlaceholder finds the ways in which other programmes write a merge field. Its groups are
// the names.
var foreignPlaceholder = regexp.MustCompile(strings.Join([]string{
	`\{\{\{?\s*([A-Za-z_][\w .-]*?)\s*(\|[^{}]*)?\}\}\}?`, // {{first_name}}, {{ firstName | default: "there" }}
	`\$?\{\s*([A-Za-z_][\w .-]*?)\s*\}`,                   // {first_name}
	`%%?([A-Za-z][A-Za-z_]{2,40})%%?`,                     // %FIRST_NAME%
	`\*\|([A-Za-z][\w:-]*)\|\*`,                           // *|FNAME|*
	`<<\s*([A-Za-z][\w .-]*?)\s*>>`,                       // <<First Name>>
	`\[([A-Za-z][\w '’/.-]{0,60})\]`,                      // [Community Name]
}, "|"))

// nameWithDefault are our placeholders, with the default that a text reads well with.
const (
	firstNameField = `{{ first_name | default: "there" }}`
	categoryField  = `{{ category | default: "business" }}`
	businessField  = `{{ business_name }}`
	communityField = `{{ community }}`
)

// foreignNames are the names that others give to what we know, without case and punctuation.
var foreignNames = map[string]string{
	"firstname": firstNameField, "fname": firstNameField, "ownerfirstname": firstNameField, "contactfirstname": firstNameField,
	"ownername": firstNameField, "contactname": firstNameField, "recipientname": firstNameField, "yourname": firstNameField,
	"contactfirst": firstNameField, "smbfirstname": firstNameField,
	"businessname": businessField, "business": businessField, "yourbusiness": businessField, "yourbusinessname": businessField,
	"smbname": businessField, "smbbusinessname": businessField, "businesstitle": businessField,
	"community": communityField, "communityname": communityField, "yourcommunity": communityField, "city": communityField,
	"cityname": communityField, "town": communityField, "townname": communityField, "yourcity": communityField, "yourtown": communityField,
	"category": categoryField, "businesscategory": categoryField, "businesstype": categoryField, "industry": categoryField,
	"smbcategory": categoryField, "yourindustry": categoryField,
}

var (
	notLetters    = regexp.MustCompile(`[^a-z]+`)
	liquidDefault = regexp.MustCompile(`^\|\s*default:\s*("[^"{}]*"|'[^'{}]*')\s*$`)
)

// field is our placeholder for a foreign name, with the file's own default where it has one; ""
// when the name means nothing to us.
func field(name, filter string) string {
	ours := foreignNames[notLetters.ReplaceAllString(strings.ToLower(name), "")]
	if m := liquidDefault.FindStringSubmatch(filter); ours != "" && m != nil {
		known, _, _ := strings.Cut(strings.Trim(ours, "{} "), " ")
		return "{{ " + known + " | default: " + m[1] + " }}"
	}
	return ours
}

// merge turns a foreign text into Liquid: placeholders that we know into ours, everything else into
// what renders as it is written, by way of escape. What is not known is handed to unknown.
func merge(text string, escape func(string) string, unknown func(string)) string {
	var b strings.Builder
	var plain strings.Builder
	flush := func() {
		b.WriteString(template.Literal(escape(plain.String())))
		plain.Reset()
	}
	from := 0
	for _, m := range foreignPlaceholder.FindAllStringSubmatchIndex(text, -1) {
		plain.WriteString(text[from:m[0]])
		from = m[1]
		whole := text[m[0]:m[1]]
		name, filter := "", ""
		for group := 1; group < len(m)/2; group++ {
			if m[2*group] < 0 {
				continue
			}
			if group == 2 {
				filter = text[m[4]:m[5]]
			} else {
				name = text[m[2*group]:m[2*group+1]]
			}
		}
		ours := field(name, filter)
		switch {
		case ours == "" && strings.HasPrefix(whole, "[") && strings.HasPrefix(text[m[1]:], "("):
			plain.WriteString(whole) // a link of Markdown
		case ours == "":
			unknown(whole)
			plain.WriteString(whole)
		default:
			if filter != "" && !liquidDefault.MatchString(filter) {
				unknown(whole + " (the filter)")
			}
			flush()
			b.WriteString(ours)
		}
	}
	plain.WriteString(text[from:])
	flush()
	return b.String()
}
