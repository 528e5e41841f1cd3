package track

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
)

const (
	targetsKeep   = time.Minute        // real time; an edited campaign leads to its new page after this
	approvalValid = 7 * 24 * time.Hour // of an approval link, from the click on (M4-01)
)

// targets remembers where links lead, so that a redirect needs nothing but what its batch reads
// anyway. Safe for concurrent use.
type targets struct {
	mu        sync.Mutex
	since     time.Time
	campaigns map[string]campaignTarget
	links     map[int64]string
}

type campaignTarget struct{ slug, service string }

// load reads the campaigns and links that are not remembered. What is missing in the database
// stays missing.
func (t *targets) load(ctx context.Context, tx *db.Tx, campaigns []string, links []int64) error {
	if now := fibonacco.RealTime(); t.campaigns == nil || now.Sub(t.since) > targetsKeep {
		t.campaigns, t.links, t.since = map[string]campaignTarget{}, map[int64]string{}, now
	}
	var newCampaigns []string
	for _, id := range campaigns {
		if _, ok := t.campaigns[id]; !ok {
			newCampaigns = append(newCampaigns, id)
		}
	}
	var newLinks []int64
	for _, id := range links {
		if _, ok := t.links[id]; !ok {
			newLinks = append(newLinks, id)
		}
	}
	if len(newCampaigns) > 0 {
		type row struct{ ID, Slug, Service string }
		found, err := db.Select[row](ctx, tx, `
			SELECT id, COALESCE(NULLIF(landing_page_slug, ''), slug) AS slug, COALESCE(service_type, '') AS service
			FROM campaigns WHERE id IN ($1...)`, newCampaigns)
		if err != nil {
			return fmt.Errorf("read where campaigns lead: %w", err)
		}
		for _, r := range found {
			t.campaigns[r.ID] = campaignTarget{r.Slug, r.Service}
		}
	}
	if len(newLinks) > 0 {
		type row struct {
			ID  int64
			URL string
		}
		found, err := db.Select[row](ctx, tx, `SELECT id, url FROM campaign_links WHERE id IN ($1...)`, newLinks)
		if err != nil {
			return fmt.Errorf("read links: %w", err)
		}
		for _, r := range found {
			if u, err := url.Parse(r.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
				t.links[r.ID] = r.URL
			}
		}
	}
	return nil
}

// resolve finds out where each click of the batch leads. A link that is not known, or is no web
// address, is answered NotFound: its token is ours, but says nothing any more.
func (b *batch) resolve(ctx context.Context) error {
	var campaigns []string
	var links []int64
	for n, d := range b.live(clicked) {
		if !n.tracked {
			continue
		}
		campaigns = append(campaigns, d.campaignID)
		if n.linkID >= render.FirstStoredLink {
			links = append(links, n.linkID)
		}
	}
	if len(campaigns) == 0 {
		return nil
	}
	t := &b.s.targets
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.load(ctx, b.tx, campaigns, links); err != nil {
		return err
	}
	for i, n := range b.notes {
		if !n.tracked || n.kind != clicked || b.out[i].Err != nil {
			continue
		}
		var ok bool
		if b.out[i].Value, n.link, ok = b.target(n, b.sends[n.sendID]); !ok {
			b.out[i].Err = unknownLink()
		}
	}
	return nil
}

// target is where a click goes on, and the same without its token, which is not for the event
// list. Tokens are made anew for the send's business: the claim proved that the reader holds its mail.
func (b *batch) target(n *note, d *send) (target, plain string, ok bool) {
	s := b.s
	campaign, known := s.targets.campaigns[d.campaignID]
	switch {
	case n.linkID == render.LinkTrap:
		return s.base + "/", "", true
	case n.linkID == render.LinkApprove && campaign.service != "":
		plain = s.base + "/approve/"
		return plain + s.signer.SignApproval(fibonacco.ApprovalClaim{
			SMBID: d.smbID, ServiceType: campaign.service, SourceID: d.campaignID, Expires: b.tx.Now.Add(approvalValid),
		}), strings.TrimRight(plain, "/"), true
	case n.linkID == render.LinkLearn && known, n.linkID == render.LinkApprove && known: // its service was taken back: it still teaches
		plain = s.base + "/learn/" + url.PathEscape(campaign.slug)
		return plain + "?r=" + s.signer.SignSend(fibonacco.LearnToken, fibonacco.SendClaim{SendID: d.id, SMBID: d.smbID}), plain, true
	case n.linkID >= render.FirstStoredLink:
		plain, ok = s.targets.links[n.linkID]
		return plain, plain, ok
	}
	return "", "", false
}
