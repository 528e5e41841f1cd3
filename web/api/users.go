package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) users() {
	register(a, operation{
		method: http.MethodPost, path: "/users", id: "create-user", tag: tagAccess,
		summary: "Add a person who can sign in", status: http.StatusCreated, errors: append([]int{http.StatusConflict}, ofBody...),
		description: "409 when the e-mail address is taken.",
		request:     userInput{Name: "Ada Byron", Email: "ada@fibonacco.example", Role: "operator", Password: "correct horse battery"},
		response: fibonacco.User{
			ID: 2, UUID: "0193c2f0-dddd-7eee-8fff-0a1b2c3d4e5f", Name: "Ada Byron", Email: "ada@fibonacco.example",
			Role: fibonacco.Operator, CreatedAt: exampleTime,
		},
	}, a.createUser)
}

type userInput struct {
	Name     string `json:"name" minLength:"1" maxLength:"255" example:"Ada Byron"`
	Email    string `json:"email" maxLength:"254" example:"ada@fibonacco.example"`
	Role     string `json:"role" enum:"admin,manager,operator,viewer,owner" example:"operator"`
	Password string `json:"password" minLength:"10" maxLength:"1024" writeOnly:"true" doc:"At least 10 characters."`
}

func (a *API) createUser(ctx context.Context, in *body[userInput]) (*body[fibonacco.User], error) {
	u, err := a.o.Access.CreateUser(ctx, fibonacco.User{
		Name: in.Body.Name, Email: in.Body.Email, Role: fibonacco.Role(in.Body.Role),
	}, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.User]{*u}, nil
}
