package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/config"
)

// What is shipped is what a campaign may offer, and nothing of it promises what the programme's
// writers may not.
func TestShippedServices(t *testing.T) {
	services := read(t, options(t)).Config.Services
	equal(t, "number", len(services), len(format.Services))
	promise := regexp.MustCompile(`(?i)\b(free|guarantee|results|more customers|boost)`)
	for _, o := range services {
		automatic, known := format.Services[o.Type]
		equal(t, o.Type+" is known", known, true)
		equal(t, o.Type+" starts by itself", o.Automatic, automatic)
		equal(t, o.Type+" upsells", slices.Equal(o.Upsells, format.Upsells[o.Type]), true)
		for _, text := range append([]string{o.Title, o.Summary, o.Meeting}, o.Next...) {
			equal(t, text, promise.FindString(text), "")
		}
	}
}

func TestServicesOfOnesOwn(t *testing.T) {
	const whole = "  title: T\n  summary: S\n  next: [N]\n  meeting: M\n"
	for name, tc := range map[string]struct {
		file, refused string
	}{
		"one changed":    {file: "- type: listing_claim\n" + whole},
		"one added":      {file: "- type: window_cleaning\n" + whole + "  upsells: [listing_claim]\n"},
		"nothing":        {file: ""},
		"unknown key":    {file: "- type: listing_claim\n" + whole + "  price: 5\n", refused: "price"},
		"unknown upsell": {file: "- type: listing_claim\n" + whole + "  upsells: [reviewautomation]\n", refused: "review_automation"},
		"itself":         {file: "- type: listing_claim\n" + whole + "  upsells: [listing_claim]\n", refused: "itself"},
		"no title":       {file: "- type: listing_claim\n  summary: S\n  next: [N]\n  meeting: M\n", refused: "title"},
		"strange type":   {file: "- type: a/b\n" + whole, refused: "a/b"},
		"twice":          {file: "- type: x\n" + whole + "- type: x\n" + whole, refused: "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := options(t)
			if err := os.WriteFile(filepath.Join(opts.Dir, "services.yaml"), []byte(tc.file), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := config.Read(opts)
			if tc.refused != "" {
				if fibonacco.CodeOf(err) != fibonacco.Invalid || !regexp.MustCompile(regexp.QuoteMeta(tc.refused)).MatchString(err.Error()) {
					t.Fatalf("error %v, want one about %s", err, tc.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			last := s.Config.Services[len(s.Config.Services)-1].Type
			equal(t, "last", last == "window_cleaning", name == "one added")
			equal(t, "changed", s.Config.Services[0].Title == "T", name == "one changed")
		})
	}
}
