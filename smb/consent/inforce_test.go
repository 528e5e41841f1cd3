package consent_test

import (
	"context"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
)

func TestInForce(t *testing.T) {
	const phone = "+17185550142"
	yes := fibonacco.Consent{Channel: "rvm", Granted: true, Wording: "Yes, leave me a message.", Source: "web form"}
	no := fibonacco.Consent{Channel: "rvm", Source: "phone call"}
	with := func(c fibonacco.Consent, change func(*fibonacco.Consent)) fibonacco.Consent {
		change(&c)
		return c
	}
	cases := map[string]struct {
		said []fibonacco.Consent // an hour after one another
		want bool
	}{
		"nothing":             {nil, false},
		"yes":                 {[]fibonacco.Consent{yes}, true},
		"switched by staff":   {[]fibonacco.Consent{with(yes, func(c *fibonacco.Consent) { c.Wording = "" })}, false},
		"taken back":          {[]fibonacco.Consent{yes, no}, false},
		"given again":         {[]fibonacco.Consent{yes, no, yes}, true},
		"switched on again":   {[]fibonacco.Consent{yes, no, with(yes, func(c *fibonacco.Consent) { c.Wording = "" })}, false},
		"yes, and switched":   {[]fibonacco.Consent{yes, with(yes, func(c *fibonacco.Consent) { c.Wording = "" })}, true},
		"for its number":      {[]fibonacco.Consent{with(yes, func(c *fibonacco.Consent) { c.Address = phone })}, true},
		"for another number":  {[]fibonacco.Consent{with(yes, func(c *fibonacco.Consent) { c.Address = "+17185550199" })}, false},
		"on another channel":  {[]fibonacco.Consent{with(yes, func(c *fibonacco.Consent) { c.Channel = "sms" })}, false},
		"no on another":       {[]fibonacco.Consent{yes, with(no, func(c *fibonacco.Consent) { c.Channel = "email" })}, true},
		"a no for any number": {[]fibonacco.Consent{yes, with(no, func(c *fibonacco.Consent) { c.Address = "+17185550199" })}, false},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		ids, asked := map[string]int64{}, []int64{}
		for name, c := range cases {
			ids[name] = w.smb(1, "", phone)
			asked = append(asked, ids[name])
			for i, said := range c.said {
				said.SMBID, said.OccurredAt = ids[name], clock.Now().Add(time.Duration(i-10)*time.Hour)
				w.add(said)
			}
		}
		w.update(func(ctx context.Context, tx *db.Tx) error {
			agreed, err := consent.InForce(ctx, tx, fibonacco.ChannelRVM, asked)
			for name, c := range cases {
				equal(t, name, agreed[ids[name]], c.want)
			}
			return err
		})
	})
}

func TestSuppressedNumbers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		gone := w.smb(1, "", "+17185550143")
		w.update(func(ctx context.Context, tx *db.Tx) error {
			if _, err := consent.SuppressAll(ctx, tx, []fibonacco.Suppression{{Value: "718-555-0142", Reason: "dnc"}}); err != nil {
				return err
			}
			return consent.Erase(ctx, tx, []int64{gone}, 1, []string{"+17185550143"})
		})
		w.update(func(ctx context.Context, tx *db.Tx) error {
			held, err := consent.Suppressed(ctx, tx, []string{"+17185550142", "+17185550143", "+17185550144"})
			equal(t, "listed", held["+17185550142"], true)
			equal(t, "erased", held["+17185550143"], true)
			equal(t, "neither", held["+17185550144"], false)
			return err
		})
	})
}
