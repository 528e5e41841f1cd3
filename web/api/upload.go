package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
	format   string                       // "" when the body's type does not say
	values   map[string]string            // from the query and the form
	objects  map[string]map[string]string // those of importObjects, by name
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
	up := &upload{values: map[string]string{}, objects: map[string]map[string]string{}}
	for name, values := range r.URL.Query() {
		for _, v := range values {
			up.set(name, v)
		}
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	format, plain := fileTypes[kind]
	switch {
	case kind == "multipart/form-data" && params["boundary"] == "":
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the form has no boundary in its Content-Type")
	case kind == "multipart/form-data":
		err = up.readForm(multipart.NewReader(r.Body, params["boundary"]))
	case plain:
		up.format = format
		err = up.setAside(r.Body)
	default:
		return nil, edge.New(r.Context(), edge.UnsupportedMediaType, "send the file as multipart/form-data, or as one of "+strings.Join(slices.Sorted(maps.Keys(fileTypes)), ", "))
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
	var known []string
	for _, p := range importObjects {
		known = append(known, p.name+"[field]")
		if inner, ok := strings.CutPrefix(name, p.name+"["); ok && strings.HasSuffix(inner, "]") {
			if up.objects[p.name] == nil {
				up.objects[p.name] = map[string]string{}
			}
			up.objects[p.name][strings.TrimSuffix(inner, "]")] = value
			return
		}
	}
	for _, p := range importParameters {
		known = append(known, p.name)
	}
	if !slices.Contains(known, name) {
		up.refuse(name, notKnown(known))
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
		Filename: filename(or(up.values["filename"], up.filename)), Format: or(up.values["format"], up.format), Sheet: up.values["sheet"],
		Mapping: up.objects["mapping"], Policies: up.objects["policy"], Mode: up.values["mode"],
		Duplicates: up.values["duplicates"], Source: up.values["source"],
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
	for _, p := range importParameters {
		if v := up.values[p.name]; v != "" && p.values != nil && !slices.Contains(p.values, any(v)) {
			up.refuse(p.name, "must be one of "+strings.Trim(strings.ReplaceAll(fmt.Sprint(p.values), " ", ", "), "[]"))
		}
	}
	if match := up.values["match"]; match != "" {
		for rule := range strings.SplitSeq(match, ",") {
			req.Match = append(req.Match, fibonacco.MatchRule(strings.TrimSpace(rule)))
		}
		up.checkMatch(req.Match)
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

func (up *upload) checkMatch(rules []fibonacco.MatchRule) {
	for i, rule := range rules {
		switch {
		case !slices.Contains(fibonacco.MatchRules, rule):
			up.refuse("match", "must be any of email, phone, name_zip, fuzzy_name_zip, separated by commas")
			return
		case slices.Contains(rules[:i], rule):
			up.refuse("match", "names "+string(rule)+" twice")
			return
		}
	}
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
