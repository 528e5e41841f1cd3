package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

// noCampaign is how a weekday of the programme is left without a campaign.
const noCampaign = "none"

func (lf *leaf) isList() bool { return lf.typ.Kind() == reflect.Slice }

// parse reads a value as the type of its key. The node is nil when the value means that there
// is to be none. reason says what is wrong, and quotes the text unless it is a secret.
func (lf *leaf) parse(text string) (node *yaml.Node, reason string) {
	text = strings.TrimSpace(text)
	if lf.typ == reflect.TypeFor[fibonacco.CampaignType]() && text == noCampaign {
		return nil, ""
	}
	if !lf.isList() {
		return lf.scalar(lf.typ, text)
	}
	node = &yaml.Node{Kind: yaml.SequenceNode}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		child, reason := lf.scalar(lf.typ.Elem(), item)
		if reason != "" {
			return nil, reason
		}
		node.Content = append(node.Content, child)
	}
	return node, ""
}

func (lf *leaf) scalar(typ reflect.Type, text string) (node *yaml.Node, reason string) {
	tag, value, expected := read(typ, text)
	if expected != "" {
		reason = "must be " + expected
		if !lf.Secret {
			reason += not(text)
		}
		return nil, reason
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}, ""
}

// read brings a text into the form that decodes into typ, or says what it expected.
func read(typ reflect.Type, text string) (tag, value, expected string) {
	if typ == reflect.TypeFor[time.Duration]() {
		d, err := parseDuration(text)
		if err != nil {
			return "", "", "a duration such as 30s or 5m"
		}
		return "!!str", d.String(), ""
	}
	switch typ.Kind() {
	case reflect.String:
		if !utf8.ValidString(text) {
			return "", "", "text in UTF-8"
		}
		return "!!str", text, ""
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return "", "", "a whole number"
		}
		return "!!int", strconv.Itoa(n), ""
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return "", "", "a number"
		}
		return "!!float", strconv.FormatFloat(f, 'g', -1, 64), ""
	case reflect.Bool:
		yes, err := parseBool(text)
		if err != nil {
			return "", "", "true or false"
		}
		return "!!bool", strconv.FormatBool(yes), ""
	}
	panic(fmt.Sprintf("config: nothing reads a %s", typ))
}

// parseDuration takes a number without a unit as seconds.
func parseDuration(text string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	return time.ParseDuration(text)
}

// parseBool takes the words of YAML and of shells.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "yes", "on":
		return true, nil
	case "no", "off":
		return false, nil
	}
	return strconv.ParseBool(strings.ToLower(text))
}

// not quotes a refused value. It is for a person who looks for the typo, not for the whole of it.
func not(text string) string {
	const enough = 60
	text = redactURLs(text)
	if runes := []rune(text); len(runes) > enough {
		text = string(runes[:enough]) + "…"
	}
	return ", not " + strconv.Quote(text)
}
