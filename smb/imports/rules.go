package imports

import (
	"slices"

	"github.com/fibonacco/fibonacco"
)

// evidence is by what a and b are the same business: the larger the surer. With rules of its own,
// an import goes by the first that holds and weighs nothing.
func (x *index) evidence(a, b *business) int {
	if x.rules == nil {
		return evidence(a, b)
	}
	for i, rule := range x.rules {
		if holds(rule, a, b) {
			return byRule + len(x.rules) - i
		}
	}
	return different
}

// byRule is below the evidence of any rule, and above that of weighing.
const byRule = byEmail

func holds(rule fibonacco.MatchRule, a, b *business) bool {
	switch rule {
	case fibonacco.MatchEmail:
		return compare(a.emailKey, b.emailKey) == same
	case fibonacco.MatchPhone:
		return compare(a.number(), b.number()) == same
	case fibonacco.MatchNameZIP:
		return a.nameKey == b.nameKey && a.nameKey != "" && compare(zip5(a.text[zip]), zip5(b.text[zip])) == same
	case fibonacco.MatchFuzzyNameZIP:
		return compare(zip5(a.text[zip]), zip5(b.text[zip])) == same && alike(a, b)
	}
	return false
}

// because names evidence for people and programs.
func (x *index) because(sure int) string {
	if sure > byRule {
		return string(x.rules[len(x.rules)-(sure-byRule)])
	}
	return map[int]string{byEmail: "email", byPhoneAndName: "phone and name", byPhone: "phone", byName: "name and place"}[sure]
}

// policy is what a row may do to a known business, field by field; what is in neither set stays as
// it is.
type policy struct {
	fill      fieldSet // a blank is filled
	overwrite fieldSet // what the row says counts; a second row of the file about the same business fills only
}

// policyOf is the policy of a request that check has passed.
func policyOf(req fibonacco.ImportRequest) policy {
	var p policy
	set := func(fields fieldSet, mode string) {
		p.fill, p.overwrite = p.fill&^fields, p.overwrite&^fields
		switch mode {
		case modeFill:
			p.fill |= fields
		case modeOverwrite:
			p.overwrite |= fields
		}
	}
	set(placeBit<<1-1, req.Duplicates)
	for name, mode := range req.Policies {
		if fields, ok := policyField(name); ok {
			set(fields, mode)
		}
	}
	return p
}

// policyField is the field that a policy of this name is for: those that are columns of a
// business.
func policyField(name string) (fieldSet, bool) {
	if name == specs[pair].name {
		return placeBit, true
	}
	i := slices.IndexFunc(specs[:stored], func(s spec) bool { return s.name == name })
	if i < 0 {
		return 0, false
	}
	return 1 << i, true
}

// finding is a row about a known business, before it changes anything.
type finding struct {
	line   int
	k      *known
	b      *business
	by     string
	gained fieldSet
}
