package format

import (
	"regexp"
	"strings"
)

var (
	// callToAction is a button in a plain text: [CLAIM YOUR PAGE →].
	callToAction = regexp.MustCompile(`\[\s*([^\[\]\n]{1,120}?)\s*(?:→|➔|➜|⟶|⇒|»|›|-+>|=>|&rarr;)\s*\]`)
	bulletLine   = regexp.MustCompile(`^(?:[•●▪◦‣·*]|[-–—]{1,2})\s+(\S.*)$`)
	numberedLine = regexp.MustCompile(`^(\d{1,9})([.)])(\s|$)`)
	entityLike   = regexp.MustCompile(`&(#?\w{1,32};)`)
	markdownMark = regexp.MustCompile("[\\\\`*_\\[\\]<]")
	htmlLike     = regexp.MustCompile(`(?i)</?(p|br|div|span|a|b|strong|em|i|ul|ol|li|h[1-6]|table|img)\b[^>]*>`)
)

// takeCalls takes the calls to action out of a text: the first altogether, of the others the brackets.
func takeCalls(text string) (rest, first string, others []string) {
	found := false
	rest = callToAction.ReplaceAllStringFunc(text, func(call string) string {
		label := strings.TrimSpace(callToAction.FindStringSubmatch(call)[1])
		if !found {
			found, first = true, label
			return ""
		}
		others = append(others, label)
		return label + " →"
	})
	return rest, first, others
}

// markdownOf is Markdown that reads as the plain text does: paragraphs, line breaks and bullets are
// kept, and what Markdown would take for a mark is escaped.
func markdownOf(text string, unknown func(string)) string {
	var out []string
	var paragraph, bullets []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, strings.Join(paragraph, "\\\n"))
		}
		if len(bullets) > 0 {
			out = append(out, strings.Join(bullets, "\n"))
		}
		paragraph, bullets = nil, nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			flush()
			continue
		}
		if m := bulletLine.FindStringSubmatch(line); m != nil {
			if len(paragraph) > 0 {
				flush()
			}
			bullets = append(bullets, "- "+escapeLine(m[1], unknown))
			continue
		}
		if len(bullets) > 0 {
			flush()
		}
		paragraph = append(paragraph, escapeLine(line, unknown))
	}
	flush()
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "\n\n") + "\n"
}

// escapeLine is one line as Markdown that reads the same.
func escapeLine(line string, unknown func(string)) string {
	line = strings.TrimSpace(line)
	prefix := ""
	if m := numberedLine.FindStringSubmatch(line); m != nil {
		prefix, line = m[1]+`\`+m[2], line[len(m[1])+1:]
	} else if strings.ContainsAny(line[:1], "#>+-=~|:") {
		prefix, line = `\`+line[:1], line[1:]
	}
	return prefix + merge(line, func(s string) string {
		s = markdownMark.ReplaceAllString(s, `\$0`)
		return entityLike.ReplaceAllString(s, `\&$1`)
	}, unknown)
}
