package imports_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/imports"
)

// consents is what is recorded, one a line: name, channel, yes or no, date, source, wording, IP.
func (h *house) consents() string {
	h.t.Helper()
	var lines []string
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(h.t.Context(), `
			SELECT s.business_name, c.channel, c.granted, c.occurred_at, c.source, c.wording, c.ip, c.address
			FROM consents c JOIN smbs s ON s.id = c.smb_id WHERE s.community_id = $1 ORDER BY s.business_name, c.id`, h.community) // batches that are not about the same business keep no order among them
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name, channel, source, wording, ip, address string
			var granted bool
			var at time.Time
			if err := rows.Scan(&name, &channel, &granted, db.Time(&at), &source, &wording, &ip, &address); err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("%s %s %v %s %s|%s|%s|%s", name, channel, granted, at.Format(time.DateOnly), source, wording, ip, address))
		}
		return rows.Err()
	}))
	return strings.Join(lines, "\n")
}

const consentHeader = "Name,Email,Phone,Email Opt In,SMS Consent,Voicemail Consent,Phone Consent,Consent Date,Consent Source,Consent Wording,Consent IP\n"

func TestConsents(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(2)
		r := h.run(consentHeader +
			"A,a@a.example,718-555-0101,Yes,y,,,2/3/2026,web form,You may write to us.,203.0.113.7\n" +
			"B,b@b.example,,no,,,,,,,\n" +
			"C,c@c.example,,,,opted out,1,2026-01-05,,,\n" +
			"D,d@d.example,,perhaps,,,,,,,\n" +
			"E,e@e.example,,yes,,,,31/31/2026,,,\n" +
			"F,f@f.example,,yes,,,,2027-01-01,,,\n" +
			"G,g@g.example,,yes,,,,,,,1.2.3\n" +
			"H,h@h.example,,,,,,nonsense,,,also\n" +
			"A,a@a.example,,,no,,,,,,\n")
		h.want(r, "9=4+0+1+4")
		if got := faults(r); got != "5 email_consent, 6 consent_date, 7 consent_date, 8 consent_ip" {
			h.t.Errorf("errors at %s: %v", got, r.Errors)
		}
		today := h.db.Clock().Now().Format(time.DateOnly)
		want := strings.ReplaceAll("A email true 2026-02-03 web form|You may write to us.|203.0.113.7|a@a.example\n"+
			"A sms true 2026-02-03 web form|You may write to us.|203.0.113.7|+17185550101\n"+
			"A sms false NOW import|The column \"SMS Consent\" of the file \"list.csv\" said \"no\".||+17185550101\n"+
			"B email false NOW import|The column \"Email Opt In\" of the file \"list.csv\" said \"no\".||b@b.example\n"+
			"C rvm false 2026-01-05 import|The column \"Voicemail Consent\" of the file \"list.csv\" said \"opted out\".||\n"+
			"C phone true 2026-01-05 import|The column \"Phone Consent\" of the file \"list.csv\" said \"1\".||", "NOW", today)
		if got := h.consents(); got != want || r.Consents != 6 {
			h.t.Errorf("%d consents\n%s\nwant\n%s", r.Consents, got, want)
		}
		var by []string
		must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
			by, err = db.Select[string](h.t.Context(), tx, `SELECT DISTINCT recorded_by FROM consents`)
			return err
		}))
		if len(by) != 1 || by[0] != "import "+h.last().UUID {
			h.t.Errorf("recorded by %v", by)
		}
		optIns := h.column("email_opted_in") + " " + h.column("sms_opted_in") + " " + h.column("rvm_opted_in") + " " + h.column("phone_opted_in")
		optIns = strings.NewReplacer("true", "1", "false", "0", ", ", "").Replace(optIns)
		if optIns != "1011 0000 1101 0010" {
			h.t.Errorf("opt-ins of A, B, C and H by channel: %s", optIns)
		}
	})
}

// The same file once more says nothing new; another one does.
func TestConsentsAreRecordedOnce(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(3)
		const rows = "A,a@a.example,,yes,no,,,2026-02-03,web form,Yes!,203.0.113.7\nB,b@b.example,,,,,yes,,,,\nA,a@a.example,,yes,,,,2026-02-03,web form,Yes!,203.0.113.7\nB,b@b.example,,,,,yes,,,,\n"
		first := h.run(consentHeader + rows)
		want := h.consents()
		if first.Consents != 3 || strings.Count(want, "\n") != 2 {
			h.t.Fatalf("%d consents\n%s", first.Consents, want)
		}
		for _, change := range []func(*fibonacco.ImportRequest){dry, mode("fill"), mode("overwrite"), mode("skip")} {
			if r := h.run(consentHeader+rows, change); r.Consents != 0 || h.consents() != want {
				h.t.Errorf("again: %d consents\n%s", r.Consents, h.consents())
			}
		}
		later := strings.Replace(rows, "2026-02-03", "2026-02-04", 1)
		if r := h.run(consentHeader + later); r.Consents != 2 {
			h.t.Errorf("a day later: %d consents\n%s", r.Consents, h.consents())
		}
		if r := h.run(consentHeader+rows, func(r *fibonacco.ImportRequest) { r.Filename = "new.csv" }); r.Consents != 1 {
			h.t.Errorf("in another file: %d consents\n%s", r.Consents, h.consents())
		}
	})
}

// A yes about a known business follows the import's policy; a no always counts.
func TestConsentsOfKnownBusinesses(t *testing.T) {
	each(t, func(h *house) {
		h.run("Name,Email\nA,a@a.example\nB,b@b.example\n")
		const rows = "Name,Email,Email Opt In,SMS Consent\nA,a@a.example,no,yes\nB,b@b.example,,yes\n"
		h.want(h.run(rows, mode("skip")), "2=0+0+2+0")
		if got := h.consents(); strings.Count(got, "\n") != 0 || !strings.HasPrefix(got, "A email false") {
			h.t.Errorf("skipped:\n%s", got)
		}
		h.run(rows, dry)
		h.want(h.run(rows), "2=0+0+2+0")
		if got := h.consents(); strings.Count(got, " sms true ") != 2 {
			h.t.Errorf("filled:\n%s", got)
		}
		if n := h.events("smb.updated"); n == 0 {
			h.t.Error("nobody was told of the opt-ins")
		}
	})
}

// Files without consents cost nothing, and a build that cannot record them says so.
func TestConsentsThatAreNotRecorded(t *testing.T) {
	each(t, func(h *house) {
		h.imports = imports.New(h.db, h.queue, fibonacco.Config{})
		h.want(h.run("Name,Email Opt In,Consent Date\nA,perhaps,x\n"), "1=1+0+0+0")
		_, err := h.try("Name,E\nA,yes\n", func(r *fibonacco.ImportRequest) { r.Mapping = map[string]string{"email_consent": "E"} })
		if fibonacco.CodeOf(err) != fibonacco.NotImplemented {
			h.t.Errorf("asked for: %v", err)
		}
		_, err = h.try("Email\na@a.example\n", func(r *fibonacco.ImportRequest) { r.Mode = fibonacco.DoNotContactFile })
		if fibonacco.CodeOf(err) != fibonacco.NotImplemented {
			h.t.Errorf("a do-not-contact file: %v", err)
		}
	})
}

func TestYesAndNo(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Yes": "yes", "y": "yes", "TRUE": "yes", "1": "yes", "X": "yes", "Opted in": "yes", "1.0": "yes", "✓": "yes",
		"No": "no", "n": "no", "false": "no", "0": "no", "Unsubscribed": "no", "opt-out": "no",
		"": "", "perhaps": "", "2": "", "yes please": "", "nope": "",
	} {
		yes, ok := imports.YesOrNo(in)
		got := ""
		if ok {
			got = map[bool]string{true: "yes", false: "no"}[yes]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-03-02": "2026-03-02T00:00:00Z", "3/2/2026": "2026-03-02T00:00:00Z", "03/02/26": "2026-03-02T00:00:00Z",
		"2026-03-02T09:30:00": "2026-03-02T09:30:00Z", "2026-03-02T09:30:00-05:00": "2026-03-02T14:30:00Z", "2026-03-02 09:30": "2026-03-02T09:30:00Z",
		"3/2/2026 9:30 PM": "2026-03-02T21:30:00Z", "Mar 2, 2026": "2026-03-02T00:00:00Z", "20260302": "2026-03-02T00:00:00Z",
		"": "", "x": "", "31/12/2026": "", "1/2": "", "46083": "", "0001-01-01": "", "2026-02-30": "",
	} {
		at, ok := imports.Date(in)
		got := ""
		if ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(rapid.IntRange(1990, 2100).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		for _, form := range []string{time.DateOnly, "1/2/2006", "01/02/2006", "Jan 2, 2006", time.RFC3339} {
			if got, ok := imports.Date(at.Format(form)); !ok || !got.Equal(at) {
				t.Fatalf("%s is %v, %v", at.Format(form), got, ok)
			}
		}
	})
}

func FuzzConsent(f *testing.F) {
	for _, seed := range []string{"", "yes", "3/2/2026", "\xff", "2026-03-02T09:30:00Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		imports.YesOrNo(s)
		if at, ok := imports.Date(s); ok && (at.Year() < 1990 || at.Year() > 9999 || at.Location() != time.UTC) {
			t.Fatalf("%q is %v", s, at)
		}
		if out := imports.Harmless(s); out != "" && strings.ContainsAny(out[:1], "=+-@\t\r\n") {
			t.Fatalf("%q is written as %q", s, out)
		}
	})
}
