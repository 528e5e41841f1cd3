package track

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// ConsentKeeper stores consents in the caller's transaction, lets the last one of a channel set the
// opt-in, and cancels what is queued after a withdrawal. changed is for callers who say so to
// others.
type ConsentKeeper func(ctx context.Context, tx *db.Tx, list []fibonacco.Consent) (changed map[int64][]string, err error)

// KeepConsents says who keeps the proof of what recipients choose: every yes and no, in the
// transaction in which it takes effect. Call before Start.
func (s *Service) KeepConsents(keep ConsentKeeper) { s.prove = keep }

// Where consents come from that recipients give here.
const (
	byLink      = "unsubscribe link"
	byComplaint = "spam complaint"
	byPage      = "preference page"
	byMail      = "double opt-in"
)

// record hands consents to whoever keeps them.
func (s *Service) record(ctx context.Context, tx *db.Tx, list []fibonacco.Consent) error {
	if s.prove == nil || len(list) == 0 {
		return nil
	}
	_, err := s.prove(ctx, tx, list)
	return err
}

// withdrawal is the no to e-mail that a note stands for.
func (n *note) withdrawal(d *send, source string) fibonacco.Consent {
	return fibonacco.Consent{
		SMBID: d.smbID, Channel: fibonacco.ChannelEmail, Source: source, Address: d.email,
		IP: n.ip, UserAgent: n.agent, OccurredAt: n.at, RecordedBy: "recipient",
	}
}

// chosen is a yes or no to voicemails on the preference page. A no to e-mail is stored with the way it
// came (outcome.go), a yes once it is confirmed (confirm.go).
func chosen(r *reader, voicemail bool, n *note) fibonacco.Consent {
	c := n.withdrawal(&send{smbID: r.SMBID}, byPage)
	c.Channel, c.Granted = fibonacco.ChannelRVM, voicemail
	if voicemail {
		c.Wording, c.Version = fibonacco.VoicemailChoice, fibonacco.ChoicesVersion
	}
	return c
}
