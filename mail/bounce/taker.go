package bounce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"github.com/fibonacco/fibonacco"
)

// Taker takes what comes back to signed return paths. It implements fibonacco.MailTaker.
type Taker struct {
	signer  *fibonacco.Signer
	reports fibonacco.MailReports
	log     *slog.Logger
}

var _ fibonacco.MailTaker = (*Taker)(nil)

// NewTaker makes a Taker that passes on to reports.
func NewTaker(signer *fibonacco.Signer, reports fibonacco.MailReports, log *slog.Logger) *Taker {
	return &Taker{signer: signer, reports: reports, log: log}
}

// Takes implements fibonacco.MailTaker: addresses that we signed, and no others.
func (t *Taker) Takes(_ context.Context, recipient string) bool {
	_, ok := t.signer.ReadReturnPath(recipient)
	return ok
}

// TakeMail implements fibonacco.MailTaker. The same message, brought again by a server that missed
// our answer, counts once. Automatic answers and other letters to a return path are let go.
func (t *Taker) TakeMail(ctx context.Context, m fibonacco.IncomingMail) error {
	found, err := Read(m.Message)
	if err != nil {
		return err
	}
	for _, recipient := range m.Recipients {
		claim, ok := t.signer.ReadReturnPath(recipient)
		if !ok {
			continue
		}
		var reports []fibonacco.MailReport
		for _, r := range found {
			// The signed address says which mail it is; a mail of ours has one recipient, and whom the
			// report names may be where that one's mail is forwarded to.
			reports = append(reports, fibonacco.MailReport{
				SendID: claim.SendID, Kind: r.Kind, BounceType: r.BounceType, At: r.At,
				Hold: r.Kind == "complained" || r.BounceType == "Permanent",
			})
		}
		if len(reports) == 0 {
			t.log.DebugContext(ctx, "a letter to a return path is no report", "send", claim.SendID)
			continue
		}
		sum := sha256.Sum256(append([]byte(recipient+"\n"), m.Message...))
		if _, err := t.reports.TakeReports(ctx, fibonacco.MailDelivery{ID: "mail:" + hex.EncodeToString(sum[:20]), Reports: reports}); err != nil {
			return err
		}
	}
	return nil
}
