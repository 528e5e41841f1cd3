package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) secondFactor() {
	register(a, operation{
		method: http.MethodPost, path: "/me/totp", id: "begin-totp", tag: tagAccount,
		summary: "Set an authenticator app up", errors: []int{http.StatusConflict},
		description: "Shows a secret, which counts once a code of it has come to /me/totp/confirm. 409 when there is one that counts. " + fresh,
		response: fibonacco.TOTPEnrolment{
			Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", URI: "otpauth://totp/Fibonacco:ana@fibonacco.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Fibonacco", QR: "data:image/png;base64,iVBORw0KGgo=",
		},
	}, func(ctx context.Context, _ *none) (*body[fibonacco.TOTPEnrolment], error) {
		e, err := a.o.Access.BeginTOTP(ctx)
		if err != nil {
			return nil, err
		}
		return &body[fibonacco.TOTPEnrolment]{*e}, nil
	})
	register(a, operation{
		method: http.MethodPost, path: "/me/totp/confirm", id: "confirm-totp", tag: tagAccount,
		summary: "Ask for codes from now on", errors: slices.Clone(ofBody),
		description: "Answers with recovery codes, each good once in the place of a code, which are not shown again. " + fresh,
		request:     codeInput{"123456"}, response: exampleRecovery,
	}, func(ctx context.Context, in *body[codeInput]) (*body[recoveryCodes], error) {
		return recoveryAnswer(a.o.Access.ConfirmTOTP(ctx, in.Body.Code))
	})
	register(a, operation{
		method: http.MethodPost, path: "/me/totp/disable", id: "disable-totp", tag: tagAccount,
		summary: "Ask for no codes any more", errors: slices.Clone(ofBody), description: fresh, request: codeInput{"123456"},
	}, func(ctx context.Context, in *body[codeInput]) (*none, error) {
		return nil, a.o.Access.DisableTOTP(ctx, in.Body.Code)
	})
	register(a, operation{
		method: http.MethodPost, path: "/me/totp/recovery-codes", id: "renew-recovery-codes", tag: tagAccount,
		summary: "Get new recovery codes", errors: slices.Clone(ofBody), description: "The old ones are void. " + fresh,
		request: codeInput{"123456"}, response: exampleRecovery,
	}, func(ctx context.Context, in *body[codeInput]) (*body[recoveryCodes], error) {
		return recoveryAnswer(a.o.Access.RenewRecoveryCodes(ctx, in.Body.Code))
	})
}

type codeInput struct {
	Code string `json:"code" minLength:"1" maxLength:"40" writeOnly:"true" example:"123456" doc:"What the app shows, or a recovery code."`
}

type recoveryCodes struct {
	RecoveryCodes []string `json:"recovery_codes"`
}

var exampleRecovery = recoveryCodes{[]string{"ABCD-EFGH-IJKL-MNOP"}}

func recoveryAnswer(codes []string, err error) (*body[recoveryCodes], error) {
	if err != nil {
		return nil, err
	}
	return &body[recoveryCodes]{recoveryCodes{codes}}, nil
}
