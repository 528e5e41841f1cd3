package render

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/fibonacco/fibonacco"
)

// Version names what a campaign's mail says: 16 hexadecimal digits that change with any text of
// the mail, and with nothing else. It is the campaign's EmailTemplateID, and what a cache of
// compiled mails is keyed by.
func Version(c fibonacco.Campaign) string {
	h := sha256.New()
	for _, s := range []string{
		c.ID, c.Subject, c.Preheader, c.Title, c.BodyMarkdown, c.ServiceType, c.ApprovalButtonText, c.LearningButton,
	} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write([]byte(s))
	}
	binary.Write(h, binary.BigEndian, int64(c.Day)) // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:8])
}
