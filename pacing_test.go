package fibonacco_test

import (
	"maps"
	"testing"

	"github.com/fibonacco/fibonacco"
)

func TestParseDomainLimits(t *testing.T) {
	got, err := fibonacco.ParseDomainLimits([]string{" GMail.com  connections=4 rate=20 ", "yahoo.com. rate=.5"})
	want := map[string]fibonacco.DomainLimit{"gmail.com": {Connections: 4, Rate: 20}, "yahoo.com": {Rate: 0.5}}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "gmail.com", "a@gmail.com rate=2", "gmail rate=2", "gmail.com rate", "gmail.com rate=NaN", "gmail.com rate=Inf", "gmail.com connections=-1", "gmail.com connections=1.5", "gmail.com burst=2"} {
		if _, err := fibonacco.ParseDomainLimits([]string{text}); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
