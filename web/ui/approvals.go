package ui

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountApprovals adds the board of approvals: what was said yes to, what becomes of it, and what a person
// is to do.
func (u *ui) mountApprovals(page func(pattern string, h handler)) {
	u.mountLedger(page, "/approvals", u.readApprovals)
	page("POST /approvals/{id}/start", u.startApproval)
	page("POST /approvals/{id}/cancel", u.cancelApproval)
	page("POST /approvals/tasks/{id}/retry", u.retryTask)
	page("POST /approvals/tasks/{id}/complete", u.completeTask)
	page("POST /approvals/tasks/{id}/fail", u.failTask)
}

func (u *ui) readApprovals(r *http.Request) (fr frame, d ledgerData, err error) {
	l := readLedger(fibonacco.ApprovalListing, "/approvals", r.URL.Query())
	t, err := u.towns(r.Context())
	if err != nil {
		return fr, d, err
	}
	page, err := u.Approvals.QueryApprovals(r.Context(), l.asked())
	if err != nil {
		return fr, d, err
	}
	var smbs []int64
	var ids []string
	for _, a := range page.Data {
		smbs, ids = append(smbs, a.SMBID), append(ids, strconv.FormatInt(a.ID, 10))
	}
	names, err := u.names(r.Context(), smbs)
	if err != nil {
		return fr, d, err
	}
	tasks := map[int64]fibonacco.ProvisioningTask{}
	if len(ids) > 0 {
		found, err := u.Approvals.QueryProvisioningTasks(r.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"approval_id": strings.Join(ids, ",")}, Size: len(ids)})
		if err != nil {
			return fr, d, fmt.Errorf("tasks of approvals: %w", err)
		}
		for _, task := range found.Data {
			tasks[task.ApprovalID] = task
		}
	}
	titles, err := u.titles(r.Context())
	if err != nil {
		return fr, d, err
	}
	fr = u.frame(r, "Approvals", "/approvals")
	fr.Toast.Text = approvalToasts[r.URL.Query().Get("done")]
	d = ledgerData{
		ledger: l, Title: "Approvals", About: "What businesses said yes to, and how far each service is.", Label: "Approvals",
		Tabs:    approvalTabs(l),
		Menus:   []filterMenu{l.menu("status", "Status", func(v string) string { return approvalBadge(v).Text }), u.serviceMenu(l)},
		Columns: []column{{Name: "Business"}, {Name: "Service"}, {Name: "State"}, {Name: "Where it stands", Wide: true}, {Name: "Said yes", Wide: true}, {Name: ""}},
		Next:    l.next(page.Next),
		Empty:   [2]string{"Nobody has said yes yet", "A yes comes from the button of a learning page, from an offer after another yes, or from a link that you make for a business."},
		How: "What this product can set up by itself is set up within a minute, and tried again when it fails. Everything else waits here for a person, and is told " +
			"to another program when a webhook is set. When you have set a service up, say so here with its address: the owner is told by mail. " +
			"Taking back is possible until it works; after that the owner turns it off on a page of their own.",
		Now: u.local(t, time.Time{}),
	}
	now := u.Clock.Now()
	for _, a := range page.Data {
		d.Rows = append(d.Rows, u.approvalRow(fr, a, tasks[a.ID], names, titles, t, now))
	}
	return fr, d, nil
}

var approvalToasts = map[string]string{
	"start": "It is being set up.", "cancel": "Taken back.", "retry": "It is tried again now.", "complete": "Set up. The owner is told by mail.", "fail": "Noted that it cannot be set up.",
}

func approvalTabs(l ledger) []choice {
	var tabs []choice
	for _, v := range []struct{ text, status string }{{"All", ""}, {"Needs a person", "pending,failed"}, {"Being set up", "provisioning"}, {"Working", "provisioned"}} {
		tabs = append(tabs, choice{v.text, l.with("status", v.status), v.status == l.query.Get("status")})
	}
	return tabs
}

// serviceMenu is the filter by what was approved.
func (u *ui) serviceMenu(l ledger) filterMenu {
	var values [][2]string
	for _, o := range u.Services {
		values = append(values, [2]string{o.Type, o.Title})
	}
	return l.pick("service_type", "Service", values)
}

// serviceName is a service in the words of its offering.
func (u *ui) serviceName(kind string) string {
	for _, o := range u.Services {
		if o.Type == kind {
			return o.Title
		}
	}
	return capital(strings.ReplaceAll(kind, "_", " "))
}

func (u *ui) approvalRow(fr frame, a fibonacco.Approval, task fibonacco.ProvisioningTask, names map[int64]fibonacco.SMB, titles map[string]string, t towns, now time.Time) ledgerRow {
	at := zone(t.zone(names[a.SMBID].CommunityID))
	said := a.ApprovedAt.In(at)
	who := cell{Text: moment(said, now.In(at)), Title: fullTime(said), Sub: "by " + a.ApproverName}
	row := ledgerRow{
		Key: "approval-" + strconv.FormatInt(a.ID, 10), Dim: a.Status == "cancelled",
		Cells: []cell{
			named(names, a.SMBID, t), {Text: u.serviceName(a.ServiceType), Sub: sourceWords(a, titles)}, badged(approvalBadge(a.Status)), {Text: standing(a, task, now.In(at))}, who, {},
		},
	}
	if url, ok := task.ResultData["url"].(string); ok && a.Status == "provisioned" && strings.HasPrefix(url, "http") {
		row.Cells[3].Text, row.Cells[3].Link = "Its page", url
	}
	if fr.may(fibonacco.Operator) {
		row.Cells[5].More = approvalActions(a, task)
	}
	return row
}

func approvalBadge(status string) badge {
	switch status {
	case "pending":
		return badge{"honey", "Waiting"}
	case "provisioning":
		return badge{"ink", "Being set up"}
	case "provisioned":
		return badge{"leaf", "Working"}
	case "failed":
		return badge{"brick", "Failed"}
	case "cancelled":
		return badge{"", "Taken back"}
	}
	return badge{"open", capital(status)}
}

// titles are what people call campaigns, by their ids and by the names of their learning pages.
func (u *ui) titles(ctx context.Context) (map[string]string, error) {
	all, err := u.Campaigns.ListCampaigns(ctx, "", 0)
	if err != nil {
		return nil, fmt.Errorf("titles of campaigns: %w", err)
	}
	titles := make(map[string]string, 2*len(all))
	for _, c := range all {
		titles[c.ID] = c.Title
		if c.LandingPageSlug != "" {
			titles[c.LandingPageSlug] = c.Title
		}
	}
	return titles, nil
}

// sourceWords are where a yes came from.
func sourceWords(a fibonacco.Approval, titles map[string]string) string {
	from := map[string]string{
		"email": "from the mail", "learning_center": "from the learning page", "upsell": "offered after another yes", "phone": "by telephone", "chat": "in a chat", "direct": "by a link",
	}[a.SourceType]
	if a.SourceID != "" && (a.SourceType == "email" || a.SourceType == "learning_center") {
		title := titles[a.SourceID]
		if title == "" {
			return from + " " + a.SourceID
		}
		from += " “" + title + "”"
	}
	return from
}

// standing is how far the work is, and why.
func standing(a fibonacco.Approval, task fibonacco.ProvisioningTask, now time.Time) string {
	switch {
	case a.WithdrawnAt != nil:
		return "Turned off by its owner"
	case a.Status == "cancelled":
		return ""
	case task.Status == "failed":
		return task.FailureReason
	case task.DueAt != nil && task.Attempts > 0 && task.Status == "queued":
		return fmt.Sprintf("Tried %s, again %s", plural(task.Attempts, "time", "times"), moment(task.DueAt.In(now.Location()), now))
	case task.Status == "queued" && task.DueAt == nil || task.Status == "processing" && task.DueAt == nil:
		return "A person sets this up"
	}
	return ""
}

func (u *ui) startApproval(w http.ResponseWriter, r *http.Request) error {
	return u.onApproval(w, r, "start", func(id int64) error { return u.Approvals.StartProvisioning(r.Context(), id) })
}

func (u *ui) cancelApproval(w http.ResponseWriter, r *http.Request) error {
	return u.onApproval(w, r, "cancel", func(id int64) error { return u.Approvals.CancelApproval(r.Context(), id) })
}

func (u *ui) retryTask(w http.ResponseWriter, r *http.Request) error {
	return u.onApproval(w, r, "retry", func(id int64) error { return u.Approvals.RetryTask(r.Context(), id) })
}

func (u *ui) completeTask(w http.ResponseWriter, r *http.Request) error {
	result := map[string]any{}
	for _, name := range []string{"url", "note"} {
		if v := strings.TrimSpace(r.PostFormValue(name)); v != "" {
			result[name] = v
		}
	}
	if url, ok := result["url"].(string); ok && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return fibonacco.Errorf(fibonacco.Invalid, "The address must begin with https://.")
	}
	return u.onApproval(w, r, "complete", func(id int64) error { return u.Approvals.CompleteTask(r.Context(), id, result) })
}

func (u *ui) failTask(w http.ResponseWriter, r *http.Request) error {
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	if reason == "" {
		return fibonacco.Errorf(fibonacco.Invalid, "Say why it cannot be set up.")
	}
	return u.onApproval(w, r, "fail", func(id int64) error { return u.Approvals.FailTask(r.Context(), id, reason) })
}

func (u *ui) onApproval(w http.ResponseWriter, r *http.Request, what string, change func(id int64) error) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	return u.redone(w, r, "/approvals", what, change(id))
}
