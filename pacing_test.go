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

func TestWarmupVolume(t *testing.T) {
	grows := fibonacco.WarmupConfig{Start: "2026-11-02", First: 50, Growth: 1.5, Most: 300}
	listed := fibonacco.WarmupConfig{Start: "2026-11-02", First: 50, Growth: 1.5, Most: 300, Volumes: []int{10, 1000}}
	for _, tc := range []struct {
		config  fibonacco.WarmupConfig
		date    string
		volume  int
		limited bool
	}{
		{grows, "2026-11-01", 0, false},
		{grows, "2026-11-02", 50, true},
		{grows, "2026-11-03", 75, true},
		{grows, "2026-11-04", 112, true},
		{grows, "2026-11-06", 253, true},
		{grows, "2026-11-07", 0, false},
		{grows, "2036-11-07", 0, false},
		{listed, "2026-11-02", 10, true},
		{listed, "2026-11-03", 1000, true},
		{listed, "2026-11-04", 0, false},
		{fibonacco.WarmupConfig{First: 50, Growth: 1.5, Most: 300}, "2026-11-02", 0, false},
	} {
		if volume, limited := tc.config.Volume(tc.date); volume != tc.volume || limited != tc.limited {
			t.Errorf("%s of %+v: %d, %t", tc.date, tc.config, volume, limited)
		}
	}
}
