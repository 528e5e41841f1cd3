package config

import (
	"fmt"
	"io"
	"strings"
)

const envExampleHead = `# Every environment variable of fibonacco, with what it does. The committed .env.example is made from
# config/fibonacco.yaml and config/queues.yaml by "go generate ./config".
#
# Copy it to .env, which compose.yaml and systemd's EnvironmentFile= read; for a shell, use
# "set -a; . ./.env". A line that begins with #NAME= shows a default: take the # away to change it.
# The other lines are empty, which counts as not set: fill in what you need. Only variables that
# you set stand above a fibonacco.yaml.
`

// WriteEnvExample writes .env.example: every variable with its default and a comment.
func WriteEnvExample(w io.Writer) error {
	var b strings.Builder
	b.WriteString(envExampleHead)
	fmt.Fprintf(&b, "\n##### Files\n")
	for _, name := range sortedKeys(otherVariables) {
		fmt.Fprintf(&b, "\n%s%s=\n", wrap(otherVariables[name]), name)
	}
	s, seen := shipped(), map[string]bool{"": true}
	for _, lf := range s.leaves {
		section, _ := split(lf.Path)
		s.heading(&b, section, seen)
		fmt.Fprintf(&b, "\n%s", wrap(lf.Doc))
		if lf.Default == "" {
			fmt.Fprintf(&b, "%s=\n", lf.Env)
		} else {
			fmt.Fprintf(&b, "#%s=%s\n", lf.Env, quoteValue(lf.Default))
		}
		if lf.Secret {
			fmt.Fprintf(&b, "# Or the file that holds it.\n#%s%s=\n", lf.Env, fileSuffix)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heading announces a section and those around it, once, with what their comments say.
func (s *schema) heading(b *strings.Builder, section string, seen map[string]bool) {
	if seen[section] {
		return
	}
	seen[section] = true
	around, _ := split(section)
	s.heading(b, around, seen)
	if doc := s.sections[section]; doc != "" {
		fmt.Fprintf(b, "\n##### %s\n%s", section, wrap(doc))
	}
}

// wrap makes a comment of a paragraph.
func wrap(text string) string {
	const width = 98
	var b strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	if line != "#" {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// quoteValue quotes what a shell would tear apart.
func quoteValue(text string) string {
	if strings.ContainsAny(text, " '\"$`\\#;&|<>()*?[]{}~!") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}
