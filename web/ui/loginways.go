package ui

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// beginPasskey and signInWithPasskey speak JSON with passkey.js.
func (u *ui) beginPasskey(w http.ResponseWriter, r *http.Request) {
	if u.Demo != nil {
		edge.Write(w, r, fibonacco.Errorf(fibonacco.NotImplemented, "nobody signs in to the demo"))
		return
	}
	c, err := u.Access.BeginPasskey(r.Context())
	if err != nil {
		edge.Write(w, r, err)
		return
	}
	writeJSON(w, c)
}

func (u *ui) signInWithPasskey(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Ceremony   string          `json:"ceremony"`
		Credential json.RawMessage `json:"credential"`
		Next       string          `json:"next"`
	}
	if err := readJSON(w, r, &in); err != nil {
		edge.Write(w, r, err)
		return
	}
	if u.Demo != nil {
		edge.Write(w, r, fibonacco.Errorf(fibonacco.NotImplemented, "nobody signs in to the demo"))
		return
	}
	signed, err := u.Access.FinishPasskey(r.Context(), in.Ceremony, in.Credential)
	if err == nil {
		err = u.enter(w, r, signed)
	}
	if err != nil {
		edge.Write(w, r, err)
		return
	}
	writeJSON(w, map[string]string{"location": localPath(in.Next)})
}

// readJSON reads what a script of ours sends. Asking for the type keeps plain forms out, which
// other sites could send.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		return edge.New(r.Context(), edge.UnsupportedMediaType, "this takes JSON")
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, formMost)).Decode(into); err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "the text cannot be read as JSON")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who has gone away cannot be told
}

func (u *ui) beginSSO(w http.ResponseWriter, r *http.Request) {
	if u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	next := localPath(r.URL.Query().Get("next"))
	start, err := u.Access.BeginSSO(r.Context())
	if err != nil {
		u.ssoFailed(w, r, next, err)
		return
	}
	http.SetCookie(w, u.stepCookie(ssoCookie, start.State+"."+base64.RawURLEncoding.EncodeToString([]byte(next))))
	http.Redirect(w, r, start.URL, http.StatusSeeOther)
}

func (u *ui) signInWithSSO(w http.ResponseWriter, r *http.Request) {
	if u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	back := fibonacco.SSOCallback{State: r.FormValue("state"), Code: r.FormValue("code"), Issuer: r.FormValue("iss"), Error: r.FormValue("error")}
	next := "/overview"
	if c, err := r.Cookie(ssoCookie); err == nil {
		var raw string
		back.Cookie, raw, _ = strings.Cut(c.Value, ".")
		if path, err := base64.RawURLEncoding.DecodeString(raw); err == nil {
			next = localPath(string(path))
		}
	}
	http.SetCookie(w, u.stepCookie(ssoCookie, ""))
	in, err := u.Access.FinishSSO(r.Context(), back)
	if err != nil {
		u.ssoFailed(w, r, next, err)
		return
	}
	u.goOn(w, r, in, next)
}

// ssoFailed shows the sign-in page again, where there are other ways.
func (u *ui) ssoFailed(w http.ResponseWriter, r *http.Request, next string, err error) {
	var known *fibonacco.Error
	if !errors.As(err, &known) || known.Code == fibonacco.Internal {
		u.fail(w, r, err)
		return
	}
	status, words := http.StatusUnauthorized, capital(known.Message)+"."
	if known.Err != nil { // the page says that it did not work; whoever set it up needs to know why
		u.Log.Warn("single sign-on refused", "error", err)
	}
	switch known.Code {
	case fibonacco.TooMany:
		status, words = signInWords(w, err, "")
	case fibonacco.Unavailable:
		status = http.StatusServiceUnavailable
	case fibonacco.NotImplemented:
		status = http.StatusNotFound
	case fibonacco.Forbidden:
		status = http.StatusForbidden
	}
	u.showSignIn(w, r, status, signInData{Next: next, Error: words})
}

// passwordForm shows whose password a link sets. Looking at it does not use it up: mail programs
// look at links, too.
func (u *ui) passwordForm(w http.ResponseWriter, r *http.Request) {
	u.showPassword(w, r, http.StatusOK, nil)
}

func (u *ui) setPassword(w http.ResponseWriter, r *http.Request) {
	if u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	if r.PostFormValue("password") != r.PostFormValue("repeated") {
		u.showPassword(w, r, http.StatusUnprocessableEntity, []fibonacco.FieldError{{Field: "repeated", Reason: "is not the same"}})
		return
	}
	err := u.Access.SetPasswordByLink(r.Context(), r.PathValue("token"), r.PostFormValue("password"))
	var known *fibonacco.Error
	switch {
	case errors.As(err, &known) && known.Code == fibonacco.Invalid:
		u.showPassword(w, r, http.StatusUnprocessableEntity, known.Fields)
	case err != nil:
		u.fail(w, r, err)
	default:
		http.Redirect(w, r, "/login?done=password", http.StatusSeeOther)
	}
}

func (u *ui) showPassword(w http.ResponseWriter, r *http.Request, status int, wrong []fibonacco.FieldError) {
	if u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	who, err := u.Access.FindPasswordLink(r.Context(), r.PathValue("token"))
	if err != nil {
		u.fail(w, r, err)
		return
	}
	u.show(w, r, status, passwordPage(u.frame(r, "Set a password", ""), passwordData{Name: who.Name, Email: who.Email, Wrong: wrong}))
}
