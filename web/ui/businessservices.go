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

// servicesData is what became of a business's yeses: services, and what came in by them.
type servicesData struct {
	Approvals []fibonacco.Approval
	Rows      []serviceRow
	Bookings  *fibonacco.Page[fibonacco.Booking] // the next ones; nil without a booking page
	Reviews   *fibonacco.Page[fibonacco.Review]
	Coupons   *fibonacco.Page[fibonacco.Coupon]
}

// serviceRow is one service of a business.
type serviceRow struct {
	Name    string
	Badge   badge
	Line    string
	URL     string // its public page; "" for none
	Said    time.Time
	Pending bool // waits for a person
}

func (u *ui) readServices(ctx context.Context, id int64) (d servicesData, err error) {
	approvals, err := u.Records.ListApprovals(ctx, id, fibonacco.ListQuery{Size: 20})
	if err != nil {
		return d, fmt.Errorf("approvals of business %d: %w", id, err)
	}
	d.Approvals = approvals.Data
	if len(d.Approvals) == 0 {
		return d, nil
	}
	tasks, err := u.Approvals.QueryProvisioningTasks(ctx, fibonacco.ListQuery{Filter: fibonacco.Filter{"smb_id": strconv.FormatInt(id, 10)}, Size: 50})
	if err != nil {
		return d, fmt.Errorf("services of business %d: %w", id, err)
	}
	byApproval := map[int64]fibonacco.ProvisioningTask{}
	for _, task := range tasks.Data {
		byApproval[task.ApprovalID] = task
	}
	works := map[string]bool{}
	for _, a := range d.Approvals {
		task := byApproval[a.ID]
		row := serviceRow{Name: u.serviceName(a.ServiceType), Badge: approvalBadge(a.Status), Line: standing(a, task, u.Clock.Now()), Said: a.ApprovedAt}
		if url, ok := task.ResultData["url"].(string); ok && a.Status == "provisioned" && a.WithdrawnAt == nil {
			row.URL = safeLink(url)
		}
		works[a.ServiceType] = works[a.ServiceType] || a.Status == "provisioned"
		d.Rows = append(d.Rows, row)
	}
	return d, u.readCustomers(ctx, id, works, &d)
}

// readCustomers reads what customers left at the services that work. Each is a module that a build may
// lack.
func (u *ui) readCustomers(ctx context.Context, id int64, works map[string]bool, d *servicesData) error {
	if works["appointment_booking"] && u.Bookings != nil {
		page, err := u.Bookings.ListBookings(ctx, id, fibonacco.ListQuery{
			Filter: fibonacco.Filter{"state": "booked", "starts_at": u.Clock.Now().UTC().Format(time.RFC3339) + ".."}, Sort: []string{"starts_at"}, Size: 3, Total: true,
		})
		if err != nil {
			return fmt.Errorf("bookings of business %d: %w", id, err)
		}
		d.Bookings = &page
	}
	if works["review_automation"] && u.Reviews != nil {
		page, err := u.Reviews.ListReviews(ctx, id, fibonacco.ListQuery{Size: 3, Total: true})
		if err != nil {
			return fmt.Errorf("reviews of business %d: %w", id, err)
		}
		d.Reviews = &page
	}
	if works["coupon_campaign"] && u.Coupons != nil {
		page, err := u.Coupons.ListCoupons(ctx, id, fibonacco.ListQuery{Size: 3, Total: true})
		if err != nil {
			return fmt.Errorf("coupons of business %d: %w", id, err)
		}
		d.Coupons = &page
	}
	return nil
}

// safeLink is an address that a link may lead to; "" for anything that is not the web.
func safeLink(url string) string {
	if strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") {
		return url
	}
	return ""
}

// mountOwnerLinks adds the links that let a business's owner in.
func (u *ui) mountOwnerLinks(page func(pattern string, h handler)) {
	page("POST /businesses/{id}/owner-link", u.ownerLink)
	page("POST /businesses/{id}/revoke-links", u.revokeLinks)
}

// ownerLinkData is a link that was just made. It is shown once, and never in an address.
type ownerLinkData struct {
	*fibonacco.SMB
	URL     string
	Expires time.Time
}

func (u *ui) ownerLink(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := u.SMBs.Find(r.Context(), id)
	if err != nil {
		return err
	}
	url, expires, err := u.Approvals.OwnerLink(r.Context(), id)
	if err != nil {
		return err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return err
	}
	d := ownerLinkData{SMB: s, URL: url, Expires: expires.In(zone(t.zone(s.CommunityID)))}
	u.show(w, r, http.StatusOK, ownerLinkPage(u.frame(r, "Owner link of "+s.BusinessName, "/businesses"), d))
	return nil
}

func (u *ui) revokeLinks(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	return u.redone(w, r, businessPath(id), "links", u.Approvals.RevokeLinks(r.Context(), id))
}
