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
	ID                   int64
	SMBID                *int64
	ContentSlug          string
	StartedAt            time.Time
	CompletedAt          *time.Time
	CompletionPercentage int // 0–100
	SourceCampaignID     string
	SourceURL            string
	TimeOnPageSeconds    *int
	SlidesViewed         []int
	ApprovalClicked      bool
	DownloadedPDF        bool
	Shared               bool
	CreatedAt            time.Time
	UpdatedAt            time.Time
}

// LearningPage is content with every merge field filled, ready to show.
type LearningPage struct {
	Content
	ArticleHTML string // rendered from Markdown, sanitised
	For         string // the business it is addressed to; "" for anybody
	ApprovalURL string // "" unless the reader is known and the content has a service
	Related     []RelatedContent
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

// LearningCenterService is Module 3's contract.
type LearningCenterService interface {
	// Content returns NotFound when the slug is unknown or inactive.
	Content(ctx context.Context, slug string) (*Content, error)
	// ContentByCampaign returns NotFound when the campaign has no active content.
	ContentByCampaign(ctx context.Context, campaignID string) (*Content, error)
	// Personalize fills every text of the content for one SMB.
	Personalize(content *Content, smb *SMB) (*LearningPage, error)

	// TrackViewStart records a visit and returns its id. Publishes ContentViewed when the SMB is known.
	TrackViewStart(ctx context.Context, smbID int64, slug string, visit VisitContext) (viewID int64, err error)
	// TrackSlideView counts each slide once per view. Invalid for a slide the content has not got.
	TrackSlideView(ctx context.Context, viewID int64, slide int) error
	// TrackViewComplete publishes ContentCompleted once, when the SMB is known.
	TrackViewComplete(ctx context.Context, viewID int64) error
	TrackApprovalClick(ctx context.Context, viewID int64) error
	TrackDownload(ctx context.Context, viewID int64) error
}

// VisitContext is where a visit came from.
type VisitContext struct {
	CampaignID string // "" when not from a campaign
	URL        string
	IP         string
	UserAgent  string
}
