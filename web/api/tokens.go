package api

import (
	"context"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

// tokenKeeper is what package access can do with tokens beyond the contract.
type tokenKeeper interface {
	ListTokens(ctx context.Context) ([]fibonacco.AccessToken, error)
	RevokeToken(ctx context.Context, id int64) error
}

func (a *API) tokens() {
	register(a, operation{
		method: http.MethodGet, path: "/tokens", id: "list-tokens", tag: tagAccess,
		summary: "All personal access tokens, newest first", description: "Without their secrets, which nobody has. There is one page only.",
		response: whole([]fibonacco.AccessToken{exampleToken}),
	}, a.listTokens)
	register(a, operation{
		method: http.MethodPost, path: "/tokens", id: "create-token", tag: tagAccess,
		summary: "Make a personal access token", status: http.StatusCreated, errors: ofBody,
		description: "The secret is shown in this answer and never again.",
		request:     tokenInput{Name: "CI", Role: "viewer"},
		response:    tokenMade{Secret: "fib_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg", Token: exampleToken},
	}, a.createToken)
	register(a, operation{
		method: http.MethodDelete, path: "/tokens/{id}", id: "revoke-token", tag: tagAccess,
		summary: "End a personal access token", errors: ofThing, description: "Every node refuses it within five seconds.",
	}, a.revokeToken)
}

var exampleToken = fibonacco.AccessToken{ID: 3, Name: "CI", Role: fibonacco.Viewer, CreatedAt: exampleTime}

type tokenInput struct {
	Name      string     `json:"name" minLength:"1" maxLength:"255" example:"CI" doc:"For people."`
	Role      string     `json:"role" enum:"admin,manager,operator,viewer" example:"viewer"`
	UserID    *int64     `json:"user_id,omitempty" minimum:"1" doc:"Whose it is; left out, nobody's."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Left out, never."`
}

type tokenMade struct {
	Secret string                `json:"secret" doc:"What to send as Authorization: Bearer. Keep it: it is not shown again."`
	Token  fibonacco.AccessToken `json:"token"`
}

func (a *API) listTokens(ctx context.Context, _ *none) (*body[list[fibonacco.AccessToken]], error) {
	keeper, ok := a.o.Access.(tokenKeeper)
	if !ok {
		return nil, moduleAbsent("list of tokens")
	}
	all, err := keeper.ListTokens(ctx)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.AccessToken]]{whole(all)}, nil
}

func (a *API) createToken(ctx context.Context, in *body[tokenInput]) (*body[tokenMade], error) {
	secret, token, err := a.o.Access.CreateToken(ctx, fibonacco.AccessToken{
		Name: in.Body.Name, Role: fibonacco.Role(in.Body.Role), UserID: in.Body.UserID, ExpiresAt: in.Body.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	return &body[tokenMade]{tokenMade{Secret: secret, Token: *token}}, nil
}

func (a *API) revokeToken(ctx context.Context, in *struct {
	ID string `path:"id" example:"3"`
},
) (*none, error) {
	keeper, ok := a.o.Access.(tokenKeeper)
	if !ok {
		return nil, moduleAbsent("list of tokens")
	}
	id, err := number(in.ID, "token")
	if err != nil {
		return nil, err
	}
	return nil, keeper.RevokeToken(ctx, id)
}
