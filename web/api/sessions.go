package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// sessions are for pages that are not ours and people use: programs send a token.
func (a *API) sessions() {
	register(a, operation{
		method: http.MethodPost, path: "/session", id: "sign-in", tag: tagAccount,
		summary: "Sign in with a password", status: http.StatusCreated, errors: slices.Clone(ofBody),
		description: "The session is in a cookie, which scripts cannot read. With second_factor in the answer there is none yet: send pending, with a code, to /session/code within five minutes. " +
			"401 does not say whether the address or the password is wrong; 429 after ten failures in fifteen minutes for one address, or fifty from one place.",
		request:  credentials{"ana@fibonacco.example", "correct horse battery"},
		response: signedIn{SecondFactor: &totpFactor, Pending: &examplePending},
	}, func(ctx context.Context, in *body[credentials]) (*sessionAnswer, error) {
		return a.sessionAnswer(ctx)(a.o.Access.SignIn(ctx, in.Body.Email, in.Body.Password))
	})
	register(a, operation{
		method: http.MethodPost, path: "/session/code", id: "sign-in-with-code", tag: tagAccount,
		summary: "The second step of signing in", status: http.StatusCreated, errors: slices.Clone(ofBody),
		description: "401 when the code is wrong, was used before, or the first step was too long ago; 429 after five wrong ones in fifteen minutes.",
		request:     secondStep{examplePending, "123456"},
		response:    signedIn{UserID: &exampleUser},
	}, func(ctx context.Context, in *body[secondStep]) (*sessionAnswer, error) {
		return a.sessionAnswer(ctx)(a.o.Access.SecondFactor(ctx, in.Body.Pending, in.Body.Code))
	})
	register(a, operation{
		method: http.MethodDelete, path: "/session", id: "sign-out", tag: tagAccount, summary: "Sign out", description: "Of this browser.",
	}, func(ctx context.Context, _ *none) (*signedOut, error) {
		if c, err := exchangeOf(ctx).r.Cookie(SessionCookie); err == nil {
			if err := a.o.Access.SignOut(ctx, c.Value); err != nil {
				return nil, err
			}
		}
		return &signedOut{a.sessionCookie("", -1)}, nil
	})
}

var (
	totpFactor     = "totp"
	examplePending = "k3fT0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabc"
)

type credentials struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1024" writeOnly:"true"`
}

type secondStep struct {
	Pending string `json:"pending" maxLength:"100" writeOnly:"true" doc:"As the first step answered."`
	Code    string `json:"code" maxLength:"40" writeOnly:"true" doc:"Of the authenticator app, or a recovery code."`
}

type signedIn struct {
	UserID       *int64  `json:"user_id" doc:"Null while there is a step more."`
	SecondFactor *string `json:"second_factor" doc:"What is asked for, \"totp\"; null when that was all."`
	Pending      *string `json:"pending" doc:"Proves the first step; null when that was all."`
}

type sessionAnswer struct {
	Cookie string `header:"Set-Cookie" doc:"The session; absent while there is a step more."`
	Body   signedIn
}

type signedOut struct {
	Cookie string `header:"Set-Cookie" doc:"Takes the session away."`
}

// sessionAnswer is what a step of signing in leads to. The session that the browser held before
// ends: somebody else may have put it there.
func (a *API) sessionAnswer(ctx context.Context) func(in *fibonacco.SignedIn, err error) (*sessionAnswer, error) {
	return func(in *fibonacco.SignedIn, err error) (*sessionAnswer, error) {
		if err != nil {
			return nil, err
		}
		if in.Session == "" {
			return &sessionAnswer{Body: signedIn{SecondFactor: &totpFactor, Pending: &in.Pending}}, nil
		}
		if old, err := exchangeOf(ctx).r.Cookie(SessionCookie); err == nil && old.Value != in.Session {
			if err := a.o.Access.SignOut(ctx, old.Value); err != nil {
				return nil, err
			}
		}
		return &sessionAnswer{Cookie: a.sessionCookie(in.Session, 0), Body: signedIn{UserID: &in.Principal.UserID}}, nil
	}
}

// sessionCookie is as the pages set it: gone with the browser, or at once when age is negative.
func (a *API) sessionCookie(session string, age int) string {
	c := http.Cookie{ //nolint:gosec // Secure wherever the product is served over https
		Name: SessionCookie, Value: session, Path: "/", MaxAge: age, HttpOnly: true,
		Secure: strings.HasPrefix(a.o.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
	return c.String()
}
