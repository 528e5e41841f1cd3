package public

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// uploadLimit is how many bytes are read of an uploaded photo's form. It lies above what a photo may
// have, so that somewhat too large a file gets a friendly answer rather than a broken line.
const uploadLimit = 24 << 20

func (s *site) ownPhotos(w http.ResponseWriter, r *http.Request, v pageVisit) {
	s.show(w, r, http.StatusOK, s.ownPhotosForm(v, s.previewOf(v.page, v.Token), form{action: r.URL.EscapedPath()}, savedText(r.URL.Query().Get("saved"))))
}

func (s *site) ownPhoto(w http.ResponseWriter, r *http.Request, v pageVisit) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.notFound(w, r)
		return
	}
	jpeg, err := s.Business.OwnPhoto(r.Context(), v.SMBID, id)
	if err != nil {
		s.refuse(w, r, "own photo", err)
		return
	}
	servePhoto(w, r, jpeg)
}

// savePhotos adds a photo, changes its words or takes it away.
func (s *site) savePhotos(w http.ResponseWriter, r *http.Request, v pageVisit) {
	r.Body = http.MaxBytesReader(w, r.Body, uploadLimit)
	again := func(faults ...fault) {
		s.show(w, r, http.StatusUnprocessableEntity, s.ownPhotosForm(v, s.previewOf(v.page, v.Token), form{r.URL.EscapedPath(), r.PostForm, faults}, ""))
	}
	file, err := readPhoto(r)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		again(fault{"photo", "The photo is larger than 12 MB: send a smaller copy of it."})
		return
	case err != nil:
		s.badForm(w, r)
		return
	}
	id, _ := strconv.ParseInt(r.PostForm.Get("id"), 10, 64) // what is none is found nowhere
	what, alt := "photo", "alt"
	switch r.PostForm.Get("action") {
	case "add":
		err = s.Business.AddPhoto(r.Context(), v.SMBID, r.PostForm.Get("alt"), file)
	case "describe":
		what, alt = "words", altField(id)
		err = s.Business.DescribePhoto(r.Context(), v.SMBID, id, r.PostForm.Get(alt))
	case "lead":
		what = "lead"
		err = s.Business.LeadPhoto(r.Context(), v.SMBID, id)
	case "remove":
		what = "removed"
		err = s.Business.RemovePhoto(r.Context(), v.SMBID, id)
	default:
		s.badForm(w, r)
		return
	}
	if fibonacco.CodeOf(err) == fibonacco.Invalid {
		faults := faultsOf(err, photoWords.say)
		for i := range faults {
			if faults[i].Field == "alt" {
				faults[i].Field = alt
			}
		}
		again(faults...)
		return
	}
	if fibonacco.CodeOf(err) == fibonacco.Conflict {
		again(fault{"photo", "The photo does not fit: there are 8 already. Remove one first."})
		return
	}
	if err != nil {
		s.refuse(w, r, "save photo", err)
		return
	}
	seeOther(w, r, v.at+"/photos?saved="+what)
}

// readPhoto reads the form and the file in it; a form without one has an empty one.
func readPhoto(r *http.Request) ([]byte, error) {
	if err := r.ParseMultipartForm(uploadLimit); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, err
	}
	if r.MultipartForm == nil {
		return nil, nil
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // there are none: the form fits in memory
	in, _, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	return io.ReadAll(in)
}

// altField is the name of the field with a photo's words.
func altField(id int64) string { return "alt-" + strconv.FormatInt(id, 10) }

// photoWords is what the fields of a photo are called.
var photoWords = fieldWords{"photo": "The photo", "alt": "What it shows"}

// withAlt is a form in which a photo's words stand, unless others were typed.
func withAlt(f form, p photo) form {
	if f.values.Has(altField(p.ID)) {
		return f
	}
	f.values = map[string][]string{altField(p.ID): {p.Alt}}
	return f
}
