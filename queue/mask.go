package queue

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What a job was given is shown to staff who may look at queues, which is not a right to see who is
// written to. So texts are hidden unless their name says that they tell nobody: ids, codes, moments.

// tellsNobody are the last words of names whose texts are shown.
var tellsNobody = []string{
	"id", "ids", "uuid", "at", "on", "due", "date", "day", "from", "until", "status", "state", "type", "kind", "direction",
	"channel", "slug", "service", "version", "tier", "fields", "purpose", "category", "topic", "unwanted", "action", "verdict",
}

var (
	mailAddress = regexp.MustCompile(`([\p{L}\p{N}])[\p{L}\p{N}._%+'-]*@([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)`)
	manyDigits  = regexp.MustCompile(`\+?\(?\d[\d ().\-]{6,}\d`)
	harmless    = regexp.MustCompile(`^[\p{L}\p{N}_.:+/ -]{0,64}$`)
	moment      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$`)
	uuidText    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

const hidden = "•••"

// maskText hides addresses and telephone numbers in a sentence, such as a mail server's answer.
func maskText(text string) string {
	text = mailAddress.ReplaceAllString(text, "$1"+hidden+"@$2")
	return manyDigits.ReplaceAllStringFunc(text, func(number string) string {
		if moment.MatchString(number) {
			return number
		}
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, number)
		if len(digits) < 9 { // too short for a telephone: a count, a code of three parts
			return number
		}
		return "(" + hidden + ") " + hidden + "-••" + digits[len(digits)-2:]
	})
}

// maskArgs is what a job was given, without personal data. Of lists longer than most, the rest is
// counted. It never fails: what cannot be read is not shown.
func maskArgs(raw string, most int) map[string]any {
	var args map[string]any
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber() // ids have more digits than a float64
	if dec.Decode(&args) != nil {
		return map[string]any{}
	}
	masked := map[string]any{}
	for name, value := range args {
		masked[name] = maskValue(name, value, most)
	}
	return masked
}

func maskValue(name string, value any, most int) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for inner, one := range v {
			out[inner] = maskValue(inner, one, most)
		}
		return out
	case []any:
		out := make([]any, 0, min(len(v), most)+1)
		for i, one := range v {
			if i == most {
				return append(out, fmt.Sprintf("… and %d more", len(v)-most))
			}
			out = append(out, maskValue(name, one, most))
		}
		return out
	case string:
		return maskWord(name, v)
	case json.Number:
		if len(v) > 8 && !isOpen(name) { // a telephone number, a place on the map
			return hidden
		}
		return v
	}
	return value
}

func maskWord(name, text string) string {
	switch {
	case text == "":
		return ""
	case moment.MatchString(text), uuidText.MatchString(text):
		return text
	case isOpen(name) && harmless.MatchString(text) && maskText(text) == text:
		return text
	case mailAddress.MatchString(text):
		return maskText(text)
	}
	return hidden
}

// isOpen reports whether the last word of a name is one of tellsNobody.
func isOpen(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(tellsNobody, name[strings.LastIndexByte(name, '_')+1:])
}
