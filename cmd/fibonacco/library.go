package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
)

type campaignsExport struct {
	Dir  string `arg:"" help:"Folder to write to; it is made when it is not there. Files in it are not overwritten." type:"path"`
	JSON bool   `help:"Print JSON."`
}

func (c campaignsExport) Run(e *env) error {
	return e.with(func(a *app) error {
		campaigns, contents, err := a.campaign.Library(e.ctx)
		if err != nil {
			return err
		}
		pages := map[string]fibonacco.Content{}
		for _, p := range contents {
			pages[p.Slug] = p
		}
		// What cannot be written is said, and the rest is written: nothing of it is half a library.
		var refused []error
		written := 0
		if err := os.MkdirAll(c.Dir, 0o750); err != nil {
			return err
		}
		for _, one := range campaigns {
			entry := format.Entry{Campaign: one, Content: pages[one.Slug]}
			if err := writeNew(libraryRules(e), c.Dir, entry); err != nil {
				refused = append(refused, err)
				continue
			}
			written++
		}
		if c.JSON {
			reasons := []string{}
			for _, err := range refused {
				reasons = append(reasons, err.Error())
			}
			err = e.printJSON(map[string]any{"written": written, "refused": reasons})
		} else {
			for _, err := range refused {
				e.say("%v", err)
			}
			e.say("%d of %d campaigns are in %s.", written, len(campaigns), c.Dir)
		}
		if err == nil && len(refused) > 0 {
			err = errPartly
		}
		return err
	})
}

// writeNew writes an entry to a file that must not be there yet, unless it says the same.
func writeNew(rules format.Rules, dir string, entry format.Entry) error {
	name, data, err := rules.Write(entry)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		there, readErr := os.ReadFile(path)
		if readErr == nil && string(there) == string(data) {
			return nil
		}
		return fmt.Errorf("%s is there already, and says something else", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

type campaignsStats struct {
	ID      string `arg:"" help:"Campaign, such as HOOK-001; all of them when left out." optional:""`
	Version int    `help:"Only this version of its texts."`
	JSON    bool   `help:"Print JSON instead of CSV."`
}

func (c campaignsStats) Run(e *env) error {
	return e.with(func(a *app) error {
		ids := []string{c.ID}
		if c.ID == "" {
			ids = nil
			all, err := a.campaign.ListCampaigns(e.ctx, "", 0)
			if err != nil {
				return err
			}
			for _, one := range all {
				ids = append(ids, one.ID)
			}
		}
		stats := []*fibonacco.CampaignStats{}
		for _, id := range ids {
			one, err := a.campaign.CampaignStats(e.ctx, id, c.Version)
			if err != nil {
				return err
			}
			stats = append(stats, one)
		}
		if c.JSON {
			return e.printJSON(stats)
		}
		return writeStats(e, stats)
	})
}

func writeStats(e *env, stats []*fibonacco.CampaignStats) error {
	w := csv.NewWriter(e.out)
	rows := [][]string{{
		"campaign_id", "planned", "queued", "sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed", "failed",
		"unknown", "suppressed", "cancelled", "delivery_rate", "open_rate", "click_rate", "bounce_rate", "complaint_rate", "unsubscribe_rate",
	}}
	for _, s := range stats {
		row := []string{s.CampaignID}
		for _, n := range []int{
			s.Planned, s.Queued, s.Sent, s.Delivered, s.Opened, s.Clicked, s.Bounced, s.Complained, s.Unsubscribed, s.Failed, s.Unknown,
			s.Suppressed, s.Cancelled,
		} {
			row = append(row, strconv.Itoa(n))
		}
		for _, rate := range []float64{s.DeliveryRate, s.OpenRate, s.ClickRate, s.BounceRate, s.ComplaintRate, s.UnsubscribeRate} {
			row = append(row, strconv.FormatFloat(rate, 'f', 2, 64))
		}
		rows = append(rows, row)
	}
	return w.WriteAll(rows)
}
