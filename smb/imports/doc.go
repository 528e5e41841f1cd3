// Package imports takes files of businesses in: CSV or JSON of any size, as people have them.
//
// The life of a row, file by file:
//
//	text.go      bytes → text, whatever the encoding
//	csv.go       text → rows; a broken row does not break the next (dialect.go: which separator)
//	json.go      the same for JSON: an array of objects, or one object after another
//	header.go    which column is which field
//	row.go       a row → a business, or the reasons why not (place.go: state, ZIP, coordinates)
//	match.go     is it one we know? merge.go: what does the row add to it
//	lookup.go    finds the known ones of a batch; batch.go one transaction of a few thousand rows
//	run.go       the pipeline: read → normalise → write
//	job.go       an import in the background: kept file, progress, continued after a crash
//
// It owns the tables imports and import_parts, and adds to and changes smbs. It holds no more than
// a few batches in memory, asks the database a few times per batch and never per row, and never
// deletes a business.
package imports
