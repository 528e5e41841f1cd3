package access_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
)

// enrol turns TOTP on and returns its secret and recovery codes.
func (h *house) enrol(u *fibonacco.User) (secret string, recovery []string) {
	h.t.Helper()
	ctx := h.as(u)
	e, err := h.BeginTOTP(ctx)
	must(h.t, err)
	recovery, err = h.ConfirmTOTP(ctx, h.code(e.Secret, 0))
	must(h.t, err)
	h.clock.Advance(30 * time.Second) // the step of the confirmation is used up
	h.secrets[u.ID] = e.Secret
	return e.Secret, recovery
}

// code is what an app shows, some steps away from now.
func (h *house) code(secret string, steps int) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.clock.Now().Add(time.Duration(steps)*30*time.Second))
	must(h.t, err)
	return code
}

// first takes the first step of signing in.
func (h *house) first(u *fibonacco.User) (pending string) {
	h.t.Helper()
	in, err := h.SignIn(h.ctx(), u.Email, password)
	must(h.t, err)
	if in.Session != "" || in.Principal != nil || in.Pending == "" {
		h.t.Fatalf("a password alone leads to %+v", in)
	}
	return in.Pending
}

func TestTOTPEnrolment(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		ctx := h.as(u)
		e, err := h.BeginTOTP(ctx)
		must(h.t, err)
		if !strings.HasPrefix(e.URI, "otpauth://totp/Port%20Avery%20Local:ada@example.com?") || !strings.Contains(e.URI, "secret="+e.Secret) || !strings.Contains(e.URI, "issuer=Port%20Avery%20Local") {
			h.t.Errorf("uri %s", e.URI)
		}
		picture, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(e.QR, "data:image/png;base64,"))
		if err != nil || !strings.HasPrefix(string(picture), "\x89PNG") {
			h.t.Errorf("picture %.40s, %v", e.QR, err)
		}
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM totp_secrets WHERE secret = $1`, []byte(e.Secret)); n != 0 {
			h.t.Error("the secret is stored readably")
		}
		h.as(u) // until it is confirmed, no code is asked for
		_, err = h.ConfirmTOTP(ctx, "000000")
		wantFields(h.t, err, "code")
		codes, err := h.ConfirmTOTP(ctx, h.code(e.Secret, 0))
		must(h.t, err)
		seen := map[string]bool{}
		for _, c := range codes {
			if !regexp.MustCompile(`^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$`).MatchString(c) || seen[c] {
				h.t.Errorf("recovery code %q", c)
			}
			seen[c] = true
		}
		if len(codes) != 10 || count(h.t, h.d, `SELECT COUNT(*) FROM recovery_codes WHERE code_hash = $1`, codes[0]) != 0 {
			h.t.Errorf("%d codes, or they are stored readably", len(codes))
		}
		if me, err := h.Account(ctx); err != nil || !me.TOTP {
			h.t.Errorf("account %+v, %v", me, err)
		}
		_, err = h.BeginTOTP(ctx)
		wantCode(h.t, err, fibonacco.Conflict)
		h.first(u)
		for _, secret := range append(codes, e.Secret, strings.ReplaceAll(codes[0], "-", "")) {
			if h.logHolds(secret) {
				h.t.Fatal("the log holds a secret")
			}
		}
		if !strings.HasSuffix(h.audited(), "user.totp_enabled") {
			h.t.Errorf("log %s", h.audited())
		}
	})
}

func TestSecondFactor(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		secret, recovery := h.enrol(u)
		pending := h.first(u)
		_, err := h.BySession(h.ctx(), pending)
		wantCode(h.t, err, fibonacco.Unauthorized) // half a sign-in is none
		for _, wrong := range []string{"", "000000", "x", h.code(secret, 3), h.code(secret, -3)} {
			_, err := h.SecondFactor(h.ctx(), pending, wrong)
			wantCode(h.t, err, fibonacco.Unauthorized)
		}
		_, err = h.SecondFactor(h.ctx(), pending, h.code(secret, 0))
		wantCode(h.t, err, fibonacco.TooMany)
		h.clock.Advance(15 * time.Minute)
		_, err = h.SecondFactor(h.ctx(), pending, h.code(secret, 0))
		wantCode(h.t, err, fibonacco.Unauthorized) // the password was too long ago

		pending = h.first(u)
		code := h.code(secret, 0)
		in, err := h.SecondFactor(h.ctx(), pending, " "+code[:3]+" "+code[3:])
		if err != nil || in.Session == "" || in.Session == pending || in.Principal.UserID != u.ID {
			h.t.Fatalf("%+v, %v", in, err)
		}
		_, err = h.SecondFactor(h.ctx(), pending, h.code(secret, 1))
		wantCode(h.t, err, fibonacco.Unauthorized) // a step is good once
		pending = h.first(u)
		_, err = h.SecondFactor(h.ctx(), pending, code)
		wantCode(h.t, err, fibonacco.Unauthorized) // a code is good once
		_, err = h.SecondFactor(h.ctx(), pending, h.code(secret, -1))
		wantCode(h.t, err, fibonacco.Unauthorized) // and nothing older
		in, err = h.SecondFactor(h.ctx(), pending, h.code(secret, 1))
		must(h.t, err)
		sessions, err := h.ListSessions(h.in(in.Session))
		if err != nil || sessions[0].Method != "totp" {
			h.t.Errorf("%+v, %v", sessions, err)
		}

		in, err = h.SecondFactor(h.ctx(), h.first(u), strings.ToLower(recovery[3]))
		must(h.t, err)
		_, err = h.SecondFactor(h.ctx(), h.first(u), recovery[3])
		wantCode(h.t, err, fibonacco.Unauthorized)
		_, err = h.SecondFactor(h.ctx(), h.first(u), strings.ReplaceAll(recovery[4], "-", " "))
		must(h.t, err)
		if sessions, err = h.ListSessions(h.in(in.Session)); err != nil || sessions[0].Method != "recovery_code" {
			h.t.Errorf("%+v, %v", sessions, err)
		}
	})
}

// Of many who send one code at once, one gets in.
func TestCodeIsGoodOnceInParallel(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		secret, recovery := h.enrol(u)
		for _, kind := range []string{"app", "recovery"} {
			h.clock.Advance(15 * time.Minute) // the failures of the round before do not count
			code := recovery[0]
			if kind == "app" {
				code = h.code(secret, 0)
			}
			var steps []string
			for range 4 {
				steps = append(steps, h.first(u))
			}
			var mu sync.Mutex
			got := map[fibonacco.Code]int{}
			var wg sync.WaitGroup
			for _, pending := range steps {
				wg.Go(func() {
					_, err := h.SecondFactor(context.WithoutCancel(h.ctx()), pending, code)
					mu.Lock()
					defer mu.Unlock()
					got[fibonacco.CodeOf(err)]++
				})
			}
			wg.Wait()
			if got[""] != 1 || got[fibonacco.Unauthorized] != 3 {
				h.t.Errorf("%s: %v", kind, got)
			}
		}
	})
}

func TestTurningTOTPOff(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		secret, recovery := h.enrol(u)
		in, err := h.SecondFactor(h.ctx(), h.first(u), h.code(secret, 0))
		must(h.t, err)
		ctx := h.in(in.Session)
		wantFields(h.t, h.DisableTOTP(ctx, "000000"), "code")
		fresh, err := h.RenewRecoveryCodes(ctx, recovery[0])
		must(h.t, err)
		wantFields(h.t, h.DisableTOTP(ctx, recovery[1]), "code") // the old ones are void
		must(h.t, h.DisableTOTP(ctx, fresh[0]))
		h.as(u)
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM recovery_codes`); n != 0 {
			h.t.Errorf("%d recovery codes are left", n)
		}

		h.enrol(u)
		in, err = h.SignIn(h.ctx(), h.user("root@example.com", fibonacco.Admin).Email, password)
		must(h.t, err)
		must(h.t, h.ResetSecondFactor(h.in(in.Session), u.ID))
		_, err = h.Account(ctx)
		must(h.t, err)
		h.as(u)
		if all, err := h.ListSessions(ctx); err != nil || len(all) != 1 {
			h.t.Errorf("sessions after the reset: %+v, %v", all, err)
		}
	})
}

// A secret key that was replaced still opens what it sealed; used once, the secret is sealed with
// the new one.
func TestSecretKeyRotation(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		secret, _ := h.enrol(u)
		try := func(keys string, steps int) error {
			s := newService(h.t, h.d, h.clock, access.WithSigner(signer(h.t, keys)))
			_, err := s.SecondFactor(h.ctx(), h.first(u), h.code(secret, steps))
			return err
		}
		if err := try(keyB, 0); fibonacco.CodeOf(err) != fibonacco.Internal {
			h.t.Errorf("without the key: %v", err)
		}
		must(h.t, try(keyB+","+keyA, 0))
		must(h.t, try(keyB, 1))
		// What is sealed for one is of no use in another's row.
		eve := h.user("eve@example.com", fibonacco.Viewer)
		h.enrol(eve)
		must(h.t, exec(h.d, h.ctx(), fmt.Sprintf(`UPDATE totp_secrets SET secret = (SELECT secret FROM totp_secrets WHERE user_id = %d), last_step = 0 WHERE user_id = %d`, u.ID, eve.ID)))
		s := newService(h.t, h.d, h.clock, access.WithSigner(signer(h.t, keyB+","+keyA)))
		if _, err := s.SecondFactor(h.ctx(), h.first(eve), h.code(secret, 0)); fibonacco.CodeOf(err) != fibonacco.Internal {
			h.t.Errorf("a moved secret: %v", err)
		}
	})
}
