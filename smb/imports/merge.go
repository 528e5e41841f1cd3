package imports

// What is done with a row about a business that is known (ImportRequest.Duplicates).
const (
	modeFill      = "fill"      // what is blank is filled
	modeOverwrite = "overwrite" // what the row says counts; a second row of the file about the same business fills only
	modeSkip      = "skip"      // nothing
)

// fieldSet is a set of fields of a business, one bit each; bit number stored is its coordinates.
type fieldSet uint32

const placeBit = fieldSet(1) << stored

func (s fieldSet) has(f field) bool { return s&(1<<f) != 0 }

// names is the columns of smbs in s.
func (s fieldSet) names() []string {
	var names []string
	for f := range stored {
		if s.has(f) {
			names = append(names, specs[f].name)
		}
	}
	if s&placeBit != 0 {
		names = append(names, "coordinates")
	}
	return names
}

// gain is the fields of k that a row about it would change.
func (k *known) gain(b *business, mode string) fieldSet {
	var gained fieldSet
	if mode == modeSkip {
		return 0
	}
	if mode == modeOverwrite && !k.touched {
		for f, s := range b.text {
			if s != "" && s != k.text[f] {
				gained |= 1 << f
			}
		}
		if b.known && (!k.known || b.place != k.place) {
			gained |= placeBit
		}
		return gained
	}
	for f, s := range b.text {
		if s != "" && k.text[f] == "" {
			gained |= 1 << f
		}
	}
	if b.known && !k.known {
		gained |= placeBit
	}
	// The city of one address and the ZIP of another make a third that does not exist.
	const location = 1<<address | 1<<city | 1<<state | 1<<zip | placeBit
	if gained&location != 0 && !samePlace(b, &k.business) {
		gained &^= location
	}
	return gained
}

// take changes the fields of k that gained names to what the row says.
func (k *known) take(b *business, gained fieldSet) {
	for f, s := range b.text {
		if gained.has(field(f)) {
			k.text[f] = s
		}
	}
	if gained&placeBit != 0 {
		k.place, k.known = b.place, true
	}
	k.changed |= gained
	k.setKeys()
}

// outcome of a row that could be read.
type fate int

const (
	created fate = iota
	updated
	skipped
)

// merge puts one row in its place.
func (x *index) merge(b *business, mode string) fate {
	k := x.find(b, mode)
	if k == nil {
		x.create(b)
		return created
	}
	gained := k.gain(b, mode)
	k.touched = true
	if gained == 0 {
		return skipped
	}
	k.take(b, gained)
	x.add(k)
	return updated
}
