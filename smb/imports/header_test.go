package imports_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/imports"
)

func TestGuess(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ header, want string }{
		"licence list": {
			"DCA License Number|Industry|Business Name|Business Name 2|Address Building|Address Street Name|Address City|Address State|Address ZIP|Contact Phone Number|Longitude|Latitude|License Status",
			"address_building=Address Building address_street=Address Street Name business_name=Business Name category=Industry city=Address City dba_name=Business Name 2 latitude=Latitude longitude=Longitude primary_phone=Contact Phone Number state=Address State zip=Address ZIP",
		},
		"our own names":       {"business_name|dba_name|primary_email|primary_phone|zip", "business_name=business_name dba_name=dba_name primary_email=primary_email primary_phone=primary_phone zip=zip"},
		"a mailing list":      {"First Name|Last Name|Company|E-mail|Phone 1", "business_name=Company contact_first_name=First Name contact_last_name=Last Name primary_email=E-mail primary_phone=Phone 1"},
		"name alone":          {"Name|Email", "business_name=Name primary_email=Email"},
		"company and person":  {"Name|Company", "business_name=Company primary_contact_name=Name"},
		"sure before unsure":  {"Store|Business Name|Mobile|Phone", "business_name=Business Name primary_phone=Phone"},
		"the leftmost":        {"Email|EMAIL|Company", "business_name=Company primary_email=Email"},
		"two address lines":   {"Company|Address 1|Address 2|Town|St|Postal Code", "address=Address 1 address_unit=Address 2 business_name=Company city=Town state=St zip=Postal Code"},
		"underscores, spaces": {" COMPANY_NAME |zip-code|D.B.A.", "business_name= COMPANY_NAME  dba_name=D.B.A. zip=zip-code"},
	}
	for name, tc := range cases {
		got, err := imports.Guess(strings.Split(tc.header, "|")...)
		var out []string
		for _, f := range slices.Sorted(maps.Keys(got)) {
			out = append(out, f+"="+got[f])
		}
		if s := strings.Join(out, " "); err != nil || s != tc.want {
			t.Errorf("%s: %v\n%s, want\n%s", name, err, s, tc.want)
		}
	}
}

func TestEveryFieldIsGuessedByItsName(t *testing.T) {
	t.Parallel()
	for _, f := range imports.Fields() {
		got, err := imports.Guess("business_name", f)
		switch {
		case f == "business_name":
			got, err = imports.Guess(f)
		case strings.HasPrefix(f, "consent_"): // proves nothing alone
			if len(got) != 1 {
				t.Errorf("%s alone: %v", f, got)
			}
			got, err = imports.Guess("business_name", "sms_consent", f)
		}
		if err != nil || got[f] != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
}

func TestMapping(t *testing.T) {
	const file = "Who,What,Name,Building,Street,Email\nJoe's,Pizza,Joe Doe,466,Court St,joe@a.example\n"
	cases := map[string]struct {
		mapping map[string]string
		want    string // name, category, contact, e-mail, address
	}{
		"none":                {nil, "Joe Doe|~|~|joe@a.example|466 Court St"},
		"some":                {map[string]string{"business_name": "Who", "category": "what "}, "Joe's|Pizza|Joe Doe|joe@a.example|466 Court St"},
		"one that is not":     {map[string]string{"business_name": "Who", "primary_email": ""}, "Joe's|~|Joe Doe|~|466 Court St"},
		"address without its": {map[string]string{"business_name": "Who", "address": "Street"}, "Joe's|~|Joe Doe|joe@a.example|Court St"},
		"one column twice":    {map[string]string{"business_name": "Who", "dba_name": "Who"}, "Joe's|~|Joe Doe|joe@a.example|466 Court St"},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			h.community = h.addCommunity(name)
			h.want(h.run(file, func(r *fibonacco.ImportRequest) { r.Mapping = tc.mapping }), "1=1+0+0+0")
			v := strings.Split(h.stored(), "|")
			if got := strings.Join([]string{v[0], v[3], v[4], v[5], v[7]}, "|"); got != tc.want {
				h.t.Errorf("%s: %s, want %s", name, got, tc.want)
			}
		}
		h.community = h.addCommunity("json")
		r := h.run(`[{"who": "Joe's", "name": "Joe Doe", "company": null}, {"business": {"x": 1}, "who": "B"}]`, func(r *fibonacco.ImportRequest) {
			r.Mapping = map[string]string{"business_name": "who"}
		})
		h.want(r, "2=2+0+0+0")
		if got := h.stored(); !strings.Contains(got, "Joe's|~|~|~|Joe Doe|") {
			h.t.Errorf("stored %s", got)
		}
	})
}

func TestPlaces(t *testing.T) {
	const file = "Name,Address,Suite,City,State,ZIP,Longitude,Latitude\n" +
		"A,1 A St,Fl 2,Hoboken,New Jersey,7030,\"-74,03\",\"40,74\"\n" +
		"B,,,San Juan,pr,901,,\n" +
		"C,,,Brooklyn,NY,11231.0,-73.99,40.67\n" +
		"D,,,Brooklyn,ny,112311234,,\n" +
		"E,,,Boston,MA,21081234,,\n" +
		"F,,,Montreal,QC,h2x 1y4,,\n" +
		"G,,,Brooklyn,NY,1123,,\n" +
		"H,,,,,7030,,\n"
	each(t, func(h *house) {
		h.want(h.run(file), "8=8+0+0+0")
		for column, want := range map[string]string{
			"zip":         "07030, 00901, 11231, 11231-1234, 02108-1234, H2X 1Y4, 1123, 7030",
			"state":       "NJ, PR, NY, NY, MA, QC, NY, ~",
			"coordinates": "(-74.03,40.74), ~, (-73.99,40.67), ~, ~, ~, ~, ~",
			"address":     "1 A St Fl 2, ~, ~, ~, ~, ~, ~, ~",
		} {
			if got := h.column(column); got != want {
				h.t.Errorf("%s: %s, want %s", column, got, want)
			}
		}
	})
}

// The short way to tell an e-mail address never accepts what the long way refuses.
func TestPlainEmailAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringOfN(rapid.SampledFrom([]rune("aZ9.-_+@é \"")), 1, 12, -1)
		s := part.Draw(t, "local") + "@" + part.Draw(t, "domain") + rapid.SampledFrom([]string{"", ".example", ".x"}).Draw(t, "end")
		if imports.PlainEmail(s) {
			if !fibonacco.ValidEmail(s) {
				t.Fatalf("%q is refused by ValidEmail", s)
			}
		}
	})
	if !imports.PlainEmail("owner@cafe-anejo.example") || imports.PlainEmail("a@b") || imports.PlainEmail("a@.b") || imports.PlainEmail("@a.b") {
		t.Error("the plain ones are not told from the others")
	}
}
