package db

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	inList      = regexp.MustCompile(`\bIN \((\$\d+)\.\.\.\)`)
	notInList   = regexp.MustCompile(`\bNOT IN \((\$\d+)\.\.\.\)`)
	inTyped     = regexp.MustCompile(`\bIN \((\$\d+)\.\.\. AS (\w+)\)`)
	notInTyped  = regexp.MustCompile(`\bNOT IN \((\$\d+)\.\.\. AS (\w+)\)`)
	foreignCast = regexp.MustCompile(`CAST\(([^()]+) AS (?:jsonb|uuid|inet|point|date|timestamptz)\)`)
	forUpdate   = regexp.MustCompile(`\bFOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?`)
)

type translationKey struct {
	query  string
	engine Engine
}

// translations is translationKey → string. Most texts are constants of the program; those that
// are made of a caller's filter are remembered up to mostTranslations.
var (
	translations sync.Map
	translated   atomic.Int64
)

const mostTranslations = 4096

// translate turns our SQL into the engine's.
func translate(query string, engine Engine) string {
	key := translationKey{query, engine}
	if t, ok := translations.Load(key); ok {
		return t.(string)
	}
	t := query
	if engine == Postgres {
		t = notInTyped.ReplaceAllString(t, "<> ALL (CAST($1 AS $2[]))")
		t = inTyped.ReplaceAllString(t, "= ANY (CAST($1 AS $2[]))")
		t = notInList.ReplaceAllString(t, "<> ALL ($1)")
		t = inList.ReplaceAllString(t, "= ANY ($1)")
	} else {
		t = inTyped.ReplaceAllString(t, "IN ($1...)")
		t = inList.ReplaceAllString(t, "IN (SELECT value FROM json_each($1))")
		t = strings.ReplaceAll(t, ` COLLATE "C"`, "") // its own order is that of the bytes
		t = foreignCast.ReplaceAllString(t, "$1")
		t = forUpdate.ReplaceAllString(t, "")
	}
	if translated.Load() < mostTranslations {
		translated.Add(1)
		translations.Store(key, t)
	}
	return t
}

// sqliteArgs makes arguments fit: id and text lists become JSON for json_each, times are cut to
// the microsecond as PostgreSQL does.
func sqliteArgs(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = sqliteArg(a)
	}
	return out
}

func sqliteArg(a any) any {
	switch v := a.(type) {
	case []int64, []int, []string:
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // cannot happen for these types
		}
		if string(b) == "null" {
			return "[]"
		}
		return string(b)
	case time.Time:
		return v.UTC()
	case *time.Time:
		if v == nil {
			return nil
		}
		return v.UTC()
	}
	return a
}
