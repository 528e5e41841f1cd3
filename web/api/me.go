package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

// me is everybody's own account. All but the first takes a person: a token that leaked must not
// open other ways in.
func (a *API) me() {
	register(a, operation{
		method: http.MethodGet, path: "/me", id: "get-me", tag: tagAccount,
		summary: "Who you are, and what you may", response: caller{
			Name: "Ana Ruiz", UserID: &exampleUser, Role: fibonacco.Operator, Abilities: fibonacco.Abilities[:4], Communities: []int64{1},
		},
	}, whoAsks)
	register(a, operation{
		method: http.MethodGet, path: "/me/account", id: "get-account", tag: tagAccount, summary: "Your account", response: examplePerson,
	}, func(ctx context.Context, _ *none) (*body[fibonacco.User], error) {
		u, err := a.o.Access.Account(ctx)
		if err != nil {
			return nil, err
		}
		return &body[fibonacco.User]{*u}, nil
	})
	register(a, operation{
		method: http.MethodPut, path: "/me/password", id: "change-password", tag: tagAccount, summary: "Change your password", errors: ofBody,
		description: "All your other sessions end.",
		request:     map[string]any{"current_password": "correct horse battery", "password": "staple, if you please"},
	}, func(ctx context.Context, in *body[ownPassword]) (*none, error) {
		return nil, a.o.Access.ChangePassword(ctx, in.Body.Current, in.Body.Password)
	})
	registerWhole(a, operation{
		method: http.MethodGet, path: "/me/sessions", id: "list-sessions", tag: tagAccount,
		summary: "Where you are signed in", description: "Newest first. There is one page only.",
		response: whole([]fibonacco.Session{{
			ID: 7, Method: "passkey", Current: true, IP: "203.0.113.7", UserAgent: "Mozilla/5.0", LastSeenAt: exampleTime, ExpiresAt: exampleTime, CreatedAt: exampleTime,
		}}),
	}, func(ctx context.Context, _ *none) (*body[list[fibonacco.Session]], error) {
		return wholeAnswer(a.o.Access.ListSessions(ctx))
	})
	register(a, operation{
		method: http.MethodDelete, path: "/me/sessions", id: "end-other-sessions", tag: tagAccount, summary: "Sign out everywhere else",
	}, func(ctx context.Context, _ *none) (*none, error) {
		_, err := a.o.Access.EndOtherSessions(ctx)
		return nil, err
	})
	register(a, operation{
		method: http.MethodDelete, path: "/me/sessions/{id}", id: "end-session", tag: tagAccount, summary: "Sign out of one browser", errors: ofThing,
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" example:"7"`
	},
	) (*none, error) {
		return nil, withID(in.ID, "session", func(id int64) error { return a.o.Access.EndSession(ctx, id) })
	})
	a.ownTokens()
	a.secondFactor()
	a.passkeys()
}

// caller is who asks, with or without an account.
type caller struct {
	Name        string              `json:"name" doc:"Of the person, or of the token."`
	UserID      *int64              `json:"user_id" doc:"Null for a token of nobody."`
	TokenID     *int64              `json:"token_id" doc:"Null for a session."`
	Role        fibonacco.Role      `json:"role"`
	Abilities   []fibonacco.Ability `json:"abilities" doc:"The only ones there are; empty, whatever the role may."`
	Communities []int64             `json:"communities" doc:"The only ones there are; empty, all."`
}

func whoAsks(ctx context.Context, _ *none) (*body[caller], error) {
	p := fibonacco.PrincipalOf(ctx)
	out := caller{Name: p.Name, Role: p.Role, Abilities: p.Abilities, Communities: p.Communities}
	if p.UserID != 0 {
		out.UserID = &p.UserID
	}
	if p.TokenID != 0 {
		out.TokenID = &p.TokenID
	}
	return &body[caller]{out}, nil
}

type ownPassword struct {
	Current  string `json:"current_password" maxLength:"1024" writeOnly:"true" doc:"Empty for an account that has none."`
	Password string `json:"password" minLength:"10" maxLength:"1024" writeOnly:"true" doc:"At least 10 characters."`
}

// wholeAnswer is a list that has one page only.
func wholeAnswer[T any](all []T, err error) (*body[list[T]], error) {
	if err != nil {
		return nil, err
	}
	return &body[list[T]]{whole(all)}, nil
}

func (a *API) ownTokens() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/me/tokens", id: "list-own-tokens", tag: tagAccount,
		summary: "Your personal access tokens", description: "Newest first, without their secrets. There is one page only.",
		response: whole([]fibonacco.AccessToken{exampleToken}),
	}, func(ctx context.Context, _ *none) (*body[list[fibonacco.AccessToken]], error) {
		return wholeAnswer(a.o.Access.OwnTokens(ctx))
	})
	register(a, operation{
		method: http.MethodPost, path: "/me/tokens", id: "create-own-token", tag: tagAccount,
		summary: "Make a token of your own", status: http.StatusCreated, errors: slices.Clone(ofBody),
		description: "The secret is shown in this answer and never again. A token is never more than you are, whatever you become. " + fresh,
		request:     ownTokenInput{NewToken: NewToken{Name: "CI", Abilities: []string{"smbs:read"}}}, response: exampleTokenMade,
	}, func(ctx context.Context, in *body[ownTokenInput]) (*created[tokenMade], error) {
		return tokenAnswer("/me/tokens/")(a.o.Access.CreateOwnToken(ctx, in.Body.token(in.Body.Role)))
	})
	register(a, operation{
		method: http.MethodDelete, path: "/me/tokens/{id}", id: "revoke-own-token", tag: tagAccount,
		summary: "End a token of your own", errors: ofThing, description: "Every node refuses it within five seconds.",
	}, func(ctx context.Context, in *tokenPath) (*none, error) {
		return nil, withID(in.ID, "token", func(id int64) error { return a.o.Access.RevokeOwnToken(ctx, id) })
	})
}

// fresh is said of what opens another way in.
const fresh = "It takes a session that is younger than an hour: otherwise 403."
