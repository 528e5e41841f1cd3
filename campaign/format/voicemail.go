package format

import (
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
)

// maxVoicemail is the length of a voicemail in counted words: under 45 seconds.
const maxVoicemail = 110

// voicemailOpening is how the law has a recorded message begin: with who it is from.
const voicemailOpening = "This is a recorded message from {{ company_name }}"

// checkVoicemail checks what a voicemail says in which order: who, how to stop it, that a
// computer speaks, and last the number to call.
func (d *document) checkVoicemail() {
	s := strings.Join(strings.Fields(d.campaign.RVMScript), " ")
	if s == "" {
		if d.campaign.Type != fibonacco.Intro {
			d.strict("rvm_script", "is missing; only type INTRO goes without")
		}
		return
	}
	if !strings.HasPrefix(s, voicemailOpening) {
		d.error("rvm_script", "must begin with %q", voicemailOpening)
	}
	names := placeholderNames(s)
	out := slices.Index(names, template.OptOutNumber)
	if out != 1 {
		d.error("rvm_script", "must give {{ %s }} right after {{ %s }}", template.OptOutNumber, template.CompanyName)
	}
	if last := len(names) - 1; last < 0 || names[last] != template.CallbackNumber {
		d.error("rvm_script", "must end with the number to call, {{ %s }}", template.CallbackNumber)
	}
	before, rest, _ := strings.Cut(s, template.OptOutNumber)
	between, _, _ := strings.Cut(rest, template.CallbackNumber)
	if strings.Contains(before, "Sarah") {
		d.error("rvm_script", "must give {{ %s }} before Sarah speaks of herself", template.OptOutNumber)
	}
	if !strings.Contains(strings.ReplaceAll(strings.ToLower(s), "-", " "), "toll free") {
		d.error("rvm_script", "must say that the number to stop is toll free")
	}
	for _, what := range []string{"Sarah", "AI", "computer voice"} {
		if !strings.Contains(between, what) {
			d.error("rvm_script", "must say %q between the number to stop and the number to call", what)
		}
	}
	if n := words(s, spokenWords); n > maxVoicemail {
		d.warn("rvm_script", "has %d words, a number counted as 10 and a field as 3; at most %d", n, maxVoicemail)
	}
}

// spokenWords is how many words a placeholder counts as when it is read aloud.
func spokenWords(source string) int {
	if strings.Contains(source, template.OptOutNumber) || strings.Contains(source, template.CallbackNumber) {
		return 10
	}
	return 3
}

// placeholderNames is the known names in the order a template uses them, one per placeholder.
func placeholderNames(source string) []string {
	tokens, err := template.Scan(source)
	if err != nil {
		return nil
	}
	var names []string
	for _, t := range tokens {
		if t.Kind != template.PlaceholderToken {
			continue
		}
		for _, name := range template.Known {
			if strings.HasPrefix(strings.Trim(t.Source, "{}- \t"), name) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}
