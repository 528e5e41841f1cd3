package format_test

import (
	"testing"

	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/library"
)

func TestZZ(t *testing.T) {
	es, ps := format.Load(library.FS)
	for _, p := range ps {
		t.Error(p)
	}
	for _, e := range es {
		t.Log(e.File, e.Campaign.Day, e.Campaign.EmailTemplateID, e.Content.DurationSeconds, e.Content.PersonalizationFields, e.Content.Type)
	}
}
