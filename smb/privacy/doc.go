// Package privacy answers what the law gives people (GDPR, CCPA): everything that is stored about
// a business, and its erasure.
//
//	tables.go    every table that holds something about a business, and every column of it
//	column.go    what those lines mean
//	subject.go   who it is about: the business, what was merged into it, its addresses and numbers
//	export.go    the archive, a JSON file a table; page.go: the page that explains them
//	erase.go     and its opposite: the history stays, and tells nobody whose it was
//	files.go     what imports remember of files is forgotten too
//
// What is erased is said once, in tables.go, and a test compares that with the live schema: a
// column that nobody has thought of fails it. The package owns no table. The mails themselves are
// in none: they are written anew from their template each time, and the mail catcher's copies of
// them, a tool for trying things out, are files in the data folder that nothing here touches.
package privacy
