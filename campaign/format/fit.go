package format

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
)

var (
	numberedID  = regexp.MustCompile(`^([A-Z]+)-?0*([0-9]{1,3})$`)
	notTypeName = regexp.MustCompile(`[^A-Z]+`)
)

// foreignTypes are the names that others give to our types of campaign.
var foreignTypes = map[string]fibonacco.CampaignType{
	"HOOK": fibonacco.Hook, "HOOKS": fibonacco.Hook,
	"EDU": fibonacco.Edu, "EDUCATION": fibonacco.Edu, "EDUCATIONAL": fibonacco.Edu,
	"HOWTO": fibonacco.HowTo, "HOWTOS": fibonacco.HowTo, "TUTORIAL": fibonacco.HowTo,
	"CONV": fibonacco.Conv, "CONVERSION": fibonacco.Conv, "CONVERSATION": fibonacco.Conv,
	"INTRO": fibonacco.Intro, "INTRODUCTION": fibonacco.Intro, "WELCOME": fibonacco.Intro,
}

// fitType is our type for a foreign one; it may be told by the id.
func fitType(kind, id string) (t fibonacco.CampaignType, ok bool) {
	if t, ok = foreignTypes[notTypeName.ReplaceAllString(strings.ToUpper(kind), "")]; ok {
		return t, true
	}
	prefix, _, _ := strings.Cut(fitID(id), "-")
	t, ok = foreignTypes[prefix]
	return t, ok
}

// fitID makes an id out of any text: HOOK-007 of "hook_7", else capitals, digits and hyphens. It is
// "" when nothing is left.
func fitID(text string) string {
	id := strings.ToUpper(slugOf(text))
	if m := numberedID.FindStringSubmatch(id); m != nil {
		n, _ := strconv.Atoi(m[2])
		return m[1] + "-" + pad3(n)
	}
	if id != "" && (id[0] < 'A' || id[0] > 'Z') {
		id = "C-" + id
	}
	return strings.TrimRight(template.Cut(id, 40), "-") // leaves room for the number of a second one
}

func pad3(n int) string {
	s := itoa(n)
	return strings.Repeat("0", max(3-len(s), 0)) + s
}

// fitSlug makes a slug out of a slug, a path, an address or a title; "" when nothing is left.
func fitSlug(text string) string {
	if strings.Contains(text, "/") {
		text, _, _ = strings.Cut(text, "?")
		text, _, _ = strings.Cut(text, "#")
		text = path.Base(strings.TrimRight(text, "/"))
		text = strings.TrimSuffix(text, path.Ext(text))
	}
	return strings.TrimRight(template.Cut(slugOf(text), 200), "-")
}

// numbered is the first of value, value-2, value-3 … that nobody has.
func numbered(value string, seen map[string]string) string {
	for n := 2; ; n++ {
		next := value + "-" + itoa(n)
		if _, taken := seen[next]; !taken {
			return next
		}
	}
}
