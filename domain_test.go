package fibonacco_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

func TestCommunityValidateNamesEveryField(t *testing.T) {
	negative := -1
	err := (&fibonacco.Community{Slug: "Red Hook", State: "New York", Timezone: "Local", Population: &negative}).Validate()
	var e *fibonacco.Error
	if !errors.As(err, &e) || e.Code != fibonacco.Invalid {
		t.Fatalf("got %v, want Invalid", err)
	}
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, f.Field)
	}
	if len(fields) != 5 {
		t.Errorf("named %v, want name, slug, state, timezone and population", fields)
	}
	good := fibonacco.Community{Name: "Red Hook", Slug: "red-hook", State: "NY", Timezone: "America/New_York"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidEmail(t *testing.T) {
	for address, want := range map[string]bool{
		"owner@shop.example": true, "o'brien+x@sub.shop.example": true, "üser@shop.example": true,
		"": false, "owner": false, "owner@shop": false, "@shop.example": false, "a b@shop.example": false,
		"owner@shop.example\r\nBcc: x@y.example": false, "Owner <owner@shop.example>": false,
		"owner@.example": false, "owner@shop..example": false, "a@b@c.example": false,
	} {
		if got := fibonacco.ValidEmail(address); got != want {
			t.Errorf("ValidEmail(%q) = %v, want %v", address, got, want)
		}
	}
	if got := fibonacco.NormalizeEmail("  Owner@SHOP.Example "); got != "Owner@shop.example" {
		t.Errorf("NormalizeEmail = %q", got)
	}
}

func TestTierOfScore(t *testing.T) {
	c := fibonacco.EngagementConfig{Tiers: map[int]fibonacco.TierConfig{1: {MinScore: 80}, 2: {MinScore: 50}, 3: {MinScore: 20}, 4: {}}}
	for score, want := range map[int]int{0: 4, 15: 4, 19: 4, 20: 3, 49: 3, 50: 2, 55: 2, 79: 2, 80: 1, 100: 1} {
		if got := c.Tier(score); got != want {
			t.Errorf("Tier(%d) = %d, want %d", score, got, want)
		}
	}
}

func TestScaledClock(t *testing.T) {
	real := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := fibonacco.ClockAnchor{Real: real, Virtual: time.Date(2030, 6, 1, 8, 0, 0, 0, time.UTC), Scale: 3600}
	if got, want := a.At(real.Add(2*time.Second)), a.Virtual.Add(2*time.Hour); !got.Equal(want) {
		t.Errorf("two seconds on it is %v, want %v", got, want)
	}
	if got := a.At(real.Add(-time.Hour)); !got.Equal(a.Virtual) {
		t.Errorf("before the anchor it is %v: the clock ran backwards", got)
	}
	c := fibonacco.NewScaledClock(fibonacco.ClockAnchor{Real: time.Now(), Virtual: a.Virtual, Scale: 86400})
	before := c.Now()
	c.SetScale(0)
	paused := c.Now()
	time.Sleep(5 * time.Millisecond)
	if paused.Before(before) || !c.Now().Equal(paused) {
		t.Errorf("paused at %v, now %v", paused, c.Now())
	}
	c.SetScale(-5)
	if c.Anchor().Scale != 0 {
		t.Error("a clock runs backwards")
	}
	c.SetScale(1000)
	began := time.Now()
	if err := c.Sleep(t.Context(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("20 virtual seconds took %v at scale 1000", took)
	}
}

// Every event says what it is on a zero value, and no two say the same.
func TestEventTypesAreUnique(t *testing.T) {
	all := []fibonacco.Event{
		fibonacco.SMBCreated{},
		fibonacco.SMBUpdated{},
		fibonacco.SMBEngagementChanged{},
		fibonacco.SMBTierChanged{},
		fibonacco.CampaignSendQueued{},
		fibonacco.CampaignSendCompleted{},
		fibonacco.EmailDelivered{},
		fibonacco.EmailOpened{},
		fibonacco.EmailClicked{},
		fibonacco.EmailBounced{},
		fibonacco.EmailComplained{},
		fibonacco.Unsubscribed{},
		fibonacco.PreferencesChanged{},
		fibonacco.ConfirmationAsked{},
		fibonacco.RVMDropQueued{},
		fibonacco.RVMDropDelivered{},
		fibonacco.CallbackReceived{},
		fibonacco.ContentViewed{},
		fibonacco.ContentCompleted{},
		fibonacco.ApprovalSubmitted{},
		fibonacco.ApprovalProvisioned{},
		fibonacco.UpsellOffered{},
		fibonacco.UpsellAccepted{},
		fibonacco.InboundEmailReceived{},
		fibonacco.ChatMessageReceived{},
		fibonacco.AITaskSuggested{},
		fibonacco.AITaskApproved{},
		fibonacco.AITaskCompleted{},
		fibonacco.AIResponseGenerated{},
	}
	seen := map[string]bool{}
	for _, e := range all {
		meta := e.Meta()
		if meta.Type == "" || meta.Category == "" || seen[meta.Type] {
			t.Errorf("%T says %+v", e, meta)
		}
		seen[meta.Type] = true
	}
}

func TestLasting(t *testing.T) {
	for _, c := range []struct {
		clock fibonacco.Clock
		want  time.Duration
	}{
		{fibonacco.SystemClock{}, time.Minute},
		{fibonacco.NewScaledClock(fibonacco.ClockAnchor{Scale: 60}), time.Hour},
		{fibonacco.NewScaledClock(fibonacco.ClockAnchor{Scale: 0}), time.Minute}, // a clock that stands still lets nothing run out
	} {
		if got := fibonacco.Lasting(c.clock, time.Minute); got != c.want {
			t.Errorf("%T: %s, want %s", c.clock, got, c.want)
		}
	}
}
