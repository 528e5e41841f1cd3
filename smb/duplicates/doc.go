// Package duplicates proposes pairs of businesses that may be the same (M1-26), each with how sure
// it is and why. It decides nothing: people merge what is proposed, or say that two are not the
// same, and then the pair is not proposed again.
//
//	entry.go     a business as far as it is compared
//	likely.go    how likely two are the same, with the reasons
//	within.go    the pairs of one ZIP code that are worth a look
//	across.go    and those that share something across ZIP codes
//	find.go      all pairs of a community, or of one business, best first
//	dismiss.go   "these are two"
//
// The work is bounded: whatever many businesses share is looked at in part, every read goes by an
// index, and memory holds one ZIP code's businesses at a time. It owns the table
// duplicate_dismissals.
package duplicates
