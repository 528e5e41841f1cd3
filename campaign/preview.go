package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// nobody is whom a preview is addressed to when the business has no address.
const nobody = "nobody@example.com"

// sample is a mail to look at: rendered as for an SMB, with links that prove nothing, so that whoever
// follows them changes nothing.
func (s *Service) sample(ctx context.Context, id string, version int, smbID int64) (*step, render.Recipient, error) {
	all, err := s.steps(ctx)
	if err != nil {
		return nil, render.Recipient{}, err
	}
	now, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, render.Recipient{}, err
	}
	if version == 0 {
		version = now.Version
	}
	key := versionKey{id, version}
	one, known := all.version(key)
	if !known {
		if _, err := s.CampaignVersion(ctx, id, version); err != nil {
			return nil, render.Recipient{}, err
		}
		if all, err = s.readVersions(ctx, all, []versionKey{key}); err != nil {
			return nil, render.Recipient{}, err
		}
		one, _ = all.version(key)
	}
	if one == nil {
		return nil, render.Recipient{}, fibonacco.Errorf(fibonacco.Conflict, "version %d of %s cannot be mailed", version, id)
	}
	r, err := s.recipientOf(ctx, smbID)
	return one, r, err
}

// recipientOf is whom a sample is written to: an SMB that the caller sees.
func (s *Service) recipientOf(ctx context.Context, smbID int64) (render.Recipient, error) {
	r := render.Recipient{UUID: newUUID()}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		seen, args := `smbs.id = $1`, []any{smbID}
		if scope := fibonacco.ScopeOf(ctx); scope != nil {
			seen, args = seen+` AND smbs.community_id IN ($2...)`, append(args, scope)
		}
		found, err := loadCandidates(ctx, tx, seen, args...)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no business %d", smbID)
		}
		var town string
		if err := tx.QueryRow(ctx, `
			SELECT communities.name FROM communities JOIN smbs ON smbs.community_id = communities.id WHERE smbs.id = $1`, smbID).Scan(&town); err != nil {
			return err
		}
		c := found[0]
		r.Fields, r.Email, r.At = fields(c.Business, c.Contact, c.Category, town), c.Email, tx.Now
		return nil
	})
	if !fibonacco.ValidEmail(r.Email) {
		r.Email = nobody
	}
	return r, err
}

// PreviewCampaign implements fibonacco.CampaignPreviewer.
func (s *Service) PreviewCampaign(ctx context.Context, id string, version int, smbID int64) (*fibonacco.MailPreview, error) {
	step, r, err := s.sample(ctx, id, version, smbID)
	if err != nil {
		return nil, err
	}
	return previewOf(step.mail, r, id, step.Version)
}

// PreviewDraft implements fibonacco.CampaignPreviewer. Links in the text are not stored: they stay as
// they are written.
func (s *Service) PreviewDraft(ctx context.Context, d fibonacco.CampaignDraft, smbID int64) (*fibonacco.MailPreview, error) {
	mail, err := render.Compile(campaignOf(d), s.renderSettings())
	if err != nil {
		return nil, err
	}
	r := render.Recipient{UUID: newUUID(), Fields: unnamed, Email: nobody, At: s.db.Clock().Now()}
	if smbID != 0 {
		if r, err = s.recipientOf(ctx, smbID); err != nil {
			return nil, err
		}
	}
	return previewOf(mail, r, d.ID, 0)
}

func previewOf(mail *render.Mail, r render.Recipient, id string, version int) (*fibonacco.MailPreview, error) {
	p, err := mail.Preview(r)
	if err != nil {
		return nil, fmt.Errorf("preview %s: %w", id, err)
	}
	message, err := mail.Render(nil, r)
	if err != nil {
		return nil, fmt.Errorf("preview %s: %w", id, err)
	}
	head, _, _ := strings.Cut(string(message), "\r\n\r\n")
	return &fibonacco.MailPreview{
		CampaignID: id, Version: version, Subject: p.Subject, Preheader: p.Preheader, HTML: p.HTML, Text: p.Text,
		Headers: strings.ReplaceAll(head, "\r\n", "\n"), Size: len(message),
	}, nil
}

// testSendJob mails a sample. It goes out by the same way as every mail.
type testSendJob struct {
	CampaignID string `json:"campaign_id"`
	Version    int    `json:"version"`
	SMBID      int64  `json:"smb_id"`
	To         string `json:"to"`
}

func (testSendJob) Kind() string  { return "campaign.test_send" }
func (testSendJob) Queue() string { return queue.EmailHigh }

// testsPerHour bounds test-sends, all people together: this is no way to mail anybody.
const testsPerHour = 30

// TestSend implements fibonacco.CampaignPreviewer.
func (s *Service) TestSend(ctx context.Context, id string, version int, smbID int64, to, by string) error {
	if !fibonacco.ValidEmail(to) {
		return fibonacco.InvalidFields("the test cannot be sent", []fibonacco.FieldError{{Field: "to", Reason: "is not an e-mail address"}})
	}
	step, _, err := s.sample(ctx, id, version, smbID)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		recent, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM test_sends WHERE created_at > $1`, tx.Now.Add(-time.Hour))
		if err != nil {
			return err
		}
		if recent >= testsPerHour {
			return fibonacco.Errorf(fibonacco.TooMany, "there were %d test-sends in the last hour", recent)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO test_sends (campaign_id, version, created_by, created_at) VALUES ($1, $2, $3, $4)`,
			id, step.Version, by, tx.Now); err != nil {
			return fmt.Errorf("note a test-send: %w", err)
		}
		if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "campaign.test_sent", Entity: "campaign", EntityID: id, After: map[string]any{"version": step.Version, "smb_id": smbID},
		}); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, tx, testSendJob{id, step.Version, smbID, to})
	})
}

// sendTest hands a sample over and waits for the answer. There is no row to keep it in: it is logged.
func (s *Service) sendTest(ctx context.Context, j testSendJob) error {
	if s.lane == nil || s.lane.mailer.Ready() != nil {
		return queue.Snooze(notReadyPause)
	}
	step, r, err := s.sample(ctx, j.CampaignID, j.Version, j.SMBID)
	if err != nil {
		return err
	}
	p, err := step.mail.Subject(r.Fields)
	if err != nil {
		return err
	}
	r.Email, r.Subject = j.To, "[Test] "+p
	message, err := step.mail.Render(nil, r)
	if err != nil {
		return err
	}
	h, err := s.lane.deliver(ctx, &fibonacco.Mail{
		From: s.cfg.Email.FromEmail, To: j.To, Message: message,
		MessageID: r.UUID + s.cfg.Email.FromEmail[strings.LastIndexByte(s.cfg.Email.FromEmail, '@'):],
	})
	switch {
	case err != nil:
		return err
	case h.Result == fibonacco.Deferred || h.Result == fibonacco.NotTried:
		return fmt.Errorf("test-send of %s: not taken yet", j.CampaignID)
	case h.Result != fibonacco.Accepted:
		s.log.Warn("a test-send was refused", "campaign", j.CampaignID, "version", j.Version)
	}
	return nil
}
