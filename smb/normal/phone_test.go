package normal_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/fibonacco/fibonacco/smb/normal"
)

func TestPhone(t *testing.T) {
	cases := map[string]string{
		"7185550142":                    "+17185550142",
		"718-555-0142":                  "+17185550142",
		"(718) 555-0142":                "+17185550142",
		"718.555.0142":                  "+17185550142",
		" 718 555 0142 ":                "+17185550142",
		"1-718-555-0142":                "+17185550142",
		"+1 (718) 555-0142":             "+17185550142",
		"tel:+1-718-555-0142":           "+17185550142",
		"718-555-0142 x12":              "+17185550142",
		"718.555.0142 ext. 5":           "+17185550142",
		"+1 718 555 0142;ext=3":         "+17185550142",
		"Phone: 718-555-0142":           "+17185550142",
		"７１８-555-0142":                  "+17185550142",
		"7185550142.0":                  "+17185550142",
		"718-555-0142 / 347-555-0100":   "+17185550142",
		"718-555-0142 or 347-555-0100":  "+17185550142",
		"718-555-0142, 347-555-0100":    "+17185550142",
		"718\u00a0555\u00a00142":        "+17185550142",
		"718–555–0142":                  "+17185550142",
		"1-800-FLOWERS":                 "+18003569377",
		"+44 20 7946 0958":              "+442079460958",
		"011 44 20 7946 0958":           "+442079460958",
		"917-838-0111":                  "+19178380111",
		"(555) 555-0142":                "+15555550142", // fiction
		"999-555-0100":                  "+19995550100", // fiction
		"":                              "",
		" ":                             "",
		"none":                          "",
		"N/A":                           "",
		"911":                           "",
		"555-0142":                      "",
		"5551234":                       "",
		"123-456-7890":                  "",
		"718555014":                     "",
		"71855501422":                   "",
		"999-555-0200":                  "",
		"0000000000":                    "",
		"+7 185 550":                    "",
		strings.Repeat("7185550142", 9): "",
	}
	for raw, want := range cases {
		got, ok := normal.Phone(raw)
		if got != want || ok != (want != "") {
			t.Errorf("Phone(%q) = %q, %v, want %q", raw, got, ok, want)
		}
	}
}

// library is what the library alone says.
func library(raw string) (string, bool) {
	number, err := phonenumbers.Parse(raw, "US")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

func TestAreasAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for area := 200; area <= 999; area++ {
		for range 8 {
			raw := fmt.Sprintf("%d%07d", area, 2_000_000+r.IntN(8_000_000))
			if raw[3:8] == "55501" {
				continue
			}
			got, ok := normal.Phone(raw)
			want, wantOK := library(raw)
			if got != want || ok != wantOK {
				t.Errorf("Phone(%q) = %q, %v; the library says %q, %v", raw, got, ok, want, wantOK)
			}
			if ok {
				accepted++
			}
		}
	}
	if accepted < 3000 {
		t.Errorf("only %d numbers were accepted", accepted)
	}
}

// However a plain number is punctuated, the short way says what the library says.
func TestPunctuationAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	between := []string{"", "", "", " ", "-", ".", "(", ")", ") ", " (", "+", "--", " - ", "/"}
	accepted := 0
	for range 20_000 {
		digits := fmt.Sprintf("718%07d", 2_000_000+r.IntN(8_000_000))
		if r.IntN(2) == 0 {
			digits = "1" + digits
		}
		var b strings.Builder
		b.WriteString(between[r.IntN(len(between))])
		for i := range digits {
			b.WriteByte(digits[i])
			if r.IntN(4) == 0 {
				b.WriteString(between[r.IntN(len(between))])
			}
		}
		raw := b.String()
		if strings.Contains(raw, "/") || strings.Contains(digits, "55501") {
			continue // takes the first of several; takes fiction
		}
		got, ok := normal.Phone(raw)
		want, wantOK := library(strings.TrimSpace(raw))
		if got != want || ok != wantOK {
			t.Fatalf("Phone(%q) = %q, %v; the library says %q, %v", raw, got, ok, want, wantOK)
		}
		if ok {
			accepted++
		}
	}
	if accepted < 5000 {
		t.Errorf("only %d numbers were accepted", accepted)
	}
}

func FuzzPhone(f *testing.F) {
	for _, seed := range []string{"", "718-555-0142", "+1 718 555 0142 x5", "1-800-FLOWERS", "a/b", "\x00\xff", "7185550142.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		e164, ok := normal.Phone(raw)
		if ok != (e164 != "") || len(e164) > 17 {
			t.Fatalf("Phone(%q) = %q, %v", raw, e164, ok)
		}
		if again, ok2 := normal.Phone(e164); ok && (!ok2 || again != e164) {
			t.Fatalf("Phone(%q) = %q, but Phone of that is %q", raw, e164, again)
		}
	})
}

func BenchmarkPhone(b *testing.B) {
	for name, raw := range map[string]string{"plain": "(718) 555-0142", "library": "718-555-0142 x12"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normal.Phone(raw)
			}
		})
	}
}
