package public_test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// The whole way on the pages: fill in, publish, show, redeem, take back, pause, end.
func TestCouponPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w, _, _ := newShops(t, d, clock)
		desk := "/my/one/coupons"
		w.page("hidden", w.get("/coupon/one-1"), http.StatusNotFound, "There is no coupon here")
		w.page("nobody's", w.get("/coupon/one-77"), http.StatusNotFound, "There is no coupon here")
		equal(t, "its picture", w.get("/coupon/one-1/qr.svg").Code, http.StatusNotFound)
		w.page("empty", w.get(desk), http.StatusOK, "Your first coupon", "Fill it in")
		w.page("form", w.get(desk+"/1"), http.StatusOK, "What do you offer?", `for="ends"`)
		w.page("another's", w.get(desk+"/2"), http.StatusNotFound)
		w.page("nonsense", w.get(desk+"/x"), http.StatusNotFound)
		offer := url.Values{
			"action": {"publish"}, "title": {nasty}, "terms": {nasty}, "code": {"<b>"}, "total_limit": {"none"}, "per_customer": {"1"}, "ends": {"2026-03-31"},
		}
		w.page("badly", w.send(desk+"/1", offer), http.StatusUnprocessableEntity, `href="#code"`, `href="#total_limit"`, "The number of coupons must be", "&lt;b&gt;")
		equal(t, "another's", w.send("/my/two/coupons/1", offer).Code, http.StatusNotFound)
		equal(t, "a stranger's", w.send("/my/three/coupons/1", offer).Code, http.StatusForbidden)
		offer.Set("code", "cake")
		offer.Set("total_limit", "1,200")
		body := w.page("published", w.send(desk+"/1", offer), http.StatusOK, "saved and public", "https://go.example.com/coupon/one-1", "0 of 1200 redeemed")

		rec := w.get("/coupon/one-1")
		w.page("public", rec, http.StatusOK, "CAKE", "Good through March 31, 2026, HST", `alt="QR code`, "Once for each customer", "1,200 in all", "hidden")
		equal(t, "may be found", rec.Header().Get("X-Robots-Tag"), "")
		rec = w.get("/coupon/one-1/qr.svg")
		equal(t, "picture", rec.Header().Get("Content-Type"), "image/svg+xml")
		check(t, xml.Unmarshal(rec.Body.Bytes(), new(struct{})))

		till := regexp.MustCompile(`value="https://go\.example\.com(/till/[^"]+)"`).FindStringSubmatch(body)[1]
		w.page("a foreign till", w.get("/till/x"), http.StatusForbidden, "This link opens no till")
		w.page("till", w.get(till), http.StatusOK, "Your till", `data-till="`+till+`"`, `href="`+till+`/one-1"`)
		w.page("the other shop's", w.get(till+"/two-2"), http.StatusNotFound)
		equal(t, "redeem the other shop's", w.send(till+"/two-2", url.Values{"form": {"a"}, "customer": {"718555"}}).Code, http.StatusNotFound)
		equal(t, "redeem by the public link", w.send("/coupon/one-1", url.Values{"form": {"a"}}).Code, http.StatusNotFound)
		form := regexp.MustCompile(`name="form" value="([^"]+)"`)
		at := w.page("at the till", w.get(till+"/one-1"), http.StatusOK, "Redeem now", `for="customer"`)
		key := form.FindStringSubmatch(at)[1]
		if form.FindStringSubmatch(w.get(till + "/one-1").Body.String())[1] == key {
			t.Error("two forms have one key")
		}
		equal(t, "redeemed by looking", number(w, `SELECT redeemed FROM coupons WHERE id = 1`), 0)
		w.page("without a customer", w.send(till+"/one-1", url.Values{"form": {key}, "customer": {nasty}}), http.StatusUnprocessableEntity, `href="#customer"`, "👩‍🦱 &#39;")
		for range 3 {
			w.page("redeemed", w.send(till+"/one-1", url.Values{"form": {key}, "customer": {"Ana@example.com"}}), http.StatusOK, "Redeemed. Give the customer", "1 of 1200 redeemed")
		}
		w.page("again", w.send(till+"/one-1", url.Values{"form": {"another"}, "customer": {"ana@EXAMPLE.com"}}), http.StatusConflict, "Not redeemed.", "used it once already")

		w.page("desk", w.get(desk), http.StatusOK, "a•••@example.com", "March 2, 4:00 AM", "Take back")
		use := url.Values{"action": {"undo"}, "id": {jsonOf(number(w, `SELECT id FROM coupon_redemptions`))}}
		equal(t, "taken back by another", w.send("/my/two/coupons", use).Code, http.StatusNotFound)
		w.page("taken back", w.send(desk, use), http.StatusOK, "The redemption is taken back", "Taken back", "0 of 1200 redeemed")
		w.page("taken back twice", w.send(desk, use), http.StatusConflict, "only once")

		w.page("paused", w.send(desk, url.Values{"action": {"pause"}, "id": {"1"}}), http.StatusOK, "The coupon is paused", "Let it go on")
		body = w.page("paused in public", w.get("/coupon/one-1"), http.StatusOK, "paused just now")
		if strings.Contains(body, "qr.svg") || strings.Contains(body, "CAKE") {
			t.Error("a paused coupon shows its code")
		}
		w.page("paused at the till", w.send(till+"/one-1", url.Values{"form": {"b"}, "customer": {"718555"}}), http.StatusConflict, "This coupon is paused.")
		w.page("goes on", w.send(desk, url.Values{"action": {"resume"}, "id": {"1"}}), http.StatusOK, "The coupon goes on")
		w.page("held", w.get(desk+"/1"), http.StatusOK, "People hold this coupon", `value="2026-03-31"`)

		clock.Set(time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC)) // midnight in Honolulu
		w.page("ended", w.get("/coupon/one-1"), http.StatusOK, "This offer has ended. Its last day was March 31, 2026.")
		w.page("ended at the till", w.send(till+"/one-1", url.Values{"form": {"c"}, "customer": {"718555"}}), http.StatusConflict, "This coupon has ended.")
		w.page("a new till", w.send(desk, url.Values{"action": {"till"}}), http.StatusOK, "There is a new till link")
		equal(t, "the old till", w.get(till).Code, http.StatusForbidden)
		w.page("nonsense", w.send(desk, url.Values{"action": {"delete"}}), http.StatusUnprocessableEntity, "could not be read")
	})
}
