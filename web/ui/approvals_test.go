package ui_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// desk is a board of four approvals, which remembers what was done.
type desk struct {
	fibonacco.ApprovalDesk

	done   []string
	result map[string]any
	asked  fibonacco.Filter
}

func (d *desk) QueryApprovals(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Approval], err error) {
	if _, err := fibonacco.ApprovalListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	d.asked = q.Filter
	off := monday
	page.Data = []fibonacco.Approval{
		{ID: 1, SMBID: 1, ServiceType: "appointment_booking", Status: "provisioned", ApproverName: "Marisol <Ortiz>", SourceType: "email", SourceID: "HOOK-004", ApprovedAt: monday},
		{ID: 2, SMBID: 3, ServiceType: "gift_cards", Status: "pending", ApprovedAt: monday},
		{ID: 3, SMBID: 4, ServiceType: "appointment_booking", Status: "failed", ApprovedAt: monday},
		{ID: 4, SMBID: 4, ServiceType: "listing_claim", Status: "provisioned", ApprovedAt: monday, WithdrawnAt: &off},
	}
	return page, nil
}

func (d *desk) QueryProvisioningTasks(context.Context, fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ProvisioningTask], err error) {
	page.Data = []fibonacco.ProvisioningTask{
		{ID: 11, ApprovalID: 1, Status: "completed", ResultData: map[string]any{"url": "https://go.example.org/book/marisol"}},
		{ID: 12, ApprovalID: 2, Status: "queued"},
		{ID: 13, ApprovalID: 3, Status: "failed", FailureReason: "no <zone>"},
		{ID: 14, ApprovalID: 4, Status: "completed", ResultData: map[string]any{"url": "javascript:alert(1)"}},
	}
	return page, nil
}

func (d *desk) note(what string) error { d.done = append(d.done, what); return nil }

func (d *desk) StartProvisioning(context.Context, int64) error { return d.note("start") }
func (d *desk) CancelApproval(context.Context, int64) error    { return d.note("cancel") }
func (d *desk) RetryTask(context.Context, int64) error         { return d.note("retry") }
func (d *desk) FailTask(context.Context, int64, string) error  { return d.note("fail") }

func (d *desk) CompleteTask(_ context.Context, _ int64, result map[string]any) error {
	d.result = result
	return d.note("complete")
}

func TestApprovalsPage(t *testing.T) {
	t.Parallel()
	board := &desk{}
	s := serve(t, fibonacco.Operator, func(d *ui.Deps) {
		d.Approvals, d.Services = board, []fibonacco.Offering{{Type: "appointment_booking", Title: "A booking page with your times"}}
	})
	a := s.get("/approvals?status=failed&service_type=appointment_booking")
	a.wants(t, http.StatusOK, "A booking page with your times", "Gift cards", "from the mail HOOK-004", "by Marisol <Ortiz>", "A person sets this up", "no <zone>",
		"Turned off by its owner", `href="https://go.example.org/book/marisol"`, "/approvals/tasks/13/retry", "/approvals/2/start")
	if strings.Contains(a.body, "javascript:") || strings.Contains(a.body, "<zone>") || strings.Contains(a.body, "/approvals/1/cancel") {
		t.Error("what strangers stored is markup, or what works can be taken back")
	}
	if board.asked["status"] != "failed" || board.asked["service_type"] != "appointment_booking" {
		t.Errorf("asked for %v", board.asked)
	}
	s.get("/approvals?status=lost").wants(t, http.StatusUnprocessableEntity)

	s.do("POST", "/approvals/tasks/12/complete", url.Values{"url": {"javascript:alert(1)"}}).wants(t, http.StatusUnprocessableEntity)
	s.do("POST", "/approvals/tasks/12/fail", url.Values{"reason": {" "}}).wants(t, http.StatusUnprocessableEntity)
	for path, form := range map[string]url.Values{
		"/approvals/2/start": {}, "/approvals/2/cancel": {}, "/approvals/tasks/13/retry": {}, "/approvals/tasks/12/fail": {"reason": {"closed"}},
		"/approvals/tasks/12/complete": {"url": {"https://example.org/x"}, "note": {"Look at it"}},
	} {
		if a := s.do("POST", path, form); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if len(board.done) != 5 || board.result["url"] != "https://example.org/x" || board.result["note"] != "Look at it" {
		t.Errorf("did %v with %v", board.done, board.result)
	}
}
