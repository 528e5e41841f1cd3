package campaign

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// step is a version of a campaign whose mail is compiled: parsed once, rendered for each recipient.
type step struct {
	*fibonacco.Campaign
	mail     *render.Mail
	subjects []*template.Template // the further ones under test; nil when there is no test
	winner   int                  // the subject that won the test; -1 while there is none
}

// subject fills one of the subjects for one SMB, cut to what the column holds.
func (s *step) subject(variant int, c candidate, t town) (string, error) {
	f := fields(c.Business, c.Contact, c.Category, t.name)
	if variant == 0 {
		return s.mail.Subject(f)
	}
	out, err := s.subjects[variant-1].Render(nil, f.Clean())
	if err != nil {
		return "", fmt.Errorf("render subject %d: %w", variant, err)
	}
	return template.Clean(string(out)), nil
}

// fields are the merge fields of an e-mail.
func fields(business, contact, category, community string) template.Fields {
	first, _, _ := strings.Cut(strings.TrimSpace(contact), " ")
	return template.Fields{FirstName: first, BusinessName: business, Category: category, Community: community}
}

// steps is every campaign in its present version, compiled, and of earlier versions those that were
// asked for.
type steps struct {
	byID    map[string]*step
	byDay   map[int]*step // active ones of the programme
	earlier map[versionKey]*step
}

// versionKey names a version of a campaign.
type versionKey struct {
	campaign string
	version  int
}

// version is a campaign as a send was planned with it. known is false when it has to be read first
// (readVersions); the step is nil when it does not compile.
func (s steps) version(k versionKey) (one *step, known bool) {
	if now := s.byID[k.campaign]; now != nil && now.Version == k.version {
		return now, true
	}
	one, known = s.earlier[k]
	return one, known
}

// mailCache keeps compiled mails by campaign and version. Versions never change.
type mailCache struct {
	mu  sync.Mutex
	all map[versionKey]*step
}

// steps returns the campaigns with their mails compiled. It may read the database: call it
// before a transaction, not inside.
func (s *Service) steps(ctx context.Context) (steps, error) {
	byID, byDay, winners, err := s.catalog.load(ctx)
	if err != nil {
		return steps{}, err
	}
	out := steps{byID: make(map[string]*step, len(byID)), byDay: make(map[int]*step, len(byDay))}
	for id, c := range byID {
		one, err := s.compiled(ctx, c)
		if err != nil {
			// One broken campaign must not hold up the others; whoever needs it is told.
			s.log.Error("campaign does not compile: nothing of it is planned or sent", "campaign", id, "error", err)
			continue
		}
		winner, won := winners[versionKey{id, c.Version}]
		if !won {
			winner = -1
		}
		out.byID[id] = &step{Campaign: c, mail: one.mail, subjects: one.subjects, winner: winner}
	}
	for day, c := range byDay {
		if one := out.byID[c.ID]; one != nil {
			out.byDay[day] = one
		}
	}
	return out, nil
}

// readVersions adds earlier versions to the steps, outside a transaction as well.
func (s *Service) readVersions(ctx context.Context, all steps, keys []versionKey) (steps, error) {
	out := steps{byID: all.byID, byDay: all.byDay, earlier: maps.Clone(all.earlier)}
	if out.earlier == nil {
		out.earlier = map[versionKey]*step{}
	}
	for _, k := range keys {
		v, err := s.CampaignVersion(ctx, k.campaign, k.version)
		if err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
			return out, err
		}
		var one *step
		if err == nil {
			c := fibonacco.Campaign{ID: k.campaign, Day: v.Day}
			if now := all.byID[k.campaign]; now != nil {
				c = *now.Campaign
			}
			onto(*v, &c)
			one, err = s.compiled(ctx, &c)
		}
		if err != nil {
			s.log.Error("version of a campaign does not compile: sends of it stay queued", "campaign", k.campaign, "version", k.version, "error", err)
		}
		out.earlier[k] = one
	}
	return out, nil
}

// compiled is a version of a campaign, compiled once.
func (s *Service) compiled(ctx context.Context, c *fibonacco.Campaign) (*step, error) {
	s.mails.mu.Lock()
	defer s.mails.mu.Unlock()
	key := versionKey{c.ID, c.Version}
	if one := s.mails.all[key]; one != nil {
		return one, nil
	}
	mail, err := s.compile(ctx, *c)
	if err != nil {
		return nil, err
	}
	one := &step{Campaign: c, mail: mail, winner: -1}
	for i, source := range c.Subjects {
		t, err := template.Compile(source, template.Header)
		if err != nil {
			return nil, fmt.Errorf("subject %d: %w", i+1, err)
		}
		one.subjects = append(one.subjects, t)
	}
	if s.mails.all == nil {
		s.mails.all = map[versionKey]*step{}
	}
	s.mails.all[key] = one
	return one, nil
}

// compile parses a campaign's mail. Links in its body are stored first: tokens refer to them by
// id (R6).
func (s *Service) compile(ctx context.Context, c fibonacco.Campaign) (*render.Mail, error) {
	settings := s.renderSettings()
	var urls []string
	settings.ResolveLink = func(url string) int64 {
		urls = append(urls, url)
		return render.FirstStoredLink
	}
	mail, err := render.Compile(c, settings)
	if err != nil || len(urls) == 0 {
		return mail, err
	}
	ids, err := s.storeLinks(ctx, c.ID, urls)
	if err != nil {
		return nil, err
	}
	settings.ResolveLink = func(url string) int64 { return ids[url] }
	return render.Compile(c, settings)
}

func (s *Service) storeLinks(ctx context.Context, campaignID string, urls []string) (map[string]int64, error) {
	ids := map[string]int64{}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		for _, url := range urls {
			var id int64
			// Ids below FirstStoredLink name the links that every mail has.
			if err := tx.QueryRow(ctx, `
				INSERT INTO campaign_links (id, campaign_id, url, created_at)
				VALUES ((SELECT COALESCE(MAX(id), $4) + 1 FROM campaign_links), $1, $2, $3)
				ON CONFLICT (campaign_id, url) DO UPDATE SET url = excluded.url RETURNING id`,
				campaignID, url, tx.Now, render.FirstStoredLink-1).Scan(&id); err != nil {
				return fmt.Errorf("store link of %s: %w", campaignID, err)
			}
			ids[url] = id
		}
		return nil
	})
	return ids, err
}

// renderSettings is what all mails share.
func (s *Service) renderSettings() render.Settings {
	settings := render.Settings{
		PublicURL:     s.cfg.HTTP.PublicURL,
		FromName:      s.cfg.Email.FromName,
		FromEmail:     s.cfg.Email.FromEmail,
		ReplyTo:       s.cfg.Email.ReplyTo,
		CompanyName:   s.cfg.Company.Name,
		PostalAddress: s.cfg.Company.PostalAddress,
		TotalDays:     s.cfg.ManifestDestiny.TotalDays,
		Signer:        s.signer,
	}
	if settings.PostalAddress == "" {
		// Only the catcher gets here: serve refuses a real mailer without an address.
		settings.PostalAddress = "(set COMPANY_POSTAL_ADDRESS)"
	}
	return settings
}
