package ui

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/fibonacco/fibonacco"
)

// firstRun is how far the setup is; over where there is nothing to set up.
func (u *ui) firstRun(ctx context.Context) (fibonacco.SetupState, error) {
	if u.Setup == nil || u.Demo != nil {
		return fibonacco.SetupState{Done: true}, nil
	}
	if u.setUp.Load() { // it never comes back
		return fibonacco.SetupState{Done: true}, nil
	}
	state, err := u.Setup.SetupState(ctx)
	if err == nil && state.Done {
		u.setUp.Store(true)
	}
	return state, err
}

// setup begins, or leads on to the first page with something to do.
func (u *ui) setup(w http.ResponseWriter, r *http.Request) {
	state, err := u.firstRun(r.Context())
	if err != nil {
		u.fail(w, r, err)
		return
	}
	if state.NeedsUser {
		u.show(w, r, http.StatusOK, firstUserPage(u.frame(r, "Set up", ""), firstUserData{Code: r.URL.Query().Get("code")}))
		return
	}
	p, err := u.identify(r)
	if fibonacco.CodeOf(err) == fibonacco.Unauthorized {
		http.Redirect(w, r, "/login?"+url.Values{"next": {"/setup"}}.Encode(), http.StatusSeeOther)
		return
	}
	if err == nil && !p.Role.AtLeast(fibonacco.Admin) { // the sign-in would send them back here
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	u.page(func(w http.ResponseWriter, r *http.Request) error {
		d, err := u.readSetup(r, "start")
		if err != nil {
			return err
		}
		target := "/setup/start"
		for _, s := range d.Steps {
			if !s.Done && !d.Finished {
				target = "/setup/" + s.Key
				break
			}
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return nil
	}).ServeHTTP(w, r)
}

// firstUserData is the form of the first account.
type firstUserData struct {
	Code, Name, Email string
	Wrong             []fibonacco.FieldError
	Error             string
}

func (u *ui) createFirstUser(w http.ResponseWriter, r *http.Request) {
	if u.Setup == nil || u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	field := posted(w, r)
	d := firstUserData{Code: field("code"), Name: field("name"), Email: field("email")}
	if field("password") != field("repeated") {
		d.Wrong = []fibonacco.FieldError{{Field: "repeated", Reason: "is not the same"}}
		u.show(w, r, http.StatusUnprocessableEntity, firstUserPage(u.frame(r, "Set up", ""), d))
		return
	}
	in, err := u.Setup.CreateFirstUser(r.Context(), d.Code, fibonacco.User{Name: d.Name, Email: d.Email}, field("password"))
	if err == nil {
		err = u.enter(w, r, in)
	}
	var known *fibonacco.Error
	switch {
	case err == nil:
		http.Redirect(w, r, "/setup/security", http.StatusSeeOther)
	case errors.As(err, &known) && known.Code == fibonacco.Conflict && len(known.Fields) == 0:
		http.Redirect(w, r, "/login?next=%2Fsetup", http.StatusSeeOther)
	case errors.As(err, &known) && known.Code == fibonacco.Invalid:
		d.Wrong = known.Fields
		u.show(w, r, http.StatusUnprocessableEntity, firstUserPage(u.frame(r, "Set up", ""), d))
	case errors.As(err, &known) && known.Code == fibonacco.TooMany:
		d.Error = "Too many wrong codes. Wait " + sayWait(w, err) + ", then try again."
		u.show(w, r, http.StatusTooManyRequests, firstUserPage(u.frame(r, "Set up", ""), d))
	default:
		u.fail(w, r, err)
	}
}
