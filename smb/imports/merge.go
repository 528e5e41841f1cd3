package imports

// What is done with a row about a business that is known (ImportRequest.Duplicates).
const (
	modeFill      = "fill"      // what is blank is filled
	modeOverwrite = "overwrite" // what the row says counts; a second row of the file about the same business fills only
	modeSkip      = "skip"      // nothing
)

var modes = []string{modeFill, modeOverwrite, modeSkip}

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
	if s&blockBit != 0 {
		names = append(names, "do_not_contact")
	}
	return names
}

// gain is the fields of k that a row about it would change.
func (k *known) gain(b *business, p policy) fieldSet {
	var filled, replaced fieldSet
	replaceable := p.overwrite
	if k.touched {
		replaceable = 0
	}
	fillable := p.fill | p.overwrite
	for f, s := range b.text {
		bit := fieldSet(1) << f
		switch {
		case s == "" || s == k.text[f]:
		case replaceable&bit != 0:
			replaced |= bit
		case k.text[f] == "" && fillable&bit != 0:
			filled |= bit
		}
	}
	switch {
	case !b.known || k.known && b.place == k.place:
	case replaceable&placeBit != 0:
		replaced |= placeBit
	case !k.known && fillable&placeBit != 0:
		filled |= placeBit
	}
	// The city of one address and the ZIP of another make a third that does not exist.
	const location = 1<<address | 1<<city | 1<<state | 1<<zip | placeBit
	if filled&location != 0 && !samePlace(b, &k.business) {
		filled &^= location
	}
	return filled | replaced
}

// take changes the fields of k that gained names to what the row says.
func (k *known) take(b *business, gained fieldSet) {
	if k.id != 0 && k.before == nil {
		k.before = &former{k.text, k.place, k.known}
	}
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
func (x *index) merge(b *business, line int) fate {
	if x.refuses {
		return x.refuse(b, line)
	}
	k, sure := x.find(b)
	if k == nil {
		k = x.create(b)
		x.heard(k, b, true)
		return created
	}
	gained := k.gain(b, x.policy)
	if x.notice != nil {
		x.notice(finding{line, k, b, x.because(sure), gained})
	}
	k.touched = true
	x.heard(k, b, gained != 0 || x.policy.fill|x.policy.overwrite != 0)
	if gained == 0 {
		return skipped
	}
	k.take(b, gained)
	x.add(k)
	return updated
}
