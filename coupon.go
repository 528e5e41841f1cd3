package fibonacco

import (
	"context"
	"time"
)

// Coupon is one offer of a business.
type Coupon struct {
	ID          int64      `json:"id"`
	SMBID       int64      `json:"smb_id"`
	Slug        string     `json:"slug"` // of its page, "/coupon/marisol-hair-studio-7"
	Title       string     `json:"title"`
	Terms       string     `json:"terms"`        // plain text
	Code        string     `json:"code"`         // what is said at the till: capital letters, digits and hyphens
	TotalLimit  int        `json:"total_limit"`  // redemptions; 0 until it is filled in
	PerCustomer int        `json:"per_customer"` // of them for one customer; 0 does not ask who it is
	StartsAt    *time.Time `json:"starts_at"`    // midnight of its first day there; nil until it is filled in
	EndsAt      *time.Time `json:"ends_at"`      // midnight behind its last day; nil until it is filled in
	Status      string     `json:"status"`       // draft, published, paused
	Redeemed    int        `json:"redeemed"`     // and not taken back
	PublishedAt *time.Time `json:"published_at"` // when it was first; nil until then
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// CouponState is what a coupon is good for at a moment.
type CouponState string

// The states of a coupon. Only a live one can be redeemed.
const (
	CouponHidden CouponState = "draft"
	CouponPaused CouponState = "paused"
	CouponSoon   CouponState = "soon" // published, before its first day
	CouponLive   CouponState = "live"
	CouponUsedUp CouponState = "used_up"
	CouponEnded  CouponState = "ended"
)

// State is what the coupon is good for at a moment. It is over before it is anything else.
func (c *Coupon) State(now time.Time) CouponState {
	switch {
	case c.PublishedAt == nil || c.StartsAt == nil || c.EndsAt == nil:
		return CouponHidden
	case !now.Before(*c.EndsAt):
		return CouponEnded
	case c.Redeemed >= c.TotalLimit:
		return CouponUsedUp
	case c.Status == "paused":
		return CouponPaused
	case now.Before(*c.StartsAt):
		return CouponSoon
	}
	return CouponLive
}

// CouponListing is what can be asked of a business's coupons.
var CouponListing = Listing{
	Name: "coupons", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were made."},
		{Name: "status", Kind: TextField, Values: []string{"draft", "published", "paused"}, Filter: true, About: "What its owner has decided."},
		{Name: "redeemed", Kind: IntegerField, Filter: true, Sort: true, About: "How often, but for what was taken back."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When it was made."},
	},
}

// CouponPage is a coupon with what a page says beside it.
type CouponPage struct {
	Coupon
	Business    string
	Shop        string // what is the same for all coupons of the business, and tells it from others
	Zone        string // IANA name
	State       CouponState
	Redemptions []Redemption // the last ones; for its owner only
}

// Redemption is one use of a coupon.
type Redemption struct {
	ID         int64
	CouponID   int64
	Customer   string // as much of what was typed as lets a person recognize it: "a•••@example.com"
	RedeemedAt time.Time
	UndoneAt   *time.Time
	CanUndo    bool // its owner may take it back still
}

// CouponDraft is a coupon as its owner typed it. It is checked as a whole.
type CouponDraft struct {
	Title       string // at most 100 characters
	Terms       string // at most 2,000
	Code        string // 3 to 20 letters, digits and hyphens; "" makes one
	TotalLimit  string // 1 to 100,000
	PerCustomer string // 1 to 100; "" does not ask who it is
	Starts      string // first day there, "2026-03-02"; "" is today
	Ends        string // last day, "2026-03-31"
}

// CouponUse is one redemption as it was sent from the till.
type CouponUse struct {
	FormKey  string // of the form, so that pressing twice is one redemption
	Customer string // an e-mail address or a number; needed when the coupon has a limit per customer
}

// Till is what the link of a till opens.
type Till struct {
	SMBID    int64
	Business string
	Shop     string
	Coupons  []CouponPage // that are published, those that can be redeemed first
}

// CouponDesk is what the owner sees.
type CouponDesk struct {
	Business string
	Zone     string
	TillURL  string // for whoever stands at the till
	Coupons  []CouponPage
}

// CouponPages is what the public and the till may do.
type CouponPages interface {
	// CouponPage returns NotFound for a coupon that was never published, or of a business that shows
	// none.
	CouponPage(ctx context.Context, slug string) (*CouponPage, error)
	// Till returns Forbidden, always in the same words, for a link that proves nothing or was called in.
	Till(ctx context.Context, token string) (*Till, error)
	// Redeem uses a coupon once. A form that was sent before gets what it got then. Returns Forbidden
	// as Till does, NotFound for a coupon of others, Invalid (customer), and Conflict when it cannot be
	// redeemed now; its message is for people.
	Redeem(ctx context.Context, token, slug string, use CouponUse) (*Redemption, error)
}

// CouponKeeper is what the owner of a business may do with its coupons. All return NotFound for a
// business that has none set up, and for a coupon that is not its.
type CouponKeeper interface {
	CouponDesk(ctx context.Context, smbID int64) (*CouponDesk, error)
	// SaveCoupon makes a coupon, or changes the one with an id; publish makes it public with that.
	// Returns Invalid naming each field. What was public once may last longer and have a larger limit,
	// and is changed in nothing else: people hold it.
	SaveCoupon(ctx context.Context, smbID, id int64, d CouponDraft, publish bool) (int64, error)
	// PauseCoupon stops a public coupon, or lets it go on. Conflict for one that was never public.
	PauseCoupon(ctx context.Context, smbID, id int64, pause bool) error
	// UndoRedemption takes a redemption of the last ten minutes back; Conflict afterwards.
	UndoRedemption(ctx context.Context, smbID, id int64) error
	// RenewTill calls in every link for the till; the desk has a fresh one.
	RenewTill(ctx context.Context, smbID int64) error
}

// CouponService is everything the pages do with coupons.
type CouponService interface {
	CouponPages
	CouponKeeper
}

// CouponDirectory is for staff.
type CouponDirectory interface {
	// ListCoupons returns NotFound for a business that the caller does not see.
	ListCoupons(ctx context.Context, smbID int64, q ListQuery) (Page[Coupon], error)
}
