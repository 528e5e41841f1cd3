package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) passkeys() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/me/passkeys", id: "list-passkeys", tag: tagAccount,
		summary: "Your passkeys", description: "Oldest first. There is one page only.", response: whole([]fibonacco.Passkey{examplePasskey}),
	}, func(ctx context.Context, _ *none) (*body[list[fibonacco.Passkey]], error) {
		return wholeAnswer(a.o.Access.ListPasskeys(ctx))
	})
	register(a, operation{
		method: http.MethodPost, path: "/me/passkeys/begin", id: "begin-passkey", tag: tagAccount,
		summary: "Begin a passkey", errors: []int{http.StatusConflict},
		description: "options is for navigator.credentials.create, as PublicKeyCredential.parseCreationOptionsFromJSON reads it. The ceremony is good once, for five minutes. " + fresh,
		response:    ceremony{"k3fT0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabc", map[string]any{"challenge": "MzAwMDAwMDAwMDAwMDAwMA"}},
	}, func(ctx context.Context, _ *none) (*body[ceremony], error) {
		c, err := a.o.Access.BeginNewPasskey(ctx)
		if err != nil {
			return nil, err
		}
		out := &body[ceremony]{ceremony{ID: c.ID}}
		if err := json.Unmarshal(c.Options, &out.Body.Options); err != nil {
			return nil, fmt.Errorf("read passkey options: %w", err)
		}
		return out, nil
	})
	register(a, operation{
		method: http.MethodPost, path: "/me/passkeys", id: "add-passkey", tag: tagAccount,
		summary: "Add a passkey", status: http.StatusCreated, errors: slices.Concat([]int{http.StatusConflict}, ofBody),
		description: "With what the browser answered (PublicKeyCredential.toJSON). " + fresh,
		request:     passkeyInput{"k3fT0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabc", "Work laptop", map[string]any{"id": "MzAwMA", "type": "public-key"}},
		response:    examplePasskey,
	}, func(ctx context.Context, in *body[passkeyInput]) (*created[fibonacco.Passkey], error) {
		answer, err := json.Marshal(in.Body.Credential)
		if err != nil {
			return nil, fmt.Errorf("write the credential: %w", err)
		}
		k, err := a.o.Access.AddPasskey(ctx, in.Body.Ceremony, in.Body.Name, answer)
		if err != nil {
			return nil, err
		}
		return &created[fibonacco.Passkey]{Location: locate("/me/passkeys/", k.ID), Body: *k}, nil
	})
	register(a, operation{
		method: http.MethodPatch, path: "/me/passkeys/{id}", id: "rename-passkey", tag: tagAccount,
		summary: "Rename a passkey", errors: slices.Concat(ofThing, ofBody), request: passkeyName{"Old laptop"}, response: examplePasskey,
	}, func(ctx context.Context, in *struct {
		PasskeyPath
		Body passkeyName
	},
	) (out *body[fibonacco.Passkey], err error) {
		err = withID(in.ID, "passkey", func(id int64) error {
			k, err := a.o.Access.RenamePasskey(ctx, id, in.Body.Name)
			if err == nil {
				out = &body[fibonacco.Passkey]{*k}
			}
			return err
		})
		return out, err
	})
	register(a, operation{
		method: http.MethodDelete, path: "/me/passkeys/{id}", id: "remove-passkey", tag: tagAccount,
		summary: "Remove a passkey", errors: ofThing, description: fresh,
	}, func(ctx context.Context, in *PasskeyPath) (*none, error) {
		return nil, withID(in.ID, "passkey", func(id int64) error { return a.o.Access.RemovePasskey(ctx, id) })
	})
}

var examplePasskey = fibonacco.Passkey{ID: 4, Name: "Work laptop", Synced: true, LastUsedAt: &exampleTime, CreatedAt: exampleTime}

// PasskeyPath names a passkey.
type PasskeyPath struct {
	ID string `path:"id" example:"4"`
}

type passkeyName struct {
	Name string `json:"name" minLength:"1" maxLength:"255" example:"Work laptop"`
}

type ceremony struct {
	ID      string         `json:"ceremony"`
	Options map[string]any `json:"options"`
}

type passkeyInput struct {
	Ceremony   string         `json:"ceremony" maxLength:"100"`
	Name       string         `json:"name" minLength:"1" maxLength:"255" example:"Work laptop" doc:"To know it by."`
	Credential map[string]any `json:"credential"`
}
