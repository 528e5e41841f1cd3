package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/normal"
	"github.com/fibonacco/fibonacco/web/api"
)

// benchCRM asks the API, over HTTP, what people ask of a full database: 1,000,000 businesses in
// 200 communities, of which one in a hundred has a history.
func benchCRM(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 1_000_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	began := time.Now()
	s := smb.New(h.db, h.queue, h.cfg)
	if err := errors.Join(h.fillTowns(ctx, s, n), h.fillHistory(ctx), h.settleStatistics(ctx)); err != nil {
		return nil, err
	}
	figures := []figure{{Name: fmt.Sprintf("%d businesses built in", n), Value: time.Since(began).Seconds(), Unit: "s"}}
	c, err := newCaller(ctx, h, s)
	if err != nil {
		return nil, err
	}
	for _, q := range crmQuestions(n) {
		f, err := c.measure(q)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// crmQuestion is a kind of request; path makes one, different every time.
type crmQuestion struct {
	name   string
	target string
	path   func(r *rand.Rand) string
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func crmQuestions(n int) []crmQuestion {
	list := func(values ...string) string {
		v := url.Values{}
		for i := 0; i < len(values); i += 2 {
			v.Set(values[i], values[i+1])
		}
		return "/smbs?" + v.Encode()
	}
	towns := max(1, n/townSize)
	return []crmQuestion{
		{"list: community, status, tier; by score", "p95 < 50 (SQLite 150)", func(r *rand.Rand) string {
			return list("filter[community_id]", fmt.Sprint(1+r.IntN(towns)), "filter[campaign_status]", pick(r, statuses), "filter[engagement_tier]", pick(r, []string{"3,4", "1,2", "4"}), "sort", "-engagement_score")
		}},
		{"list: category, city, opted in; by name", "p95 < 50 (SQLite 150)", func(r *rand.Rand) string {
			return list("filter[category]", pick(r, trades), "filter[city]", pick(r, places), "filter[email_opted_in]", "true", "sort", "business_name")
		}},
		{"list: tier, source, score range; newest change", "p95 < 50 (SQLite 150)", func(r *rand.Rand) string {
			return list("filter[engagement_tier]", pick(r, []string{"1", "2", "1,2,3"}), "filter[source]", pick(r, sources), "filter[engagement_score]", fmt.Sprintf("%d..", 20+r.IntN(60)), "sort", "-updated_at")
		}},
		{"search: two words", "p95 < 100 (SQLite 300)", func(r *rand.Rand) string {
			return list("search", pick(r, firstWords)+" "+pick(r, trades))
		}},
		{"search: one word of many", "p95 < 100 (SQLite 300)", func(r *rand.Rand) string { return list("search", pick(r, trades)) }},
		{"search: part of an e-mail", "p95 < 100 (SQLite 300)", func(r *rand.Rand) string { return list("search", fmt.Sprintf("owner%d@", r.IntN(n))) }},
		{"search: a phone number", "p95 < 100 (SQLite 300)", func(r *rand.Rand) string {
			i := r.IntN(n)
			return list("search", fmt.Sprintf("(%03d) %03d-%04d", 201+i/10_000_000, 200+i/10_000%800, i%10_000))
		}},
		{"record with all its includes", "p95 < 30 (SQLite 90)", func(r *rand.Rand) string {
			return fmt.Sprintf("/smbs/%d?include=community,recent_sends,approvals,engagement,next_step", 1+r.IntN(n/100)*100)
		}},
	}
}

var (
	statuses   = []string{"pending", "active", "paused", "completed"}
	sources    = []string{"import", "api", "referral", "event", "web form"}
	firstWords = strings.Fields(`Bella Sunset Royal Corner Golden Harbor Maple Union Liberty Prospect Atlantic Brooklyn Empire Crown Silver Lucky Happy Green Blue Red
		Grand Little Old New First Star Moon River Hill Park Lake Ocean Garden Village Metro City Urban Fresh Prime Elite`)
	trades = strings.Fields(`Bakery Pizza Barber Florist Plumbing Dentist Laundry Cafe Grill Deli Pharmacy Fitness Yoga Salon Nails Roofing Electric Locksmith
		Printing Optical Tailor Jewelers Books Toys Pets Grooming Daycare Tutoring Realty Insurance Accounting Legal Travel Catering Sushi Tacos Diner Brewery Wines Cycles`)
	places = func() []string {
		var all []string
		for _, a := range strings.Fields("North South East West Upper Lower Port Fort Glen Oak") {
			for _, b := range strings.Fields("ville field haven ton bridge wood dale ford mont side") {
				all = append(all, a+b)
			}
		}
		return all
	}()
)

const townSize = 5_000 // businesses of a community

// fillTowns builds n businesses and what belongs to them.
func (h *house) fillTowns(ctx context.Context, s *smb.Service, n int) error {
	if err := h.moreTowns(ctx, max(1, n/townSize)-1); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	for done := 0; done < n; {
		part := min(n-done, 20_000)
		ids, err := h.insertTowns(ctx, r, done, part)
		if err != nil {
			return err
		}
		if err := h.db.Update(ctx, func(tx *db.Tx) error { return s.Reindex(ctx, tx, ids) }); err != nil {
			return err
		}
		done += part
	}
	return nil
}

func (h *house) moreTowns(ctx context.Context, n int) error {
	b := db.NewBatch("uuid uuid", "name text", "slug text")
	for i := range n {
		b.Add(uuid.NewString(), fmt.Sprintf("Town %d", i+2), fmt.Sprintf("town-%d", i+2))
	}
	return h.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecBatch(ctx, b, `INSERT INTO communities (uuid, name, slug, state, created_at, updated_at) SELECT uuid, name, slug, 'NY', $1, $1 FROM rows`, tx.Now)
		return err
	})
}

func (h *house) insertTowns(ctx context.Context, r *rand.Rand, from, n int) ([]int64, error) {
	b := db.NewBatch("uuid uuid", "town bigint", "name text", "key text", "category text", "email text", "phone text", "city text", "zip text",
		"tier integer", "score integer", "status text", "source text", "day integer", "start date", "changed timestamptz")
	now := h.db.Clock().Now()
	for i := from; i < from+n; i++ {
		name := pick(r, firstWords) + " " + pick(r, firstWords) + " " + pick(r, trades)
		tier, score := 4, r.IntN(20)
		switch p := r.IntN(100); {
		case p == 0:
			tier, score = 1, 80+r.IntN(21)
		case p < 4:
			tier, score = 2, 50+r.IntN(30)
		case p < 12:
			tier, score = 3, 20+r.IntN(30)
		}
		day := r.IntN(91)
		b.Add(uuid.Must(uuid.NewV7()).String(), int64(i/townSize)+h.town, name, normal.NameKey(name), pick(r, trades),
			fmt.Sprintf("owner%d@%s.example", i, strings.ToLower(strings.ReplaceAll(name, " ", ""))),
			fmt.Sprintf("+1%03d%03d%04d", 201+i/10_000_000, 200+i/10_000%800, i%10_000), pick(r, places), fmt.Sprintf("%05d", 10_000+i/townSize),
			tier, score, statuses[min(3, r.IntN(8)/2)], pick(r, sources), day, now.AddDate(0, 0, -day).Format(time.DateOnly), now.Add(-time.Duration(r.IntN(90*24*3600))*time.Second))
	}
	var ids []int64
	err := h.db.Update(ctx, func(tx *db.Tx) error {
		ids = ids[:0]
		return tx.QueryBatch(ctx, b, `
			INSERT INTO smbs (uuid, community_id, business_name, name_key, primary_contact_name, category, primary_email, email_key, primary_phone,
				city, state, zip, engagement_tier, engagement_score, campaign_status, source, manifest_destiny_day,
				manifest_destiny_start_date, paused_on, created_at, updated_at)
			SELECT uuid, town, name, key, 'Maria Vega', category, email, email, phone, city, 'NY', zip, tier, score, status, source, day, start, CASE WHEN status = 'paused' THEN start END, $1, changed FROM rows
			RETURNING id`, func(row db.Row) error {
			var id int64
			err := row.Scan(&id)
			ids = append(ids, id)
			return err
		}, now)
	})
	return ids, err
}

// fillHistory gives every hundredth business ten mails, with opens and clicks.
func (h *house) fillHistory(ctx context.Context) error {
	return h.db.Update(ctx, func(tx *db.Tx) error {
		steps, err := db.Select[string](ctx, tx, `SELECT id FROM campaigns ORDER BY id LIMIT 8`)
		if err != nil {
			return err
		}
		owners, err := db.Select[int64](ctx, tx, `SELECT id FROM smbs WHERE (id - 1) % 100 = 0`)
		if err != nil {
			return err
		}
		b := db.NewBatch("uuid uuid", "smb bigint", "campaign text", "occurrence integer")
		for _, id := range owners {
			for i := range 10 {
				b.Add(uuid.NewString(), id, steps[i%len(steps)], 1+i/len(steps))
			}
		}
		if _, err := tx.ExecBatch(ctx, b, `
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, subject, status, scheduled_for, sent_at, opened_at, occurrence, created_at, updated_at)
			SELECT uuid, smb, campaign, 'owner@shop.example', 'A page for your business', 'sent', $1, $1, $1, occurrence, $1, $1 FROM rows`, tx.Now.Add(-time.Hour)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO email_events (campaign_send_id, event_type, verdict, event_at, created_at, updated_at)
			SELECT id, 'opened', 'human', $1, $1, $1 FROM campaign_sends`, tx.Now.Add(-time.Minute))
		return err
	})
}

// caller asks the API over a real connection.
type caller struct {
	base   string
	secret string
	r      *rand.Rand
}

func newCaller(ctx context.Context, h *house, s *smb.Service) (*caller, error) {
	people := access.New(h.db)
	secret, _, err := people.CreateToken(ctx, fibonacco.AccessToken{Name: "bench", Role: fibonacco.Admin})
	if err != nil {
		return nil, err
	}
	handler := api.New(api.Options{Contracts: api.Contracts{Access: people, SMBs: s, Directory: s, Communities: s, Records: s, Campaigns: h.campaign, Mailing: h.campaign, Explainer: h.campaign}})
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(ln) }()
	return &caller{base: "http://" + ln.Addr().String() + api.Prefix, secret: secret, r: rand.New(rand.NewPCG(3, 4))}, nil
}

// measure asks one kind of question often, one after another, and says how long 95 of 100 took.
func (c *caller) measure(q crmQuestion) (figure, error) {
	const warm, count = 30, 300
	var times []time.Duration
	entries := 0
	for i := range warm + count {
		path := q.path(c.r)
		at := time.Now()
		n, err := c.get(path)
		if err != nil {
			return figure{}, fmt.Errorf("%s: %w", path, err)
		}
		if i >= warm {
			times = append(times, time.Since(at))
			entries += n
		}
	}
	slices.Sort(times)
	return figure{
		Name:  fmt.Sprintf("%s (%.0f entries, median %.1f ms)", q.name, float64(entries)/count, ms(times[count/2])),
		Value: ms(times[count*95/100]), Unit: "ms", Target: q.target,
	}, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (c *caller) get(path string) (entries int, err error) {
	req, err := http.NewRequest(http.MethodGet, c.base+path, nil) //nolint:noctx // a measurement
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", res.Status, text)
	}
	var page struct{ Data []json.RawMessage }
	err = json.Unmarshal(text, &page)
	return max(1, len(page.Data)), err
}
