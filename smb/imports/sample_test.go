package imports_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/library/sample"
)

// The sample of real businesses imports cleanly, by guessing, and once.
func TestSample(t *testing.T) {
	each(t, func(h *house) {
		first := h.run(string(sample.CSV))
		if first.Failed > 0 || first.Created < 350 {
			h.t.Errorf("first %s, errors %v", counts(first), first.Errors)
		}
		h.t.Logf("first %s", counts(first))
		if again := h.run(string(sample.CSV)); again.Skipped != again.Total {
			h.t.Errorf("again %s, want all skipped", counts(again))
		}
		for _, phone := range strings.Split(h.column("primary_phone"), ", ") {
			if phone != "~" && !strings.HasPrefix(phone[5:], "55501") {
				h.t.Errorf("the number %s is not fictitious", phone)
			}
		}
		for _, email := range strings.Split(h.column("primary_email"), ", ") {
			if email != "~" && !strings.HasSuffix(email, ".example") {
				h.t.Errorf("the address %s is not reserved", email)
			}
		}
	})
}
