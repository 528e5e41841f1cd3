package public

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"rsc.io/qr"

	"github.com/fibonacco/fibonacco"
)

// couponRoutes are a business's offers:
//
//	GET      /coupon/{slug}              the offer, as a customer shows it
//	GET      /coupon/{slug}/qr.svg       its QR code, which leads there
//	GET      /till/{token}               the till: what can be redeemed
//	GET POST /till/{token}/{slug}        redeems one
//	GET POST /my/{token}/coupons         the owner's coupons
//	GET POST /my/{token}/coupons/{id}    one of them; "new" makes one
func (s *site) couponRoutes() routes {
	return routes{
		"GET /coupon/{slug}":            s.couponPage,
		"GET /coupon/{slug}/qr.svg":     s.couponQR,
		"GET /till/{token}":             s.till,
		"GET /till/{token}/{slug}":      s.tillCoupon,
		"POST /till/{token}/{slug}":     s.redeemCoupon,
		"GET /my/{token}/coupons":       s.owned(s.couponDesk),
		"POST /my/{token}/coupons":      s.owned(s.changeCoupons),
		"GET /my/{token}/coupons/{id}":  s.owned(s.editCoupon),
		"POST /my/{token}/coupons/{id}": s.owned(s.saveCoupon),
		"/coupon/":                      s.notFound,
		"/till/":                        s.notFound,
	}
}

// couponPage is the same for everybody. A device that was made a till finds the way there on it.
func (s *site) couponPage(w http.ResponseWriter, r *http.Request) {
	c, err := s.Coupons.CouponPage(r.Context(), r.PathValue("slug"))
	if err != nil {
		s.refuseCoupon(w, r, "coupon", err)
		return
	}
	w.Header().Set("Content-Security-Policy", policy+"; script-src 'self'")
	w.Header().Del("X-Robots-Tag")
	s.show(w, r, http.StatusOK, s.couponShown(c))
}

// couponQR is drawn anew each time: it takes less than reading it from somewhere.
func (s *site) couponQR(w http.ResponseWriter, r *http.Request) {
	c, err := s.Coupons.CouponPage(r.Context(), r.PathValue("slug"))
	if err != nil {
		s.refuseCoupon(w, r, "coupon", err)
		return
	}
	picture, err := qrCode(s.PublicURL + "/coupon/" + c.Slug)
	if err != nil {
		s.refuse(w, r, "QR code", err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write([]byte(picture)) // nobody to tell
}

// qrCode is a text as a picture that a camera reads: black on white in either theme, with the quiet
// edge that readers want. Dark squares beside each other are one stroke.
func qrCode(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	const quiet = 4
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	side := code.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		side, side, side, side, path.String()), nil
}

// refuseCoupon says the same of a coupon that is not public and of one that never was.
func (s *site) refuseCoupon(w http.ResponseWriter, r *http.Request, doing string, err error) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.NotFound:
		s.show(w, r, http.StatusNotFound, s.message("There is no coupon here",
			"It may not be public yet, or it was taken down.",
			"Is it yours? The link in our email about your coupon takes you to where you publish it."))
	case fibonacco.Forbidden:
		s.show(w, r, http.StatusForbidden, s.message("This link opens no till",
			"It may have been replaced by a newer one. The owner finds the newest on their page of coupons.",
			"Nothing was redeemed."))
	default:
		s.refuse(w, r, doing, err)
	}
}

// lastDay is the last day on which a coupon is good, in its own zone.
func lastDay(c *fibonacco.CouponPage) string {
	if c.EndsAt == nil {
		return ""
	}
	return longDay(c.Zone, c.EndsAt.Add(-1))
}

func firstDay(c *fibonacco.CouponPage) string {
	if c.StartsAt == nil {
		return ""
	}
	return longDay(c.Zone, *c.StartsAt)
}

// zoneName is what the time is called there on the coupon's last day: "EDT".
func zoneName(c *fibonacco.CouponPage) string {
	if c.EndsAt == nil {
		return ""
	}
	return in(c.Zone, c.EndsAt.Add(-1)).Format("MST")
}

// couponState says in a few words what a coupon is good for, and the color of it.
func couponState(c *fibonacco.CouponPage) (words, color string) {
	switch c.State {
	case fibonacco.CouponLive:
		return "Public", "leaf"
	case fibonacco.CouponSoon:
		return "Starts " + firstDay(c), "ink"
	case fibonacco.CouponPaused:
		return "Paused", "honey"
	case fibonacco.CouponUsedUp:
		return "Used up", ""
	case fibonacco.CouponEnded:
		return "Ended", ""
	}
	return "Not public", "open"
}

// couponOver is what the page says of a coupon that is not good now; "" of one that is.
func couponOver(c *fibonacco.CouponPage) string {
	switch c.State {
	case fibonacco.CouponSoon:
		return "This offer starts on " + firstDay(c) + "."
	case fibonacco.CouponPaused:
		return "This offer is paused just now. Ask at the shop when it goes on."
	case fibonacco.CouponUsedUp:
		return "This offer is used up: all of its coupons were redeemed."
	case fibonacco.CouponEnded:
		return "This offer has ended. Its last day was " + lastDay(c) + "."
	}
	return ""
}

func perCustomer(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "Once for each customer."
	}
	return fmt.Sprintf("Up to %d times for each customer.", n)
}

func usedOf(c *fibonacco.CouponPage) string {
	return fmt.Sprintf("%d of %d redeemed", c.Redeemed, c.TotalLimit)
}

// thousands is a number with commas.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
