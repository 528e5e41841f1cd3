package voicemail_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

var (
	zones = []string{
		"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage",
		"Pacific/Honolulu", "America/Puerto_Rico", "America/Indiana/Indianapolis", "America/Boise", "Pacific/Guam",
	}
	states = []string{
		"AL", "AK", "AZ", "CA", "CT", "FL", "GA", "HI", "IL", "IN", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MS", "NE", "NM", "NV", "NY",
		"OK", "PA", "RI", "SC", "SD", "TX", "UT", "WA", "WY", "PR", "",
	}
	phones = []string{
		"+12125550142", "+12135550142", "+13055550142", "+18505550142", "+15045550142", "+16015550142", "+12055550142", "+14055550142",
		"+12065550142", "+14015550142", "+12155550142", "+18015550142", "+12075550142", "+16055550142", "+12085550142", "+19075550142",
		"+18085550142", "+16715550142", "+17875550142", "+15550010001", "+18005550142", "+14165550142", "+14025550142", "+18035550142", "",
	}
	// Moments around which the clock or the calendar does something unusual.
	edges = []time.Time{
		time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), time.Date(2027, 3, 14, 10, 0, 0, 0, time.UTC),
		time.Date(2026, 12, 31, 22, 0, 0, 0, time.UTC), time.Date(2027, 7, 4, 14, 0, 0, 0, time.UTC), time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC),
		time.Date(2028, 2, 29, 15, 0, 0, 0, time.UTC), time.Date(2026, 2, 17, 16, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 4, 0, 0, 0, time.UTC),
	}
)

var loaded = func() (all []*time.Location) {
	for _, name := range zones {
		z, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		all = append(all, z)
	}
	return all
}()

// permitted is the law once more, written down minute by minute and without the package's own
// search: every state that is named, in every time zone that is, and the company's window.
func permitted(c voicemail.Case, company law.Company, at time.Time) error {
	area := law.AreaOf(c.Phone)
	zones := append([]*time.Location{c.Zone}, area.Zones...)
	for _, state := range []string{c.State, c.CommunityState} {
		if !usesClock(state, c.Zone) {
			zones = append(zones, law.ZonesOf(state)...)
		}
	}
	for _, zone := range zones {
		local := at.In(zone)
		minute := local.Hour()*60 + local.Minute()
		last := minute + int(law.Landing/time.Minute)
		for _, state := range []string{c.State, c.CommunityState, area.State, ""} {
			r := law.Of(state)
			span := r.Hours[local.Weekday()]
			off := law.Holiday(state, local)
			if off != "" && r.DayOff != nil {
				span.From, span.Until = max(span.From, r.DayOff.From), min(span.Until, r.DayOff.Until)
			}
			if minute < span.From || last >= span.Until {
				return fmt.Errorf("%s in %s: %s is outside %s", state, zone, local, span)
			}
			if off != "" && !company.DaysOff {
				return fmt.Errorf("%s in %s: %s is %s", state, zone, local, off)
			}
		}
		if !company.Days[local.Weekday()] || minute < company.Hours.From || last >= company.Hours.Until {
			return fmt.Errorf("in %s: %s is outside the company's window", zone, local)
		}
	}
	return nil
}

// usesClock reports whether a state's clocks show what a zone's do, in some part of it.
func usesClock(state string, zone *time.Location) bool {
	for _, z := range law.ZonesOf(state) {
		same := true
		for _, month := range []time.Month{1, 7} {
			at := time.Date(2026, month, 15, 12, 0, 0, 0, time.UTC)
			same = same && at.In(z).Format("15:04") == at.In(zone).Format("15:04")
		}
		if same {
			return true
		}
	}
	return false
}

func drawCase(r *rand.Rand) voicemail.Case {
	c := voicemail.Case{
		Zone: loaded[r.IntN(len(loaded))], Phone: phones[r.IntN(len(phones))], State: states[r.IntN(len(states))], CommunityState: states[r.IntN(len(states))],
		Tier: 1 + r.IntN(4), OptedIn: r.IntN(8) > 0, Consent: r.IntN(4) > 0, Blocked: r.IntN(10) == 0,
		Last24h: max(0, r.IntN(8)-4), UsedMonth: r.IntN(6), Now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(4 * 365 * 24 * int64(time.Hour)))),
	}
	c.Last3d, c.UsedQuarter = c.Last24h+max(0, r.IntN(4)-2), c.UsedMonth+max(0, r.IntN(4)-2)
	if r.IntN(3) == 0 {
		c.Now = edges[r.IntN(len(edges))].Add(time.Duration(r.Int64N(int64(72*time.Hour))) - 36*time.Hour)
	}
	return c
}

// Over more than a hundred thousand businesses, places, days and histories: no voicemail is planned or
// leaves outside the hours of any state involved, none goes to who may get none, and no limit is
// exceeded. What is planned may leave when its time has come.
func TestNoVoicemailOutsideTheLaw(t *testing.T) {
	t.Parallel()
	const each = 1100
	tried, planned := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		cfg := testConfig()
		cfg.RVM.RequireConsent = rapid.Bool().Draw(rt, "require consent")
		cfg.RVM.OnHolidays = rapid.Bool().Draw(rt, "on holidays")
		if rapid.Bool().Draw(rt, "wide") {
			cfg.RVM.WindowFromLocal, cfg.RVM.WindowUntilLocal, cfg.RVM.WindowDays = "00:00", "23:59", []int{1, 2, 3, 4, 5, 6, 7}
		}
		cfg.RVM.SendTimeLocal = rapid.SampledFrom([]string{"10:00", "08:00", "12:30", "19:45"}).Draw(rt, "send time")
		company := law.Company{Hours: law.Span{From: 600, Until: 1080}, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, DaysOff: cfg.RVM.OnHolidays}
		if cfg.RVM.WindowFromLocal == "00:00" {
			company.Hours, company.Days = law.Span{From: 0, Until: 23*60 + 59}, [7]bool{true, true, true, true, true, true, true}
		}
		svc, err := voicemail.New(voicemail.Options{Config: cfg})
		if err != nil {
			rt.Fatal(err)
		}
		seed := rapid.Uint64().Draw(rt, "seed")
		random := rand.New(rand.NewPCG(seed, 1))
		for range each {
			tried++
			c := drawCase(random)
			when, reason := svc.Judge(c)
			if svc.MayLeave(c) {
				if err := permitted(c, company, c.Now); err != nil {
					rt.Fatalf("%+v may leave at %s: %v", c, c.Now, err)
				}
			}
			if reason != "" {
				continue
			}
			planned++
			if err := permitted(c, company, when); err != nil {
				rt.Fatalf("%+v is planned for %s: %v", c, when, err)
			}
			area := law.AreaOf(c.Phone)
			asked := cfg.RVM.RequireConsent
			for _, s := range []string{c.State, c.CommunityState, area.State} {
				asked = asked || law.Of(s).Consent
			}
			limit := cfg.RVM.MonthlyLimits[c.Tier]
			switch {
			case when.Before(c.Now):
				rt.Fatalf("%+v is planned for the past, %s", c, when)
			case !c.OptedIn || c.Blocked || c.Phone == "" || area.Kind == law.TollFree || area.Kind == law.Unknown:
				rt.Fatalf("%+v may get none", c)
			case asked && !c.Consent:
				rt.Fatalf("%+v has not consented", c)
			case c.Last24h >= 3 || c.Last3d >= 3:
				rt.Fatalf("%+v has been tried too often", c)
			case limit > 0 && c.UsedMonth >= limit || limit == 0 && c.UsedQuarter >= 1:
				rt.Fatalf("%+v is over its limit", c)
			}
			later := c
			later.Now, later.Last24h, later.Last3d = when, 0, 0
			if !svc.MayLeave(later) {
				rt.Fatalf("%+v is planned for %s, and may not leave then", c, when)
			}
		}
	})
	if !t.Failed() && (tried < 100_000 || planned < tried/50) {
		t.Errorf("only %d cases, %d of them planned", tried, planned)
	}
}

// Next finds the first permitted moment: a search minute by minute finds no earlier one.
func TestNextIsTheFirst(t *testing.T) {
	t.Parallel()
	company := law.Company{Hours: law.Span{From: 10 * 60, Until: 18 * 60}, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		c := drawCase(random)
		p := law.NewParty(c.Zone, law.AreaOf(c.Phone), c.CommunityState, c.State)
		when, ok := p.Next(company, c.Now, 600)
		first := time.Time{}
		y, m, d := c.Now.In(c.Zone).Date()
	days:
		for n := range 14 {
			begin := time.Date(y, m, d+n, 10, 0, 0, 0, c.Zone)
			for at := begin; !begin.Before(c.Now) && at.In(c.Zone).Day() == begin.Day(); at = at.Add(5 * time.Minute) {
				if permitted(c, company, at) == nil {
					first = at
					break days
				}
			}
		}
		if ok == first.IsZero() || ok && !when.Equal(first) {
			t.Fatalf("%+v: next is %s (%t), want %s", c, when, ok, first)
		}
	}
}

// Businesses in many places live through ten weeks over two months' ends and a change of the clock:
// each hand-over is within the hours of every state involved, and no month or quarter exceeds its
// limit, whatever the provider answers.
func TestTenWeeks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		random := rand.New(rand.NewPCG(7, uint64(len(d.Engine()))))
		company := law.Company{Hours: law.Span{From: 600, Until: 1080}, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
		type place struct {
			voicemail.Case
			perMonth, perQuarter map[string]int
		}
		places := map[int64]*place{}
		byPhone := map[string]int64{}
		w.consents = map[int64]bool{}
		var ids []int64
		for n := range 40 {
			c := drawCase(random)
			area := []string{"212", "213", "305", "850", "504", "601", "205", "405", "206", "401", "215", "801", "808", "907", "402"}[random.IntN(15)]
			c.Phone = fmt.Sprintf("+1%s555%04d", area, n)
			if c.CommunityState == "" {
				c.CommunityState = "NY"
			}
			id := w.smbIn(w.community(c.CommunityState, c.Zone.String()), c.Phone, c.Tier)
			w.exec(`UPDATE smbs SET state = $1, rvm_opted_in = $2 WHERE id = $3`, db.Null(c.State), c.OptedIn, id)
			w.consents[id] = c.Consent
			places[id] = &place{c, map[string]int{}, map[string]int{}}
			byPhone[c.Phone] = id
			ids = append(ids, id)
		}
		failed := map[string]bool{} // keys of hand-overs that did not arrive
		w.provider.answer = func(v fibonacco.Voicemail) fibonacco.Handover {
			p := places[byPhone[v.To]]
			if err := permitted(p.Case, company, clock.Now()); err != nil {
				t.Errorf("a voicemail left: %v", err)
			}
			if !p.Consent || !p.OptedIn {
				t.Errorf("a voicemail left to who may get none")
			}
			if random.IntN(10) == 0 {
				return fibonacco.Handover{Result: fibonacco.Unanswered}
			}
			local := clock.Now().In(p.Zone)
			month := local.Format("2006-01")
			quarter := fmt.Sprintf("%d-%d", local.Year(), (local.Month()+2)/3)
			p.perMonth[month]++
			p.perQuarter[quarter]++
			if random.IntN(6) == 0 {
				failed[v.Key] = true
				p.perMonth[month]--
				p.perQuarter[quarter]--
			}
			return fibonacco.Handover{Result: fibonacco.Accepted, MessageID: v.Key}
		}
		begin := time.Date(2026, 2, 23, 5, 0, 0, 0, time.UTC)
		for day := range 70 {
			clock.Set(begin.AddDate(0, 0, day))
			mails := db.NewBatch("uuid uuid", "smb bigint")
			for _, id := range ids {
				if random.IntN(2) == 0 {
					mails.Add(newUUID(), id)
				}
			}
			must(t, d.Update(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.ExecBatch(t.Context(), mails, `
					INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, sent_at, occurrence, created_at, updated_at)
					SELECT uuid, smb, 'HOOK-001', 'o@shop.example', 'sent', $1, 1, $1, $1 FROM rows WHERE TRUE
					ON CONFLICT (smb_id, campaign_id, occurrence) DO UPDATE
					SET occurrence = 1, sent_at = excluded.sent_at, rvm_triggered = FALSE, rvm_drop_id = NULL`, clock.Now().Add(-26*time.Hour)); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), `UPDATE rvm_drops SET campaign_send_id = NULL WHERE status IN ('delivered', 'failed', 'cancelled')`)
				return err
			}))
			must(t, w.svc.Consider(t.Context(), clock.Now()))
			for hour := range 6 {
				clock.Set(begin.AddDate(0, 0, day).Add(time.Duration(9+3*hour)*time.Hour + time.Duration(random.IntN(180))*time.Minute))
				due := list[int64](w, `SELECT id FROM rvm_drops WHERE status = 'queued' AND scheduled_for <= $1 ORDER BY id`, clock.Now())
				if len(due) > 0 {
					must(t, w.svc.HandOver(t.Context(), due))
				}
			}
			for _, key := range list[string](w, `SELECT provider_message_id FROM rvm_drops WHERE status = 'sent' AND provider_message_id IS NOT NULL`) {
				id := get[int64](w, `SELECT id FROM rvm_drops WHERE provider_message_id = $1`, key)
				outcome := fibonacco.DropDelivered
				if failed[key] {
					outcome = fibonacco.DropFailed
				}
				w.report(fibonacco.DropReport{DropID: id, Outcome: outcome, Status: "word"})
			}
		}
		limits := testConfig().RVM.MonthlyLimits
		total := 0
		for id, p := range places {
			for month, n := range p.perMonth {
				total += n
				if limit := limits[p.Tier]; limit > 0 && n > limit {
					t.Errorf("business %d of tier %d got %d in %s", id, p.Tier, n, month)
				}
			}
			for quarter, n := range p.perQuarter {
				if limits[p.Tier] == 0 && n > 1 {
					t.Errorf("business %d of tier %d got %d in %s", id, p.Tier, n, quarter)
				}
			}
		}
		if total < 40 {
			t.Errorf("only %d voicemails in ten weeks", total)
		}
		reasons := list[string](w, `SELECT DISTINCT reason FROM voicemail_skips`)
		slices.Sort(reasons)
		for _, want := range []string{"monthly_limit", "no_consent", "not_opted_in"} {
			if !slices.Contains(reasons, want) {
				t.Errorf("nobody was refused for %s: %s", want, strings.Join(reasons, ", "))
			}
		}
	})
}
