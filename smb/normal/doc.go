// Package normal brings what people write about a business into the one form that is stored and
// compared: telephone numbers to E.164, names and e-mail addresses to the keys by which
// duplicates are found, and a record to the measure of how complete it is.
//
// It only computes: no database, no clock, no network. Every function is safe for concurrent use.
package normal
