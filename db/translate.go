package db

import (
	"encoding/json"
	"regexp"
	"sync"
	"time"
)

var (
	inList      = regexp.MustCompile(`\bIN \((\$\d+)\.\.\.\)`)
	notInList   = regexp.MustCompile(`\bNOT IN \((\$\d+)\.\.\.\)`)
	foreignCast = regexp.MustCompile(`CAST\(([^()]+) AS (?:jsonb|uuid|inet|point|date|timestamptz)\)`)
	forUpdate   = regexp.MustCompile(`\bFOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?`)
)

type translationKey struct {
	query  string
	engine Engine
}

var translations sync.Map // translationKey → string; texts are constants of the program, so it stays small

// translate turns our SQL into the engine's.
func translate(query string, engine Engine) string {
	key := translationKey{query, engine}
	if t, ok := translations.Load(key); ok {
		return t.(string)
	}
	t := query
	if engine == Postgres {
		t = notInList.ReplaceAllString(t, "<> ALL ($1)")
		t = inList.ReplaceAllString(t, "= ANY ($1)")
	} else {
		t = inList.ReplaceAllString(t, "IN (SELECT value FROM json_each($1))")
		t = foreignCast.ReplaceAllString(t, "$1")
		t = forUpdate.ReplaceAllString(t, "")
	}
	translations.Store(key, t)
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
