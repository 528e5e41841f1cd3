package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
)

func TestDuplicatesAndMerge(t *testing.T) {
	dir := house(t)
	list := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(list, []byte("Business Name,Email,Phone,ZIP\r\n"+
		"ROSA'S BAKERY,rosa@rosas.example,,11231\r\nROSA BAKERY LLC,,(718) 555-0142,11231\r\nBLUE SALON,blue@salon.example,,11231\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York"},
		{"import", list, "--community", "red-hook"},
	} {
		if code, _, errOut := do(t, args...); code != 0 {
			t.Fatalf("%v: exit %d, %s", args, code, errOut)
		}
	}
	code, out, errOut := do(t, "duplicates", "--community", "red-hook", "--json")
	var pair fibonacco.DuplicatePair
	if err := json.Unmarshal([]byte(out), &pair); code != 0 || err != nil || pair.A.ID != 1 || pair.B.ID != 2 || pair.Score < 50 || len(pair.Reasons) == 0 {
		t.Fatalf("exit %d, %v, %s%s", code, err, out, errOut)
	}
	undo := ""
	for _, s := range []struct {
		args []string
		code int
		want string // a pattern of the output, or of the errors when the code is not 0
	}{
		{[]string{"duplicates", "--community", "nowhere"}, 1, `no such community`},
		{[]string{"duplicates", "--limit", "0"}, 2, `--limit`},
		{[]string{"duplicates"}, 0, `(?s)1 ROSA'S BAKERY  and  2 ROSA BAKERY LLC.*similar names|differ by one letter`},
		{[]string{"merge", "1", "2"}, 2, `--preview|--yes`},
		{[]string{"merge", "1", "2", "--preview", "--yes"}, 2, `can't be used together`},
		{[]string{"merge", "1", "1", "--yes"}, 2, `other is the business itself`},
		{[]string{"merge", "1", "99", "--yes"}, 1, `no such business`},
		{[]string{"merge", "1", "2", "--yes", "--choose", "id=other"}, 2, `choose.id cannot be chosen`},
		{[]string{"merge", "1", "2", "--preview"}, 0, `(?s)2 ROSA BAKERY LLC would become part of 1 ROSA'S BAKERY.*primary_phone +"" \| "\+17185550142" -> "\+17185550142"`},
		{[]string{"merge", "1", "2", "--preview", "--json"}, 0, `"rows":\{.*"analytics_events":`},
		{[]string{"merge", "rosa@rosas.example", "2", "--yes", "--choose", "business_name=other", "--json"}, 0, `"survivor_id":1,"other_id":2`},
		{[]string{"duplicates"}, 0, `Nothing looks like`},
		{[]string{"merge", "undo", "$uuid"}, 0, `two again`},
		{[]string{"merge", "undo", "$uuid"}, 1, `undone already`},
		{[]string{"merge", "undo", "nonsense"}, 1, `no such merge`},
		{[]string{"merge", "1", "2", "--yes"}, 0, `(?s)is now part of 1.*can be taken back: fibonacco merge undo [0-9a-f-]{36}`},
	} {
		for i := range s.args {
			s.args[i] = strings.ReplaceAll(s.args[i], "$uuid", undo)
		}
		code, out, errOut := do(t, s.args...)
		said := out
		if s.code != 0 {
			said = errOut
		}
		if code != s.code || !regexp.MustCompile(s.want).MatchString(said) {
			t.Errorf("fibonacco %s\n  exit %d, want %d\n  said %s, want %s\n  errors %s", strings.Join(s.args, " "), code, s.code, said, s.want, errOut)
		}
		if m := regexp.MustCompile(`"uuid":"([0-9a-f-]{36})","survivor_id"`).FindStringSubmatch(out); m != nil {
			undo = m[1]
		}
	}
}
