package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// formats is what a file can be.
var formats = []string{"csv", "json", "ndjson", "xlsx"}

// check fills the defaults of a request in, and returns Invalid naming each field that is wrong.
func (s *Service) check(ctx context.Context, req fibonacco.ImportRequest) (fibonacco.ImportRequest, error) {
	if req.Duplicates == "" {
		req.Duplicates = modeFill
	}
	req.Source = strings.ReplaceAll(text(req.Source), "\x00", "")
	req.Filename = strings.ReplaceAll(text(req.Filename), "\x00", "")
	if req.Source == "" {
		req.Source = "import"
	}
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	if req.Format != "" && !slices.Contains(formats, req.Format) {
		refuse("format", "must be "+oneOf(formats))
	}
	if !slices.Contains(modes, req.Duplicates) {
		refuse("duplicates", "must be "+oneOf(modes))
	}
	if len([]rune(req.Source)) > 50 {
		refuse("source", "is longer than 50 characters")
	}
	if len([]rune(req.Filename)) > 255 {
		refuse("filename", "is longer than 255 characters")
	}
	if strings.IndexByte(req.Sheet, 0) >= 0 || len(req.Sheet) > 1000 {
		refuse("sheet", "is no name of a sheet")
	}
	for name, column := range req.Mapping {
		if strings.IndexByte(column, 0) >= 0 {
			refuse("mapping."+name, "holds a zero byte")
		}
	}
	var mapping *fibonacco.Error
	if errors.As(checkMapping(req.Mapping), &mapping) {
		bad = append(bad, mapping.Fields...)
	}
	bad = append(bad, checkRules(&req)...)
	known, err := s.knowsCommunity(ctx, req.CommunityID)
	if err != nil {
		return req, err
	}
	if !known {
		refuse("community_id", "is not a community")
	}
	if err := fibonacco.InvalidFields("the file cannot be imported", bad); err != nil {
		return req, err
	}
	return req, s.able(&req)
}

// checkRules names what is wrong with how known businesses are found and changed, and fills the
// rules of a do-not-contact file in.
func checkRules(req *fibonacco.ImportRequest) (bad []fibonacco.FieldError) {
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	switch req.Mode {
	case "":
	case fibonacco.DoNotContactFile:
		if len(req.Match) == 0 {
			req.Match = []fibonacco.MatchRule{fibonacco.MatchEmail, fibonacco.MatchPhone, fibonacco.MatchNameZIP}
		}
	default:
		refuse("mode", "must be "+fibonacco.DoNotContactFile+", or left out")
	}
	if len(req.Match) == 0 {
		req.Match = nil
	}
	for i, rule := range req.Match {
		switch {
		case !slices.Contains(fibonacco.MatchRules, rule):
			refuse("match", "must be any of "+joinRules(fibonacco.MatchRules)+", the surest first")
		case slices.Contains(req.Match[:i], rule):
			refuse("match", "names "+string(rule)+" twice")
		}
	}
	for name, mode := range req.Policies {
		if _, ok := policyField(name); !ok {
			refuse("policy."+name, "is not a field of a business that rows change")
		} else if !slices.Contains(modes, mode) {
			refuse("policy."+name, "must be "+oneOf(modes))
		}
	}
	slices.SortFunc(bad, func(a, b fibonacco.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return bad
}

// able returns NotImplemented for what this process was built without.
func (s *Service) able(req *fibonacco.ImportRequest) error {
	if req.Mode == fibonacco.DoNotContactFile && s.o.suppress == nil && !req.DryRun {
		return fibonacco.Errorf(fibonacco.NotImplemented, "do-not-contact files cannot be taken in by this build")
	}
	for i := range fibonacco.Channels {
		if req.Mapping[specs[emailConsent+field(i)].name] != "" && s.o.consents == nil {
			return fibonacco.Errorf(fibonacco.NotImplemented, "consents cannot be recorded by this build")
		}
	}
	return nil
}

// knowsCommunity reports whether the caller may import into a community.
func (s *Service) knowsCommunity(ctx context.Context, id int64) (known bool, err error) {
	if !fibonacco.InScope(ctx, id) {
		return false, nil
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM communities WHERE id = $1`, id)
		known = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for community %d: %w", id, err)
	}
	return known, nil
}

func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

func joinRules(rules []fibonacco.MatchRule) string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}
