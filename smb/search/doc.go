// Package search finds businesses by what people type: words of a name or a trading name, a part
// of an e-mail address, a telephone number however it is written. In reading order:
//
//	fold.go     a business as the text that is searched: no case, no accents, no punctuation
//	query.go    what somebody typed, as the pieces of text that must occur
//	match.go    those pieces as SQL, by the text index of either database
//	rank.go     the order of what was found: the exact address first, then names that begin so
//	reindex.go  the table smb_search and its text index are brought up to date
//
// The package owns the table smb_search (and smb_search_text, SQLite's index of it). What is in
// there is derived from smbs: a row may be missing or old for a moment, never for long.
package search
