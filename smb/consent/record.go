package consent

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// RecordConsent implements fibonacco.ConsentService. A yes does not lift a suppression: that is
// taken away by itself, or by the owner of the address through the link in a mail. Publishes
// SMBUpdated when the opt-in became different.
func (s *Service) RecordConsent(ctx context.Context, c fibonacco.Consent) (*fibonacco.Consent, error) {
	var stored *fibonacco.Consent
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		who, err := findOwner(ctx, tx, c.SMBID, true)
		if err != nil {
			return err
		}
		said, bad := Check(c, tx.Now)
		if err := fibonacco.InvalidFields("the consent cannot be recorded", bad); err != nil {
			return err
		}
		if said.Address == "" {
			said.Address = who.Phone
			if said.Channel == fibonacco.ChannelEmail {
				said.Address = who.Email
			}
		}
		if said.RecordedBy == "" || fibonacco.PrincipalOf(ctx) != nil {
			said.RecordedBy = RecordedBy(ctx)
		}
		changed, err := Add(ctx, tx, []fibonacco.Consent{said})
		if err != nil {
			return err
		}
		if stored, err = last(ctx, tx, said.SMBID); err != nil {
			return err
		}
		fields := changed[said.SMBID]
		if err := audit.Record(ctx, tx, consentEntry(*stored, who.CommunityID, len(fields) > 0)); err != nil || len(fields) == 0 {
			return err
		}
		return s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: said.SMBID, CommunityID: who.CommunityID, Fields: fields})
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

func consentEntry(c fibonacco.Consent, communityID int64, switched bool) fibonacco.AuditEntry {
	e := fibonacco.AuditEntry{
		Action: "smb.consent_recorded", Entity: "smb", EntityID: fmt.Sprint(c.SMBID), CommunityID: &communityID,
		Before: map[string]any{},
		After:  map[string]any{"consent_id": c.ID, "channel": c.Channel, "granted": c.Granted, "source": c.Source, "occurred_at": c.OccurredAt.Format(time.RFC3339)},
	}
	if switched {
		e.Before[Column(c.Channel)], e.After[Column(c.Channel)] = !c.Granted, c.Granted
	}
	return e
}

// The most characters of a consent's texts.
const (
	mostWording = 10_000
	mostVersion = 100
	mostSource  = 255
	mostURL     = 2000
	mostAgent   = 512
)

// Check brings a consent's values into the form in which they are stored, and names those that
// cannot be. It asks neither whether the SMB exists nor what the caller may see.
func Check(c fibonacco.Consent, now time.Time) (fibonacco.Consent, []fibonacco.FieldError) {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	if !slices.Contains(fibonacco.Channels, c.Channel) {
		refuse("channel", "must be one of email, sms, rvm, phone")
	}
	for _, f := range []struct {
		name     string
		value    *string
		most     int
		required bool
	}{
		{"wording", &c.Wording, mostWording, c.Granted},
		{"version", &c.Version, mostVersion, false},
		{"source", &c.Source, mostSource, true},
		{"source_url", &c.SourceURL, mostURL, false},
		{"address", &c.Address, 255, false},
		{"ip", &c.IP, 45, false},
		{"recorded_by", &c.RecordedBy, 255, false},
	} {
		*f.value = strings.TrimSpace(*f.value)
		if reason := unstorable(*f.value, f.most); reason != "" {
			refuse(f.name, reason)
		} else if f.required && *f.value == "" {
			refuse(f.name, "is required")
		}
	}
	if u, err := url.Parse(c.SourceURL); c.SourceURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		refuse("source_url", "must be a web address, https://…")
	}
	c.UserAgent = cut(strings.ReplaceAll(strings.ToValidUTF8(c.UserAgent, ""), "\x00", ""), mostAgent)
	if c.IP != "" {
		at, err := netip.ParseAddr(c.IP)
		if err != nil {
			refuse("ip", "is not an IP address")
		} else {
			c.IP = at.WithZone("").Unmap().String()
		}
	}
	if c.Address != "" {
		if reason := checkAddress(&c); reason != "" {
			refuse("address", reason)
		}
	}
	switch {
	case c.OccurredAt.IsZero():
		c.OccurredAt = now
	case c.OccurredAt.After(now.Add(clockSkew)):
		refuse("occurred_at", "lies in the future")
	case c.OccurredAt.Year() < 1970:
		refuse("occurred_at", "is before anybody could be reached")
	}
	return c, bad
}

// clockSkew is how far the clock of whoever took a consent may run ahead of ours.
const clockSkew = 5 * time.Minute

func checkAddress(c *fibonacco.Consent) (reason string) {
	if c.Channel == fibonacco.ChannelEmail {
		c.Address = fibonacco.NormalizeEmail(c.Address)
		if !fibonacco.ValidEmail(c.Address) {
			return "is not an e-mail address"
		}
		return ""
	}
	e164, ok := normal.Phone(c.Address)
	if !ok {
		return "is not a telephone number"
	}
	c.Address = e164
	return ""
}
