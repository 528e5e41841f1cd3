package merge

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// What a choice may say.
const (
	survivors = "survivor"
	others    = "other"
)

// checkChoices names every choice that cannot be made.
func checkChoices(choose map[string]string) error {
	may := []string{programme}
	for _, c := range columns {
		if c.choosable() {
			may = append(may, c.name)
		}
	}
	var bad []fibonacco.FieldError
	for _, name := range slices.Sorted(maps.Keys(choose)) {
		if !slices.Contains(may, name) {
			bad = append(bad, fibonacco.FieldError{Field: "choose." + name, Reason: "cannot be chosen: there is " + strings.Join(may, ", ")})
		} else if choose[name] != survivors && choose[name] != others {
			bad = append(bad, fibonacco.FieldError{Field: "choose." + name, Reason: "must be survivor or other"})
		}
	}
	return fibonacco.InvalidFields("the businesses cannot be merged so", bad)
}

// combine is the survivor with what the other brings.
func combine(survivor, other *record, choose map[string]string) *record {
	result := *survivor
	for _, c := range columns {
		switch c.rule {
		case fill:
			if choose[c.name] == others || choose[c.name] == "" && c.unknown(survivor) {
				c.take(&result, other)
			}
		case both:
			yes := c.at(&result).(*bool) //nolint:forcetypeassert // an opt-in
			*yes = *yes && *c.at(other).(*bool)
		case either:
			yes := c.at(&result).(*bool) //nolint:forcetypeassert // do_not_contact
			*yes = *yes || *c.at(other).(*bool)
		case newest:
			at := c.at(&result).(**time.Time) //nolint:forcetypeassert // a last_* column
			*at = later(*at, *c.at(other).(**time.Time))
		case sum:
			*c.at(&result).(*int) += *c.at(other).(*int)
		case left, union, placed:
		}
	}
	if takesPlace(survivor, other, choose) {
		takePlace(&result, other)
	}
	result.ServicesActivated = joined(survivor.ServicesActivated, other.ServicesActivated)
	result.ServicesApprovedPending = slices.DeleteFunc(joined(survivor.ServicesApprovedPending, other.ServicesApprovedPending), func(s string) bool {
		return slices.Contains(result.ServicesActivated, s)
	})
	result.Metadata = map[string]any{}
	maps.Copy(result.Metadata, other.Metadata)
	maps.Copy(result.Metadata, survivor.Metadata)
	result.SecondaryContacts = contacts(&result, survivor, other)
	return &result
}

func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

// joined is what either list has, the first one's first.
func joined(a, b []string) []string {
	all := append([]string{}, a...)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// contacts is the people of both. Whoever was the first contact of either and is not that of the
// result is one of them: no address and no number is lost.
func contacts(result, survivor, other *record) []fibonacco.SecondContact {
	all := append([]fibonacco.SecondContact{}, survivor.SecondaryContacts...)
	for _, c := range other.SecondaryContacts {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	for _, r := range []*record{survivor, other} {
		c := fibonacco.SecondContact{Name: r.PrimaryContactName, Email: r.PrimaryEmail, Phone: r.PrimaryPhone}
		if known(c.Email, result.PrimaryEmail, all, func(c fibonacco.SecondContact) string { return c.Email }) {
			c.Email = ""
		}
		if known(c.Phone, result.PrimaryPhone, all, func(c fibonacco.SecondContact) string { return c.Phone }) {
			c.Phone = ""
		}
		if c.Email != "" || c.Phone != "" {
			all = append(all, c)
		}
	}
	return all
}

func known(value, first string, all []fibonacco.SecondContact, of func(fibonacco.SecondContact) string) bool {
	key := normal.EmailKey(value)
	return key == "" || key == normal.EmailKey(first) ||
		slices.ContainsFunc(all, func(c fibonacco.SecondContact) bool { return normal.EmailKey(of(c)) == key })
}

// fieldsOf is what the two say, where they differ, and what remains.
func fieldsOf(survivor, other, result *record) []fibonacco.MergeField {
	fields := []fibonacco.MergeField{}
	for _, c := range columns {
		if c.rule != left && c.rule != placed && (!c.same(survivor, other) || !c.same(survivor, result)) {
			fields = append(fields, fibonacco.MergeField{Name: c.name, Keep: c.value(survivor), Other: c.value(other), Result: c.value(result)})
		}
	}
	if !samePlace(survivor, other) {
		fields = append(fields, fibonacco.MergeField{Name: programme, Keep: placeOf(survivor), Other: placeOf(other), Result: placeOf(result)})
	}
	return fields
}

// changedFields names the columns in which two versions of a business differ.
func changedFields(before, after *record) []string {
	var names []string
	for _, c := range columns {
		if !c.same(before, after) && c.name != "version" {
			names = append(names, c.name)
		}
	}
	return names
}
