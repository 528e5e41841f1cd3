package learning_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/learning"
	"github.com/fibonacco/fibonacco/queue"
)

var slides = []fibonacco.Slide{
	{Component: "HeroSlide", Headline: `A page for {{ business_name }}`, Body: "In {{ community }}", Narration: `Hello {{ first_name }}.`, Seconds: 5},
	{Component: "StepSlide", Headline: "Steps", Items: []string{"One for a {{ category }}", `Two {{ first_name | default: "friend" }}`}},
}

const article = "## For {{ business_name }}\n\nIn **{{ community }}**. <script>alert(1)</script><a href=\"javascript:alert(1)\">x</a>"

type world struct {
	t      testing.TB
	db     *db.DB
	clock  *fibonacco.FakeClock
	signer *fibonacco.Signer
	svc    *learning.Service
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	signer, err := fibonacco.NewSigner("a secret key for tests that is long enough to sign with")
	must(t, err)
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	w := &world{t, d, clock, signer, learning.New(d, q, signer, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}}, verdicts.Shipped().Machine)}
	w.svc.Start()
	t.Cleanup(w.svc.Close)
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Port <Avery>', 'port-avery', 'NY')`, uuid.NewString())
	w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, primary_contact_name, category) VALUES
		(7, $1, 1, 'Marisol & Sons <b>', 'Marisol Vega', 'hair salon'), (8, $2, 1, 'Nameless', NULL, NULL)`, uuid.NewString(), uuid.NewString())
	w.exec(`INSERT INTO campaigns (id, type, week, day, title, subject, slug) VALUES ('HOOK-001', 'HOOK', 1, 1, 'A', 'A', 'a')`)
	w.content("a-page", "appointment_booking", true)
	w.content("a-lesson", "", true)
	w.content("a-draft", "", false)
	return w
}

// another is a second node on the same database.
func (w *world) another() *learning.Service {
	w.t.Helper()
	q, err := queue.New(queue.Options{DB: w.db})
	must(w.t, err)
	svc := learning.New(w.db, q, w.signer, fibonacco.Config{}, nil)
	svc.Start()
	w.t.Cleanup(svc.Close)
	return svc
}

func newUUID() string { return uuid.NewString() }

func contains(text, part string) bool { return strings.Contains(text, part) }

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

func (w *world) content(slug, service string, active bool) {
	w.t.Helper()
	w.exec(`
		INSERT INTO content (slug, type, title, campaign_id, slides, article_body, service_type, approval_button_text, is_active, created_at, updated_at)
		VALUES ($1, 'hook', 'A page for {{ business_name }}', 'HOOK-001', $2, $3, $4, 'Set up {{ business_name }}', $5, $6, $6)`,
		slug, db.JSON(slides), article, db.Null(service), active, w.clock.Now())
}

func (w *world) token(smb int64) string {
	return w.signer.SignSend(fibonacco.LearnToken, fibonacco.SendClaim{SendID: 3, SMBID: smb})
}

func (w *world) page(slug, token string) *fibonacco.LearningPage {
	w.t.Helper()
	p, err := w.svc.LearningPage(w.t.Context(), slug, token)
	must(w.t, err)
	return p
}

// texts is all that a reader sees, but the article.
func texts(p *fibonacco.LearningPage) string {
	s := p.Slides[0]
	return strings.Join(append([]string{p.Title, p.ApprovalButtonText, s.Headline, s.Body, s.Narration}, p.Slides[1].Items...), "|")
}

func TestLearningPage(t *testing.T) {
	anybody := "A page for your business|Set up your business|A page for your business|In your community|Hello there.|One for a business|Two there"
	cases := map[string]struct {
		slug, token string
		texts       string
		article     string
		who         string
	}{
		"known reader": {
			"a-page", "7",
			"A page for Marisol & Sons <b>|Set up Marisol & Sons <b>|A page for Marisol & Sons <b>|In Port <Avery>|Hello Marisol.|One for a hair salon|Two Marisol",
			"<h2>For Marisol &amp; Sons &lt;b&gt;</h2>\n<p>In <strong>Port &lt;Avery&gt;</strong>. x</p>", "Marisol & Sons <b>",
		},
		"reader without a name": {
			"a-page", "8",
			"A page for Nameless|Set up Nameless|A page for Nameless|In Port <Avery>|Hello there.|One for a business|Two there",
			"<h2>For Nameless</h2>\n<p>In <strong>Port &lt;Avery&gt;</strong>. x</p>", "Nameless",
		},
		"anybody":           {"a-page", "", anybody, "<h2>For your business</h2>\n<p>In <strong>your community</strong>. x</p>", ""},
		"an id is no proof": {"a-page", "7 as it is", anybody, "<h2>For your business</h2>\n<p>In <strong>your community</strong>. x</p>", ""},
		"nobody's token":    {"a-page", "999", anybody, "<h2>For your business</h2>\n<p>In <strong>your community</strong>. x</p>", ""},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			token := map[string]string{"7": w.token(7), "8": w.token(8), "999": w.token(999), "7 as it is": "7"}[tc.token]
			p := w.page(tc.slug, token)
			if got := texts(p); got != tc.texts {
				t.Errorf("%s: texts\n%s, want\n%s", name, got, tc.texts)
			}
			if got := strings.TrimSpace(p.ArticleHTML); got != tc.article {
				t.Errorf("%s: article\n%s, want\n%s", name, got, tc.article)
			}
			if p.For != tc.who || (p.ApprovalURL != "") != (tc.who != "") {
				t.Errorf("%s: for %q, approval %q", name, p.For, p.ApprovalURL)
			}
		}
	})
}

func TestApprovalURL(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		token, ok := strings.CutPrefix(w.page("a-page", w.token(7)).ApprovalURL, "https://go.example.com/approve/")
		claim, valid := w.signer.VerifyApproval(token)
		want := fibonacco.ApprovalClaim{SMBID: 7, ServiceType: "appointment_booking", SourceID: "a-page", Expires: clock.Now().Add(7 * 24 * time.Hour)}
		if !ok || !valid || claim != want {
			t.Errorf("claim %+v, want %+v", claim, want)
		}
		if url := w.page("a-lesson", w.token(7)).ApprovalURL; url != "" {
			t.Errorf("a page without a service offers %s", url)
		}
		// A token of another kind, for the same send and business, opens nothing.
		track := w.signer.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 3, SMBID: 7})
		if p := w.page("a-page", track); p.For != "" || p.ApprovalURL != "" {
			t.Errorf("a tracking token personalised the page: %q %q", p.For, p.ApprovalURL)
		}
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 7`, clock.Now())
		if p := w.page("a-page", w.token(7)); p.For != "" || p.ApprovalURL != "" {
			t.Errorf("a deleted business is addressed: %q %q", p.For, p.ApprovalURL)
		}
	})
}

func TestUnknownPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for _, slug := range []string{"", "nothing", "a-draft", "A-PAGE", "../a-page"} {
			_, err := w.svc.LearningPage(t.Context(), slug, w.token(7))
			_, err2 := w.svc.Content(t.Context(), slug)
			if fibonacco.CodeOf(err) != fibonacco.NotFound || fibonacco.CodeOf(err2) != fibonacco.NotFound {
				t.Errorf("%q: %v, %v", slug, err, err2)
			}
		}
	})
}

// An edited page shows at once, and one reader's words never show to another.
func TestVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				smb, want := int64(7), "A page for Marisol & Sons <b>"
				if i%2 == 1 {
					smb, want = 8, "A page for Nameless"
				}
				p, err := w.svc.LearningPage(t.Context(), "a-page", w.token(smb))
				if err != nil || p.Title != want || p.Slides[0].Headline != want {
					t.Errorf("%+v, %v", p, err)
				}
			})
		}
		wg.Wait()
		clock.Advance(time.Second)
		w.exec(`UPDATE content SET title = 'New for {{ business_name }}', updated_at = $1 WHERE slug = 'a-page'`, clock.Now())
		if got := w.page("a-page", "").Title; got != "New for your business" {
			t.Errorf("title %q", got)
		}
		clock.Advance(time.Second)
		w.exec(`UPDATE content SET title = '{{ nonsense }}', updated_at = $1 WHERE slug = 'a-page'`, clock.Now())
		if _, err := w.svc.LearningPage(t.Context(), "a-page", ""); err == nil {
			t.Error("a broken template was shown")
		}
	})
}

func TestContent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		c, err := w.svc.ContentByCampaign(t.Context(), "HOOK-001")
		must(t, err)
		if c.Slug != "a-page" || c.Title != "A page for {{ business_name }}" || len(c.Slides) != 2 || c.Slides[1].Items[0] != slides[1].Items[0] || !c.UpdatedAt.Equal(clock.Now()) {
			t.Errorf("%+v", c)
		}
		if _, err := w.svc.ContentByCampaign(t.Context(), "EDU-001"); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("no content: %v", err)
		}
		var slugs []string
		for after, first := int64(0), true; first || after != 0; first = false {
			page, next, err := w.svc.ListContent(t.Context(), "hook", after, 1)
			must(t, err)
			for _, c := range page {
				slugs = append(slugs, c.Slug)
			}
			after = next
		}
		if got := strings.Join(slugs, ","); got != "a-page,a-lesson" {
			t.Errorf("list = %s", got)
		}
		if page, _, err := w.svc.ListContent(t.Context(), "edu", 0, 10); err != nil || len(page) != 0 {
			t.Errorf("edu = %v, %v", page, err)
		}
	})
}
