package imports_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

func dnc(r *fibonacco.ImportRequest) { r.Mode = fibonacco.DoNotContactFile }

func (h *house) suppressed() string {
	h.t.Helper()
	var all []string
	must(h.t, h.db.View(h.t.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[string](h.t.Context(), tx, `SELECT COALESCE(email_key, phone) FROM suppressions WHERE reason = 'dnc' ORDER BY id`)
		return err
	}))
	return strings.Join(all, ", ")
}

func TestDoNotContactFile(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(3)
		h.run("Name,Email,Phone,Zip\nA,a@a.example,718-555-0101,11231\nB,b@b.example,718-555-0102,11231-0001\nC,c@c.example,718-555-0103,11231\n" +
			"Shop 1,s1@s.example,718-555-0109,11201\nShop 2,s2@s.example,718-555-0109,11202\n")
		const file = "Name,Email,Phone,Zip\n" +
			"Whoever,A@A.example,,\n" + // by e-mail
			"B LLC,,,11231\n" + // by name and ZIP
			",,(718) 555-0109,\n" + // by number: both shops
			",new@new.example,718-555-0177,\n" + // unknown
			",new@new.example,,\n" + // again
			"Nobody,,,11231\n" + // unknown, and nothing to suppress
			"Nobody,,,\n" + // names nobody
			",bad,,\n" +
			",c@c.example,718-555-0178,\n" // known, with a number that is not
		tried := h.run(file, dnc, dry)
		if got := h.column("do_not_contact"); strings.Contains(got, "1") || strings.Contains(got, "true") || h.suppressed() != "" {
			h.t.Errorf("the dry run blocked %s, suppressed %s", got, h.suppressed())
		}
		if len(tried.Duplicates) != 5 || tried.Duplicates[0].By != "email" || tried.Duplicates[1].By != "name_zip" || tried.Duplicates[2].By != "phone" {
			h.t.Errorf("the dry run found %+v", tried.Duplicates)
		}
		r := h.run(file, dnc)
		h.want(r, "9=1+4+2+2")
		if counts(tried) != counts(r) {
			h.t.Errorf("the dry run said %s", counts(tried))
		}
		if got := faults(r); got != "8, 9 primary_email" {
			h.t.Errorf("errors at %s", got)
		}
		if got := strings.NewReplacer("true", "1").Replace(h.column("do_not_contact")); got != "1, 1, 1, 1, 1" {
			h.t.Errorf("blocked %s", got)
		}
		if got := sorted(h.suppressed()); got != "+17185550177, +17185550178, new@new.example" {
			h.t.Errorf("suppressed %s", got)
		}
		if h.count(`SELECT count(*) FROM smbs`) != 5 || h.events("smb.updated") != 5 {
			h.t.Errorf("%d businesses, %d events", h.count(`SELECT count(*) FROM smbs`), h.events("smb.updated"))
		}
		if r := h.run(file, dnc); r.Updated != 0 {
			h.t.Errorf("again: %s", counts(r))
		}
		h.community = h.addCommunity("elsewhere")
		h.run("Name,Email\nA,a@a.example\n")
		if got := h.count(`SELECT count(*) FROM smbs WHERE do_not_contact = TRUE`); got != 5 {
			h.t.Errorf("%d blocked", got)
		}
		_, err := h.try("Name,City\nA,B\n", dnc)
		if fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(err.Error(), "mapping") {
			h.t.Errorf("a file that names nobody: %v", err)
		}
	})
}
