package consent_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/consent"
)

// What is found in files as they come.
func TestFile(t *testing.T) {
	for name, tc := range map[string]struct{ file, found, bad string }{
		"a line each":               {"a@example.com\n\n(718) 555-0142\r\nB@EXAMPLE.com", "a@example.com +17185550142 b@example.com", ""},
		"one line":                  {"a@example.com", "a@example.com", ""},
		"lines ended by \\r":        {"a@example.com\rb@example.com\r", "a@example.com b@example.com", ""},
		"with a header":             {"Name,E-mail,Mobile Phone\nRosa,a@example.com,718-555-0142\n\"Diaz, Ana\",b@example.com,n/a\n", "a@example.com +17185550142 b@example.com", ""},
		"only the named columns":    {"id,email\n7185550142,a@example.com\n", "a@example.com", ""},
		"a header of other words":   {"Wer;Was\nRosa;a@example.com\n", "a@example.com", ""},
		"no header, columns":        {"Rosa,a@example.com,718-555-0142\nAna,b@example.com,\n", "a@example.com +17185550142 b@example.com", ""},
		"semicolons":                {"email;phone\na@example.com;(718) 555-0142\n", "a@example.com +17185550142", ""},
		"tabs":                      {"email\tphone\na@example.com\t7185550142\n", "a@example.com +17185550142", ""},
		"the national registry":     {"718,5550142\n347,5550199\n", "+17185550142 +13475550199", ""},
		"the registry, with names":  {"AreaCode,PhoneNumber,Flag\n718,5550142,A\n", "+17185550142", ""},
		"a byte order mark":         {"\xef\xbb\xbfemail\na@example.com\n", "a@example.com", ""},
		"UTF-16":                    {"\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00a\x00@\x00b\x00.\x00c\x00o\x00\n\x00", "a@b.co", ""},
		"several in a cell":         {"email\n\"a@example.com; b@example.com\"\n", "a@example.com b@example.com", ""},
		"names around":              {"Rosa Diaz <a@example.com>\nmailto:b@example.com\n", "a@example.com b@example.com", ""},
		"lines with nothing":        {"a@example.com\nRosa\n,\n12345\n", "a@example.com", "2: holds neither an e-mail address nor a telephone number|4: holds neither an e-mail address nor a telephone number"},
		"bad values of named ones":  {"name,email,phone\nRosa,rosa,718\nAna,b@example.com,0\n", "b@example.com", "2:email is neither an e-mail address nor a telephone number|2:phone is neither an e-mail address nor a telephone number"},
		"a named column is missing": {"name,email\nRosa\n", "", "2: holds neither an e-mail address nor a telephone number"},
		"a quote that never closes": {"name,email\n\"Rosa,a@example.com\nAna,b@example.com\n", "a@example.com b@example.com", ""},
		"a quoted line break":       {"name,email\n\"Rosa\nDiaz\",a@example.com\n", "a@example.com", "2: holds neither an e-mail address nor a telephone number"},
		"the registry, broken":      {"718,5550142\n718,xyz\n", "+17185550142", "2: is not a telephone number"},
		"an endless line":           {"a@example.com\n" + strings.Repeat("x", 200_000) + "\nb@example.com\n", "a@example.com b@example.com", "2: holds neither an e-mail address nor a telephone number"},
		"bytes that are no text":    {"a@example.com\n\xff\xfe\x80@example.com\n", "a@example.com", "2: holds neither an e-mail address nor a telephone number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, bad, err := consent.ReadFile(strings.NewReader(tc.file))
			must(t, err)
			var said []string
			for _, e := range bad {
				said = append(said, fmt.Sprintf("%d:%s %s", e.Line, e.Field, e.Reason))
			}
			equal(t, "found", strings.Join(found, " "), tc.found)
			equal(t, "bad", strings.Join(said, "|"), tc.bad)
		})
	}
	for name, file := range map[string]string{"empty": "", "blank": "\n \r\n,,,\n", "a spreadsheet": "PK\x03\x04x", "zeros": "a\x00\x00"} {
		if _, _, err := consent.ReadFile(strings.NewReader(file)); fibonacco.CodeOf(err) != fibonacco.Invalid && fibonacco.CodeOf(err) != fibonacco.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImportSuppressions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.smb(1, "a@example.com", "+17185550142")
		w.smb(2, "b@example.com", "")
		queued := w.send(id, "a@example.com", "queued")
		w.suppress(t.Context(), "c@example.com", "manual")
		const file = "email,phone\na@example.com,718-555-0142\nB@example.com,\nc@example.com,\nb@example.com,\nnobody,1\n"
		res, err := w.svc.ImportSuppressions(w.as(), strings.NewReader(file), "dnc", "national registry")
		must(t, err)
		equal(t, "counts", fmt.Sprint(res.Total, res.Added, res.Known, res.Failed, res.Reached, len(res.Errors)), "7 3 2 2 2 2")
		equal(t, "queued", w.sendState(queued), "suppressed/suppressed")
		equal(t, "kept with each", all(w, `SELECT DISTINCT reason || ' ' || source FROM suppressions WHERE reason <> 'manual'`), "dnc national registry")
		equal(t, "audit", all(w, `SELECT CAST(after ->> 'added' AS text) FROM audit_log WHERE action = 'suppressions.imported'`), "3")

		res, err = w.svc.ImportSuppressions(w.as(), strings.NewReader(file), "dnc", "national registry")
		must(t, err)
		equal(t, "again", fmt.Sprint(res.Total, res.Added, res.Known, res.Failed, res.Reached), "7 0 5 2 0")
		equal(t, "audit", w.audited("suppressions.imported"), 1)

		res, err = w.svc.ImportSuppressions(w.as(1), strings.NewReader("b@example.com\nd@example.com\n"), "", "own list")
		must(t, err)
		equal(t, "of a community", fmt.Sprint(res.Added, res.Known, res.Reached), "1 1 0")
		equal(t, "theirs", get[int64](w, `SELECT community_id FROM suppressions WHERE email_key = 'd@example.com'`), 1)

		_, err = w.svc.ImportSuppressions(w.as(), strings.NewReader("x"), "erased", " ")
		equal(t, "refused", fields(err), "reason source")
	})
}

// lines is a file of n lines, made as it is read.
type lines struct {
	n, at int
	left  []byte
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		if l.at == l.n {
			return 0, io.EOF
		}
		for ; len(l.left) < 32<<10 && l.at < l.n; l.at++ {
			switch l.at % 3 {
			case 0:
				l.left = fmt.Appendf(l.left, "owner%d@example.com\n", l.at)
			case 1:
				l.left = fmt.Appendf(l.left, "(%d) %03d-%04d\n", 201+l.at%7, 200+l.at/10000%700, l.at%10000)
			default:
				l.left = fmt.Appendf(l.left, "\"Shop, %d\",owner%d@shops.example\n", l.at, l.at)
			}
		}
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}

// A large file takes no more memory than a small one.
func TestImportSuppressionsInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a large file")
	}
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	w := newWorld(t, d, fibonacco.NewFakeClock(dbtest.Start))
	file := &watched{Reader: &lines{n: 60_000}}
	res, err := w.svc.ImportSuppressions(t.Context(), file, "dnc", "registry")
	must(t, err)
	equal(t, "taken in", res.Added+res.Known, 60_000)
	equal(t, "stored", get[int](w, `SELECT count(*) FROM suppressions`), res.Added)
	if res.Failed > 0 || res.Added < 59_000 {
		t.Errorf("%d added, %d known, %d failed: %v", res.Added, res.Known, res.Failed, res.Errors[:min(3, len(res.Errors))])
	}
	if file.most > 64<<20 {
		t.Errorf("the heap grew to %d MiB", file.most>>20)
	}
}

// watched notes how large the heap is while a file is read.
type watched struct {
	io.Reader
	reads int
	most  uint64
}

func (f *watched) Read(p []byte) (int, error) {
	if f.reads++; f.reads%50 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		f.most = max(f.most, m.HeapAlloc)
	}
	return f.Reader.Read(p)
}

// Whatever a file holds, reading it ends, without a panic; what it finds is in its compared form,
// and finding it again finds the same.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"a@example.com\n(718) 555-0142\n", "Name,E-mail\n\"x,\",a@example.com\n", "718,5550142\r", "\xff\xfea\x00\n\x00", "\xef\xbb\xbf\"\n", "a;b|c\t\"\"\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, bad, err := consent.ReadFile(bytes.NewReader(data))
		if code := fibonacco.CodeOf(err); err != nil && code != fibonacco.Invalid && code != fibonacco.Malformed {
			t.Fatalf("%v of %q", err, data)
		}
		before := 0
		for _, e := range bad {
			if e.Line < max(before, 1) {
				t.Fatalf("line %d after line %d in %q", e.Line, before, data)
			}
			before = e.Line
		}
		for _, v := range found {
			again, bad, err := consent.ReadFile(strings.NewReader(v + "\n"))
			if err != nil || len(bad) > 0 || len(again) != 1 || again[0] != v {
				t.Fatalf("%q is found again as %q, %v, %v", v, again, bad, err)
			}
		}
	})
}
