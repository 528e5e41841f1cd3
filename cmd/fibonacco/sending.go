package main

import (
	"os/user"

	"github.com/fibonacco/fibonacco"
)

type sendingCommand struct {
	Status  sendingStatus  `cmd:"" default:"1" help:"Say whether programme mail leaves, and what came back lately."`
	Pause   sendingPause   `cmd:"" help:"Hold all programme mail, on every node."`
	Resume  sendingResume  `cmd:"" help:"Let it go again."`
	Unknown sendingUnknown `cmd:"" help:"List the mails of which nobody knows whether they arrived."`
	Settle  sendingSettle  `cmd:"" help:"Say what became of one of those."`
}

type sendingStatus struct {
	JSON bool `help:"Print JSON."`
}

func (c sendingStatus) Run(e *env) error {
	return e.with(func(a *app) error { return reportSending(e, a, c.JSON) })
}

type sendingPause struct {
	Reason string `help:"Why; staff see it." required:""`
	JSON   bool   `help:"Print JSON."`
}

func (c sendingPause) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.campaign.PauseSending(e.ctx, c.Reason, whoami()); err != nil {
			return err
		}
		return reportSending(e, a, c.JSON)
	})
}

type sendingResume struct {
	JSON bool `help:"Print JSON."`
}

func (c sendingResume) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.campaign.ResumeSending(e.ctx, whoami()); err != nil {
			return err
		}
		return reportSending(e, a, c.JSON)
	})
}

type sendingUnknown struct {
	JSON bool `help:"Print JSON, a mail a line."`
}

func (c sendingUnknown) Run(e *env) error {
	return e.with(func(a *app) error {
		q := fibonacco.ListQuery{Filter: fibonacco.Filter{"status": string(fibonacco.SendUnknown)}, Sort: []string{"id"}}
		found := 0
		err := eachOf(e, noLimit, q, a.campaign.QuerySends, func(s fibonacco.CampaignSend) error {
			found++
			if c.JSON {
				return e.printJSON(s)
			}
			at := s.CreatedAt
			if s.ScheduledFor != nil {
				at = *s.ScheduledFor
			}
			e.say("%d  %s to business %d, due %s", s.ID, s.CampaignID, s.SMBID, at.Format("2006-01-02 15:04 MST"))
			return nil
		})
		if err != nil {
			return err
		}
		if found == 0 && !c.JSON {
			e.say("Of every mail it is known what became of it.")
		}
		return nil
	})
}

type sendingSettle struct {
	ID     int64  `arg:"" help:"Of the mail, as \"fibonacco sending unknown\" lists it."`
	Became string `arg:"" enum:"sent,failed,queued" help:"sent, failed, or queued, which sends it again."`
	Reason string `help:"How you know; kept in the audit log." required:""`
}

func (c sendingSettle) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.campaign.SettleSend(e.ctx, c.ID, fibonacco.SendStatus(c.Became), c.Reason); err != nil {
			return err
		}
		e.say("Mail %d is %s.", c.ID, c.Became)
		return nil
	})
}

func reportSending(e *env, a *app, asJSON bool) error {
	s, err := a.campaign.SendingState(e.ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return e.printJSON(s)
	}
	if s.Paused {
		e.say("Sending is paused by %s since %s: %s", s.By, s.Since.Format("2006-01-02 15:04 MST"), s.Reason)
	} else {
		e.say("Programme mail leaves.")
	}
	e.say("Since %s: %d sent, %.2f %% bounced, %.3f %% reported as spam (%s).",
		s.Health.Since.Format("2006-01-02 15:04 MST"), s.Health.Sent, s.Health.BounceRate, s.Health.ComplaintRate, s.Health.Level)
	if w := s.Warmup; w != nil {
		e.say("Day %d of the warm-up: %d of %d mails have left on %s (UTC), %d wait for the next day.", w.Day, w.Sent, w.Volume, w.Date, w.Postponed)
	}
	return nil
}

// whoami is who runs this command, as the machine knows them.
func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "the command line"
}
