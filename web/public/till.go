package public

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// tilled is what the page of one coupon at the till shows.
type tilled struct {
	form
	Coupon fibonacco.CouponPage
	Token  string
	Key    string // of the form
	Number int    // of the redemption that was just made; 0 when none was
	Refuse string // why it was not redeemed; "" when it was not tried
}

// till lists what can be redeemed. Its script lets the device find the way here from a coupon's page.
func (s *site) till(w http.ResponseWriter, r *http.Request) {
	t, err := s.Coupons.Till(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuseCoupon(w, r, "till", err)
		return
	}
	w.Header().Set("Content-Security-Policy", policy+"; script-src 'self'")
	s.show(w, r, http.StatusOK, s.tillPage(t, "/till/"+url.PathEscape(r.PathValue("token"))))
}

// tillCoupon asks for one press, or says that it was redeemed.
func (s *site) tillCoupon(w http.ResponseWriter, r *http.Request) {
	number, _ := strconv.Atoi(r.URL.Query().Get("redeemed")) // what is no number says nothing
	s.showTill(w, r, http.StatusOK, tilled{Number: max(number, 0)})
}

func (s *site) showTill(w http.ResponseWriter, r *http.Request, status int, t tilled) {
	token, slug := r.PathValue("token"), r.PathValue("slug")
	till, err := s.Coupons.Till(r.Context(), token)
	if err != nil {
		s.refuseCoupon(w, r, "till", err)
		return
	}
	i := slices.IndexFunc(till.Coupons, func(c fibonacco.CouponPage) bool { return c.Slug == slug })
	if i < 0 {
		s.show(w, r, http.StatusNotFound, s.message("This coupon is not of this shop", "Nothing was redeemed."))
		return
	}
	t.Coupon, t.Token, t.Key = till.Coupons[i], url.PathEscape(token), rand.Text()
	sameOrigin(w)
	s.show(w, r, status, s.tillCouponPage(t))
}

// redeemCoupon uses a coupon once, however often the button was pressed.
func (s *site) redeemCoupon(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	done, err := s.Coupons.Redeem(r.Context(), r.PathValue("token"), r.PathValue("slug"), fibonacco.CouponUse{FormKey: r.PostForm.Get("form"), Customer: r.PostForm.Get("customer")})
	var e *fibonacco.Error
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, "/till/"+url.PathEscape(r.PathValue("token"))+"/"+url.PathEscape(r.PathValue("slug"))+"?redeemed="+strconv.FormatInt(done.ID, 10))
	case fibonacco.Conflict:
		if errors.As(err, &e) {
			s.showTill(w, r, http.StatusConflict, tilled{form: form{values: r.PostForm}, Refuse: e.Message})
		}
	case fibonacco.Invalid:
		s.showTill(w, r, http.StatusUnprocessableEntity, tilled{form: form{values: r.PostForm, faults: faultsOf(err, fieldWords{
			"customer": "Type the customer’s email address, or a number such as their phone’s.", "form": "Please press the button again.",
		}.say)}})
	case fibonacco.NotFound:
		s.show(w, r, http.StatusNotFound, s.message("This coupon is not of this shop", "Nothing was redeemed."))
	default:
		s.refuseCoupon(w, r, "redeem a coupon", err)
	}
}
