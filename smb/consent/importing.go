package consent

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

const (
	importAtOnce = 5000 // addresses and numbers of one transaction
	mostErrors   = 1000 // that a result lists; all are counted
)

// ImportSuppressions implements fibonacco.ConsentService. What was taken in before an error stays,
// and doing it again adds what is missing. An address that was erased is not written down anew.
// Returns Invalid for a wrong reason or source and for a file without anything in it, Malformed
// for one that is no text.
func (s *Service) ImportSuppressions(ctx context.Context, raw io.Reader, reason, source string) (*fibonacco.SuppressionResult, error) {
	source = strings.TrimSpace(source)
	var bad []fibonacco.FieldError
	if why := checkReason(&reason); why != "" {
		bad = append(bad, fibonacco.FieldError{Field: "reason", Reason: why})
	}
	if why := unstorable(source, 255); why != "" {
		bad = append(bad, fibonacco.FieldError{Field: "source", Reason: why})
	} else if source == "" {
		bad = append(bad, fibonacco.FieldError{Field: "source", Reason: "is required: whose list it is"})
	}
	if err := fibonacco.InvalidFields("the file cannot be taken in", bad); err != nil {
		return nil, err
	}
	f, err := openFile(raw)
	if err != nil {
		return nil, err
	}
	in := &intake{Service: s, reason: reason, source: source, communityID: ownCommunity(ctx)}
	in.result.Errors = []fibonacco.ImportError{}
	for more := true; more; {
		if more, err = in.fill(f); err == nil {
			err = in.store(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(in.reached)
	in.result.Reached = len(slices.Compact(in.reached))
	return &in.result, nil
}

// intake is a file on its way into the suppressions.
type intake struct {
	*Service
	reason, source string
	communityID    *int64

	batch   []target
	reached []int64 // SMBs; one may be in it twice
	result  fibonacco.SuppressionResult
}

// fill reads the next batch; more is false when it is the last.
func (in *intake) fill(f *file) (more bool, err error) {
	in.batch = in.batch[:0]
	for len(in.batch) < importAtOnce {
		found, err := f.next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		in.batch = append(in.batch, found.targets...)
		in.result.Failed += len(found.bad)
		in.result.Total += len(found.targets) + len(found.bad)
		if room := mostErrors - len(in.result.Errors); room > 0 {
			in.result.Errors = append(in.result.Errors, found.bad[:min(room, len(found.bad))]...)
		}
	}
	return true, nil
}

// store puts the batch into the database. What it counts is counted once it is committed.
func (in *intake) store(ctx context.Context) error {
	list := make([]held, 0, len(in.batch))
	for _, t := range in.batch {
		list = append(list, held{target: t, reason: in.reason, source: in.source, communityID: in.communityID})
	}
	var added []held
	var hit []int64
	err := in.db.Update(ctx, func(tx *db.Tx) (err error) {
		if added, err = holdNew(ctx, tx, list); err != nil || len(added) == 0 {
			return err
		}
		hit, err = reached(ctx, tx, added)
		return err
	})
	if err != nil {
		return err
	}
	in.result.Added += len(added)
	in.result.Known += len(in.batch) - len(added)
	in.reached = append(in.reached, hit...)
	return nil
}

// SuppressAll suppresses addresses and numbers in the caller's transaction, and says how many of
// them were not suppressed before. Of each, Value, Reason, Source, CommunityID and SMBID count; one
// that is neither an address nor a number is left out. Nothing here asks what the caller may see.
func SuppressAll(ctx context.Context, tx *db.Tx, suppressions []fibonacco.Suppression) (added int, err error) {
	var list []held
	for _, s := range suppressions {
		if t, ok := readTarget(s.Value); ok {
			list = append(list, held{target: t, reason: s.Reason, source: cut(s.Source, 255), communityID: s.CommunityID, smbID: s.SMBID})
		}
	}
	stored, err := holdNew(ctx, tx, list)
	return len(stored), err
}

// holdNew is hold without what was erased, which is not written down anew, and with an entry in
// the audit log: one for all that have the same reason, source and community, which a file's have.
func holdNew(ctx context.Context, tx *db.Tx, list []held) (added []held, err error) {
	targets := make([]target, len(list))
	for i, h := range list {
		targets[i] = h.target
	}
	known, err := erasedAmong(ctx, tx, targets)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		list = slices.DeleteFunc(slices.Clone(list), func(h held) bool { return known[h.target] != 0 })
	}
	if added, err = hold(ctx, tx, list); err != nil {
		return nil, err
	}
	type file struct {
		reason, source string
		community      int64 // 0 is none
	}
	counts := map[file]int{}
	for _, h := range added {
		f := file{h.reason, h.source, 0}
		if h.communityID != nil {
			f.community = *h.communityID
		}
		counts[f]++
	}
	var entries []fibonacco.AuditEntry
	for f, n := range counts {
		e := fibonacco.AuditEntry{
			Action: "suppressions.imported", Entity: "suppression", After: map[string]any{"added": n, "reason": f.reason, "source": f.source},
		}
		if f.community != 0 {
			e.CommunityID = &f.community
		}
		entries = append(entries, e)
	}
	return added, audit.Record(ctx, tx, entries...)
}
