// Package sample is some 400 real businesses of one part of Brooklyn, for the demo. See README.md
// for where they come from and what in them is made.
package sample

import _ "embed"

// CSV is the file, with a header.
//
//go:embed brooklyn.csv
var CSV []byte
