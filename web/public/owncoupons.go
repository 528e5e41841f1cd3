package public

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// couponForm is what the form of one coupon shows.
type couponForm struct {
	form
	Coupon *fibonacco.CouponPage // nil for a new one
	Back   string
}

// held reports whether people hold the coupon, so that little of it can change.
func (f couponForm) held() bool { return f.Coupon != nil && f.Coupon.PublishedAt != nil }

func (s *site) couponDesk(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	d, err := s.Coupons.CouponDesk(r.Context(), o.SMBID)
	if err != nil {
		s.refuseOwnCoupons(w, r, "coupon desk", err)
		return
	}
	sameOrigin(w)
	s.show(w, r, http.StatusOK, s.couponDeskPage(d, "/my/"+o.Token+"/coupons", couponDone(r.URL.Query().Get("done"))))
}

func (s *site) refuseOwnCoupons(w http.ResponseWriter, r *http.Request, doing string, err error) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.NotFound:
		s.show(w, r, http.StatusNotFound, s.message("This is not here",
			"Coupons are not set up for your business at the moment, or this one is gone.",
			"Reply to any of our emails if you think that they should be: a person reads it."))
	case fibonacco.Conflict:
		s.show(w, r, http.StatusConflict, s.message("That does not go just now",
			"Nothing was changed. A redemption can be taken back for 10 minutes, and only once; only a public coupon can be paused."))
	default:
		s.refuse(w, r, doing, err)
	}
}

// changeCoupons does one thing at a time; which, its button says.
func (s *site) changeCoupons(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	ctx, action := r.Context(), r.PostForm.Get("action")
	id, _ := strconv.ParseInt(r.PostForm.Get("id"), 10, 64) // what is no number is nothing of theirs
	var err error
	switch action {
	case "pause", "resume":
		err = s.Coupons.PauseCoupon(ctx, o.SMBID, id, action == "pause")
	case "undo":
		err = s.Coupons.UndoRedemption(ctx, o.SMBID, id)
	case "till":
		err = s.Coupons.RenewTill(ctx, o.SMBID)
	default:
		s.badForm(w, r)
		return
	}
	if err != nil {
		s.refuseOwnCoupons(w, r, "change coupons", err)
		return
	}
	seeOther(w, r, "/my/"+o.Token+"/coupons?done="+action)
}

// editCoupon is the form of one coupon; "new" is an empty one.
func (s *site) editCoupon(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	f, zone, ok := s.formOf(w, r, o)
	if !ok {
		return
	}
	if c := f.Coupon; c != nil && c.TotalLimit > 0 {
		f.values = url.Values{
			"title": {c.Title}, "terms": {c.Terms}, "code": {c.Code}, "total_limit": {strconv.Itoa(c.TotalLimit)},
			"starts": {in(zone, *c.StartsAt).Format(time.DateOnly)}, "ends": {in(zone, c.EndsAt.Add(-1)).Format(time.DateOnly)},
		}
		if c.PerCustomer > 0 {
			f.values.Set("per_customer", strconv.Itoa(c.PerCustomer))
		}
	}
	sameOrigin(w)
	s.show(w, r, http.StatusOK, s.couponFormPage(f))
}

func (s *site) saveCoupon(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	f, _, ok := s.formOf(w, r, o)
	if !ok {
		return
	}
	f.values = r.PostForm
	draft := fibonacco.CouponDraft{
		Title: f.value("title"), Terms: f.value("terms"), Code: f.value("code"), TotalLimit: f.value("total_limit"),
		PerCustomer: f.value("per_customer"), Starts: f.value("starts"), Ends: f.value("ends"),
	}
	var id int64
	if f.Coupon != nil {
		id = f.Coupon.ID
	}
	publish := f.value("action") == "publish"
	_, err := s.Coupons.SaveCoupon(r.Context(), o.SMBID, id, draft, publish)
	switch {
	case err == nil && publish:
		seeOther(w, r, f.Back+"?done=publish")
	case err == nil:
		seeOther(w, r, f.Back+"?done=save")
	case fibonacco.CodeOf(err) == fibonacco.Invalid:
		f.faults = faultsOf(err, couponWords.say)
		sameOrigin(w)
		s.show(w, r, http.StatusUnprocessableEntity, s.couponFormPage(f))
	default:
		s.refuseOwnCoupons(w, r, "save a coupon", err)
	}
}

// formOf is the form of the coupon in the address; false has answered.
func (s *site) formOf(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) (f couponForm, zone string, ok bool) {
	d, err := s.Coupons.CouponDesk(r.Context(), o.SMBID)
	if err != nil {
		s.refuseOwnCoupons(w, r, "coupon desk", err)
		return f, "", false
	}
	id := r.PathValue("id")
	f.Back = "/my/" + o.Token + "/coupons"
	f.action = f.Back + "/" + url.PathEscape(id)
	if id == "new" {
		return f, d.Zone, true
	}
	i := slices.IndexFunc(d.Coupons, func(c fibonacco.CouponPage) bool { return strconv.FormatInt(c.ID, 10) == id })
	if i < 0 {
		s.refuseOwnCoupons(w, r, "coupon", fibonacco.Errorf(fibonacco.NotFound, "there is no such coupon"))
		return f, "", false
	}
	f.Coupon = &d.Coupons[i]
	return f, d.Zone, true
}

// couponWords is what the fields of a coupon are called.
var couponWords = fieldWords{
	"title": "The offer", "terms": "The terms", "code": "The code", "total_limit": "The number of coupons", "per_customer": "The number for each customer",
	"starts": "The first day", "ends": "The last day",
}

func couponDone(done string) string {
	switch done {
	case "save":
		return "Your coupon is saved."
	case "publish":
		return "Your coupon is saved and public. Share its link, and open the till link on the phone or tablet at your till."
	case "pause":
		return "The coupon is paused. It cannot be redeemed until you let it go on."
	case "resume":
		return "The coupon goes on."
	case "undo":
		return "The redemption is taken back."
	case "till":
		return "There is a new till link. The old one opens nothing any more."
	}
	return ""
}

// clockTime is a time of day as people here write it.
func clockTime(zone string, t time.Time) string { return in(zone, t).Format("January 2, 3:04 PM") }
