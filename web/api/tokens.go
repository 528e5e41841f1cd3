package api

import (
	"context"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) tokens() {
	registerList(a, operation{
		method: http.MethodGet, path: "/tokens", id: "list-tokens", tag: tagAccess,
		summary: "Everybody's personal access tokens", description: "Without their secrets, which nobody has. Who is limited to communities sees tokens that are, too.",
		response: list[fibonacco.AccessToken]{Data: []fibonacco.AccessToken{exampleToken}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.TokenListing, func(ctx context.Context, _ *none, q question) (fibonacco.Page[fibonacco.AccessToken], error) {
		return a.o.Access.ListTokens(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodPost, path: "/tokens", id: "create-token", tag: tagAccess,
		summary: "Make a personal access token", status: http.StatusCreated, errors: ofBody,
		description: "The secret is shown in this answer and never again. A token is never more than its user, nor than who makes it.",
		request:     tokenInput{NewToken: NewToken{Name: "CI", Abilities: []string{"smbs:read"}}, Role: "viewer"},
		response:    exampleTokenMade,
	}, func(ctx context.Context, in *body[tokenInput]) (*created[tokenMade], error) {
		t := in.Body.token(in.Body.Role)
		t.UserID = in.Body.UserID
		return tokenAnswer("/tokens/")(a.o.Access.CreateToken(ctx, t))
	})
	register(a, operation{
		method: http.MethodDelete, path: "/tokens/{id}", id: "revoke-token", tag: tagAccess,
		summary: "End a personal access token", errors: ofThing, description: "Every node refuses it within five seconds.",
	}, func(ctx context.Context, in *tokenPath) (*none, error) {
		return nil, withID(in.ID, "token", func(id int64) error { return a.o.Access.RevokeToken(ctx, id) })
	})
}

var (
	exampleToken = fibonacco.AccessToken{
		ID: 3, Name: "CI", Role: fibonacco.Viewer, UserID: &exampleUser, Abilities: []fibonacco.Ability{fibonacco.ReadSMBs}, Prefix: "fib_0123",
		LastUsedAt: &exampleTime, LastUsedIP: "203.0.113.7", CreatedAt: exampleTime,
	}
	exampleTokenMade = tokenMade{Secret: "fib_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg", Token: exampleToken}
)

type tokenPath struct {
	ID string `path:"id" example:"3"`
}

// NewToken is what anybody says of a token that they make.
type NewToken struct {
	Name        string     `json:"name" minLength:"1" maxLength:"255" example:"CI" doc:"For people."`
	Abilities   []string   `json:"abilities,omitempty" maxItems:"20" enum:"smbs:read,smbs:write,smbs:import,smbs:export,campaigns:read,campaigns:write,programme:run,operations:read,operations:write,access:admin" doc:"The only ones it has; left out, whatever its role may."`
	Communities []int64    `json:"communities,omitempty" maxItems:"500" doc:"Ids of the only ones it sees; left out, all that its user sees."`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"Left out, never."`
}

func (in NewToken) token(role string) fibonacco.AccessToken {
	t := fibonacco.AccessToken{Name: in.Name, Role: fibonacco.Role(role), Communities: in.Communities, ExpiresAt: in.ExpiresAt}
	for _, a := range in.Abilities {
		t.Abilities = append(t.Abilities, fibonacco.Ability(a))
	}
	return t
}

type tokenInput struct {
	NewToken
	Role   string `json:"role" enum:"admin,manager,operator,viewer" example:"viewer" doc:"What it may do at most."`
	UserID *int64 `json:"user_id,omitempty" minimum:"1" doc:"Whose it is: it ends with them. Left out, nobody's."`
}

type ownTokenInput struct {
	NewToken
	Role string `json:"role,omitempty" enum:"admin,manager,operator,viewer" example:"viewer" doc:"What it may do at most; left out, your own."`
}

type tokenMade struct {
	Secret string                `json:"secret" doc:"What to send as Authorization: Bearer. Keep it: it is not shown again."`
	Token  fibonacco.AccessToken `json:"token"`
}

// tokenAnswer is what is answered with a token that was made, and found under a path from then on.
func tokenAnswer(path string) func(secret string, t *fibonacco.AccessToken, err error) (*created[tokenMade], error) {
	return func(secret string, t *fibonacco.AccessToken, err error) (*created[tokenMade], error) {
		if err != nil {
			return nil, err
		}
		return &created[tokenMade]{Location: locate(path, t.ID), Body: tokenMade{secret, *t}}, nil
	}
}
