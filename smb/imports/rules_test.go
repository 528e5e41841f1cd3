package imports_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/imports"
)

func by(rules ...fibonacco.MatchRule) func(*fibonacco.ImportRequest) {
	return func(r *fibonacco.ImportRequest) { r.Match = rules }
}

const matchHeader = "Name,Email,Phone,Address,Zip,Category\n"

// One known business, a row, and by which rules the row is about it.
func TestMatchRules(t *testing.T) {
	const known = "Joe's Pizza Inc,joe@joes.example,718-555-0142,466 Court St,11231,\n"
	cases := map[string]struct {
		row  string
		same string // the rules by which it is
	}{
		"the same":                     {"Joe's Pizza,joe@joes.example,718-555-0142,466 Court St,11231,x", "email phone name_zip fuzzy_name_zip"},
		"another address":              {"Joe's Pizza,j@joes.example,718-555-0142,466 Court St,11231,x", "phone name_zip fuzzy_name_zip"},
		"only the e-mail":              {"Nails,JOE@joes.example,718-555-0100,1 Main St,11201,x", "email"},
		"only the number":              {"Nails,n@nails.example,(718) 555 0142,1 Main St,11201,x", "phone"},
		"only name and ZIP":            {"JOES PIZZA LLC,n@nails.example,718-555-0100,1 Main St,11231,x", "name_zip"},
		"ZIP+4":                        {"JOES PIZZA LLC,,,,11231-1234,x", "name_zip fuzzy_name_zip"},
		"another ZIP":                  {"JOES PIZZA LLC,,,,11232,x", ""},
		"no ZIP":                       {"JOES PIZZA LLC,,,,,x", ""},
		"a letter less":                {"Joes Piza,,,,11231,x", "fuzzy_name_zip"},
		"words turned round":           {"Pizza Joe's,,,,11231-0001,x", "fuzzy_name_zip"},
		"a letter less, another place": {"Joes Piza,,718-555-0100,1 Main St,11231,x", ""},
		"a letter less, another ZIP":   {"Joes Piza,,,,11232,x", ""},
		"another name":                 {"Joe's Deli,,,,11231,x", ""},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			for _, rule := range fibonacco.MatchRules {
				h.community = h.addCommunity(name + string(rule))
				h.want(h.run(matchHeader+known), "1=1+0+0+0")
				want := "1=1+0+0+0"
				if strings.Contains(" "+tc.same+" ", " "+string(rule)+" ") {
					want = "1=0+1+0+0"
				}
				if got := counts(h.run(matchHeader+tc.row+"\n", by(rule))); got != want {
					h.t.Errorf("%s by %s: %s, want %s", name, rule, got, want)
				}
				// The same within one file.
				h.community = h.addCommunity(name + string(rule) + " at once")
				twice := strings.Replace("2="+want[2:], "=1+0+0+0", "=2+0+0+0", 1)
				twice = strings.Replace(twice, "=0+1+0+0", "=1+1+0+0", 1)
				if got := counts(h.run(matchHeader+known+tc.row+"\n", by(rule))); got != twice {
					h.t.Errorf("%s by %s in one file: %s, want %s", name, rule, got, twice)
				}
			}
		}
	})
}

// Of several known ones, the rule that is named first decides.
func TestOrderOfRules(t *testing.T) {
	const known = "A,a@a.example,718-555-0101,,11231,\nB,b@b.example,718-555-0102,,11231,\n"
	each(t, func(h *house) {
		for i, tc := range []struct {
			rules []fibonacco.MatchRule
			want  string
		}{
			{[]fibonacco.MatchRule{fibonacco.MatchEmail, fibonacco.MatchPhone}, "A=x, B=~"},
			{[]fibonacco.MatchRule{fibonacco.MatchPhone, fibonacco.MatchEmail}, "A=~, B=x"},
		} {
			h.community = h.addCommunity(fmt.Sprint(i))
			h.run(matchHeader + known)
			h.want(h.run(matchHeader+"C,a@a.example,718-555-0102,,,x\n", by(tc.rules...)), "1=0+1+0+0")
			var got []string
			for line := range strings.SplitSeq(h.stored(), "\n") {
				v := strings.Split(line, "|")
				got = append(got, v[0]+"="+v[3])
			}
			if s := strings.Join(got, ", "); s != tc.want {
				h.t.Errorf("%v changed %s, want %s", tc.rules, s, tc.want)
			}
		}
		for name, req := range map[string]fibonacco.ImportRequest{
			"match":               {Match: []fibonacco.MatchRule{"looks"}},
			"twice":               {Match: []fibonacco.MatchRule{"email", "email"}},
			"policy.shoe_size":    {Policies: map[string]string{"shoe_size": "fill"}},
			"policy.city":         {Policies: map[string]string{"city": "keep"}},
			"policy.address_unit": {Policies: map[string]string{"address_unit": "fill"}},
			"mode":                {Mode: "everything"},
		} {
			req.CommunityID = h.community
			if _, err := h.imports.Run(h.t.Context(), req, strings.NewReader(one), 0, nil); fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(err.Error(), name) {
				h.t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Without rules of its own an import weighs what it knows; a ZIP+4 is its ZIP there too.
func TestZIPPlusFour(t *testing.T) {
	each(t, func(h *house) {
		h.want(h.run(matchHeader+"Joe's,,,,11231-1234,\nNails,,,,11231,\n"), "2=2+0+0+0")
		h.want(h.run(matchHeader+"Joe's,,,,11231,\nNails,,,,11231-9999,\nNails,,,,11232,\nJoe's,,,,11230-1234,\n"), "4=2+0+2+0")
		h.want(h.run(matchHeader+"Cuts,,,,11231-1234,\nCuts,,,,11231,\nCuts,,,,11231-5678,\n"), "3=1+0+2+0")
	})
}

// Several batches find by the sound what the first one stored.
func TestFuzzyAcrossBatches(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(3)
		var b strings.Builder
		b.WriteString(matchHeader)
		for i := range 10 {
			fmt.Fprintf(&b, "Golden Dragon Number %d Restaurant,,,,11%03d,\n", i, i%3)
		}
		for i := range 10 {
			fmt.Fprintf(&b, "Goldn Dragon Number %d Restaurant,,,,11%03d-0001,\n", i, i%3)
		}
		h.want(h.run(b.String(), by(fibonacco.MatchFuzzyNameZIP)), "20=10+0+10+0")
		h.want(h.run(b.String(), by(fibonacco.MatchFuzzyNameZIP), dry), "20=0+0+20+0")
	})
}

// Names that are compared letter by letter are found by their signature.
func TestSignaturesFindWhatIsAlike(t *testing.T) {
	t.Parallel()
	words := []string{"golden", "dragon", "marios", "joes", "pizza", "nails", "and", "spa", "the", "corner", "deli", "brothers", "sunrise", "42"}
	// The same names in every run: the share that is missed is a figure, not a property.
	random := rand.New(rand.NewPCG(1, 2))
	missed, found := 0, 0
	for range 20_000 {
		name := make([]string, 2+random.IntN(4))
		for i := range name {
			name[i] = words[random.IntN(len(words))]
		}
		a := strings.Join(name, " ")
		at := random.IntN(len(a))
		b := a[:at] + []string{"", "x", "s"}[random.IntN(3)] + a[at+1:]
		if !imports.Alike(a, b) {
			continue
		}
		if imports.MayBeAlike(a, b) {
			found++
		} else {
			missed++
		}
	}
	if found < 10_000 || missed*50 > found {
		t.Errorf("%d found, %d missed", found, missed)
	}
	t.Logf("%d found, %d missed", found, missed)
	for _, pair := range [][2]string{{"golden dragon", "joes pizza"}, {"sunrise nails", "corner deli"}, {"marios", "spa"}} {
		if imports.MayBeAlike(pair[0], pair[1]) {
			t.Errorf("%q would be compared with %q", pair[0], pair[1])
		}
	}
}

func TestPolicies(t *testing.T) {
	const known = "Name,Email,Phone,Address,Zip,City,Category,Contact,Latitude,Longitude\nJoe's,joe@joes.example,718-555-0142,1 Main St,11231,,Pizza,,40.1,-73.1\n"
	const row = "Name,Email,Phone,Address,Zip,City,Category,Contact,Latitude,Longitude\nJoe's LLC,joe@joes.example,718-555-0199,1 Main Street,11231,Brooklyn,Food,Joe Doe,40.2,-73.2\n"
	cases := map[string]struct {
		duplicates string
		policies   map[string]string
		want       string // name, phone, city, category, contact, coordinates
	}{
		"fill":               {"fill", nil, "Joe's|+17185550142|Brooklyn|Pizza|Joe Doe|(-73.1,40.1)"},
		"overwrite":          {"overwrite", nil, "Joe's LLC|+17185550199|Brooklyn|Food|Joe Doe|(-73.2,40.2)"},
		"skip":               {"skip", nil, "Joe's|+17185550142|~|Pizza|~|(-73.1,40.1)"},
		"fill, but":          {"fill", map[string]string{"category": "overwrite", "city": "skip"}, "Joe's|+17185550142|~|Food|Joe Doe|(-73.1,40.1)"},
		"overwrite, but":     {"overwrite", map[string]string{"category": "fill", "business_name": "skip", "coordinates": "skip"}, "Joe's|+17185550199|Brooklyn|Pizza|Joe Doe|(-73.1,40.1)"},
		"skip, but":          {"skip", map[string]string{"city": "fill", "primary_phone": "overwrite"}, "Joe's|+17185550199|Brooklyn|Pizza|~|(-73.1,40.1)"},
		"skip, but one, but": {"skip", map[string]string{"category": "fill"}, "Joe's|+17185550142|~|Pizza|~|(-73.1,40.1)"},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			h.community = h.addCommunity(name)
			h.run(known)
			r := h.run(row, mode(tc.duplicates), func(r *fibonacco.ImportRequest) { r.Policies = tc.policies })
			v := strings.Split(h.stored(), "|")
			if got := strings.Join([]string{v[0], v[6], v[8], v[3], v[4], v[11]}, "|"); got != tc.want {
				h.t.Errorf("%s: %s (%s), want %s", name, got, counts(r), tc.want)
			}
		}
	})
}

func TestPlacesInOne(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"40.6782, -73.9442":        "-73.9442 40.6782 true",
		"(40.6782, -73.9442)":      "-73.9442 40.6782 true",
		"POINT (-73.9442 40.6782)": "-73.9442 40.6782 true",
		"point(-73.9442 40.6782)":  "-73.9442 40.6782 true",
		"40.6782;-73.9442":         "-73.9442 40.6782 true",
		"-73.9442, 40.6782":        "-73.9442 0 false", // 73.9 degrees south is no latitude of ours, but 90 would be none at all
		"40.6782":                  "0 0 false",
		"x, y":                     "0 0 false",
		"91, 5":                    "0 0 false",
	} {
		p, known, ok := imports.PlacePair(in)
		got := fmt.Sprintf("%v %v %v", p.Longitude, p.Latitude, known && ok)
		if in == "-73.9442, 40.6782" {
			if !ok || p.Latitude != -73.9442 {
				t.Errorf("%q: %s", in, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{"11231": "11231", "11231-1234": "11231", "": "", "112311234": "112311234", "ABC": "ABC"} {
		if got := imports.ZIP5(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
