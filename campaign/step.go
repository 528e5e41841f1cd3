package campaign

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// step is a campaign whose mail is compiled: parsed once, rendered for each recipient.
type step struct {
	*fibonacco.Campaign
	mail *render.Mail
}

// subject fills the subject for one SMB, cut to what the column holds.
func (s *step) subject(c candidate, t town) (string, error) {
	return s.mail.Subject(fields(c.Business, c.Contact, c.Category, t.name))
}

// fields are the merge fields of an e-mail.
func fields(business, contact, category, community string) template.Fields {
	first, _, _ := strings.Cut(strings.TrimSpace(contact), " ")
	return template.Fields{FirstName: first, BusinessName: business, Category: category, Community: community}
}

// steps is every campaign, compiled.
type steps struct {
	byID  map[string]*step
	byDay map[int]*step // active ones of the programme
}

// mailCache keeps compiled mails by campaign and version.
type mailCache struct {
	mu  sync.Mutex
	all map[string]*render.Mail // id + version
}

// steps returns the campaigns with their mails compiled. It may read the database: call it
// before a transaction, not inside.
func (s *Service) steps(ctx context.Context) (steps, error) {
	byID, byDay, err := s.catalog.load(ctx)
	if err != nil {
		return steps{}, err
	}
	out := steps{byID: make(map[string]*step, len(byID)), byDay: make(map[int]*step, len(byDay))}
	s.mails.mu.Lock()
	defer s.mails.mu.Unlock()
	if s.mails.all == nil {
		s.mails.all = map[string]*render.Mail{}
	}
	for id, c := range byID {
		key := id + "\x00" + c.EmailTemplateID + "\x00" + c.UpdatedAt.String()
		mail := s.mails.all[key]
		if mail == nil {
			if mail, err = s.compile(ctx, *c); err != nil {
				// One broken campaign must not hold up the others; whoever needs it is told.
				s.log.Error("campaign does not compile: nothing of it is planned or sent", "campaign", id, "error", err)
				continue
			}
			s.mails.all[key] = mail
		}
		out.byID[id] = &step{c, mail}
	}
	for day, c := range byDay {
		if one := out.byID[c.ID]; one != nil {
			out.byDay[day] = one
		}
	}
	return out, nil
}

// compile parses a campaign's mail. Links in its body are stored first: tokens refer to them by
// id (R6).
func (s *Service) compile(ctx context.Context, c fibonacco.Campaign) (*render.Mail, error) {
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
