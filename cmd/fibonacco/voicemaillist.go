package main

import (
	"fmt"

	"github.com/fibonacco/fibonacco"
)

type voicemailList struct {
	SMB    string   `help:"Only those of one business: id, uuid or e-mail address." name:"smb"`
	Filter []string `help:"Narrow it: status=delivered,failed, campaign_id=HOOK-001, sent_at=2026-11-01.." placeholder:"FIELD=CONDITION" sep:"none"`
	Limit  int      `help:"At most so many." default:"50"`
	JSON   bool     `help:"Print JSON, a line each."`
}

func (c voicemailList) Run(e *env) error {
	return e.with(func(a *app) error {
		q := fibonacco.ListQuery{Filter: filterOf(c.Filter)}
		if c.SMB != "" {
			business, err := a.findSMB(e, c.SMB)
			if err != nil {
				return err
			}
			q.Filter["smb_id"] = fmt.Sprint(business.ID)
		}
		return eachOf(e, c.Limit, q, a.voicemail.QueryDrops, func(d fibonacco.RVMDrop) error { return e.sayDrop(d, c.JSON) })
	})
}

func (e *env) sayDrop(d fibonacco.RVMDrop, asJSON bool) error {
	if asJSON {
		return e.printJSON(d)
	}
	at, when := d.ScheduledFor, "for"
	if d.SentAt != nil {
		at, when = d.SentAt, "on"
	}
	if d.DeliveredAt != nil {
		at = d.DeliveredAt
	}
	moment := ""
	if at != nil {
		moment = " " + when + " " + at.UTC().Format("2006-01-02 15:04 MST")
	}
	why := ""
	if d.DeliveryStatus != "" && d.DeliveryStatus != d.Status {
		why = " (" + d.DeliveryStatus + ")"
	}
	e.say("%d  business %d, %s: %s%s%s", d.ID, d.SMBID, d.CampaignID, d.Status, why, moment)
	return nil
}
