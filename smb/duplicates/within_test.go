package duplicates_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/fibonacco/fibonacco/library/sample"
	"github.com/fibonacco/fibonacco/smb/duplicates"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// sampleEntries is the real businesses that the product ships.
func sampleEntries(t testing.TB) []*duplicates.Entry {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(sample.CSV)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*duplicates.Entry, len(rows)-1)
	for i, r := range rows[1:] {
		phone, _ := normal.Phone(r[5])
		all[i] = duplicates.NewEntry(int64(i+1), r[0], r[1], phone, normal.EmailKey(r[4]), r[6], r[7], r[9])
	}
	return all
}

func nobody(string) int { return 0 }

// Of real businesses, every pair that would be proposed is looked at, and few others are.
func TestEveryLikelyPairIsLookedAt(t *testing.T) {
	all := sampleEntries(t)
	looked := map[[2]int64]bool{}
	duplicates.PairsWithin(all, func(a, b *duplicates.Entry) {
		key := [2]int64{min(a.ID, b.ID), max(a.ID, b.ID)}
		if looked[key] {
			t.Errorf("%v is looked at twice", key)
		}
		looked[key] = true
	})
	proposed := 0
	for i, a := range all {
		for _, b := range all[i+1:] {
			if score, reasons := duplicates.Likely(a, b, nobody); score >= duplicates.Proposed {
				proposed++
				if !looked[[2]int64{a.ID, b.ID}] {
					t.Errorf("not looked at, with %d points: %q", score, reasons)
				}
			}
		}
	}
	if proposed < 15 {
		t.Errorf("only %d pairs are likely: the test proves little", proposed)
	}
	if every := len(all) * (len(all) - 1) / 2; len(looked) > every/20 {
		t.Errorf("%d of %d pairs are looked at", len(looked), every)
	}
}

// A business entered twice, the second time with a slip of the pen, is found, unless the slip is in
// what it is no longer known by: "Inc" as "Nic" is a word of its own.
func TestSlipsOfThePenAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := sampleEntries(t)
	found, slips := 0, 0
	for _, e := range all {
		typed := slip(r, e.Name)
		if typed == e.Name || normal.NameKey(typed) == "" {
			continue
		}
		slips++
		twin := duplicates.NewEntry(e.ID+1_000_000, typed, "", "", "", e.Address, "", e.ZIP)
		duplicates.PairsWithin([]*duplicates.Entry{e, twin}, func(a, b *duplicates.Entry) {
			if score, _ := duplicates.Likely(a, b, nobody); score >= duplicates.Proposed {
				found++
			}
		})
	}
	if slips < 300 || found*100 < slips*90 {
		t.Errorf("%d of %d are found", found, slips)
	}
}

// slip leaves a letter out, doubles it, or swaps it with the next, somewhere in a word.
func slip(r *rand.Rand, name string) string {
	letters := []rune(name)
	if len(letters) < 6 {
		return name
	}
	i := 1 + r.IntN(len(letters)-2)
	switch r.IntN(3) {
	case 0:
		return string(letters[:i]) + string(letters[i+1:])
	case 1:
		return string(letters[:i]) + string(letters[i]) + string(letters[i:])
	default:
		letters[i], letters[i+1] = letters[i+1], letters[i]
		return string(letters)
	}
}

// However many share something, the work stays bounded, and twins are met among them.
func TestManyWhoShareAreBounded(t *testing.T) {
	var all []*duplicates.Entry
	const n = 3000
	for i := range n {
		name := fmt.Sprintf("Tenant %d Holdings", i/2*2) // in twos
		all = append(all, duplicates.NewEntry(int64(i+1), name, "", "+17185550142", "office@tower.example", "1 Tower Plaza", "", "11231"))
	}
	looked, twins := 0, 0
	duplicates.PairsWithin(all, func(a, b *duplicates.Entry) {
		looked++
		if a.Name == b.Name {
			twins++
		}
	})
	if looked > n*30 {
		t.Errorf("%d pairs of %d businesses are looked at", looked, n)
	}
	if twins != n/2 {
		t.Errorf("%d of %d twins are met", twins, n/2)
	}
}

func BenchmarkLikely(b *testing.B) {
	all := sampleEntries(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		duplicates.Likely(all[i%len(all)], all[(i*7+1)%len(all)], nobody)
	}
}
