// Package smb keeps the businesses and the communities they belong to (Module 1). In the order of
// a business's life:
//
//	community.go        the town, whose time zone decides what "today" is; communitychange.go,
//	                    communities.go and communitystats.go change, list and count it
//	create.go           a business is stored
//	find.go, list.go    and found again: one, or a page of those that a filter matches; filter.go and
//	                    place.go read the filter, sample.go and steer.go choose the way to the page
//	search/, index.go   by what people type, and how that is kept up to date
//	segment.go          filters that were saved
//	bulk.go             changes of all that a filter matches: bulkjudge.go says what one would do,
//	                    bulkwork.go does it in parts, bulkchange.go to rows and bulkmove.go through the
//	                    programme, bulkresult.go keeps what came of it, and takes it back
//	update.go, draft.go its fields change; every refused value is named at once
//	engaged.go          something happened: an open, a click, a view, an approval, a call
//	count.go, score.go  what happened in the last 30 days is counted, and weighed to a score
//	rescore.go, tier.go the score and the tier it calls for are stored, and said
//	day.go              its place in the 90 days moves on
//	nightly.go          everything is computed again while nobody looks
//	delete.go, purge.go it goes, and 90 days later so does every trace of it
//	record.go           all that belongs to it, for whoever looks at one; nextstep.go what comes
//	                    next for it, reach.go how it may be reached, series.go its score day by day
//	timeline.go         everything that happened to it, a sentence.go each; note.go what our people
//	                    write down about it, suggestion.go details that it gave and somebody accepts
//	row.go              how a row becomes a fibonacco.SMB
//
// The package owns the tables smbs, smb_tags, communities, segments, bulk_jobs, bulk_parts,
// bulk_results, score_history and smb_notes, and decides about the rows of ai_tasks that are
// suggestions. It never sends anything, and never decides who may be written to: it keeps the
// opt-ins that others obey, and no score or tier ever changes one.
package smb
