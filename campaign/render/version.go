package render

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// Version names what a campaign's mail says: 16 hexadecimal digits that change with any text of
// the mail, and with nothing else. It is the campaign's EmailTemplateID, and what a cache of
// compiled mails is keyed by.
func Version(c fibonacco.Campaign) string {
	h := sha256.New()
	for _, s := range []string{
		c.ID, c.Subject, c.Preheader, c.Title, c.BodyMarkdown, c.ServiceType, c.ApprovalButtonText, c.LearningButton,
		strconv.Itoa(c.Day),
	} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
