package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/recount"
)

// figuresRule: counting the whole ledger may take at most one part in fifty of the time.
var figuresRule = recount.Rule{Share: 50, Most: 5 * time.Minute, Stale: time.Hour}

// figureCounts are of everything, by campaign and community: one count for all who ask, however much of
// it they see.
type figureCounts struct {
	at        time.Time
	ledger    ledger
	campaigns map[placed]fibonacco.CampaignFigures
	days      map[dayPlaced]int
}

// placed is a campaign in one community, dayPlaced a programme day there.
type placed struct {
	campaign  string
	community int64
}

type dayPlaced struct {
	day       int
	community int64
}

// ListCampaignFigures implements fibonacco.CampaignReporter.
func (s *Service) ListCampaignFigures(ctx context.Context) ([]fibonacco.CampaignFigures, error) {
	all, err := s.ListCampaigns(ctx, "", 0)
	if err != nil {
		return nil, err
	}
	_, _, winners, err := s.catalog.load(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.figures.Of(ctx, struct{}{})
	if err != nil {
		return nil, fmt.Errorf("count what became of all campaigns: %w", err)
	}
	scope := fibonacco.ScopeOf(ctx)
	sees := func(community int64) bool { return scope == nil || slices.Contains(scope, community) }
	sums := map[string]fibonacco.CampaignFigures{}
	for at, n := range counts.campaigns {
		if sees(at.community) {
			sum := sums[at.campaign]
			sum.Sent, sum.Opened, sum.Clicked, sum.Approved = sum.Sent+n.Sent, sum.Opened+n.Opened, sum.Clicked+n.Clicked, sum.Approved+n.Approved
			sums[at.campaign] = sum
		}
	}
	today := map[int]int{}
	for at, n := range counts.days {
		if sees(at.community) {
			today[at.day] += n
		}
	}
	out := make([]fibonacco.CampaignFigures, 0, len(all))
	for _, c := range all {
		f := sums[c.ID]
		_, won := winners[versionKey{c.ID, c.Version}]
		f.CampaignID, f.Testing = c.ID, c.IsActive && len(c.Subjects) > 0 && !won
		if c.Day > 0 && c.IsActive {
			f.Today = today[c.Day]
		}
		out = append(out, f)
	}
	return out, nil
}

// CountFigures begins to count the figures of all campaigns, so that of the first who look nobody waits.
func (s *Service) CountFigures(ctx context.Context) { _, _ = s.figures.Soon(ctx, struct{}{}) }

func (s *Service) countFigures(ctx context.Context, _ struct{}) (*figureCounts, error) {
	counts := &figureCounts{campaigns: map[placed]fibonacco.CampaignFigures{}, days: map[dayPlaced]int{}}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		counts.at = tx.Now
		if err := counts.readSends(ctx, tx); err != nil {
			return err
		}
		if err := counts.readApprovals(ctx, tx); err != nil {
			return err
		}
		return counts.readDays(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

func (c *figureCounts) readSends(ctx context.Context, tx *db.Tx) (err error) {
	if c.ledger, err = countLedger(ctx, tx, `TRUE`); err != nil {
		return err
	}
	for key, f := range c.ledger {
		for g, n := range f.groups {
			at := placed{key.campaign, g.community}
			sum := c.campaigns[at]
			for has, figure := range map[happened]*int{wasSent: &sum.Sent, wasOpened: &sum.Opened, wasClicked: &sum.Clicked} {
				if g.has&has != 0 {
					*figure += n
				}
			}
			c.campaigns[at] = sum
		}
	}
	return nil
}

// readApprovals counts the yeses that name a campaign or its page as where they came from.
func (c *figureCounts) readApprovals(ctx context.Context, tx *db.Tx) error {
	type group struct {
		CampaignID  string
		CommunityID int64
		Approved    int
	}
	groups, err := db.Select[group](ctx, tx, `
		SELECT COALESCE(content.campaign_id, a.source_id) AS campaign_id, smbs.community_id AS community_id, COUNT(*) AS approved
		FROM approvals a JOIN smbs ON smbs.id = a.smb_id LEFT JOIN content ON content.slug = a.source_id
		WHERE a.source_id IS NOT NULL AND a.status <> 'cancelled' AND smbs.deleted_at IS NULL
		GROUP BY COALESCE(content.campaign_id, a.source_id), smbs.community_id`)
	for _, g := range groups {
		at := placed{g.CampaignID, g.CommunityID}
		sum := c.campaigns[at]
		sum.Approved = g.Approved
		c.campaigns[at] = sum
	}
	return err
}

func (c *figureCounts) readDays(ctx context.Context, tx *db.Tx) error {
	type group struct {
		Day         int
		CommunityID int64
		N           int
	}
	groups, err := db.Select[group](ctx, tx, `
		SELECT manifest_destiny_day AS day, community_id, COUNT(*) AS n FROM smbs
		WHERE campaign_status = 'active' AND deleted_at IS NULL GROUP BY manifest_destiny_day, community_id`)
	for _, g := range groups {
		c.days[dayPlaced{g.Day, g.CommunityID}] = g.N
	}
	return err
}
