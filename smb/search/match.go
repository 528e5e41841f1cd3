package search

import (
	"strings"
	"unicode"

	"github.com/fibonacco/fibonacco/db"
)

// What the two text indexes have in common: any three characters in a row are looked up, so every
// piece of three and more is found wherever it occurs. A shorter one begins a word, and the spaces
// before it make up the three; PostgreSQL's puts two there by itself, SQLite's is given them.

// Found is a subquery of the ids that have what is searched for, answered by the text index; "" when
// none can. arg gives a value's placeholder.
func (q Query) Found(engine db.Engine, arg func(any) string) string {
	if q.must.any && len(q.must.nodes) == 0 {
		return ""
	}
	if engine == db.Postgres {
		return "SELECT found.smb_id FROM smb_search AS found WHERE " + q.must.sql(func(piece string) string {
			return contains("found.name", "found.words", arg(like(piece)))
		})
	}
	return textIndex(q.must.sql(phrases), arg)
}

// NameFound is Found of the whole search within names.
func (q Query) NameFound(engine db.Engine, arg func(any) string) string {
	switch {
	case q.words == "":
		return ""
	case engine == db.Postgres:
		return "SELECT found.smb_id FROM smb_search AS found WHERE found.name LIKE " + arg(like(piece(q.words)))
	}
	return textIndex("name : "+phrase(upper(piece(q.words))), arg)
}

func textIndex(expression string, arg func(any) string) string {
	return "SELECT rowid FROM smb_search_text WHERE smb_search_text MATCH " + arg(expression)
}

// Holds is that a row of smb_search has what is searched for, out of the reach of the text index:
// for rows that were found by something else.
func (q Query) Holds(engine db.Engine, arg func(any) string) string {
	return q.must.sql(func(piece string) string {
		p := arg(piece)
		return "(" + occurs(engine, "smb_search.name", p) + " OR " + occurs(engine, "smb_search.words", p) + ")"
	})
}

func occurs(engine db.Engine, column, piece string) string {
	if engine == db.Postgres {
		return "strpos(" + column + ", " + piece + ") > 0"
	}
	return "instr(" + column + ", " + piece + ") > 0"
}

func contains(name, words, pattern string) string {
	return "(" + name + " LIKE " + pattern + " OR " + words + " LIKE " + pattern + ")"
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func like(piece string) string { return "%" + likeEscaper.Replace(piece) + "%" }

// sql is a node as a condition, given that of a piece.
func (n node) sql(leaf func(piece string) string) string {
	if n.piece != "" {
		return leaf(n.piece)
	}
	operator, nothing := " AND ", "TRUE"
	if n.any {
		operator, nothing = " OR ", "FALSE"
	}
	if len(n.nodes) == 0 {
		return nothing
	}
	parts := make([]string, len(n.nodes))
	for i, m := range n.nodes {
		parts[i] = m.sql(leaf)
	}
	return "(" + strings.Join(parts, operator) + ")"
}

// phrases is a piece as SQLite's text index is asked for it: names are in there in capitals, so that
// a piece that every address has does not slow the search for names down.
func phrases(piece string) string {
	if capitals := upper(piece); capitals != piece {
		return "(" + phrase(capitals) + " OR " + phrase(piece) + ")"
	}
	return phrase(piece)
}

// phrase is a piece within quotes, where nothing has a meaning but the quotes.
func phrase(piece string) string {
	return `"` + strings.ReplaceAll(spread(piece), `"`, `""`) + `"`
}

// upper is text in capitals, one for one.
func upper(text string) string { return strings.Map(unicode.ToUpper, text) }

// spread puts two spaces where text has one, so that one character that begins a word is three.
func spread(text string) string { return strings.ReplaceAll(text, " ", "  ") }
