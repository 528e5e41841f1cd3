package catcher_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/catcher"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string) *catcher.Catcher {
	t.Helper()
	c, err := catcher.Open(dir, fibonacco.NewFakeClock(noon))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// many makes n mails from number first on.
func many(first, n int64) (mails []*fibonacco.Mail) {
	for i := range n {
		mails = append(mails, mailtest.NewMail(first+i))
	}
	return mails
}

// send hands mails over one by one, so that they are numbered in order.
func send(t *testing.T, c *catcher.Catcher, mails ...*fibonacco.Mail) {
	t.Helper()
	for _, mail := range mails {
		book := mailtest.RunAll(t, c, mail)
		book.Check(t, []*fibonacco.Mail{mail})
		if h := book.Of(mail)[0]; h.Result != fibonacco.Accepted {
			t.Fatalf("%+v", h)
		}
	}
}

func list(t *testing.T, c *catcher.Catcher, query string, before int64, limit int) (ids []int64, total int) {
	t.Helper()
	page, total, err := c.ListCaught(t.Context(), query, before, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page {
		ids = append(ids, m.ID)
	}
	return ids, total
}

// holds checks that the catcher holds exactly these mails, numbered from first.
func holds(t *testing.T, c *catcher.Catcher, first int64, mails []*fibonacco.Mail) {
	t.Helper()
	if _, total := list(t, c, "", 0, 1); total != len(mails) {
		t.Fatalf("%d are there, want %d", total, len(mails))
	}
	for i, mail := range mails {
		got, message, err := c.Caught(t.Context(), first+int64(i))
		if err != nil {
			t.Fatal(err)
		}
		want := fibonacco.CaughtMail{
			ID: first + int64(i), At: noon, From: mail.From, To: mail.To,
			Subject: fmt.Sprintf("Message %d", mail.SendID), Size: len(mail.Message),
		}
		if *got != want || !bytes.Equal(message, mail.Message) {
			t.Errorf("got %+v, want %+v", *got, want)
		}
	}
}

func TestConform(t *testing.T) {
	t.Parallel()
	mailtest.Conform(t, func(t *testing.T) fibonacco.Mailer { return open(t, t.TempDir()) })
}

func TestList(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	mails := many(1, 30)
	for i, subject := range []string{"Your Plan", "your plan, again", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="} {
		mails[i].Message = bytes.Replace(mails[i].Message, fmt.Appendf(nil, "Message %d\r\n", i+1), []byte(subject+"\r\n"), 1)
	}
	send(t, c, mails...)
	for _, tc := range []struct {
		query  string
		before int64
		limit  int
		ids    string
		total  int
	}{
		{"", 0, 3, "[30 29 28]", 30},
		{"", 28, 3, "[27 26 25]", 30},
		{"", 3, 10, "[2 1]", 30},
		{"", 1, 10, "[]", 30},
		{"", 1000, 1, "[30]", 30},
		{"plan", 0, 10, "[2 1]", 2},
		{"PLAN", 2, 10, "[1]", 2},
		{"grüße", 0, 10, "[3]", 1},
		{"recipient7@", 0, 10, "[7]", 1},
		{"Message 1", 0, 2, "[19 18]", 10},
		{"no such thing", 0, 2, "[]", 0},
	} {
		ids, total := list(t, c, tc.query, tc.before, tc.limit)
		if got := fmt.Sprint(ids); got != tc.ids || total != tc.total {
			t.Errorf("%q before %d: %s of %d, want %s of %d", tc.query, tc.before, got, total, tc.ids, tc.total)
		}
	}
	if ids, _ := list(t, c, "", 0, 0); len(ids) != 30 {
		t.Errorf("no limit lists %d", len(ids))
	}
	for _, id := range []int64{-1, 0, 31} {
		if _, _, err := c.Caught(t.Context(), id); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("mail %d: %v", id, err)
		}
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	for header, want := range map[string]string{
		"Subject: plain":                                  "plain",
		"SUBJECT:folded\r\n over\r\n\tlines":              "folded over lines",
		"X-Subject: no\r\nSubject: yes":                   "yes",
		"To: nobody":                                      "",
		"Subject: =?utf-8?b?R3LDvMOfZQ==?= =?utf-8?q?!?=": "Grüße!",
		"Subject: =?unknown?q?x?=":                        "=?unknown?q?x?=",
		"Subject: \xff":                                   "?",
		"Subject: " + strings.Repeat("ä", 3000):           strings.Repeat("ä", 1000),
	} {
		mail := mailtest.NewMail(1)
		mail.Message = []byte(header + "\r\n\r\nSubject: not this\r\n")
		send(t, c, mail)
		page, _, err := c.ListCaught(t.Context(), "", 0, 1)
		if err != nil || page[0].Subject != want {
			t.Errorf("%.40q became %.40q, %v", header, page[0].Subject, err)
		}
	}
}

func TestFailingDomains(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	mails := many(1, 5)
	mails[1].To, mails[2].To, mails[3].To = "x@refuse.example", "x@DEFER.example", "x@sub.refuse.example"
	book := mailtest.RunAll(t, c, mails...)
	book.Check(t, mails)
	for i, want := range []fibonacco.Handover{
		{Result: fibonacco.Accepted, Code: 250},
		{Result: fibonacco.Refused, Code: 550},
		{Result: fibonacco.Deferred, Code: 451},
		{Result: fibonacco.Accepted, Code: 250},
		{Result: fibonacco.Accepted, Code: 250},
	} {
		h := book.Of(mails[i])[0]
		if h.Result != want.Result || h.Code != want.Code || (h.Reason == "") != (h.Result == fibonacco.Accepted) {
			t.Errorf("mail %d: %+v", i+1, h)
		}
		if n := book.Intents(mails[i].SendID); (n == 1) != (h.Result == fibonacco.Accepted) {
			t.Errorf("mail %d had %d intents", i+1, n)
		}
	}
	if _, total := list(t, c, "", 0, 1); total != 3 {
		t.Errorf("%d were caught", total)
	}
}

func TestOnCaught(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	var mu sync.Mutex
	told := map[int64]fibonacco.CaughtMail{}
	c.OnCaught = func(m fibonacco.CaughtMail) {
		mu.Lock()
		defer mu.Unlock()
		if _, again := told[m.ID]; again {
			t.Errorf("told of %d twice", m.ID)
		}
		told[m.ID] = m
		if _, _, err := c.Caught(t.Context(), m.ID); err != nil {
			t.Error(err)
		}
	}
	mailtest.RunAll(t, c, many(1, 2000)...)
	if len(told) != 2000 {
		t.Fatalf("told of %d", len(told))
	}
	for id, m := range told {
		if got, _, err := c.Caught(t.Context(), id); err != nil || *got != m {
			t.Errorf("told %+v, there is %+v, %v", m, got, err)
		}
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mails []*fibonacco.Mail
	for round := range int64(3) {
		c := open(t, dir)
		holds(t, c, 1, mails)
		more := many(round*7+1, 7)
		send(t, c, more...)
		mails = append(mails, more...)
		holds(t, c, 1, mails)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, open(t, dir), 1, mails)
}

// TestTornTail cuts the file at every byte, as a dying process may, and overwrites single bytes:
// whole mails before the damage stay, and new ones find their place after them.
func TestTornTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	mails := many(1, 3)
	send(t, c, mails...)
	c.Close()
	whole := segments(t, dir)[0]
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	record := (len(text) - 17) / 3
	check := func(name string, text []byte, left int) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(whole)), text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := open(t, dir)
		holds(t, c, 1, mails[:left])
		fresh := many(9, 1) // as long as the others, so that what lies behind it would fit again
		send(t, c, fresh...)
		holds(t, c, 1, append(mails[:left:left], fresh...))
		c.Close()
		holds(t, open(t, dir), 1, append(mails[:left:left], fresh...))
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for n := 0; n < len(text); n += 1 + n/40 {
		check(fmt.Sprintf("cut at %d", n), text[:n], max(n-17, 0)/record)
	}
	for n := 17; n < len(text); n += 13 {
		damaged := bytes.Clone(text)
		damaged[n] ^= 0x55
		check(fmt.Sprintf("damaged at %d", n), damaged, (n-17)/record)
	}
	check("with a tail of noughts", append(bytes.Clone(text), make([]byte, 100)...), 3)
}

func TestForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "x.mails", "-1.mails"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	send(t, open(t, dir), many(1, 1)...)
	if err := os.WriteFile(filepath.Join(dir, "000000000009.mails"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := catcher.Open(dir, fibonacco.SystemClock{}); err == nil {
		c.Close()
		t.Error("took a foreign file for a segment")
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{1, 3, 8, 100} {
		dir := t.TempDir()
		c := open(t, dir)
		c.Keep = keep
		mailtest.RunAll(t, c, many(1, 500)...)
		ids, total := list(t, c, "", 0, 1000)
		if total > keep || total < keep-keep/8-1 || total < 1 || len(ids) != total {
			t.Errorf("of %d to keep there are %d", keep, total)
		}
		for i, id := range ids {
			if id != 500-int64(i) {
				t.Fatalf("number %d at place %d", id, i)
			}
			if _, _, err := c.Caught(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		if _, _, err := c.Caught(t.Context(), 500-int64(keep)); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("an old mail: %v", err)
		}
		if n := len(segments(t, dir)); n > 9 {
			t.Errorf("%d segments", n)
		}
		c.Close()
		if again, _ := list(t, open(t, dir), "", 0, 1000); fmt.Sprint(again) != fmt.Sprint(ids) {
			t.Errorf("after a restart %v, before %v", again, ids)
		}
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	c.Keep = 16
	for round := range int64(3) {
		send(t, c, many(1, 10)...)
		if err := c.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		holds(t, c, 1, nil)
		if err := c.Clear(t.Context()); err != nil { // nothing to clear
			t.Fatal(err)
		}
		if n := len(segments(t, dir)); n != 1 {
			t.Errorf("%d segments are left", n)
		}
		if round == 1 { // a restart does not begin to count anew
			c.Close()
			c = open(t, dir)
		}
	}
	fresh := many(50, 2)
	send(t, c, fresh...)
	holds(t, c, 31, fresh)
}

// TestCrowd lists, reads and clears while mails come in.
func TestCrowd(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	c.Keep = 500
	in, book := make(chan *fibonacco.Mail, 100), mailtest.NewBook()
	stop := mailtest.Start(t, c, in, book)
	mails := many(1, 3000)
	over := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				page, total, err := c.ListCaught(t.Context(), "", 0, 20)
				if err != nil || total > 500 {
					t.Errorf("%d, %v", total, err)
				}
				for _, m := range page {
					_, message, err := c.Caught(t.Context(), m.ID)
					if err == nil && !bytes.Contains(message, []byte(m.To)) {
						t.Errorf("%d is another mail", m.ID)
					} else if err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
						t.Error(err)
					}
				}
				if n%50 == 49 {
					if err := c.Clear(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for _, mail := range mails {
		in <- mail
	}
	book.Wait(t, len(mails))
	close(over)
	readers.Wait()
	stop()
	book.Check(t, mails)
}

// TestCannotWrite: what cannot be kept is not accepted, and the mailer says so for a moment.
func TestCannotWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	in, book := make(chan *fibonacco.Mail, 1), mailtest.NewBook()
	mail := mailtest.NewMail(1)
	in <- mail
	mailtest.Start(t, c, in, book)
	book.Wait(t, 1)
	if h := book.Of(mail)[0]; h.Result != fibonacco.NotTried || h.Reason == "" {
		t.Errorf("%+v", h)
	}
	if err := c.Ready(); fibonacco.CodeOf(err) != fibonacco.Unavailable {
		t.Errorf("Ready: %v", err)
	}
	if err := c.Clear(t.Context()); err == nil {
		t.Error("cleared what is closed")
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(t.Context()); fibonacco.CodeOf(err) != fibonacco.Unavailable {
		t.Errorf("Check: %v", err)
	}
	if _, err := catcher.Open("/dev/null/x", fibonacco.SystemClock{}); err == nil {
		t.Error("opened a folder in a file")
	}
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.mails"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// FuzzOpen: whatever is in the file, opening it neither fails badly nor lets in half a mail.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 40))
	f.Add([]byte("\x10\x00\x00\x00abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, tail []byte) {
		dir := t.TempDir()
		text := append([]byte("fibonacco mail 1\n"), tail...)
		if err := os.WriteFile(filepath.Join(dir, "000000000001.mails"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := open(t, dir)
		_, before := list(t, c, "", 0, 1)
		send(t, c, many(1, 1)...)
		if _, after := list(t, c, "", 0, 1); after != before+1 {
			t.Errorf("%d mails, then %d", before, after)
		}
	})
}

func BenchmarkCatch(b *testing.B) {
	c := open(b, b.TempDir())
	mail := mailtest.NewMail(1)
	mail.Message = append(mail.Message, bytes.Repeat([]byte("Words, words, words.\r\n"), 190)...)
	in := make(chan *fibonacco.Mail, 500)
	go func() {
		for range b.N {
			in <- mail
		}
		close(in)
	}()
	b.ReportAllocs()
	b.ResetTimer()
	c.Run(b.Context(), in, nil, func(*fibonacco.Mail, fibonacco.Handover) {})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}
