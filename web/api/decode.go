package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat is huma's JSON with errors that say where, and without zero characters in texts,
// which no database stores.
var jsonFormat = huma.Format{
	Marshal: writeJSON,
	Unmarshal: func(data []byte, v any) error {
		if err := json.Unmarshal(data, v); err != nil {
			return explain(err)
		}
		if parsed, ok := v.(*any); ok && bytes.Contains(data, []byte(`\u0000`)) && holdsZero(*parsed) {
			return errors.New("it holds a zero character, \\u0000, which cannot be stored")
		}
		return nil
	},
}

// writeJSON writes < and & as they are: nothing here is put into a page.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func plainJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	err := writeJSON(&text, v)
	return bytes.TrimRight(text.Bytes(), "\n"), err
}

// refused carries a field and a reason through huma, which keeps an error's text only.
const refusedMark = "\x00"

func refused(field, reason string) error {
	return errors.New(refusedMark + field + refusedMark + reason)
}

// splitRefused is the field and reason of a text made by refused.
func splitRefused(text string) (field, reason string, ok bool) {
	rest, ok := strings.CutPrefix(text, refusedMark)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, refusedMark)
}

func explain(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		kind, _, _ := strings.Cut(wrongType.Value, " ")
		if wrongType.Value == kind {
			return refused(wrongType.Field, "cannot be a "+kind)
		}
		return refused(wrongType.Field, "is out of range")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON: %s, near byte %d", strings.TrimPrefix(syntax.Error(), "json: "), syntax.Offset)
	}
	return err
}

func holdsZero(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, e := range v {
			if holdsZero(e) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if strings.ContainsRune(k, 0) || holdsZero(e) {
				return true
			}
		}
	}
	return false
}
