package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// An ETag of a business or a campaign is its version and a fingerprint of the answer: "7-3fa9c1d2e5b0". The
// fingerprint makes it the tag of these very bytes, whatever was included; If-Match compares the
// version, so that a change may be made on the strength of any answer about the business.

// tagged is an answer with its ETag.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"Version and fingerprint, for If-Match."`
	Body rendered[T]
}

// rendered is an answer that was written already, because its ETag is made of the text.
type rendered[T any] struct{ text []byte }

// MarshalJSON implements json.Marshaler.
func (r rendered[T]) MarshalJSON() ([]byte, error) { return r.text, nil }

// tag writes an answer about a thing of a version, and makes its ETag.
func tag[T any](version int, answer any) (*tagged[T], error) {
	text, err := plainJSON(tidy(answer))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return &tagged[T]{ETag: `"` + strconv.Itoa(version) + "-" + hex.EncodeToString(sum[:6]) + `"`, Body: rendered[T]{text}}, nil
}

// Conditions are the preconditions that a changing request may carry.
type Conditions struct {
	IfMatch string `header:"If-Match" maxLength:"2000" example:"\"7-3fa9c1d2e5b0\"" doc:"The ETag of an answer about it: 412 when it has been changed since. * changes it whatever it is by now."`
}

// Freshness is the precondition that a reading request may carry.
type Freshness struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"2000" example:"\"7-3fa9c1d2e5b0\"" doc:"The ETag of an answer that you keep: 304 when it would be the same."`
}

// entityTags is the header's tags; any is true for *.
func entityTags(ctx context.Context, header string) (tags []string, any bool, err error) {
	r := exchangeOf(ctx).r
	if r == nil || len(r.Header.Values(header)) == 0 {
		return nil, false, nil
	}
	text := strings.TrimSpace(strings.Join(r.Header.Values(header), ","))
	if text == "*" {
		return nil, true, nil
	}
	if !tagList.MatchString(text) {
		return nil, false, fibonacco.Errorf(fibonacco.Malformed, "%s must be an ETag as it was given, in quotes, or *", header)
	}
	return entityTag.FindAllString(text, -1), false, nil
}

var (
	entityTag = regexp.MustCompile(`(?:W/)?"[^"\x00-\x20\x7f]*"`)
	tagList   = regexp.MustCompile(`^(?:[ \t,]*` + entityTag.String() + `)(?:[ \t]*,[ \t,]*` + entityTag.String() + `)*[ \t,]*$`)
)

// ifMatch holds If-Match against what was just read, a business or a campaign. want is the version that the change
// must find, nil for any; the answer is PreconditionFailed when it is another already.
func ifMatch(ctx context.Context, what string, version int) (want *int, err error) {
	tags, any, err := entityTags(ctx, "If-Match")
	if err != nil || any || tags == nil {
		return nil, err
	}
	for _, t := range tags { // a weak tag, W/"…", never matches: RFC 9110, 13.1.1
		number, _, _ := strings.Cut(strings.Trim(t, `"`), "-")
		if n, err := strconv.Atoi(number); err == nil && n == version && t[0] == '"' {
			return &version, nil
		}
	}
	return nil, preconditionFailed(ctx, what)
}

func preconditionFailed(ctx context.Context, what string) error {
	return edge.New(ctx, edge.PreconditionFailed, "the "+what+" has been changed since: read it again, and send the change with its new ETag")
}

// unchanged reports whether If-None-Match names an answer's ETag.
func unchanged(ctx context.Context, etag string) (bool, error) {
	tags, any, err := entityTags(ctx, "If-None-Match")
	for _, t := range tags {
		if strings.TrimPrefix(t, "W/") == etag {
			return true, nil
		}
	}
	return any, err
}

// mayBeUnchanged says of an operation that takes If-None-Match that it may answer 304.
func (a *API) mayBeUnchanged(op operation) {
	operationAt(a.huma.OpenAPI().Paths[Prefix+op.path], op.method).Responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{
		Description: "The answer would be the one that If-None-Match names.",
		Headers:     map[string]*huma.Param{"ETag": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}
