package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/duplicates"
	"github.com/fibonacco/fibonacco/smb/merge"
)

// merges is everything about two businesses that are one: finding them, and making one of them.
type merges struct {
	*merge.Service
	*duplicates.Finder
}

var _ fibonacco.MergeService = merges{}

func newMerges(a *app) merges {
	return merges{
		merge.New(merge.Options{DB: a.db, Queue: a.queue, Rescore: a.smb.Rescore, TakeOver: a.campaign.TakeOver}),
		duplicates.New(a.db, a.smb),
	}
}

type duplicateCommand struct {
	Community string `help:"Slug of the community to look in; all of them when left out."`
	Limit     int    `help:"How many pairs at most." default:"100"`
	JSON      bool   `help:"Print JSON, a pair a line."`
}

func (c duplicateCommand) Run(e *env) error {
	if c.Limit < 1 || c.Limit > 500 {
		return fibonacco.InvalidFields("the pairs cannot be listed", []fibonacco.FieldError{{Field: "--limit", Reason: "must be from 1 to 500"}})
	}
	return e.with(func(a *app) error {
		var id int64
		if c.Community != "" {
			town, err := a.smb.FindCommunityBySlug(e.ctx, c.Community)
			if err != nil {
				return err
			}
			id = town.ID
		}
		pairs, err := a.merges.Duplicates(e.ctx, id, c.Limit)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			if c.JSON {
				if err := e.printJSON(p); err != nil {
					return err
				}
				continue
			}
			e.say("%3d  %d %s  and  %d %s", p.Score, p.A.ID, p.A.BusinessName, p.B.ID, p.B.BusinessName)
			for _, why := range p.Reasons {
				e.say("       %s", why)
			}
		}
		if len(pairs) == 0 && !c.JSON {
			e.say("Nothing looks like a duplicate.")
		}
		return nil
	})
}

type mergeCommand struct {
	Two  mergeTwo  `cmd:"" default:"withargs" help:"Make one business of two; --preview shows what it would do."`
	Undo mergeUndo `cmd:"" help:"Take a merge back, for 30 days."`
}

type mergeTwo struct {
	Survivor string            `arg:"" help:"Id, uuid or e-mail address of the business that remains."`
	Other    string            `arg:"" help:"Of the one that becomes part of it."`
	Preview  bool              `help:"Only say what it would do." xor:"do" required:""`
	Yes      bool              `help:"Do it." xor:"do" required:""`
	Choose   map[string]string `help:"Whose value of a field remains: primary_phone=other. May be given more than once." placeholder:"FIELD=SIDE"`
	JSON     bool              `help:"Print JSON."`
}

func (c mergeTwo) Run(e *env) error {
	return e.with(func(a *app) error {
		survivor, err := a.findSMB(e, c.Survivor)
		if err != nil {
			return err
		}
		other, err := a.findSMB(e, c.Other)
		if err != nil {
			return err
		}
		if c.Preview {
			p, err := a.merges.PreviewMerge(e.ctx, survivor.ID, other.ID, c.Choose)
			if err != nil {
				return err
			}
			if c.JSON {
				return e.printJSON(p)
			}
			e.say("%d %s would become part of %d %s.", other.ID, other.BusinessName, survivor.ID, survivor.BusinessName)
			e.sayFields(p.Fields)
			for _, table := range slices.Sorted(maps.Keys(p.Rows)) {
				e.say("  %-28s %6d rows move", table, p.Rows[table])
			}
			for _, table := range slices.Sorted(maps.Keys(p.Kept)) {
				e.say("  %-28s %6d rows stay: it has its own, or they never left", table, p.Kept[table])
			}
			return nil
		}
		m, err := a.merges.MergeSMBs(e.ctx, survivor.ID, other.ID, c.Choose)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(m)
		}
		e.say("%d %s is now part of %d %s.", other.ID, other.BusinessName, survivor.ID, survivor.BusinessName)
		e.sayFields(m.Fields)
		e.say("Until %s it can be taken back: fibonacco merge undo %s", m.UndoUntil.Format(time.DateOnly), m.UUID)
		return nil
	})
}

// sayFields prints whose values remain.
func (e *env) sayFields(fields []fibonacco.MergeField) {
	text := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(raw)
	}
	for _, f := range fields {
		e.say("  %-28s %s | %s -> %s", f.Name, text(f.Keep), text(f.Other), text(f.Result))
	}
}

type mergeUndo struct {
	UUID string `arg:"" help:"Of the merge, as it was printed when it was made."`
}

func (c mergeUndo) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.merges.UndoMerge(e.ctx, c.UUID); err != nil {
			return err
		}
		e.say("The two are two again.")
		return nil
	})
}
