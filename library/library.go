// Package library is the programme that ships with the product: one file per campaign, in the
// form that package campaign/format reads.
package library

import "embed"

// FS holds the campaign files.
//
//go:embed *.md
var FS embed.FS
