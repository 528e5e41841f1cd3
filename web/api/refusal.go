package api

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// huma's errors and words are package variables: this is how it wants them replaced.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return problemOf(context.Background(), status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return problemOf(ctx.Context(), status, msg, errs)
	}
	huma.DefaultArrayNullable = false // see tidy

	const requires = refusedMark + "%s" + refusedMark + "is required"
	validation.MsgExpectedRequiredProperty = requires
	validation.MsgUnexpectedProperty = "is not known here"
	validation.MsgExpectedString = "must be a text"
	validation.MsgExpectedBoolean = "must be true or false"
	validation.MsgExpectedNumber = "must be a number"
	validation.MsgExpectedInteger = "must be a whole number"
	validation.MsgExpectedArray = "must be a list"
	validation.MsgExpectedObject = "must be an object"
	validation.MsgExpectedOneOf = "must be one of %s"
	validation.MsgExpectedMinimumNumber = "must be at least %v"
	validation.MsgExpectedMaximumNumber = "must be at most %v"
	validation.MsgExpectedMinLength = "must have at least %d characters"
	validation.MsgExpectedMaxLength = "must have at most %d characters"
	validation.MsgExpectedMinItems = "must have at least %d entries"
	validation.MsgExpectedMaxItems = "must have at most %d entries"
	validation.MsgExpectedBePattern = "must be %s"
	validation.MsgExpectedMatchPattern = "must look like %s"
	validation.MsgExpectedRFC3339DateTime = "must be a time like 2026-11-23T09:00:00Z"
	validation.MsgExpectedRFC3339Date = "must be a date like 2026-11-23"
}

var listIndex = regexp.MustCompile(`\[\d+\]$`)

// problemOf makes our problem of what huma found wrong with a request before any handler saw it.
// huma's own details quote what was sent; ours never do.
func problemOf(ctx context.Context, status int, msg string, errs []error) *edge.Problem {
	switch status {
	case 0: // huma asks what an error looks like
		return &edge.Problem{}
	case http.StatusInternalServerError: // the body ended too soon
		return edge.New(ctx, fibonacco.Malformed, "the body could not be read")
	case http.StatusRequestEntityTooLarge:
		return edge.New(ctx, fibonacco.TooLarge, "the body is larger than 1 MiB")
	case http.StatusUnsupportedMediaType:
		return edge.New(ctx, edge.UnsupportedMediaType, "the body must be JSON, with Content-Type: application/json")
	case http.StatusBadRequest:
		return edge.New(ctx, fibonacco.Malformed, malformed(msg, errs))
	case http.StatusUnprocessableEntity:
		p := edge.New(ctx, fibonacco.Invalid, "the request cannot be carried out")
		for _, err := range errs {
			p.Errors = append(p.Errors, refusalOf(err))
		}
		p.Errors = append(p.Errors, alsoWrong(exchangeOf(ctx), p.Errors)...)
		slices.SortStableFunc(p.Errors, func(a, b edge.Refusal) int { return strings.Compare(a.Field, b.Field) })
		return p
	}
	return edge.New(ctx, edge.CodeOf(status), msg)
}

// alsoWrong is what huma cannot know of: unknown names in the query, and values of the body that
// the domain refuses, unless their fields are named already.
func alsoWrong(at exchange, named []edge.Refusal) (more []edge.Refusal) {
	errs := []error{at.unknown()}
	if at.rules != nil {
		errs = append(errs, at.rules())
	}
	for _, err := range errs {
		var refused *fibonacco.Error
		if !errors.As(err, &refused) {
			continue
		}
		for _, f := range refused.Fields {
			if !slices.ContainsFunc(named, func(r edge.Refusal) bool { return r.Field == f.Field }) {
				more = append(more, edge.Refusal(f))
			}
		}
	}
	return more
}

func malformed(msg string, errs []error) string {
	var detail *huma.ErrorDetail
	for _, err := range errs {
		if errors.As(err, &detail) && detail.Location == "body" {
			return "the body cannot be read: " + detail.Message
		}
	}
	return msg
}

// refusalOf names the field as the caller wrote it, without "body." and "query." in front.
func refusalOf(err error) edge.Refusal {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return edge.Refusal{Reason: err.Error()}
	}
	field := detail.Location
	for _, where := range []string{"body", "query", "path", "header", "form"} {
		if rest, ok := strings.CutPrefix(field, where); ok && (rest == "" || rest[0] == '.') {
			field = strings.TrimPrefix(rest, ".")
			break
		}
	}
	if strings.HasPrefix(detail.Location, "query.") {
		field = listIndex.ReplaceAllString(field, "") // the caller wrote "a,b", not a[1]
	}
	if inner, reason, ok := splitRefused(detail.Message); ok {
		return edge.Refusal{Field: strings.Trim(field+"."+inner, "."), Reason: reason}
	}
	switch detail.Message {
	case "invalid integer":
		return edge.Refusal{Field: field, Reason: "must be a whole number"}
	case "invalid boolean":
		return edge.Refusal{Field: field, Reason: "must be true or false"}
	case "required query parameter is missing":
		return edge.Refusal{Field: field, Reason: "is required"}
	}
	return edge.Refusal{Field: field, Reason: detail.Message}
}
