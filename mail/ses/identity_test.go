package ses_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/ses"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	const verified = `{"VerifiedForSendingStatus":true,"DkimAttributes":{"SigningEnabled":true,"Status":"SUCCESS","CurrentSigningKeyLength":"RSA_2048_BIT"},` +
		`"MailFromAttributes":{"MailFromDomain":"back.shop.test","MailFromDomainStatus":"SUCCESS","BehaviorOnMxFailure":"USE_DEFAULT_VALUE"}}`
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter) // about the domain
		want   ses.Identity
		fails  string
	}{
		"verified": {
			func(w http.ResponseWriter) { _, _ = io.WriteString(w, verified) },
			ses.Identity{Known: true, Verified: true, Signs: true, DKIM: "SUCCESS", KeyBits: 2048, MailFrom: "back.shop.test"},
			"",
		},
		"not yet": {
			func(w http.ResponseWriter) {
				_, _ = io.WriteString(w, strings.NewReplacer("true", "false", "SUCCESS", "PENDING", "2048", "1024").Replace(verified))
			},
			ses.Identity{Known: true, DKIM: "PENDING", KeyBits: 1024},
			"",
		},
		"unknown": {
			func(w http.ResponseWriter) {
				fail(w, http.StatusNotFound, "NotFoundException", "Email identity shop.test does not exist.")
			}, ses.Identity{}, "",
		},
		"not allowed": {
			func(w http.ResponseWriter) {
				fail(w, http.StatusForbidden, "AccessDeniedException", "User is not authorized to perform ses:GetEmailIdentity")
			}, ses.Identity{}, "ses:GetEmailIdentity",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &account{t: t, quota: healthy}
			mux := http.NewServeMux()
			mux.Handle("/", a)
			mux.HandleFunc("GET /v2/email/identities/shop.test", func(w http.ResponseWriter, _ *http.Request) { tc.answer(w) })
			server := httptest.NewServer(mux)
			defer server.Close()
			q, i, err := newMailer(t, server.URL, nil).Account(t.Context(), "shop.test")
			switch {
			case tc.fails != "":
				if fibonacco.CodeOf(err) != fibonacco.Unavailable || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("got %v", err)
				}
			case err != nil || i != tc.want || !q.Production || q.PerDay != 50000:
				t.Errorf("%+v, %+v, %v", q, i, err)
			}
		})
	}
}
