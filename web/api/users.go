package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

func (a *API) users() {
	registerList(a, operation{
		method: http.MethodGet, path: "/users", id: "list-users", tag: tagAccess,
		summary: "The people who can sign in", description: "Those of your own role or less. Who is limited to communities sees those who are limited to some of the same.",
		response: list[fibonacco.User]{Data: []fibonacco.User{examplePerson}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.UserListing, func(ctx context.Context, _ *none, q question) (fibonacco.Page[fibonacco.User], error) {
		return a.o.Access.ListUsers(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodGet, path: "/users/{id}", id: "get-user", tag: tagAccess, summary: "One of them", errors: ofThing, response: examplePerson,
	}, func(ctx context.Context, in *UserPath) (*body[fibonacco.User], error) {
		return a.userAnswer(in.ID, func(id int64) (*fibonacco.User, error) { return a.o.Access.FindUser(ctx, id) })
	})
	register(a, operation{
		method: http.MethodPost, path: "/users", id: "create-user", tag: tagAccess,
		summary: "Add a person who can sign in", status: http.StatusCreated, errors: slices.Concat([]int{http.StatusConflict}, ofBody),
		description: "Without a password it is an invitation: the answer has a link, good once, to set one. Nothing is mailed: hand the link over yourself, " +
			"and only to the person, for whoever has it becomes that user. 409 when the e-mail address is taken.",
		request:  userInput{Name: "Ana Ruiz", Email: "ana@fibonacco.example", Role: "operator"},
		response: userMade{examplePerson, &exampleLink},
	}, a.createUser)
	register(a, operation{
		method: http.MethodPatch, path: "/users/{id}", id: "patch-user", tag: tagAccess,
		summary: "Change somebody's name, role or limits", errors: slices.Concat([]int{http.StatusConflict}, ofThing, ofBody),
		description: "Only what is named changes; an empty list of communities lifts the limit. 409 when nobody who may do everything, everywhere, would be left.",
		request:     map[string]any{"role": "manager", "communities": []int64{1}}, response: examplePerson,
	}, func(ctx context.Context, in *struct {
		UserPath
		Body userChange
	},
	) (*body[fibonacco.User], error) {
		c := fibonacco.UserChange{Name: in.Body.Name, Communities: in.Body.Communities}
		if in.Body.Role != nil {
			role := fibonacco.Role(*in.Body.Role)
			c.Role = &role
		}
		return a.userAnswer(in.ID, func(id int64) (*fibonacco.User, error) { return a.o.Access.UpdateUser(ctx, id, c) })
	})
	a.userStates()
}

// exampleLink is of a link to set a password.
var exampleLink = fibonacco.PasswordLink{URL: "https://fibonacco.example/password/AAECAwQF", ExpiresAt: exampleTime}

var examplePerson = fibonacco.User{
	ID: 2, UUID: "0193c2f0-dddd-7eee-8fff-0a1b2c3d4e5f", Name: "Ana Ruiz", Email: "ana@fibonacco.example",
	Role: fibonacco.Operator, Communities: []int64{1}, TOTP: true, Passkeys: 1, LastSeenAt: &exampleTime, CreatedAt: exampleTime,
}

// UserPath names a user.
type UserPath struct {
	ID string `path:"id" example:"2"`
}

type userInput struct {
	Name        string  `json:"name" minLength:"1" maxLength:"255" example:"Ana Ruiz"`
	Email       string  `json:"email" maxLength:"254" example:"ana@fibonacco.example"`
	Role        string  `json:"role" enum:"admin,manager,operator,viewer,owner" example:"operator"`
	Communities []int64 `json:"communities,omitempty" maxItems:"500" doc:"Ids of the only ones this person sees; left out, all."`
	Password    *string `json:"password,omitempty" minLength:"10" maxLength:"1024" writeOnly:"true" doc:"At least 10 characters. Left out, the answer has a link to set one."`
}

// userMade is a user who was just added.
type userMade struct {
	fibonacco.User
	PasswordLink *fibonacco.PasswordLink `json:"password_link" doc:"Where the person sets a password, once; null when there is one."`
}

type userChange struct {
	Name        *string  `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Role        *string  `json:"role,omitempty" enum:"admin,manager,operator,viewer,owner"`
	Communities *[]int64 `json:"communities,omitempty" maxItems:"500" doc:"Ids of the only ones this person sees; empty, all."`
}

func (a *API) createUser(ctx context.Context, in *body[userInput]) (*created[userMade], error) {
	u := fibonacco.User{Name: in.Body.Name, Email: in.Body.Email, Role: fibonacco.Role(in.Body.Role), Communities: in.Body.Communities}
	var made *fibonacco.User
	var link *fibonacco.PasswordLink
	var err error
	if in.Body.Password != nil {
		made, err = a.o.Access.CreateUser(ctx, u, *in.Body.Password)
	} else {
		made, link, err = a.o.Access.InviteUser(ctx, u)
	}
	if err != nil {
		return nil, err
	}
	return &created[userMade]{Location: locate("/users/", made.ID), Body: userMade{*made, link}}, nil
}

// userAnswer is what became of one user.
func (a *API) userAnswer(text string, do func(id int64) (*fibonacco.User, error)) (out *body[fibonacco.User], err error) {
	err = withID(text, "user", func(id int64) error {
		u, err := do(id)
		if err == nil {
			out = &body[fibonacco.User]{*u}
		}
		return err
	})
	return out, err
}

// withID reads a path's id and hands it on.
func withID(text, what string, do func(id int64) error) error {
	id, err := number(text, what)
	if err != nil {
		return err
	}
	return do(id)
}

// locate is where a thing is, for Location.
func locate(path string, id int64) string { return Prefix + path + strconv.FormatInt(id, 10) }
