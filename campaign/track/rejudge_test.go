package track_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// rulesOf are rules that take hits of some agents for a machine's, and all others for a person's.
func rulesOf(t testing.TB, agents ...string) *verdicts.Rules {
	t.Helper()
	text := "rules:\n"
	if len(agents) > 0 {
		text += fmt.Sprintf("  - {id: named, when: {agent_has: [%s]}, verdict: machine, confidence: certain, why: so, source: test}\n", strings.Join(agents, ", "))
	}
	r, err := verdicts.Read([]byte(text + "  - {id: others, verdict: human, confidence: guess, why: so, source: test}\n"))
	must(t, err)
	return r
}

// judgedBy is the world's service, not started, with other rules.
func (w *world) judgedBy(r *verdicts.Rules) *track.Service {
	s := track.New(w.db, w.queue, w.signer, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: publicURL}})
	s.UseRules(r)
	return s
}

// rejudge calls until there is nothing more, and adds up.
func (w *world) rejudge(s *track.Service, r fibonacco.RejudgeRequest) (sum fibonacco.Rejudging) {
	w.t.Helper()
	for {
		one, err := s.Rejudge(w.t.Context(), r)
		must(w.t, err)
		sum.Add(one)
		sum.Changed = append(sum.Changed, one.Changed...)
		if r.After = one.Next; r.After == 0 {
			return sum
		}
	}
}

const foo = "FooReader/1.0"

func TestRejudge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m, other := w.send("HOOK-001"), w.send("HOOK-001")
		hit := fibonacco.Hit{IP: "203.0.113.9", UserAgent: foo, Method: "GET"}
		m.open(hit)
		m.click(render.LinkLearn, hit)
		began := clock.Now()
		clock.Advance(time.Hour)
		m.open(human)
		other.open(human)
		clock.Advance(time.Hour)
		audits := func() int { return w.count(`SELECT COUNT(*) FROM audit_log WHERE action = 'tracking.rejudged'`) }

		none := w.rejudge(w.svc, fibonacco.RejudgeRequest{})
		equal(t, "by the same rules: mails, hits", [2]int{none.Sends, none.Hits}, [2]int{2, 4})
		equal(t, "by the same rules: changes", len(none.Changed)+none.Reattributed+audits()+m.events("email.rejudged"), 0)

		strict := w.judgedBy(rulesOf(t, "fooreader"))
		dry := w.rejudge(strict, fibonacco.RejudgeRequest{DryRun: true})
		equal(t, "dry run: changed", fmt.Sprint(dry.Changed), "[{human machine named 2}]")
		equal(t, "dry run: what follows", dry.Mails, fibonacco.RejudgedMails{Unclicked: 1, Moved: 1})
		equal(t, "dry run: nothing is written", m.rows("opened", "machine")+audits(), 0)

		w.rejudge(strict, fibonacco.RejudgeRequest{})
		equal(t, "opened", m.state().Opened.Equal(began.Add(time.Hour)), true)
		equal(t, "clicked", m.state().Clicked == nil, true)
		equal(t, "machine's open, click", [2]int{m.rows("opened", "machine"), m.rows("clicked", "machine")}, [2]int{1, 1})
		equal(t, "rule", m.rule("clicked"), "named")
		equal(t, "raw hit", w.count(`SELECT COUNT(*) FROM email_events WHERE user_agent = $1 AND method = 'GET'`, foo), 2)
		equal(t, "told, audited", [3]int{m.events("email.rejudged"), other.events("email.rejudged"), audits()}, [3]int{1, 0, 1})

		again := w.rejudge(strict, fibonacco.RejudgeRequest{})
		equal(t, "again", len(again.Changed)+again.Reattributed, 0)
		equal(t, "again: told, audited", [2]int{m.events("email.rejudged"), audits()}, [2]int{1, 1})

		since := clock.Now().Add(-time.Minute)
		equal(t, "since", w.rejudge(w.svc, fibonacco.RejudgeRequest{Since: &since}).Sends, 0)
		lenient := w.rejudge(w.judgedBy(rulesOf(t)), fibonacco.RejudgeRequest{})
		equal(t, "back", lenient.Mails, fibonacco.RejudgedMails{Clicked: 1, Moved: 1})
		equal(t, "opened again when it was", m.state().Opened.Equal(began), true)
	})
}

// What came later tells of an earlier hit what nobody could know then.
func TestRejudgeKnowsTheRest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m, early := w.send("HOOK-001"), w.send("HOOK-001")
		for _, link := range []int64{render.LinkLearn, render.LinkApprove, w.links["HOOK-001"]} {
			m.click(link, human)
			clock.Advance(time.Second)
		}
		early.click(render.LinkLearn, human)
		early.record("delivered", fibonacco.EmailEventData{At: clock.Now()}) // the provider says so afterwards
		equal(t, "at first", [2]int{m.rows("clicked", "human"), early.rows("clicked", "human")}, [2]int{2, 1})
		w.rejudge(w.svc, fibonacco.RejudgeRequest{})
		equal(t, "with the rest", [2]int{m.rows("clicked", "machine"), early.rows("clicked", "machine")}, [2]int{3, 1})
		equal(t, "opened", [2]bool{m.state().Opened == nil, early.state().Opened == nil}, [2]bool{true, true})
		equal(t, "rules", [2]string{m.rule("clicked"), early.rule("clicked")}, [2]string{"many_links", "too_soon_after_delivery"})
		equal(t, "after delivery", w.count(`SELECT COUNT(*) FROM email_events WHERE campaign_send_id = $1 AND after_delivery_ms = 0`, early.id), 1)
	})
}

func TestOverride(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		m.open(human)
		m.click(render.LinkLearn, fibonacco.Hit{UserAgent: "curl/8.4.0", Method: "GET"})
		m.record("opened", fibonacco.EmailEventData{})
		give := func(v fibonacco.Verdict, reason string) error {
			return w.svc.OverrideVerdict(t.Context(), m.id, v, reason)
		}

		must(t, give("machine", "their gateway says it is Safari"))
		equal(t, "machine", [3]bool{m.state().Opened == nil, m.state().Clicked == nil, m.rows("opened", "machine") == 2}, [3]bool{true, true, true})
		m.open(human)
		equal(t, "later hits too", m.state().Opened == nil, true)
		equal(t, "rule", m.rule("opened"), verdicts.ByStaff)
		report := w.rejudge(w.svc, fibonacco.RejudgeRequest{})
		equal(t, "kept", [2]int{report.Kept, len(report.Changed)}, [2]int{1, 0})

		must(t, give("human", "the owner rang"))
		equal(t, "human", [2]bool{m.state().Opened != nil, m.state().Clicked != nil}, [2]bool{true, true})
		must(t, give("human", "twice"))
		must(t, give("", ""))
		equal(t, "by the rules again", [2]bool{m.state().Opened != nil, m.state().Clicked == nil}, [2]bool{true, true})
		equal(t, "verdicts", [3]int{m.rows("opened", "human"), m.rows("opened", "unknown"), m.rows("clicked", "machine")}, [3]int{2, 1, 1})
		equal(t, "audited", w.count(`SELECT COUNT(*) FROM audit_log WHERE action = 'campaign_send.verdict_given' AND entity_id = $1`, fmt.Sprint(m.id)), 3)

		hits, err := w.svc.TrackingHits(t.Context(), m.id)
		must(t, err)
		equal(t, "hits", [2]string{fmt.Sprint(len(hits)), hits[2].UserAgent}, [2]string{"4", "curl/8.4.0"})
		for name, err := range map[string]error{
			"unknown is no decision": give("unknown", "who knows"), "no reason": give("machine", " "), "long": give("machine", strings.Repeat("x", 501)),
		} {
			equal(t, name, fibonacco.CodeOf(err), fibonacco.Invalid)
		}
		elsewhere := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Ana", Role: fibonacco.Operator, Communities: []int64{99}})
		_, err = w.svc.TrackingHits(elsewhere, m.id)
		equal(t, "of another community", fibonacco.CodeOf(err), fibonacco.NotFound)
		equal(t, "likewise", fibonacco.CodeOf(w.svc.OverrideVerdict(elsewhere, m.id, "human", "x")), fibonacco.NotFound)
		theirs, err := w.svc.Rejudge(elsewhere, fibonacco.RejudgeRequest{})
		must(t, err)
		equal(t, "likewise", theirs.Sends, 0)
	})
}

// Hits whose rows are deleted cannot be judged again: what they said stays.
func TestRejudgeKeepsWhatIsForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		m.open(human)
		opened := *m.state().Opened
		w.exec(`INSERT INTO email_event_days (campaign_send_id, day, event_type, verdict, events) VALUES ($1, $2, 'opened', 'human', 1)`, m.id, opened.UTC().Format(time.DateOnly))
		w.exec(`DELETE FROM email_events WHERE campaign_send_id = $1`, m.id)
		clock.Advance(48 * time.Hour)
		m.open(fibonacco.Hit{UserAgent: foo, Method: "GET"})
		w.rejudge(w.judgedBy(rulesOf(t, "fooreader")), fibonacco.RejudgeRequest{})
		equal(t, "machine", m.rows("opened", "machine"), 1)
		equal(t, "opened stays", m.state().Opened != nil && m.state().Opened.Equal(opened), true)
	})
}

// Many mails are taken in calls of bounded size.
func TestRejudgeInBatches(t *testing.T) {
	clock := fibonacco.NewFakeClock(dbtest.Start)
	w := newWorld(t, dbtest.Open(t, db.SQLite, clock), clock)
	var wg sync.WaitGroup
	for tokens := range slices.Chunk(w.manySends(1201), 50) {
		wg.Go(func() {
			for _, token := range tokens {
				if _, err := w.svc.Click(t.Context(), token, human); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s, calls := w.judgedBy(rulesOf(t, "iphone")), 0
	for r := (fibonacco.RejudgeRequest{}); ; calls++ {
		one, err := s.Rejudge(t.Context(), r)
		must(t, err)
		if r.After = one.Next; r.After == 0 {
			break
		}
	}
	equal(t, "calls before the last", calls, 2)
	equal(t, "still opened", w.count(`SELECT COUNT(*) FROM campaign_sends WHERE opened_at IS NOT NULL`), 0)
}
