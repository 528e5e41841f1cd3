package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// upload is an import as it came in, by form or as a bare body.
type upload struct {
	file     *os.File // set aside on disk: it may be large; nil when none came
	size     int64
	filename string
	format   string            // "" when the body's type does not say
	values   map[string]string // from the query and the form
	mapping  map[string]string
	bad      []fibonacco.FieldError
}

const formFieldMost = 64 << 10 // bytes of one field of a form that is not the file

// readUpload reads the whole request, part by part. A slow file may take its time: the deadlines
// of other requests do not hold.
func readUpload(w http.ResponseWriter, r *http.Request) (*upload, error) {
	deadline := fibonacco.RealTime().Add(boundsOf(importRoute).time)
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, fmt.Errorf("extend the deadline of an upload: %w", err)
	}
	up := &upload{values: map[string]string{}}
	for name, values := range r.URL.Query() {
		for _, v := range values {
			up.set(name, v)
		}
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "multipart/form-data":
		if params["boundary"] == "" {
			return nil, fibonacco.Errorf(fibonacco.Malformed, "the form has no boundary in its Content-Type")
		}
		err = up.readForm(multipart.NewReader(r.Body, params["boundary"]))
	case "text/csv":
		up.format = "csv"
		err = up.setAside(r.Body)
	case "application/json":
		up.format = "json"
		err = up.setAside(r.Body)
	default:
		return nil, edge.New(r.Context(), edge.UnsupportedMediaType, "send the file as multipart/form-data, text/csv or application/json")
	}
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) && fibonacco.CodeOf(err) == fibonacco.Internal {
		err = &fibonacco.Error{Code: fibonacco.Malformed, Message: "the file could not be read to its end", Err: err}
	}
	return up, err
}

func (up *upload) readForm(form *multipart.Reader) error {
	for parts := 0; ; parts++ {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if parts == 200 {
			return fibonacco.Errorf(fibonacco.Malformed, "the form has more than 200 parts")
		}
		if part.FormName() == "file" {
			if up.file != nil {
				return fibonacco.Errorf(fibonacco.Malformed, "the form has two parts called file")
			}
			up.filename = part.FileName()
			if err := up.setAside(part); err != nil {
				return err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, formFieldMost+1))
		if err != nil {
			return err
		}
		if len(value) > formFieldMost || !clean(string(value)) || !clean(part.FormName()) {
			return fibonacco.Errorf(fibonacco.Malformed, "a field of the form is too long, or not text")
		}
		up.set(part.FormName(), string(value))
	}
}

// setAside takes the file in, to be read once all of the request is known: what says how to read
// it may come after it.
func (up *upload) setAside(r io.Reader) error {
	f, err := os.CreateTemp("", "fibonacco-upload-")
	if err != nil {
		return fmt.Errorf("set an upload aside: %w", err)
	}
	up.file = f
	if up.size, err = io.Copy(f, r); err != nil {
		return err
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// close removes what was set aside.
func (up *upload) close() {
	if up.file != nil {
		_ = up.file.Close()
		_ = os.Remove(up.file.Name()) //nolint:gosec // made by setAside
	}
}

func (up *upload) refuse(field, reason string) {
	up.bad = append(up.bad, fibonacco.FieldError{Field: field, Reason: reason})
}

func (up *upload) set(name, value string) {
	if inner, ok := strings.CutPrefix(name, "mapping["); ok && strings.HasSuffix(inner, "]") {
		if up.mapping == nil {
			up.mapping = map[string]string{}
		}
		up.mapping[strings.TrimSuffix(inner, "]")] = value
		return
	}
	known := make([]string, 0, len(importParameters)+1)
	for _, p := range importParameters {
		known = append(known, p.name)
	}
	if !slices.Contains(known, name) {
		up.refuse(name, notKnown(append(known, "mapping[field]")))
		return
	}
	if _, again := up.values[name]; again {
		up.refuse(name, "is given twice")
	}
	up.values[name] = value
}

// importRequest turns an upload into what the importer takes, or names all that is wrong with it.
func (a *API) importRequest(ctx context.Context, up *upload) (fibonacco.ImportRequest, error) {
	req := fibonacco.ImportRequest{
		Filename: filename(or(up.values["filename"], up.filename)), Format: or(up.values["format"], up.format),
		Mapping: up.mapping, Duplicates: up.values["duplicates"], Source: up.values["source"],
	}
	if up.size == 0 {
		up.refuse("file", "is missing or empty")
	}
	if text := up.values["dry_run"]; text != "" {
		var err error
		if req.DryRun, err = strconv.ParseBool(text); err != nil {
			up.refuse("dry_run", "must be true or false")
		}
	}
	if !slices.Contains([]string{"", "fill", "overwrite", "skip"}, req.Duplicates) {
		up.refuse("duplicates", "must be one of fill, overwrite, skip")
	}
	if !slices.Contains([]string{"", "csv", "json"}, req.Format) {
		up.refuse("format", "must be one of csv, json")
	}
	if len([]rune(req.Source)) > 50 {
		up.refuse("source", "must have at most 50 characters")
	}
	switch place := up.values["community"]; place {
	case "":
		up.refuse("community", "is required: an id or a slug")
	default:
		c, err := a.findCommunity(ctx, place)
		switch {
		case isNotFound(err):
			up.refuse("community", "is not a known community")
		case err != nil:
			return req, err
		default:
			req.CommunityID = c.ID
		}
	}
	slices.SortFunc(up.bad, func(x, y fibonacco.FieldError) int { return strings.Compare(x.Field, y.Field) })
	return req, fibonacco.InvalidFields("the file cannot be taken in", up.bad)
}

// filename is the last part of what a browser calls the file, as far as it can be stored.
func filename(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.ReplaceAll(name, "\x00", "")
	if name == "." || name == "/" {
		return ""
	}
	if long := []rune(name); len(long) > 255 {
		name = string(long[:255])
	}
	return name
}

func isUUID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 36
}
