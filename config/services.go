package config

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/fibonacco/fibonacco"
)

//go:embed services.yaml
var servicesYAML []byte

// readServices are the offerings of a file; an unknown key is an error.
func readServices(text []byte) (all []fibonacco.Offering, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return all, nil
}

// services are the shipped offerings, with those of the operator's files laid over them by type.
func (l *load) services(files []string) []fibonacco.Offering {
	all, err := readServices(servicesYAML)
	if err != nil {
		panic("config: embedded services: " + err.Error())
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			l.problem(name, "cannot be read: %s", cause(err))
			continue
		}
		own, err := readServices(text)
		if err != nil {
			l.problem(name, "cannot be read: %s", yamlCause(err))
			continue
		}
		seen := map[string]bool{}
		for _, o := range own {
			if seen[o.Type] {
				l.problem(name, "says %s twice", o.Type)
			}
			seen[o.Type] = true
			if i := slices.IndexFunc(all, func(known fibonacco.Offering) bool { return known.Type == o.Type }); i >= 0 {
				all[i] = o
			} else {
				all = append(all, o)
			}
		}
	}
	return all
}

// serviceType is what a service may be called: it stands in URLs and tokens.
var serviceType = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// validateServices refuses offerings that a page could not show, or that offer what is not there.
func validateServices(all []fibonacco.Offering, report func(path, reason string)) {
	known := make([]string, len(all))
	for i, o := range all {
		known[i] = o.Type
	}
	for _, o := range all {
		at := func(field string) string { return "services." + o.Type + "." + field }
		if !serviceType.MatchString(o.Type) {
			report("services", fmt.Sprintf("names the type %q: small letters, digits and underscores are allowed, 100 at most", o.Type))
		}
		for field, text := range map[string]string{"title": o.Title, "summary": o.Summary, "meeting": o.Meeting} {
			if strings.TrimSpace(text) == "" {
				report(at(field), "must not be empty")
			}
		}
		if utf8.RuneCountInString(o.Title) > 60 {
			report(at("title"), "must be at most 60 characters long")
		}
		if len(o.Next) == 0 {
			report(at("next"), "must say what happens after the yes")
		}
		if len(o.Upsells) > 3 {
			report(at("upsells"), "must be at most three")
		}
		for _, upsell := range o.Upsells {
			switch {
			case upsell == o.Type:
				report(at("upsells"), "must not offer the service itself")
			case !slices.Contains(known, upsell):
				report(at("upsells"), fmt.Sprintf("names the unknown service %q%s", upsell, didYouMean(upsell, known)))
			}
		}
	}
}
