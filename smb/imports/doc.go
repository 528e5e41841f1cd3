// Package imports takes files of businesses in: CSV, JSON or Excel workbooks of any size, as people
// have them, and takes them back.
//
// The life of a row, file by file:
//
//	check.go        what is asked for, and whether it can be done
//	source.go       which kind of file is it?
//	text.go         bytes → text, whatever the encoding
//	csv.go          text → rows; a broken row does not break the next (dialect.go: which separator)
//	json.go         the same for JSON: an array of objects, or one object after another
//	spreadsheet.go  the same for workbooks, which package xlsx reads
//	header.go       which column is which field, by its name; columns.go: by its values too (looks.go)
//	row.go          a row → a business, or the reasons why not (place.go: state, ZIP, coordinates;
//	                consent.go: what it says about being reached)
//	match.go        is it one we know? rules.go: by rules of the caller's own (near.go: spelt alike)
//	merge.go        what does the row add to it; block.go: or is it one that wants to hear nothing?
//	lookup.go       finds the known ones of a batch; batch.go one transaction of a few thousand rows
//	ledger.go       what it takes to undo the batch, and its errors (errors.go)
//	flight.go       two batches under way at once, as if one came after the other (turn.go)
//	run.go          the pipeline: read → normalise → write
//
// And that of an import:
//
//	preview.go      what the file would be read as; mapping.go: mappings that are kept
//	job.go          in the background: kept file, progress, continued after a crash (work.go)
//	ended.go        how it ends, or is cancelled; indexing.go: not before its businesses can be found
//	undo.go         taken back, batch by batch (restore.go)
//	sweep.go        what is kept no longer
//
// It owns the tables imports and import_*, and adds to and changes smbs. It holds no more than a
// few batches in memory, asks the database a few times per batch and never per row, and deletes
// only what it has created itself, on request. The file is kept while the import runs and not
// longer; refused values, and what businesses were before, for 30 days.
package imports
