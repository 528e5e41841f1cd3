package fibonacco

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what a caller can do about an Error. web maps each code to one HTTP status.
type Code string

// The codes, with the HTTP status each becomes.
const (
	Internal       Code = "internal"        // 500: our fault; details are logged, not shown
	Invalid        Code = "invalid"         // 422: values are wrong; see Error.Fields
	Malformed      Code = "malformed"       // 400: the text could not be read at all
	Unauthorized   Code = "unauthorized"    // 401: no login or token, or a wrong one
	Forbidden      Code = "forbidden"       // 403: known, but not allowed; also a bad signature
	NotFound       Code = "not_found"       // 404: unknown, or not yours
	Conflict       Code = "conflict"        // 409: the state does not allow it
	TooLarge       Code = "too_large"       // 413
	TooMany        Code = "too_many"        // 429: slow down
	NotImplemented Code = "not_implemented" // 501: the module is not part of this build
	Unavailable    Code = "unavailable"     // 503: try again later
)

// FieldError is one value that was refused.
type FieldError struct {
	Field  string `json:"field"`  // the name as the caller wrote it: "timezone", "rows[3].email"
	Reason string `json:"reason"` // a sentence fragment for people: "is not an IANA time zone"
}

// Error is a failure that a caller can act on. Anything else is a plain wrapped error and
// counts as Internal.
type Error struct {
	Code    Code
	Message string       // one sentence for people, safe to show
	Fields  []FieldError // the refused values, all at once; nil unless Code is Invalid
	Err     error        // the cause, for the log only; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(f.Field + " " + f.Reason)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of the given code with a message for people. Set Err on the result
// when there is a cause to log.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidFields makes an Invalid error out of the refused fields, or nil when there are none,
// so that a Validate method can end with it.
func InvalidFields(message string, fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: message, Fields: fields}
}

// CodeOf is the code of the first *Error in err's chain, Internal for any other error and ""
// for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// JoinInvalid makes one Invalid error of several, naming every field; nil when there is none. An
// error that is not Invalid goes first and alone.
func JoinInvalid(message string, errs ...error) error {
	var all []FieldError
	for _, err := range errs {
		var e *Error
		switch {
		case err == nil:
		case errors.As(err, &e) && e.Code == Invalid:
			all = append(all, e.Fields...)
		default:
			return err
		}
	}
	return InvalidFields(message, all)
}
