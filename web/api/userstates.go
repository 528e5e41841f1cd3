package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

// userStates are what an administrator does to an account, beside changing it.
func (a *API) userStates() {
	register(a, operation{
		method: http.MethodPost, path: "/users/{id}/disable", id: "disable-user", tag: tagAccess,
		summary: "Keep somebody out", errors: slices.Concat([]int{http.StatusConflict}, ofThing), response: examplePerson,
		description: "Sessions and links end at once, tokens stop working within five seconds. 409 for yourself, and when nobody who may do everything would be left.",
	}, func(ctx context.Context, in *UserPath) (*body[fibonacco.User], error) {
		return a.userAnswer(in.ID, func(id int64) (*fibonacco.User, error) { return a.o.Access.DisableUser(ctx, id) })
	})
	register(a, operation{
		method: http.MethodPost, path: "/users/{id}/enable", id: "enable-user", tag: tagAccess,
		summary: "Let somebody in again", errors: ofThing, response: examplePerson, description: "With the password and the tokens they had.",
	}, func(ctx context.Context, in *UserPath) (*body[fibonacco.User], error) {
		return a.userAnswer(in.ID, func(id int64) (*fibonacco.User, error) { return a.o.Access.EnableUser(ctx, id) })
	})
	register(a, operation{
		method: http.MethodPost, path: "/users/{id}/password", id: "reset-password", tag: tagAccess,
		summary: "Give somebody another password, or a link to set one", errors: slices.Concat([]int{http.StatusConflict}, ofThing, ofBody),
		description: "The old password stops working, and all sessions end. Without a password in the body, the answer has a link that sets one, once.",
		request:     passwordInput{}, response: passwordAnswer{&exampleLink},
	}, a.resetPassword)
	register(a, operation{
		method: http.MethodPost, path: "/users/{id}/totp/reset", id: "reset-second-factor", tag: tagAccess,
		summary: "Take a lost second factor away", errors: ofThing, description: "Authenticator app and recovery codes are no longer asked for, and all sessions end. Passkeys stay.",
	}, func(ctx context.Context, in *UserPath) (*none, error) {
		return nil, withID(in.ID, "user", func(id int64) error { return a.o.Access.ResetSecondFactor(ctx, id) })
	})
	register(a, operation{
		method: http.MethodDelete, path: "/users/{id}/sessions", id: "end-user-sessions", tag: tagAccess,
		summary: "Sign somebody out everywhere", errors: ofThing, description: "Tokens go on.",
	}, func(ctx context.Context, in *UserPath) (*none, error) {
		return nil, withID(in.ID, "user", func(id int64) error { _, err := a.o.Access.EndSessions(ctx, id); return err })
	})
}

type passwordInput struct {
	Password *string `json:"password,omitempty" minLength:"10" maxLength:"1024" writeOnly:"true" doc:"Left out, the answer has a link."`
}

type passwordAnswer struct {
	PasswordLink *fibonacco.PasswordLink `json:"password_link" doc:"Null when a password was given."`
}

func (a *API) resetPassword(ctx context.Context, in *struct {
	UserPath
	Body passwordInput
},
) (*body[passwordAnswer], error) {
	out := &body[passwordAnswer]{}
	err := withID(in.ID, "user", func(id int64) (err error) {
		if in.Body.Password != nil {
			return a.o.Access.SetPassword(ctx, id, *in.Body.Password)
		}
		out.Body.PasswordLink, err = a.o.Access.ResetPassword(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
