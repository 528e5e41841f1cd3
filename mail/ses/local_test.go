//go:build seslocal

package ses_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/ses"
)

// TestAgainstLocal hands mails to aws-ses-v2-local (npm), somebody else's SES on this machine:
//
//	npx aws-ses-v2-local@2.10.2 --port 8005 &
//	SES_ENDPOINT=http://localhost:8005 go test -tags seslocal -run Local ./mail/ses
func TestAgainstLocal(t *testing.T) {
	endpoint := os.Getenv("SES_ENDPOINT")
	for name, simple := range map[string]bool{"raw": false, "simple": true} {
		m := newMailer(t, endpoint, func(o *ses.Options) {
			o.AccessKeyID, o.SecretAccessKey, o.Simple, o.ConfigurationSet = "ANY_STRING", "ANY_STRING", simple, "events"
		})
		if err := m.Check(t.Context()); err != nil {
			t.Logf("%s: the account: %v", name, err)
		}
		mail := mailtest.NewMail(time.Now().UnixNano())
		h := mailtest.RunAll(t, m, mail).Of(mail)
		if len(h) != 1 || h[0].Result != fibonacco.Accepted || h[0].MessageID == "" {
			t.Fatalf("%s: %+v", name, h)
		}
		res, err := http.Get(endpoint + "/store") //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		var store struct{ Emails []map[string]any }
		err = json.NewDecoder(res.Body).Decode(&store)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(store.Emails[len(store.Emails)-1])
		if !strings.Contains(string(text), mail.To) || !strings.Contains(string(text), h[0].MessageID) {
			t.Errorf("%s: the store holds %s", name, text)
		}
	}
}
