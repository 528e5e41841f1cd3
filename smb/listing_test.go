package smb_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/normal"
	"github.com/fibonacco/fibonacco/smb/search"
)

// listed is a business as these tests know it: what the list may ask of it, by field. A field that
// is not there is unknown.
type listed struct {
	id     int64
	fields map[string]string
	many   map[string][]string // of the fields that can have several values
	text   search.Text
}

// domains is the values that the fields take; "" is unknown.
var domains = map[string][]string{
	"business_name":        {"Café del Mar", "cafe del mar LLC", "Bakers & Sons", "Zoo", "!!!", "a", "Ab Ovo", "Rosa's"},
	"business_type":        {"", "Retail", "a,b", `back\slash`},
	"category":             {"", "Bakery", "Café", "!x", "null", "10..20"},
	"primary_email":        {"", "Rosa@example.com", "cafe@example.com", "info@zoo.example"},
	"primary_phone":        {"", "+17185550142", "+12125550199"},
	"city":                 {"", "Brooklyn", "Queens", "brooklyn"},
	"state":                {"", "NY", "NJ"},
	"zip":                  {"", "11201", "07030"},
	"engagement_tier":      {"1", "2", "3", "4"},
	"engagement_score":     {"0", "20", "50", "100"},
	"campaign_status":      {"pending", "active", "paused", "completed"},
	"current_campaign_id":  {"", "HOOK-001", "EDU-002"},
	"manifest_destiny_day": {"0", "1", "90"},
	"service_model":        {"", "self_service", "ai_account_manager"},
	"subscription_tier":    {"free", "growth"},
	"source":               {"", "import", "api"},
	"email_opted_in":       {"true", "false"},
	"rvm_opted_in":         {"true", "false"},
	"do_not_contact":       {"true", "false"},
	"data_quality_score":   {"0", "40", "100"},
	"last_email_open":      {"", "2026-02-01T10:00:00Z", "2026-02-20T10:00:00.5Z"},
	"last_email_click":     {"", "2026-02-02T10:00:00Z"},
	"created_at":           {"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00.000001Z"},
	"updated_at":           {"2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"},
}

var tagDomain = []string{"vip", "spring sale", "a,b", "null"}

// serviceDomain is what is approved; a business waits for a service when it is not set up yet.
var serviceDomain = []string{"booking", "listing_claim", "reviews"}

// fillListed stores n businesses of all kinds in two communities.
func fillListed(t *testing.T, d *db.DB, s *smb.Service, n int) []listed {
	t.Helper()
	towns := []int64{newCommunity(t, s, "north", "America/New_York"), newCommunity(t, s, "south", "America/New_York")}
	var names []string
	for name := range domains {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]listed, n)
	pick := uint64(42)
	roll := func(of int) int {
		pick = pick*6364136223846793005 + 1442695040888963407
		return int(pick>>33) % of
	}
	ids := make([]int64, n)
	run(t, d, func(tx *db.Tx) error {
		for i := range all {
			b := listed{fields: map[string]string{}, many: map[string][]string{}}
			columns, values, args := []string{"uuid", "community_id", "email_key", "name_key"}, []string{"$uuid", "$1", "$2", "$3"}, []any{towns[roll(2)], nil, nil}
			for _, name := range names {
				v := domains[name][roll(len(domains[name]))]
				columns = append(columns, name)
				values = append(values, "$"+strconv.Itoa(len(args)+1))
				args = append(args, stored(t, name, v))
				if v != "" {
					b.fields[name] = v
				}
			}
			args[1], args[2] = db.Null(normal.EmailKey(b.fields["primary_email"])), db.Null(normal.NameKey(b.fields["business_name"]))
			query := withUUID(`INSERT INTO smbs (` + strings.Join(columns, ", ") + `) VALUES (` + strings.Join(values, ", ") + `) RETURNING id`)
			if err := tx.QueryRow(t.Context(), query, args...).Scan(&b.id); err != nil {
				return err
			}
			b.fields["id"], b.fields["community_id"] = fmt.Sprint(b.id), fmt.Sprint(args[0])
			var handle string
			if err := tx.QueryRow(t.Context(), `SELECT CAST(uuid AS text) FROM smbs WHERE id = $1`, b.id).Scan(&handle); err != nil {
				return err
			}
			b.fields["uuid"] = handle
			for _, tag := range tagDomain {
				if roll(3) == 0 {
					b.many["tag"] = append(b.many["tag"], tag)
					if _, err := tx.Exec(t.Context(), `INSERT INTO smb_tags (smb_id, tag) VALUES ($1, $2)`, b.id, tag); err != nil {
						return err
					}
				}
			}
			for _, service := range serviceDomain {
				status := []string{"", "", "", "pending", "provisioning", "provisioned", "failed", "cancelled"}[roll(8)]
				switch status {
				case "":
					continue
				case "pending", "provisioning":
					b.many["waiting_service"] = append(b.many["waiting_service"], service)
					fallthrough
				case "provisioned":
					b.many["approved_service"] = append(b.many["approved_service"], service)
				}
				if _, err := tx.Exec(t.Context(), withUUID(`INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, source_type, status, approved_at)
					VALUES ($uuid, $1, $2, 'Rosa', 'rosa@example.com', 'email', $3, $4)`), b.id, service, status, tx.Now); err != nil {
					return err
				}
			}
			b.text = search.TextOf(b.fields["business_name"], "", b.fields["primary_email"], b.fields["primary_phone"])
			all[i], ids[i] = b, b.id
		}
		return s.Reindex(t.Context(), tx, ids)
	})
	return all
}

// stored is a value as its column takes it.
func stored(t *testing.T, field, text string) any {
	t.Helper()
	f, _ := fibonacco.SMBListing.Field(field)
	switch {
	case text == "":
		return nil
	case f.Kind == fibonacco.IntegerField:
		n, err := strconv.Atoi(text)
		must(t, err)
		return n
	case f.Kind == fibonacco.BooleanField:
		return text == "true"
	case f.Kind == fibonacco.TimeField:
		at, err := time.Parse(time.RFC3339Nano, text)
		must(t, err)
		return at
	}
	return text
}

// compared is a value in the form in which a field is compared: what the list says of it.
func compared(field, text string) string {
	switch field {
	case "business_name":
		return normal.NameKey(text)
	case "primary_email":
		return normal.EmailKey(text)
	}
	return text
}

// less orders two values of a kind.
func less(kind fibonacco.FieldKind, a, b string) int {
	switch kind {
	case fibonacco.IntegerField:
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		return cmp.Compare(x, y)
	case fibonacco.TimeField:
		x, _ := time.Parse(time.RFC3339Nano, a)
		y, _ := time.Parse(time.RFC3339Nano, b)
		return x.Compare(y)
	}
	return strings.Compare(a, b)
}

// holds is what a condition means, said again without SQL.
func (b listed) holds(c fibonacco.Condition) bool {
	name := c.Field.Name
	if slices.Contains([]string{"tag", "approved_service", "waiting_service"}, name) {
		has := slices.ContainsFunc(b.many[name], func(value string) bool {
			if c.Op == fibonacco.Between {
				return (c.Values[0] == "" || value >= c.Values[0]) && (c.Values[1] == "" || value <= c.Values[1])
			}
			return slices.Contains(c.Values, value)
		})
		switch c.Op {
		case fibonacco.IsNull:
			return len(b.many[name]) == 0
		case fibonacco.NotNull:
			return len(b.many[name]) > 0
		case fibonacco.NoneOf:
			return !has
		}
		return has
	}
	value := compared(name, b.fields[name])
	switch c.Op {
	case fibonacco.IsNull:
		return value == ""
	case fibonacco.NotNull:
		return value != ""
	}
	if value == "" {
		return false
	}
	if c.Op == fibonacco.Between {
		for i, end := range c.Values {
			if end != "" && compared(name, end) == "" {
				return false // no place in the order
			}
			if sign := less(c.Field.Kind, value, compared(name, end)); end != "" && (i == 0 && sign < 0 || i == 1 && sign > 0) {
				return false
			}
		}
		return true
	}
	in := slices.ContainsFunc(c.Values, func(v string) bool { return less(c.Field.Kind, value, compared(name, v)) == 0 })
	return in == (c.Op == fibonacco.AnyOf)
}

// expected is the ids that a filter and an order give.
func expected(all []listed, conditions []fibonacco.Condition, sort []fibonacco.SortKey) []int64 {
	var found []listed
	for _, b := range all {
		if !slices.ContainsFunc(conditions, func(c fibonacco.Condition) bool { return !b.holds(c) }) {
			found = append(found, b)
		}
	}
	slices.SortFunc(found, func(a, b listed) int {
		last := false
		for _, k := range sort {
			x, y := compared(k.Field.Name, a.fields[k.Field.Name]), compared(k.Field.Name, b.fields[k.Field.Name])
			sign := less(k.Field.Kind, x, y)
			switch { // unknown is larger than everything
			case x == "" && y != "":
				sign = 1
			case x != "" && y == "":
				sign = -1
			}
			if last = k.Desc; last {
				sign = -sign
			}
			if sign != 0 {
				return sign
			}
		}
		if last {
			return cmp.Compare(b.id, a.id)
		}
		return cmp.Compare(a.id, b.id)
	})
	return idsOf(found)
}

func idsOf(all []listed) []int64 {
	ids := make([]int64, len(all))
	for i, b := range all {
		ids[i] = b.id
	}
	return ids
}

// condition is any condition that a field can have.
func condition(t *rapid.T, f fibonacco.ListField) string {
	values := domains[f.Name]
	switch f.Name {
	case "tag":
		values = tagDomain
	case "approved_service", "waiting_service":
		values = serviceDomain
	case "id", "community_id":
		values = []string{"1", "2", "7", "20", "99999999999"}
	case "uuid":
		values = []string{"0193c2f0-0000-7000-8000-000000000001"}
	}
	value := rapid.Map(rapid.SampledFrom(slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })), fibonacco.FilterValue)
	forms := []string{"one", "list", "none", "null", "known"}
	if f.Kind != fibonacco.BooleanField && f.Kind != fibonacco.UUIDField && (len(f.Values) == 0 || f.Kind == fibonacco.IntegerField) && f.Name != "primary_phone" {
		forms = append(forms, "from", "to", "range")
	}
	draw := func() string { return value.Draw(t, "value of "+f.Name) }
	switch rapid.SampledFrom(forms).Draw(t, "form of "+f.Name) {
	case "list":
		return draw() + "," + draw()
	case "none":
		return "!" + draw()
	case "null":
		return "null"
	case "known":
		return "!null"
	case "from":
		return draw() + ".."
	case "to":
		return ".." + draw()
	case "range":
		return draw() + ".." + draw()
	}
	return draw()
}

// pages reads a whole list, page by page.
func pages(t tester, query func(cursor string) (fibonacco.Page[fibonacco.SMB], error)) []int64 {
	t.Helper()
	var ids []int64
	for cursor := ""; ; {
		page, err := query(cursor)
		must(t, err)
		for _, b := range page.Data {
			ids = append(ids, b.ID)
		}
		if cursor = page.Next; cursor == "" {
			return ids
		}
		if len(ids) > 10_000 {
			t.Fatal("the list has no end")
		}
	}
}

// Any filter in any order, in pages of any size, is what it means, on both engines.
func TestAnyFilterInAnyOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		all := fillListed(t, d, s, 120)
		var fields []fibonacco.ListField
		for _, f := range fibonacco.SMBListing.Fields {
			if f.Name != "segment" {
				fields = append(fields, f)
			}
		}
		// Each form of each field alone, and then whatever comes.
		rapid.Check(t, func(rt *rapid.T) {
			filter := fibonacco.Filter{}
			for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 0, 3, func(f fibonacco.ListField) string { return f.Name }).Draw(rt, "fields") {
				filter[f.Name] = condition(rt, f)
			}
			var sort []string
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(fibonacco.SMBListing.SortNames()), 0, 3, rapid.ID).Draw(rt, "sort") {
				sort = append(sort, rapid.SampledFrom([]string{"", "-"}).Draw(rt, "direction")+name)
			}
			conditions, err := fibonacco.SMBListing.Conditions(filter)
			must(rt, err)
			keys, err := fibonacco.SMBListing.SortKeys(sort)
			must(rt, err)
			want := expected(all, conditions, keys)
			size := rapid.SampledFrom([]int{1, 2, 7, 50, 1000}).Draw(rt, "size")
			q := fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Where: filter}, Sort: sort, Size: size}
			got := pages(rt, func(cursor string) (fibonacco.Page[fibonacco.SMB], error) {
				q.Cursor = cursor
				return s.QuerySMBs(t.Context(), q)
			})
			if !slices.Equal(got, want) {
				rt.Fatalf("%v by %v: %v, want %v", filter, sort, got, want)
			}
			if n, err := s.CountSMBs(t.Context(), q.Filter); err != nil || n != len(want) {
				rt.Fatalf("%v: counted %d (%v), want %d", filter, n, err, len(want))
			}
			slices.Sort(want)
			if page, _, err := s.ListSMBs(t.Context(), q.Filter, 0, 0); err != nil || len(page) != len(want) {
				rt.Fatalf("%v: listed %d (%v), want %d", filter, len(page), err, len(want))
			}
		})
	})
}

// rankOf is the place of a business among the hits of a search of plain words, said again without
// SQL; 0 is none.
func (b listed) rankOf(text string) int {
	words := strings.Fields(normal.Words(text))
	hit := len(words) > 0
	occurs := func(within, word string) bool {
		if len([]rune(word)) < 3 {
			word = " " + word
		}
		return strings.Contains(within, word)
	}
	for _, w := range words {
		hit = hit && (occurs(b.text.Name, w) || occurs(b.text.Words, w))
	}
	if strings.Contains(text, "@") { // a piece of an address is one word
		hit = strings.Contains(b.text.Words, strings.ToLower(text))
	}
	phrase := strings.Join(words, " ")
	switch {
	case b.fields["primary_email"] != "" && normal.EmailKey(b.fields["primary_email"]) == normal.EmailKey(text):
		return 1
	case !hit:
		return 0
	case strings.HasPrefix(b.text.Name, " "+phrase):
		return 2
	case occurs(b.text.Name, phrase):
		return 3
	}
	return 4
}

// A search gives the same order on both engines: the exact address, names that begin so, names
// that contain it, the rest; and within these by name.
func TestSearchOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, ctx := newService(t, d), t.Context()
		all := fillListed(t, d, s, 150)
		check := func(t tester, text, category string, size int) {
			t.Helper()
			var found []listed
			for _, b := range all {
				if b.rankOf(text) > 0 && (category == "" || b.fields["category"] == category) {
					found = append(found, b)
				}
			}
			slices.SortFunc(found, func(a, b listed) int {
				return cmp.Or(cmp.Compare(a.rankOf(text), b.rankOf(text)),
					strings.Compare(normal.NameKey(a.fields["business_name"]), normal.NameKey(b.fields["business_name"])), cmp.Compare(a.id, b.id))
			})
			q := fibonacco.SMBQuery{Filter: fibonacco.SMBFilter{Search: text}, Size: size}
			if category != "" {
				q.Filter.Categories = []string{category}
			}
			got := pages(t, func(cursor string) (fibonacco.Page[fibonacco.SMB], error) {
				q.Cursor = cursor
				return s.QuerySMBs(ctx, q)
			})
			if want := idsOf(found); !slices.Equal(got, want) {
				t.Fatal(fmt.Sprintf("%q within %q: %v, want %v", text, category, got, want))
			}
			if n, err := s.CountSMBs(ctx, q.Filter); err != nil || n != len(found) {
				t.Fatal(fmt.Sprintf("%q: counted %d (%v), want %d", text, n, err, len(found)))
			}
			q.Sort, q.Cursor = []string{"-id"}, ""
			slices.SortFunc(found, func(a, b listed) int { return cmp.Compare(b.id, a.id) })
			if got := pages(t, func(cursor string) (fibonacco.Page[fibonacco.SMB], error) {
				q.Cursor = cursor
				return s.QuerySMBs(ctx, q)
			}); !slices.Equal(got, idsOf(found)) {
				t.Fatal(fmt.Sprintf("%q newest first: %v, want %v", text, got, idsOf(found)))
			}
		}
		for _, text := range []string{"rosa@example.com", "cafe@example.com", "cafe del mar", "cafe del mar llc", "bakers and so", "bakers and sons co", "a", "ab", "example", "mar cafe", "zoo", "nothing"} {
			check(t, text, "", 1000)
		}
		words := rapid.SampledFrom([]string{"cafe", "CAFÉ", "del", "mar", "ma", "a", "ab", "bakers", "and", "sons", "zoo", "rosas", "rosa", "example", "com", "llc", "c", "info", "ovo", "xyz"})
		rapid.Check(t, func(rt *rapid.T) {
			check(rt, strings.Join(rapid.SliceOfN(words, 1, 3).Draw(rt, "words"), " "),
				rapid.SampledFrom([]string{"", "Bakery", "Café"}).Draw(rt, "category"), rapid.SampledFrom([]int{1, 3, 50}).Draw(rt, "size"))
		})
	})
}
