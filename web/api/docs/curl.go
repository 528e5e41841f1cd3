package docs

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// curl is an operation as a command that can be pasted into a shell.
func (g *guide) curl(op *huma.Operation) string {
	path, query := op.Path, url.Values{}
	var headers []string
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(orExample(p.Example, "1")))
		case p.In == "query" && p.Required:
			query.Set(p.Name, orExample(p.Example, "…"))
		case last(p.Ref) == "Idempotency-Key":
			headers = append(headers, `"Idempotency-Key: $(uuidgen)"`)
		}
	}
	address := g.Server + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	line := "curl"
	if op.Method != http.MethodGet {
		line += " -X " + op.Method
	}
	lines := []string{line + " " + quoted(address)}
	if len(op.Security) > 0 {
		lines = append(lines, `-H "Authorization: Bearer $FIBONACCO_TOKEN"`)
	}
	for _, h := range headers {
		lines = append(lines, "-H "+h)
	}
	return strings.Join(append(lines, sent(op)...), " \\\n  ")
}

// sent is how a command sends the body.
func sent(op *huma.Operation) []string {
	if op.RequestBody == nil {
		return nil
	}
	if op.RequestBody.Content["multipart/form-data"] != nil {
		return []string{"-F file=@businesses.csv"}
	}
	if media := op.RequestBody.Content["application/json"]; media != nil && media.Example != nil {
		text, err := jsonText(media.Example, "")
		if err == nil {
			return []string{"-H 'Content-Type: application/json'", "-d " + quoted(text)}
		}
	}
	for kind := range op.RequestBody.Content {
		return []string{"-H 'Content-Type: " + kind + "'", "--data-binary @file"}
	}
	return nil
}

// quoted is a word that a shell takes as it is.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func orExample(example any, otherwise string) string {
	if example == nil {
		return otherwise
	}
	return fmt.Sprint(example)
}
