package query

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// cursor is where a page ended, as callers hold it. It opens nothing: who holds it sees what they
// would see anyway.
type cursor struct {
	Question string    `json:"q"`           // fingerprint of what was asked
	Part     int       `json:"p,omitempty"` // that the last row is of
	Values   []*string `json:"v"`           // the order's values of the last row; nil is null
}

// fingerprint is the same for two questions that ask for the same rows in the same order.
func fingerprint(t Table, q fibonacco.ListQuery) string {
	sum := sha256.Sum256([]byte(db.JSON([]any{t.Listing.Name, t.Question, q.Filter, q.Search, q.Sort})))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

func writeCursor(question string, part int, last []cursorValue) string {
	c := cursor{Question: question, Part: part}
	for _, v := range last {
		c.Values = append(c.Values, v.text())
	}
	return base64.RawURLEncoding.EncodeToString([]byte(db.JSON(c)))
}

// readCursor is the part and the values of a cursor; "" is the first part and no values.
func readCursor(text, question string, keys []key) (part int, values []cursorValue, err error) {
	if text == "" {
		return 0, nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, nil, refusedCursor()
	}
	var c cursor
	if err := json.Unmarshal(raw, &c); err != nil || c.Question != question || c.Part < 0 || len(c.Values) != len(keys) {
		return 0, nil, refusedCursor()
	}
	values = make([]cursorValue, len(keys))
	for i, k := range keys {
		v := c.Values[i]
		switch {
		case v == nil && k.nullable:
			values[i] = cursorValue{kind: k.kind, null: true}
		case v == nil || !values[i].read(k.kind, *v):
			return 0, nil, refusedCursor()
		}
	}
	return c.Part, values, nil
}

func refusedCursor() error {
	return fibonacco.InvalidFields("the page cannot be found",
		[]fibonacco.FieldError{{Field: "page[cursor]", Reason: "is not a cursor of this list with this filter and order: take page.next as it is"}})
}

// cursorValue is one value that a page is ordered by.
type cursorValue struct {
	kind   fibonacco.FieldKind
	null   bool
	number sql.NullInt64
	at     *time.Time
	words  sql.NullString
}

func (v *cursorValue) reset(kind fibonacco.FieldKind) { *v = cursorValue{kind: kind} }

// target is where Scan puts the value.
func (v *cursorValue) target() any {
	switch v.kind {
	case fibonacco.IntegerField:
		return &v.number
	case fibonacco.TimeField:
		return db.TimePtr(&v.at)
	}
	return &v.words
}

// text is the value as a cursor holds it; nil is null.
func (v *cursorValue) text() *string {
	var s string
	switch {
	case v.kind == fibonacco.IntegerField && v.number.Valid:
		s = strconv.FormatInt(v.number.Int64, 10)
	case v.kind == fibonacco.TimeField && v.at != nil:
		s = strconv.FormatInt(v.at.UnixMicro(), 10)
	case v.words.Valid:
		s = v.words.String
	default:
		return nil
	}
	return &s
}

// read is the reverse of text; false when it cannot be.
func (v *cursorValue) read(kind fibonacco.FieldKind, text string) bool {
	v.kind = kind
	switch kind {
	case fibonacco.IntegerField, fibonacco.TimeField:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false
		}
		v.number = sql.NullInt64{Int64: n, Valid: true}
		if kind == fibonacco.TimeField {
			at := time.UnixMicro(n).UTC()
			v.at = &at
			return at.Year() >= 1 && at.Year() <= 9999
		}
		return true
	}
	v.words = sql.NullString{String: text, Valid: true}
	for _, r := range text {
		if r == 0 {
			return false
		}
	}
	return utf8.ValidString(text)
}

func (v *cursorValue) argument() any {
	switch v.kind {
	case fibonacco.IntegerField:
		return v.number.Int64
	case fibonacco.TimeField:
		return *v.at
	}
	return v.words.String
}
