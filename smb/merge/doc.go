// Package merge makes one business of two, and two of one again (M1-26):
//
//	columns.go  every column of a business, and what a merge does with it
//	record.go   a business read and stored, column by column
//	combine.go  two records become one
//	place.go    whose place in the programme remains
//	tables.go   every table that holds rows of a business, and which of them may change hands
//	preview.go  what a merge would do
//	merge.go    and doing it
//	undo.go     taking it back: rows and fields that are still as the merge left them
//	replay.go   what the survivor would be without one of several merges
//	list.go     the merges of a business
//	forget.go   nothing may be left of a business that was erased
//
// A merge is one transaction under locks on both businesses, taken in the order of their ids. It
// keeps what it takes to undo it for 30 days. The package owns the table merges; of everybody
// else's tables it changes who a row belongs to, and nothing else.
package merge
