package fibonacco

import (
	"context"
	"time"
)

// Content is one learning page: slides with narration, and an article.
type Content struct {
	ID                    int64          `json:"id"`
	Slug                  string         `json:"slug"`
	Type                  string         `json:"type"` // edu, hook, howto, article
	Title                 string         `json:"title"`
	CampaignID            string         `json:"campaign_id"` // "" when it stands alone
	Slides                []Slide        `json:"slides"`
	ArticleBody           string         `json:"article_body"` // Liquid in Markdown
	AudioBaseURL          string         `json:"audio_base_url"`
	DurationSeconds       int            `json:"duration_seconds"`
	ServiceType           string         `json:"service_type"`
	ApprovalButtonText    string         `json:"approval_button_text"`
	PersonalizationFields []string       `json:"personalization_fields"`
	Metadata              map[string]any `json:"metadata"`
	IsActive              bool           `json:"is_active"`
	Version               int            `json:"version"` // counts up with every change of what the page shows, from 1
	CreatedAt             time.Time      `json:"created_at"`
	UpdatedAt             time.Time      `json:"updated_at"`
}

// Slide is one step of a presentation. Every text may hold merge fields.
type Slide struct {
	Component string   `json:"component" yaml:"component"` // HeroSlide, ConceptSlide, …; any other shows its text
	Headline  string   `json:"headline" yaml:"headline"`
	Body      string   `json:"body,omitempty" yaml:"body"`
	Items     []string `json:"items,omitempty" yaml:"items"`
	Narration string   `json:"narration,omitempty" yaml:"narration"`
	Seconds   int      `json:"seconds" yaml:"seconds"`       // spoken length
	Audio     string   `json:"audio,omitempty" yaml:"audio"` // the narration's file, under AudioBaseURL; "" has none
}

// ContentView is one visit to a learning page.
type ContentView struct {
	ID                   int64      `json:"id"`
	SMBID                *int64     `json:"smb_id" doc:"Null for a visitor that nobody knows."`
	ContentSlug          string     `json:"content_slug"`
	ContentVersion       int        `json:"content_version" doc:"What the page said when the visit began; slides are numbered as in it."`
	StartedAt            time.Time  `json:"started_at"`
	CompletedAt          *time.Time `json:"completed_at"`
	CompletionPercentage int        `json:"completion_percentage"` // 0–100
	SourceCampaignID     string     `json:"source_campaign_id"`
	SourceURL            string     `json:"source_url"`
	TimeOnPageSeconds    *int       `json:"time_on_page_seconds"`
	SlidesViewed         []int      `json:"slides_viewed"`
	ApprovalClicked      bool       `json:"approval_clicked"`
	DownloadedPDF        bool       `json:"downloaded_pdf"`
	Shared               bool       `json:"shared"`
	CreatedAt            time.Time  `json:"created_at"`
	UpdatedAt            time.Time  `json:"updated_at"`
}

// ContentViewListing is what can be asked of the list of visits.
var ContentViewListing = Listing{
	Name: "content-views", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they began."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "The business; null is somebody unknown."},
		{Name: "content_version", Kind: IntegerField, Filter: true, About: "What the page said then."},
		{Name: "source_campaign_id", Kind: TextField, Filter: true, About: "The campaign whose mail led here."},
		{Name: "started_at", Kind: TimeField, Filter: true, About: "When it began."},
		{Name: "completed_at", Kind: TimeField, Filter: true, About: "When the end was reached; null is never."},
		{Name: "approval_clicked", Kind: BooleanField, Filter: true, About: "The approval button was pressed."},
	},
}

// LearningPage is content with every merge field filled, ready to show.
type LearningPage struct {
	Content
	ArticleHTML string // rendered from Markdown, sanitised
	For         string // the business it is addressed to; "" for anybody
	ApprovalURL string // "" unless the reader is known and the content has a service
	Related     []RelatedContent
}

// ContentSummary is a page in a list.
type ContentSummary struct {
	Slug            string `json:"slug"`
	Type            string `json:"type"`
	Title           string `json:"title"`
	ServiceType     string `json:"service_type"`
	DurationSeconds int    `json:"duration_seconds"`
}

// RelatedContent is a page to read next.
type RelatedContent struct {
	Slug  string `json:"slug"`
	Type  string `json:"type"`
	Title string `json:"title"` // filled for the reader
}

// LearningPages shows the programme's pages, personalised by the signed link of a mail.
type LearningPages interface {
	// LearningPage returns NotFound when the slug is unknown or inactive. recipient is the token
	// of the mail's link; "" or a token that proves nothing gives the page for anybody.
	LearningPage(ctx context.Context, slug, recipient string) (*LearningPage, error)
}

// Paper is what can be made of a learning page to keep.
type Paper string

// The papers.
const (
	ArticlePaper Paper = "article"
	HandoutPaper Paper = "handout" // the slides, with what is said to them and room for notes
)

// PrintedPage is a PDF.
type PrintedPage struct {
	Name string // of the file: letters a to z, digits and hyphens, then ".pdf"
	For  string // the business it is addressed to; "" for anybody
	PDF  []byte
}

// LearningPrints makes papers of learning pages (M3-11).
type LearningPrints interface {
	// PrintPage finds and fills the page as LearningPage does. No link in a paper is signed. Returns
	// Unavailable when too many are being made.
	PrintPage(ctx context.Context, slug, recipient string, paper Paper) (*PrintedPage, error)
}

// LearningCenter is what the web needs of Module 3.
type LearningCenter interface {
	LearningPages
	LearningPrints
	ViewTracker
	ContentEditor
	ContentReporter
	// ListPages returns the active pages after a cursor id (0 starts), by id, titles filled for anybody;
	// kind "" is all of them and limit is capped at 100. next is 0 on the last page.
	ListPages(ctx context.Context, kind string, after int64, limit int) (pages []ContentSummary, next int64, err error)
	// ContentStats returns NotFound when no page, active or not, has the slug.
	ContentStats(ctx context.Context, slug string) (*ContentStats, error)
}

// ContentDraft is what may be changed of a learning page. Its title, and what it offers, are its campaign's.
type ContentDraft struct {
	Slides      []Slide `json:"slides"`
	ArticleBody string  `json:"article_body"` // Liquid in Markdown
}

// ContentVersion is what a learning page said. It never changes.
type ContentVersion struct {
	Slug        string    `json:"slug"`
	Version     int       `json:"version"` // from 1
	Title       string    `json:"title"`
	Slides      []Slide   `json:"slides"`
	ArticleBody string    `json:"article_body"`
	CreatedBy   string    `json:"created_by"` // who wrote it, or "library"
	CreatedAt   time.Time `json:"created_at"`
}

// ContentEditor writes learning pages, version by version. Who reads an earlier version, on a page that a
// browser or a cache has kept, is counted by it. Routes: GET /content/{slug}/source, PUT /content/{slug}
// (If-Match: the version), POST /content/{slug}/preview, GET /content/{slug}/versions.
type ContentEditor interface {
	// ContentSource is a page as it is stored, merge fields not filled, active or not. NotFound when no page
	// has the slug.
	ContentSource(ctx context.Context, slug string) (*Content, error)
	// UpdateContent stores the next version, when the draft says something else than version does. Conflict
	// when version is not the present one: somebody else was faster. Invalid with every text that cannot be
	// used. NotFound likewise.
	UpdateContent(ctx context.Context, slug string, version int, draft ContentDraft, by string) (*Content, error)
	// PreviewContent is the page that a draft would make, as an SMB would see it; 0 is anybody. Stores
	// nothing. Invalid and NotFound likewise, NotFound also for an SMB outside the caller's communities.
	PreviewContent(ctx context.Context, slug string, draft ContentDraft, smbID int64) (*LearningPage, error)
	// ListContentVersions is all versions, newest first. NotFound likewise.
	ListContentVersions(ctx context.Context, slug string) ([]ContentVersion, error)
}

// ContentFigures is one page among all, with what became of it. Machines are not counted.
type ContentFigures struct {
	Slug            string   `json:"slug"`
	Type            string   `json:"type"`
	Title           string   `json:"title"` // merge fields not filled
	CampaignID      string   `json:"campaign_id"`
	ServiceType     string   `json:"service_type"`
	IsActive        bool     `json:"is_active"`
	Version         int      `json:"version"`
	Slides          int      `json:"slides"`
	DurationSeconds int      `json:"duration_seconds"`
	Views           int      `json:"views"`
	Completed       int      `json:"completed"`
	ApprovalClicks  int      `json:"approval_clicks"`
	MeanSeconds     *float64 `json:"mean_seconds" doc:"Of the visits whose time is known; null without any."`
}

// ContentReporter tells staff what became of learning pages. Routes: GET /content/figures, GET
// /content/{slug}/views. A visit of a known business is told to those only who see the business; visits of
// strangers to those only who see all communities.
type ContentReporter interface {
	// ListContentFigures is every page by slug, active or not. The figures may be some seconds old, and
	// minutes where millions of visits take long to count.
	ListContentFigures(ctx context.Context) ([]ContentFigures, error)
	// QueryViews is one page of ContentViewListing. NotFound when no page has the slug.
	QueryViews(ctx context.Context, slug string, q ListQuery) (Page[ContentView], error)
}

// ViewTracker counts what visitors of learning pages do (M3-05…09). A visit of somebody unknown is
// counted without a business and without events (M3-18).
type ViewTracker interface {
	// StartView begins a visit and returns its opaque id, bound to the page; "" when a machine came,
	// which counts nothing. recipient is the token of a mail's link. Publishes ContentViewed when it
	// tells the business. NotFound as in LearningPages.
	StartView(ctx context.Context, slug, recipient string, visit VisitContext) (view string, err error)
	// RecordView returns after the step is durable. Each slide counts once, ContentCompleted is published
	// once, when the business is known. Invalid when the visit is not one to this page, or the slide
	// not one of it.
	RecordView(ctx context.Context, slug, view string, step ViewStep) error
}

// ViewStep is one thing that a visitor did.
type ViewStep struct {
	Kind    ViewStepKind
	Slide   int // from 1; of SlideSeen only
	Seconds int // since the page was opened; 0 when not known
}

// ViewStepKind is what a visitor did.
type ViewStepKind string

// The steps of a visit.
const (
	SlideSeen       ViewStepKind = "slide"
	ViewCompleted   ViewStepKind = "complete"
	ApprovalClicked ViewStepKind = "approval-click"
	PDFDownloaded   ViewStepKind = "download"
)

// ContentStats are the figures of one page, each counted by itself (M3-12). None counts machines.
type ContentStats struct {
	Slug           string       `json:"slug"`
	Views          int          `json:"views"`
	KnownViews     int          `json:"known_views" doc:"Visits of businesses that came by their own link."`
	Businesses     int          `json:"businesses" doc:"Different ones among them."`
	Completed      int          `json:"completed" doc:"Visits that came to the end."`
	ApprovalClicks int          `json:"approval_clicks" doc:"Visits in which the approval button was pressed."`
	Downloads      int          `json:"downloads"`
	MeanPercent    *float64     `json:"mean_percent" doc:"How much of the slides a visit sees; null before the first."`
	MeanSeconds    *float64     `json:"mean_seconds" doc:"Of the visits whose time is known; null without any."`
	Slides         []SlideViews `json:"slides" doc:"Of the present version."`
	Version        int          `json:"version" doc:"The present one."`
	SlideVisits    int          `json:"slide_visits" doc:"Visits that began with the present version: slides are counted over these."`
}

// SlideViews is how many visits saw a slide.
type SlideViews struct {
	Slide int `json:"slide"`
	Views int `json:"views"`
}

// LearningCenterService is Module 3's contract within the product: by ids, for callers that know whom they
// speak of. What visitors do comes through LearningCenter, with proof.
type LearningCenterService interface {
	LearningPrints
	// Content returns NotFound when the slug is unknown or inactive.
	Content(ctx context.Context, slug string) (*Content, error)
	// ContentByCampaign returns NotFound when the campaign has no active content.
	ContentByCampaign(ctx context.Context, campaignID string) (*Content, error)
	// Personalize fills every text of the content for one SMB; nil is anybody.
	Personalize(ctx context.Context, content *Content, smb *SMB) (*LearningPage, error)

	// TrackViewStart records a visit and returns its id; smbID 0 is somebody unknown. Publishes ContentViewed
	// when the SMB is known. NotFound for a slug that is unknown or inactive, and for an SMB that is not there.
	TrackViewStart(ctx context.Context, smbID int64, slug string, visit VisitContext) (viewID int64, err error)
	// TrackSlideView counts each slide once per view. Invalid for a slide the content has not got; it and the
	// three below return NotFound for an unknown view.
	TrackSlideView(ctx context.Context, viewID int64, slide int) error
	// TrackViewComplete publishes ContentCompleted once, when the SMB is known.
	TrackViewComplete(ctx context.Context, viewID int64) error
	TrackApprovalClick(ctx context.Context, viewID int64) error
	TrackDownload(ctx context.Context, viewID int64) error
}

// VisitContext is where a visit came from.
type VisitContext struct {
	CampaignID string // "" when not from a campaign
	Version    int    // of the page that the visitor has before them; 0 is the present one
	URL        string
	IP         string
	UserAgent  string
}
