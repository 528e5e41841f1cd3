package imports

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// business is what is known of one, by a row of the file or by the database, in the form that is
// stored and compared. "" is unknown.
type business struct {
	text  [stored]string
	place fibonacco.Point
	known bool // place is

	emailKey string
	nameKey  string
	street   string // key of the address, see streetKey; made when first asked for

	consent *consent // what the row says about being reached; nil when it says nothing
}

// terms is how the rows of a file are to be read.
type terms struct {
	blocks bool      // rows say who must not be contacted: an address, a number, or name and ZIP are enough
	deaf   bool      // consents are not recorded here: the columns are not read
	now    time.Time // consents are not given later
}

const (
	batchRows = 5000    // rows in a transaction: larger ones write each page of an index less often
	batchText = 4 << 20 // bytes of a batch, for rows that are long
)

// batch is some rows of the file on their way through the pipeline.
type batch struct {
	limit  int    // rows it has room for
	width  int    // cells of a row
	lines  []int  // of each row
	text   []byte // the cells, one after another
	ends   []int  // where each cell ends in text
	faults []fault
	done   int64 // bytes of the file that were read when the batch was full

	// What normalise makes of them.
	rows   []business
	failed []bool
	errors []rowError
	ready  chan struct{}
}

// rowError is one reason why a row is no business.
type rowError struct {
	row   int
	value string // that was refused, cut short
	fibonacco.ImportError
}

// fault is a row that could not be read.
type fault struct {
	row    int
	reason string
}

// fault says that the row added last could not be read.
func (b *batch) fault(reason string) { b.faults = append(b.faults, fault{len(b.lines) - 1, reason}) }

// normalise turns every row into a business, or into the reasons why it is none.
func (b *batch) normalise(src source) {
	whole, as := string(b.text), src.terms()
	b.text = nil
	b.rows = make([]business, len(b.lines))
	b.failed = make([]bool, len(b.lines))
	cells := make([]string, b.width)
	faults := b.faults
	from := 0
	for i, line := range b.lines {
		for c := range cells {
			end := b.ends[i*b.width+c]
			cells[c] = whole[from:end]
			from = end
		}
		var bad []refusal
		if len(faults) > 0 && faults[0].row == i {
			bad = []refusal{{reason: faults[0].reason}}
			faults = faults[1:]
		} else {
			var v values
			if v, bad = src.values(cells); bad == nil {
				bad = b.rows[i].set(&v, as)
			}
		}
		b.failed[i] = bad != nil
		for _, r := range bad {
			b.errors = append(b.errors, rowError{i, short(r.value), fibonacco.ImportError{Line: line, Field: r.field, Reason: r.reason}})
		}
	}
	b.ends = nil
}

// set fills b from the values of a row, and says what of them cannot be stored. A row with one
// bad value is not stored at all.
func (b *business) set(v *values, as *terms) (bad []refusal) {
	refuse := func(f field, reason string) { bad = append(bad, refusal{specs[f].name, reason, v[f]}) }
	copy(b.text[:], v[:stored])
	if b.text[contactName] == "" {
		b.text[contactName] = joined(v[firstName], v[lastName])
	}
	b.text[address] = fullAddress(v)
	if b.text[businessName] == "" && !as.blocks {
		refuse(businessName, "is required")
	}
	if raw := b.text[email]; raw != "" {
		address, ok := emailAddress(raw)
		if !ok {
			refuse(email, "is not an e-mail address")
		}
		b.text[email] = address
	}
	if raw := b.text[phone]; raw != "" {
		e164, ok := normal.Phone(raw)
		if !ok && !placeholder(raw) {
			refuse(phone, "is not a telephone number")
		}
		b.text[phone] = e164
	}
	if code, ok := stateCode(b.text[state]); ok {
		b.text[state] = code
	} else {
		refuse(state, "must be a state of two letters, for example NY")
		b.text[state] = ""
	}
	b.text[zip] = zipCode(b.text[zip], b.text[state])
	var ok bool
	if b.place, b.known, ok = place(v[longitude], v[latitude]); !ok {
		refuse(longitude, "and latitude must both be degrees, from -180 to 180 and from -90 to 90")
	}
	if v[pair] != "" && !b.known {
		if b.place, b.known, ok = placePair(v[pair]); !ok {
			refuse(pair, "must be a latitude and a longitude, for example 40.6782, -73.9442")
		}
	}
	var unclear []refusal
	b.consent, unclear = readConsent(v, as)
	bad = append(bad, unclear...)
	for f, s := range b.text {
		if len(s) > specs[f].most && utf8.RuneCountInString(s) > specs[f].most {
			refuse(field(f), "is longer than "+strconv.Itoa(specs[f].most)+" characters")
		}
		if strings.IndexByte(s, 0) >= 0 {
			refuse(field(f), "holds a zero byte")
		}
	}
	if bad == nil {
		b.setKeys()
		if as.blocks && b.emailKey == "" && b.number() == "" && (b.nameKey == "" || b.text[zip] == "") {
			bad = []refusal{{reason: "names nobody: it has no e-mail address, no telephone number, and not both name and ZIP"}}
		}
	}
	return bad
}

// short is a refused value as it is kept for the list of errors.
func short(value string) string {
	if len(value) <= 100 {
		return value
	}
	r := []rune(strings.ToValidUTF8(value, "\uFFFD"))
	return string(r[:min(len(r), 100)])
}

// setKeys makes the keys that b is compared by.
func (b *business) setKeys() {
	b.emailKey = normal.EmailKey(b.text[email])
	b.nameKey = nameKey(b.text[businessName])
	b.street = ""
}

// nameKey is never "" for a business that has a name, so that it is found again.
func nameKey(name string) string {
	if key := normal.NameKey(name); key != "" {
		return key
	}
	return strings.ToLower(name)
}

// emailAddress is the address to store: the first of several. "" and true when the text says
// that there is none.
func emailAddress(raw string) (string, bool) {
	raw = strings.TrimPrefix(strings.TrimPrefix(raw, "mailto:"), "MAILTO:")
	if i := strings.IndexAny(raw, ";,"); i >= 0 {
		raw = strings.TrimSpace(raw[:i])
	}
	if plainEmail(raw) {
		return fibonacco.NormalizeEmail(raw), true
	}
	if placeholder(raw) {
		return "", true
	}
	address := fibonacco.NormalizeEmail(raw)
	return address, fibonacco.ValidEmail(address)
}

// plainEmail reports what fibonacco.ValidEmail would of the addresses that nearly all are,
// much faster. A false answer means "ask ValidEmail".
func plainEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	dot, before := false, byte('.')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i < at && (c == '-' || c == '_' || c == '+'):
		case c == '-' && before != '.' && before != '@':
		case c == '.' && before != '.' && before != '@':
			dot = dot || i > at
		case i == at && before != '.':
		default:
			return false
		}
		before = c
	}
	return dot && before != '.'
}

func joined(parts ...string) string {
	out := ""
	for _, p := range parts {
		if p != "" && out != "" {
			out += " "
		}
		out += p
	}
	return out
}

// quality is the data quality score of b.
func (b *business) quality() int {
	s := fibonacco.SMB{
		BusinessName: b.text[businessName], Category: b.text[category], PrimaryContactName: b.text[contactName],
		PrimaryEmail: b.text[email], PrimaryPhone: b.text[phone],
		Address: b.text[address], City: b.text[city], State: b.text[state], ZIP: b.text[zip],
	}
	if b.known {
		s.Coordinates = &b.place
	}
	return normal.DataQuality(&s)
}
