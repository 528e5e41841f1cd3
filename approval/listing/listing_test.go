package listing_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// From the yes to a page that everybody sees, and back.
func TestLifeOfAPage(t *testing.T) {
	each(t, func(w *world) {
		facts, err := w.svc.Profile(w.Context(), 1)
		w.must(err)
		if facts.Name != "Marisol Hair Studio" || facts.Phone != "+17185550142" || facts.Street != "18 Wharf Street" || facts.Latitude == nil || *facts.Latitude != 40.67 ||
			facts.Published || facts.ConfirmedAt != nil || facts.Email != "" || facts.Zone != "America/New_York" || facts.Community != "port-avery" {
			w.Errorf("the facts on file are %+v", facts)
		}
		_, err = w.svc.OwnPage(w.Context(), 1)
		w.code("before the yes", err, fibonacco.NotFound)

		result, err := w.provision(1)
		w.must(err)
		equal(w, "url", result["url"], any("https://go.example.com/b/marisol-hair-studio"))
		equal(w, "manage", result["manage"], any("page"))
		_, err = w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.code("nothing is public before the owner confirms it", err, fibonacco.NotFound)

		w.must(w.svc.SaveFacts(w.Context(), 1, fibonacco.BusinessProfile{Name: "Marisol’s", Phone: "718 555 0199", Street: "1 Elsewhere"}))
		w.must(w.svc.PublishPage(w.Context(), 1, true))
		w.must(w.svc.PublishPage(w.Context(), 1, true))
		p, err := w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.must(err)
		if p.Name != "Marisol’s" || p.Phone != "+17185550199" || p.City != "" || p.ConfirmedAt == nil || !p.Published || p.Latitude != nil {
			w.Errorf("the page is %+v", p)
		}
		equal(w, "the facts on file, changed", w.count(`
			SELECT count(*) FROM smbs WHERE id = 1 AND (business_name <> 'Marisol Hair Studio' OR primary_phone <> '+17185550142' OR address <> '18 Wharf Street' OR primary_email <> 'owner@example.com')`), 0)

		// Asked again, nothing that the owner did is lost.
		w.provisioned(1)
		equal(w, "pages", w.count(`SELECT count(*) FROM business_profiles`), 1)
		p, err = w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.must(err)
		equal(w, "name after a second time", p.Name, "Marisol’s")

		w.withdraw(1)
		w.withdraw(1)
		w.withdraw(2) // which never had one
		_, err = w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.code("withdrawn", err, fibonacco.NotFound)
		_, err = w.svc.OwnPage(w.Context(), 1)
		w.code("withdrawn, for its owner", err, fibonacco.NotFound)
		w.code("a change of what is withdrawn", w.svc.PublishPage(w.Context(), 1, false), fibonacco.NotFound)
		w.code("a photo of what is withdrawn", w.svc.AddPhoto(w.Context(), 1, "x", pixels(99, 99)), fibonacco.NotFound)
		p, err = w.svc.Profile(w.Context(), 1)
		w.must(err)
		equal(w, "published", p.Published, false)

		w.provisioned(1)
		p, err = w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.must(err)
		equal(w, "name after it came back", p.Name, "Marisol’s")
		w.must(w.svc.PublishPage(w.Context(), 1, false))
		_, err = w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.code("taken down", err, fibonacco.NotFound)

		_, err = w.provision(99)
		w.code("a page for nobody", err, fibonacco.NotFound)
	})
}

func TestProvisionAtOnce(t *testing.T) {
	each(t, func(w *world) {
		errs := make([]error, 10)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.provision(1) })
		}
		wg.Wait()
		for _, err := range errs {
			w.must(err)
		}
		equal(w, "pages", w.count(`SELECT count(*) FROM business_profiles`), 1)
	})
}

// A business at home: nobody learns the street, by no way.
func TestHiddenStreet(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(1)
		own, err := w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		own.HideStreet = true
		w.must(w.svc.SaveFacts(w.Context(), 1, *own))
		w.must(w.svc.PublishPage(w.Context(), 1, true))
		public, err := w.svc.PublicPage(w.Context(), "marisol-hair-studio")
		w.must(err)
		others, err := w.svc.Profile(w.Context(), 1)
		w.must(err)
		for who, p := range map[string]*fibonacco.BusinessProfile{"everybody": public, "the other services": others} {
			if p.Street != "" || p.Latitude != nil || p.Longitude != nil || p.City != "Port Avery" {
				w.Errorf("%s sees %+v", who, p)
			}
		}
		own, err = w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		equal(w, "the owner sees", own.Street, "18 Wharf Street")
	})
}

// Deleted, erased and merged businesses, and those of communities that are not the caller's.
func TestWhoseAPageIs(t *testing.T) {
	each(t, func(w *world) {
		for id := range int64(3) {
			w.provisioned(id + 1)
		}
		w.must(w.svc.PublishPage(w.Context(), 2, true))
		w.must(w.svc.AddPhoto(w.Context(), 2, "Bread", pixels(99, 99)))
		elsewhere := fibonacco.WithPrincipal(w.Context(), &fibonacco.Principal{Role: fibonacco.Viewer, Communities: []int64{2}})
		_, err := w.svc.Profile(elsewhere, 2)
		w.code("of another community", err, fibonacco.NotFound)
		p, err := w.svc.Profile(elsewhere, 3)
		w.must(err)
		equal(w, "name, as it is", p.Name, "Café <b>Nord</b>")

		// Rosa's becomes part of Marisol's, who has a page of her own that is not public.
		w.merge(1, 2)
		_, err = w.svc.PublicPage(w.Context(), "rosas-bakery")
		w.code("the survivor's is not public", err, fibonacco.NotFound)
		w.must(w.svc.PublishPage(w.Context(), 1, true))
		p, err = w.svc.PublicPage(w.Context(), "rosas-bakery")
		w.must(err)
		equal(w, "leads to", p.Slug, "marisol-hair-studio")
		equal(w, "photos of the survivor", len(p.Photos), 0)
		_, err = w.svc.OwnPage(w.Context(), 2)
		w.code("the page of the one that is gone", err, fibonacco.NotFound)
		w.code("a change of it", w.svc.PublishPage(w.Context(), 2, false), fibonacco.NotFound)

		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 1`, w.clock.Now())
		for _, slug := range []string{"marisol-hair-studio", "rosas-bakery", "nothing", "", "a\x00b", "a\xffb", strings.Repeat("x", 5000)} {
			_, err = w.svc.PublicPage(w.Context(), slug)
			w.code(slug, err, fibonacco.NotFound)
		}
		_, err = w.svc.Profile(w.Context(), 1)
		w.code("profile of a deleted one", err, fibonacco.NotFound)
		w.code("its photo", w.svc.AddPhoto(w.Context(), 1, "x", pixels(99, 99)), fibonacco.NotFound)
	})
}

// A survivor without a page gets the one of the business that became part of it, with its photos, where
// it was.
func TestPageComesAlong(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(2)
		w.must(w.svc.AddPhoto(w.Context(), 2, "Bread", pixels(99, 99)))
		w.must(w.svc.PublishPage(w.Context(), 2, true))
		w.merge(1, 2)
		p, err := w.svc.PublicPage(w.Context(), "rosas-bakery")
		w.must(err)
		if p.SMBID != 1 || p.Slug != "rosas-bakery" || len(p.Photos) != 1 {
			w.Errorf("%+v", p)
		}
		_, err = w.svc.PublicPhoto(w.Context(), "rosas-bakery", p.Photos[0].ID)
		w.must(err)
	})
}

func TestSaveFactsRefuses(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(1)
		for name, tc := range map[string]struct {
			p      fibonacco.BusinessProfile
			fields string
		}{
			"all of it": {fibonacco.BusinessProfile{Phone: "911", Email: "x", Website: "javascript:alert(1)", State: "New York", ZIP: "1"}, "name phone email website state zip "},
			"too long":  {fibonacco.BusinessProfile{Name: strings.Repeat("é", 101), About: strings.Repeat("x", 3001)}, "name about "},
			"controls":  {fibonacco.BusinessProfile{Name: "\x00\u202e"}, "name "},
			"data":      {fibonacco.BusinessProfile{Name: "x", Website: "data:text/html,x.y"}, "website "}, "a user": {fibonacco.BusinessProfile{Name: "x", Website: "https://a:b@example.com"}, "website "},
			"quotes": {fibonacco.BusinessProfile{Name: "x", Website: `https://example.com/"onclick="x`}, "website "}, "no dot": {fibonacco.BusinessProfile{Name: "x", Website: "localhost"}, "website "},
			"file": {fibonacco.BusinessProfile{Name: "x", Website: "file:///etc/pass.wd"}, "website "},
		} {
			err := w.svc.SaveFacts(w.Context(), 1, tc.p)
			equal(w, name, fields(err), tc.fields)
		}
		w.must(w.svc.SaveFacts(w.Context(), 1, fibonacco.BusinessProfile{
			Name: "  A\x00 \u202eB ", About: "One\r\n\r\n\r\nTwo", Website: "www.Example.com/a?b=c", State: "ny", Email: "Me@EXAMPLE.com",
		}))
		p, err := w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		if p.Name != "A B" || p.About != "One\n\nTwo" || p.Website != "https://www.Example.com/a?b=c" || p.State != "NY" || p.Email != "Me@example.com" {
			w.Errorf("stored %+v", p)
		}
		w.code("of one without a page", w.svc.SaveFacts(w.Context(), 2, fibonacco.BusinessProfile{Name: "x"}), fibonacco.NotFound)
	})
}

func TestSaveHours(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(1)
		span := func(day time.Weekday, opens, closes string) fibonacco.OpeningHours {
			return fibonacco.OpeningHours{Day: day, Opens: opens, Closes: closes}
		}
		for name, tc := range map[string]struct {
			hours  []fibonacco.OpeningHours
			fields string
		}{
			"half":             {[]fibonacco.OpeningHours{span(1, "09:00", ""), span(2, "", "10:00")}, "hours[monday] hours[tuesday] "},
			"no time":          {[]fibonacco.OpeningHours{span(1, "9", "<b>")}, "hours[monday] "},
			"no length":        {[]fibonacco.OpeningHours{span(0, "09:00", "09:00")}, "hours[sunday] "},
			"they overlap":     {[]fibonacco.OpeningHours{span(3, "13:00", "18:00"), span(3, "09:00", "13:01")}, "hours[wednesday] "},
			"the night before": {[]fibonacco.OpeningHours{span(5, "20:00", "03:00"), span(6, "02:00", "05:00")}, "hours[saturday] "},
			"round the week":   {[]fibonacco.OpeningHours{span(6, "20:00", "03:00"), span(0, "02:00", "05:00")}, "hours[sunday] "},
			"three":            {[]fibonacco.OpeningHours{span(4, "01:00", "02:00"), span(4, "03:00", "04:00"), span(4, "05:00", "06:00")}, "hours[thursday] "},
			"no day":           {[]fibonacco.OpeningHours{span(7, "01:00", "02:00")}, "hours "},
		} {
			equal(w, name, fields(w.svc.SaveHours(w.Context(), 1, tc.hours)), tc.fields)
		}
		w.must(w.svc.SaveHours(w.Context(), 1, []fibonacco.OpeningHours{span(6, "20:00", "02:00"), span(1, "13:00", "24:00"), span(1, "09:00", "13:00"), span(0, "02:00", "05:00")}))
		p, err := w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		got := ""
		for _, h := range p.Hours {
			got += h.Day.String()[:2] + h.Opens + "-" + h.Closes + " "
		}
		equal(w, "in order", got, "Su02:00-05:00 Mo09:00-13:00 Mo13:00-24:00 Sa20:00-02:00 ")
		w.must(w.svc.SaveHours(w.Context(), 1, nil))
		p, err = w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		equal(w, "none", len(p.Hours), 0)
	})
}

func TestSaveAnswers(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(1)
		long := strings.Repeat("x", 1001)
		err := w.svc.SaveAnswers(w.Context(), 1, []string{long}, []fibonacco.Answered{{Question: "Why?"}, {}, {Answer: "So."}, {Question: long, Answer: long}})
		equal(w, "fields", fields(err), "services questions[0].answer questions[2].question questions[3].question questions[3].answer ")
		many := make([]fibonacco.Answered, 21)
		for i := range many {
			many[i] = fibonacco.Answered{Question: "Q", Answer: "A"}
		}
		equal(w, "too many", fields(w.svc.SaveAnswers(w.Context(), 1, nil, many)), "questions ")
		w.must(w.svc.SaveAnswers(w.Context(), 1, []string{" Cut ", "", "Color", "Cut"}, []fibonacco.Answered{{}, {Question: "Open on Sunday?", Answer: "No.\n\n\nSorry."}}))
		p, err := w.svc.Profile(w.Context(), 1)
		w.must(err)
		equal(w, "services", strings.Join(p.Services, "|"), "Cut|Color")
		if len(p.Questions) != 1 || p.Questions[0].Answer != "No.\n\nSorry." {
			w.Errorf("questions %+v", p.Questions)
		}
	})
}

func TestPhotos(t *testing.T) {
	each(t, func(w *world) {
		w.provisioned(1)
		w.provisioned(2)
		equal(w, "everything that is wrong", fields(w.svc.AddPhoto(w.Context(), 1, " ", []byte("x"))), "alt photo ")
		w.must(w.svc.AddPhoto(w.Context(), 1, " Two  chairs ", pixels(2000, 1000)))
		w.must(w.svc.AddPhoto(w.Context(), 2, "Bread", pixels(99, 99)))
		p, err := w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		if len(p.Photos) != 1 || p.Photos[0].Alt != "Two chairs" || p.Photos[0].Width != 1600 || p.Photos[0].Height != 800 {
			w.Fatalf("photos %+v", p.Photos)
		}
		id := p.Photos[0].ID
		_, err = w.svc.PublicPhoto(w.Context(), "marisol-hair-studio", id)
		w.code("before it is public", err, fibonacco.NotFound)
		jpeg, err := w.svc.OwnPhoto(w.Context(), 1, id)
		w.must(err)
		equal(w, "a JPEG", string(jpeg[:3]), "\xff\xd8\xff")
		_, err = w.svc.OwnPhoto(w.Context(), 2, id)
		w.code("another's", err, fibonacco.NotFound)
		w.must(w.svc.PublishPage(w.Context(), 1, true))
		w.must(w.svc.PublishPage(w.Context(), 2, true))
		_, err = w.svc.PublicPhoto(w.Context(), "marisol-hair-studio", id)
		w.must(err)
		_, err = w.svc.PublicPhoto(w.Context(), "rosas-bakery", id)
		w.code("under another's address", err, fibonacco.NotFound)

		w.code("others' words", w.svc.DescribePhoto(w.Context(), 2, id, "Mine"), fibonacco.NotFound)
		w.code("others' removal", w.svc.RemovePhoto(w.Context(), 2, id), fibonacco.NotFound)
		equal(w, "no words", fields(w.svc.DescribePhoto(w.Context(), 1, id, "")), "alt ")
		w.must(w.svc.DescribePhoto(w.Context(), 1, id, "A mirror"))
		w.must(w.svc.AddPhoto(w.Context(), 1, "A door", pixels(99, 99)))
		w.must(w.svc.AddPhoto(w.Context(), 1, "A window", pixels(99, 99)))
		order := func() (words string) {
			p, err := w.svc.OwnPage(w.Context(), 1)
			w.must(err)
			for _, one := range p.Photos {
				words += one.Alt + ". "
			}
			return words
		}
		p, err = w.svc.OwnPage(w.Context(), 1)
		w.must(err)
		door, window := p.Photos[1].ID, p.Photos[2].ID
		w.must(w.svc.LeadPhoto(w.Context(), 1, window))
		w.must(w.svc.LeadPhoto(w.Context(), 1, door))
		w.code("others' order", w.svc.LeadPhoto(w.Context(), 2, id), fibonacco.NotFound)
		equal(w, "order", order(), "A door. A window. A mirror. ")
		w.must(w.svc.RemovePhoto(w.Context(), 1, door))
		w.must(w.svc.RemovePhoto(w.Context(), 1, window))
		w.must(w.svc.RemovePhoto(w.Context(), 1, id))
		w.code("twice", w.svc.RemovePhoto(w.Context(), 1, id), fibonacco.NotFound)

		// Twelve at once: eight fit.
		errs := make([]error, 12)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = w.svc.AddPhoto(w.Context(), 1, "Chair", pixels(70, 70)) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				w.code("the ninth", err, fibonacco.Conflict)
			}
		}
		equal(w, "photos", w.count(`SELECT count(*) FROM business_photos ph JOIN business_profiles p ON p.id = ph.profile_id WHERE p.smb_id = 1`), fibonacco.MostPhotos)
	})
}
