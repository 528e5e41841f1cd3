package ui

import (
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// notesShown is how many notes a record shows; all of them are in its timeline.
const notesShown = 5

func (u *ui) addNote(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = u.Notes.AddNote(r.Context(), id, r.PostFormValue("body"))
	if fibonacco.CodeOf(err) == fibonacco.Invalid {
		return fibonacco.Errorf(fibonacco.Invalid, "A note needs a few words, and has at most %s characters. Go back: what you wrote is still there.", number(fibonacco.MostNote))
	}
	return u.redone(w, r, businessPath(id), "noted", err)
}

func (u *ui) deleteNote(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	note, err := idOf(r.PathValue("note"))
	if err != nil {
		return err
	}
	return u.redone(w, r, businessPath(id), "unnoted", u.Notes.DeleteNote(r.Context(), id, note))
}
