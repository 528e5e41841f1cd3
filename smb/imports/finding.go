package imports

import (
	"github.com/fibonacco/fibonacco"
)

// mostFound is how many duplicates a dry run shows.
const mostFound = 50

// notice keeps the first rows about known businesses for the report of a dry run.
func (w *writer) notice(f finding) {
	if len(w.found) == mostFound {
		return
	}
	d := fibonacco.ImportDuplicate{Line: f.line, Name: f.k.text[businessName], By: f.by, Change: []fibonacco.FieldChange{}}
	if f.k.id != 0 {
		d.SMBID = &f.k.id
	}
	for i := range stored {
		if f.gained.has(i) {
			d.Change = append(d.Change, fibonacco.FieldChange{Field: specs[i].name, Before: f.k.text[i], After: f.b.text[i]})
		}
	}
	if f.gained&placeBit != 0 {
		change := fibonacco.FieldChange{Field: "coordinates", After: pointText(f.b.place)}
		if f.k.known {
			change.Before = pointText(f.k.place)
		}
		d.Change = append(d.Change, change)
	}
	if f.gained&blockBit != 0 {
		d.Change = append(d.Change, fibonacco.FieldChange{Field: "do_not_contact", Before: "false", After: "true"})
	}
	w.found = append(w.found[:len(w.found):len(w.found)], d)
}
