package smb_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// planned is how many businesses the plans are looked at with.
const planned = 50_000

// fillPlanned stores businesses as they are in life: most of them quiet, a few of everything rare.
func fillPlanned(t *testing.T, d *db.DB, s *smb.Service) (towns []int64) {
	t.Helper()
	for i := range 10 {
		towns = append(towns, newCommunity(t, s, fmt.Sprint("town-", i), "America/New_York"))
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list string) string {
		words := strings.Fields(list)
		return words[r.IntN(len(words))]
	}
	rare := func(one int, value, otherwise any) any {
		if r.IntN(one) == 0 {
			return value
		}
		return otherwise
	}
	now := dbtest.Start
	for done := 0; done < planned; {
		rows := db.NewBatch("uuid uuid", "town bigint", "name text", "key text", "category text", "kind text", "email text", "phone text", "city text", "state text",
			"zip text", "tier integer", "score integer", "status text", "step text", "day integer", "model text", "plan text", "source text",
			"mails boolean", "voice boolean", "dnc boolean", "quality integer", "opened timestamptz", "clicked timestamptz", "added timestamptz", "changed timestamptz")
		for ; rows.Len() < 10_000; done++ {
			name := pick("Bella Sunset Royal Corner Golden Harbor Maple Union Liberty Prospect Atlantic Empire Crown Silver Lucky") + " " +
				pick("Bakery Pizza Barber Florist Plumbing Dentist Laundry Cafe Grill Deli Pharmacy Fitness Yoga Salon Nails") + fmt.Sprint(" ", r.IntN(300))
			score := r.IntN(20)
			tier := 4
			if r.IntN(10) == 0 {
				score, tier = 20+r.IntN(30), 3
			}
			rows.Add(uuid.NewString(), towns[done*10/planned], name, normal.NameKey(name), rare(2000, "Astrologer", pick("Bakery Pizza Barber Florist Plumbing")),
				rare(2000, "Guild", nil), fmt.Sprintf("owner%d@shop%d.example", done, done%977), fmt.Sprintf("+1718%07d", done), rare(2000, "Nowhere", pick("Brooklyn Queens Bronx")),
				rare(2000, "AK", "NY"), fmt.Sprint(10000+done%60), rare(2000, 1, tier), rare(2000, 95, score), rare(2000, "paused", pick("pending active active active")),
				rare(2000, "RARE-001", rare(2, "HOOK-001", nil)), rare(2000, 89, r.IntN(20)), rare(2000, "ai_account_manager", "self_service"), rare(2000, "premium", "free"),
				rare(2000, "fair", "import"), rare(2000, false, true), rare(2000, false, true), rare(2000, true, false), rare(2000, 5, 60+r.IntN(40)),
				rare(2000, now, nil), rare(2000, now, nil), now.Add(-time.Duration(r.IntN(1e6))*time.Second), now.Add(-time.Duration(r.IntN(1e6))*time.Second))
		}
		run(t, d, func(tx *db.Tx) error {
			var ids []int64
			if err := tx.QueryBatch(t.Context(), rows, `
				INSERT INTO smbs (uuid, community_id, business_name, name_key, category, business_type, primary_email, email_key, primary_phone, city, state, zip,
					engagement_tier, engagement_score, campaign_status, current_campaign_id, manifest_destiny_day, service_model, subscription_tier, source,
					email_opted_in, rvm_opted_in, do_not_contact, data_quality_score, last_email_open, last_email_click, created_at, updated_at)
				SELECT uuid, town, name, key, category, kind, email, email, phone, city, state, zip, tier, score, status, step, day, model, plan, source,
					mails, voice, dnc, quality, opened, clicked, added, changed FROM rows RETURNING id`, func(row db.Row) error {
				var id int64
				err := row.Scan(&id)
				ids = append(ids, id)
				return err
			}); err != nil {
				return err
			}
			return s.Reindex(t.Context(), tx, ids)
		})
	}
	exec(t, d, `INSERT INTO smb_tags (smb_id, tag) SELECT id, CASE WHEN id % 2000 = 0 THEN 'vip' ELSE 'member' END FROM smbs WHERE id % 2 = 0`)
	exec(t, d, `INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, source_type, status, approved_at)
		SELECT uuid, id, CASE WHEN id % 6000 = 0 THEN 'booking' ELSE 'reviews' END, 'Rosa', 'rosa@example.com', 'email', CASE WHEN id % 4000 = 0 THEN 'pending' ELSE 'provisioned' END,
		created_at FROM smbs WHERE id % 200 = 0`)
	if d.Engine() == db.Postgres {
		_, err := d.Pool().Exec(t.Context(), "ANALYZE")
		must(t, err)
	} else {
		exec(t, d, "ANALYZE")
	}
	return towns
}

// rarely and mostly are conditions of each field that leave few businesses and many.
var rarely = fibonacco.Filter{
	"id": "17,40000", "uuid": "0193c2f0-0000-7000-8000-000000000001", "community_id": "1", "business_name": "Bella Bakery 7", "business_type": "Guild",
	"category": "Astrologer", "primary_email": "owner77@shop77.example", "primary_phone": "(718) 000-0077", "city": "Nowhere", "state": "AK", "zip": "10007",
	"engagement_tier": "1", "engagement_score": "90..", "campaign_status": "paused", "current_campaign_id": "RARE-001", "manifest_destiny_day": "80..",
	"service_model": "ai_account_manager", "subscription_tier": "premium", "source": "fair", "tag": "vip", "approved_service": "booking", "waiting_service": "!null", "email_opted_in": "false", "rvm_opted_in": "!true",
	"do_not_contact": "true", "data_quality_score": "..20", "last_email_open": "!null", "last_email_click": "2026-01-01..", "created_at": "2026-03-02..",
	"updated_at": "2026-03-02..",
}

var mostly = fibonacco.Filter{
	"id": "!5", "community_id": "!1", "business_name": "a..z", "business_type": "null", "category": "Bakery,Pizza", "city": "Queens", "state": "NY", "zip": "!10007",
	"primary_email": "!null", "primary_phone": "!null", "engagement_tier": "4", "engagement_score": "..30", "campaign_status": "active", "current_campaign_id": "null",
	"manifest_destiny_day": "..10", "service_model": "!ai_account_manager", "subscription_tier": "free", "source": "import", "tag": "member", "approved_service": "null", "waiting_service": "!booking", "email_opted_in": "true",
	"rvm_opted_in": "true", "do_not_contact": "false", "data_quality_score": "70..", "last_email_open": "null", "last_email_click": "null",
	"created_at": "2026-02-01..", "updated_at": "..2026-03-02",
}

// together is two conditions, each of a few in a hundred, that hardly a business meets at once.
var together = fibonacco.Filter{"zip": "10007", "data_quality_score": "70"}

// question is one question to the list, with a name for people.
type question struct {
	name string
	fibonacco.SMBQuery
	most int // rows that may be read for it; 0 means a good part of the table
}

func planQuestions(towns []int64) []question {
	var all []question
	add := func(name string, f fibonacco.SMBFilter, sort ...string) {
		all = append(all, question{name, fibonacco.SMBQuery{Filter: f, Sort: sort}, 0})
	}
	for _, f := range fibonacco.SMBListing.Fields {
		for _, conditions := range []fibonacco.Filter{rarely, mostly} {
			if c, ok := conditions[f.Name]; ok {
				for _, sort := range []string{"id", "-engagement_score", "business_name"} {
					add(f.Name+"="+c+" by "+sort, fibonacco.SMBFilter{Where: fibonacco.Filter{f.Name: c}}, sort)
				}
			}
		}
	}
	for _, sort := range fibonacco.SMBListing.SortNames() {
		add("all by "+sort, fibonacco.SMBFilter{}, sort)
		add("all by -"+sort, fibonacco.SMBFilter{}, "-"+sort)
	}
	add("score and name", fibonacco.SMBFilter{}, "-engagement_score", "-updated_at")
	for _, c := range []fibonacco.Filter{
		{"community_id": fmt.Sprint(towns[3]), "campaign_status": "active", "engagement_tier": "3,4"},
		{"category": "Bakery", "city": "Queens", "email_opted_in": "true"},
		{"engagement_tier": "1,2,3", "source": "import", "engagement_score": "45.."},
		{"engagement_tier": "4", "engagement_score": "40.."}, // each frequent, never together
		{"state": "AK", "category": "Astrologer", "zip": "!10007"},
		together,
		{"tag": "vip", "campaign_status": "active", "created_at": "2026-02-20..2026-02-25"},
	} {
		for _, sort := range []string{"id", "-engagement_score", "business_name", "-updated_at"} {
			add(fmt.Sprint(c, " by ", sort), fibonacco.SMBFilter{Where: c}, sort)
		}
	}
	for _, text := range []string{
		"bella bakery", "bakery", "example", "owner4711@", "owner77@shop77.example", "(718) 000-0077", "718-0000", "be", "b", "bel 7", "zzyzx", "bellakery",
	} {
		add("search "+text, fibonacco.SMBFilter{Search: text})
		add("search in a town "+text, fibonacco.SMBFilter{Search: text, CommunityIDs: towns[:1]})
		add("search rare "+text, fibonacco.SMBFilter{Search: text, Where: fibonacco.Filter{"do_not_contact": "true"}})
		add("search by "+text, fibonacco.SMBFilter{Search: text, Categories: []string{"Pizza"}}, "-updated_at")
	}
	// Few of many, by an order that says nothing of them: the index of the order tells tier and score.
	for _, tier := range []string{"3", "1,2,3"} {
		c := fibonacco.Filter{"engagement_tier": tier, "source": "import", "engagement_score": "45.."}
		all = append(all, question{fmt.Sprint(c, " by newest change"), fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Where: c}, Sort: []string{"-updated_at"}}, 600})
	}
	// Some more than a page of them, by an order that puts them anywhere: the text index finds them.
	for _, text := range []string{"bakery 12", "pizza 2", "grill 13"} {
		all = append(all, question{"a short page of " + text, fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Search: text}, Size: 3}, 4000})
	}
	return all
}

// statement is what was asked of the database.
type statement struct {
	query string
	args  []any
}

// asked is the statements of a question, and of the one for its second page.
func asked(t *testing.T, s *smb.Service, q fibonacco.SMBQuery) []statement {
	t.Helper()
	var all []statement
	ctx := db.Watch(t.Context(), func(query string, args []any) { all = append(all, statement{query, args}) })
	page, err := s.QuerySMBs(ctx, q)
	must(t, err)
	if q.Cursor = page.Next; q.Cursor != "" {
		_, err := s.QuerySMBs(ctx, q)
		must(t, err)
	}
	return all
}

// No question reads a whole table, whatever it asks for, on any page.
func TestNoListReadsEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("builds 50,000 businesses on each engine")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		questions := planQuestions(fillPlanned(t, d, s))
		for _, q := range questions {
			for _, st := range asked(t, s, q.SMBQuery) {
				if d.Engine() == db.SQLite {
					looksAtLite(t, d, q.name, st)
				} else {
					looksAtPostgres(t, d, q, st)
				}
			}
		}
		page, err := s.QuerySMBs(t.Context(), fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Where: together}, Size: 200})
		must(t, err)
		want := count(t, d, `SELECT count(*) FROM smbs WHERE zip = '10007' AND data_quality_score = 70`)
		if want == 0 || len(page.Data) != want {
			t.Errorf("%d businesses are listed for %v, want %d", len(page.Data), together, want)
		}
	})
}

// looksAtLite fails a plan that goes through a table, or through all of an index to put it in order.
func looksAtLite(t *testing.T, d *db.DB, name string, st statement) {
	t.Helper()
	var plan []string
	must(t, d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(t.Context(), `EXPLAIN QUERY PLAN `+st.query, st.args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				return err
			}
			plan = append(plan, line)
		}
		return rows.Err()
	}))
	sorts := strings.Contains(strings.Join(plan, "\n"), "USE TEMP B-TREE FOR ORDER BY")
	for _, line := range plan {
		for _, table := range []string{"smbs", "smb_search", "these", "copy", "found", "smb_tags"} {
			if partial(line) {
				continue
			}
			if line == "SCAN "+table || strings.HasPrefix(line, "SCAN "+table+" USING") && (sorts || table != "smbs" && table != "smb_search") {
				t.Errorf("%s: %s\n%s\n%s", name, line, strings.Join(plan, "\n"), st.query[max(0, strings.LastIndex(st.query, " FROM smb")):])
			}
		}
	}
}

// partial reports whether a line of a plan reads an index of what is rare, which may be read whole.
func partial(line string) bool {
	return strings.Contains(line, "_opted_out_index") || strings.Contains(line, "_do_not_contact_index") || strings.Contains(line, "_last_email_")
}

// looksAtPostgres fails a plan that scans a table, and one that reads more than a good part of it to
// find a page, by whatever index.
func looksAtPostgres(t *testing.T, d *db.DB, q question, st statement) {
	t.Helper()
	if !strings.Contains(st.query, "LIMIT") {
		return // the sample, and the tags of a page: a fixed number of rows by their ids
	}
	name, best, most := q.name, planned, cmp.Or(q.most, planned/3)
	var plans []string
	for _, inOrder := range []bool{false, true} { // one of them is how it was run
		if best <= most {
			break
		}
		must(t, d.Browse(t.Context(), func(tx *db.Tx) error {
			if err := tx.InOrder(t.Context(), inOrder); err != nil {
				return err
			}
			var text string
			if err := tx.QueryRow(t.Context(), `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+st.query, st.args...).Scan(&text); err != nil {
				return err
			}
			var plan []struct{ Plan node }
			if err := json.Unmarshal([]byte(text), &plan); err != nil {
				return err
			}
			read, scans := plan[0].Plan.read()
			if scans {
				t.Errorf("%s: a table is scanned\n%s", name, text)
			}
			best, plans = min(best, read), append(plans, text)
			return nil
		}))
	}
	if best > most {
		t.Errorf("%s: %d rows are read\n%s\n%s", name, best, st.query[strings.Index(st.query, " FROM smb"):], strings.Join(plans, "\n"))
	}
}

// node is a part of PostgreSQL's plan, with what it did.
type node struct {
	Type    string  `json:"Node Type"`
	Table   string  `json:"Relation Name"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Removed float64 `json:"Rows Removed by Filter"`
	Recheck float64 `json:"Rows Removed by Index Recheck"`
	Plans   []node
}

func (n node) read() (rows int, scans bool) {
	if n.Table != "" {
		rows = int((n.Rows + n.Removed + n.Recheck) * n.Loops)
	}
	scans = n.Type == "Seq Scan" && n.Loops > 0
	for _, p := range n.Plans {
		r, s := p.read()
		rows, scans = rows+r, scans || s
	}
	return rows, scans
}
