package fibonacco

import (
	"context"
	"slices"
	"time"
)

// Review is what one customer said of a business.
type Review struct {
	ID          int64      `json:"id"`
	SMBID       int64      `json:"smb_id"`
	Name        string     `json:"name"`     // as its writer wants to be called in public
	Stars       int        `json:"stars"`    // 1 to 5
	Body        string     `json:"body"`     // plain text; "" when only stars were given
	Verified    bool       `json:"verified"` // answers a request to a customer whom the business named
	Status      string     `json:"status"`   // waiting, published, held
	HeldReason  string     `json:"held_reason"`
	HeldAt      *time.Time `json:"held_at"`    // when it was held back; nil unless it is
	PublishAt   time.Time  `json:"publish_at"` // when it becomes public if nobody decides before
	PublishedAt *time.Time `json:"published_at"`
	Response    string     `json:"response"` // the business's public answer; "" when there is none
	RespondedAt *time.Time `json:"responded_at"`
	CreatedAt   time.Time  `json:"created_at"`
}

// HoldReason is why a review is kept from the public. There is none for being bad.
type HoldReason struct {
	Reason string // as it is stored
	Title  string // as people read it
}

// HoldReasons is every reason there is. Stars are no reason.
var HoldReasons = []HoldReason{
	{"spam", "It is spam or advertising"},
	{"abusive", "It is abusive: threats, slurs or hate"},
	{"personal_data", "It tells private things about somebody"},
	{"not_a_customer", "The writer was never a customer"},
}

// KnownHoldReason reports whether a reason is one of HoldReasons.
func KnownHoldReason(reason string) bool {
	return slices.ContainsFunc(HoldReasons, func(h HoldReason) bool { return h.Reason == reason })
}

// ReviewListing is what can be asked of a business's reviews.
var ReviewListing = Listing{
	Name: "reviews", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they came."},
		{Name: "stars", Kind: IntegerField, Filter: true, Sort: true, About: "1 to 5."},
		{Name: "status", Kind: TextField, Values: []string{"waiting", "published", "held"}, Filter: true, About: "Whether it is public."},
		{Name: "held_reason", Kind: TextField, Values: []string{"spam", "abusive", "personal_data", "not_a_customer"}, Filter: true, About: "Why it is held back; null when it is not."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When it was written."},
	},
}

// ReviewPage is a business's reviews as the public sees them.
type ReviewPage struct {
	SMBID    int64
	Slug     string
	Business string
	Zone     string   // IANA name
	Count    int      // of all published reviews
	Average  float64  // of their stars; 0 when there are none
	Held     int      // how many are held back, which the page says
	Reviews  []Review // published, newest first
	Older    int64    // the before of the next page; 0 on the last
}

// ReviewDraft is a review as its writer sent it.
type ReviewDraft struct {
	FormKey  string // of the form, so that pressing twice is one review; at most 64 characters
	ClientIP string
	Stars    int
	Body     string // at most 4,000 characters
	Name     string // at most 80 characters
	Email    string // to be told when it is public; "" when not wanted. That of a request is known.
}

// ReviewRequest is one customer who was asked.
type ReviewRequest struct {
	ID         int64
	SMBID      int64
	Business   string
	Slug       string
	Name       string
	Email      string
	Answered   bool
	Declined   bool
	Over       bool // too old to be answered
	Closed     bool // the business takes no reviews any more
	RemindedAt *time.Time
	CreatedAt  time.Time
}

// ReviewAsk is whom a business wants to ask.
type ReviewAsk struct {
	Customers string // one a line: "Ana Lopez, ana@example.com"
	Statement bool   // that they are customers who may be written to
}

// ReviewStatement is what a business says when it names customers. It is kept with each request.
const ReviewStatement = "They are my customers, and I may write to them about their visit."

// ReviewAsked is what became of a ReviewAsk.
type ReviewAsked struct {
	Asked int
	Again int // were asked by this business not long ago
	Quiet int // do not want to be asked, or cannot be written to
	Later int // beyond what may be asked in a day
}

// ReviewDesk is what the owner sees.
type ReviewDesk struct {
	Page      ReviewPage // of which the reviews are the published ones
	Open      bool
	LeftToday int      // how many more customers may be asked today
	Waiting   []Review // the oldest first: that is the order in which they become public
	Held      []Review
	Requests  []ReviewRequest // the last ones
	AskedEver int
}

// ReviewPages is what the public may do.
type ReviewPages interface {
	// ReviewPage returns NotFound for a business that shows no reviews. before is an id: only older
	// reviews are listed; 0 lists the newest.
	ReviewPage(ctx context.Context, slug string, before int64) (*ReviewPage, error)
	// WriteReview takes a review of anybody. Returns NotFound, Invalid naming each field (stars, name,
	// body, email), and TooMany for more than a person writes.
	WriteReview(ctx context.Context, slug string, d ReviewDraft) error
	// ReviewRequest returns NotFound for a token that proves nothing.
	ReviewRequest(ctx context.Context, token string) (*ReviewRequest, error)
	// AnswerRequest takes the review of a customer who was asked, once: Conflict afterwards, or when
	// the request is too old. NotFound when the business takes no reviews any more.
	AnswerRequest(ctx context.Context, token string, d ReviewDraft) error
	// DeclineRequests keeps this business from asking the address again. Doing it twice is no error.
	DeclineRequests(ctx context.Context, token string) error
}

// ReviewKeeper is what the owner of a business may do with its reviews. All return NotFound for a
// business that has none set up, and for a review that is not its.
type ReviewKeeper interface {
	// ReviewDesk lists published reviews from before on, as ReviewPage does.
	ReviewDesk(ctx context.Context, smbID, before int64) (*ReviewDesk, error)
	OpenReviews(ctx context.Context, smbID int64, open bool) error
	// AskForReviews mails customers who may be asked. Returns Invalid (customers, statement), and
	// Conflict while the page is not open.
	AskForReviews(ctx context.Context, smbID int64, a ReviewAsk) (ReviewAsked, error)
	PublishReview(ctx context.Context, smbID, id int64) error
	// HoldReview keeps a review from the public for one of HoldReasons; Invalid for any other, and for
	// calling a customer whom the business itself has named not one.
	HoldReview(ctx context.Context, smbID, id int64, reason string) error
	// RespondToReview sets the public answer; "" takes it away. Conflict unless the review is public.
	RespondToReview(ctx context.Context, smbID, id int64, response string) error
}

// ReviewService is everything the pages do with reviews.
type ReviewService interface {
	ReviewPages
	ReviewKeeper
}

// ReviewDirectory is for staff.
type ReviewDirectory interface {
	// ListReviews returns NotFound for a business that the caller does not see.
	ListReviews(ctx context.Context, smbID int64, q ListQuery) (Page[Review], error)
}
