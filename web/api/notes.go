package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) notes() {
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/notes", id: "list-smb-notes", tag: tagBusinesses,
		summary: "What your people wrote down about a business", errors: ofThing,
		description: "Newest first. The business gets them with the archive of everything that is stored about it.",
		response:    list[fibonacco.Note]{Data: []fibonacco.Note{exampleNote}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.NoteListing, a.listNotes)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/notes", id: "add-smb-note", tag: tagBusinesses,
		summary: "Write a note about a business", status: http.StatusCreated, errors: append(append([]int{}, ofThing...), ofBody...),
		request: noteInput{Body: exampleNote.Body}, response: exampleNote,
	}, a.addNote)
	register(a, operation{
		method: http.MethodDelete, path: "/smbs/{id}/notes/{note}", id: "delete-smb-note", tag: tagBusinesses,
		summary: "Delete a note", errors: ofThing,
		description: "For good. Whoever wrote it may, and managers; 403 for everybody else.",
	}, a.deleteNote)
}

var exampleNote = fibonacco.Note{
	ID: 11, SMBID: 42, Body: "Closed 12 to 14 October. Prefers a call after 18:00.", UserID: &exampleUser, Author: "Ana Ruiz", Mine: true, CreatedAt: exampleTime,
}

type noteInput struct {
	Body string `json:"body" minLength:"1" maxLength:"4000" doc:"Plain text."`
}

func (a *API) listNotes(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.Note], err error) {
	if a.o.Notes == nil {
		return page, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Notes.ListNotes(ctx, id, q.ListQuery)
}

func (a *API) addNote(ctx context.Context, in *struct {
	SMBPath
	Body noteInput
},
) (*created[fibonacco.Note], error) {
	if a.o.Notes == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	n, err := a.o.Notes.AddNote(ctx, id, in.Body.Body)
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.Note]{Location: fmt.Sprintf("%s/smbs/%d/notes?filter[id]=%d", Prefix, id, n.ID), Body: *n}, nil
}

func (a *API) deleteNote(ctx context.Context, in *struct {
	SMBPath
	Note string `path:"note" maxLength:"50" example:"11"`
},
) (*none, error) {
	if a.o.Notes == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	note, err := number(in.Note, "note")
	if err != nil {
		return nil, err
	}
	return nil, a.o.Notes.DeleteNote(ctx, id, note)
}
