package main

import (
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

type voicemailCommand struct {
	Check  voicemailCheck  `cmd:"" help:"Say whether a business may get a voicemail, rule by rule."`
	List   voicemailList   `cmd:"" help:"List voicemails, newest first."`
	Status voicemailStatus `cmd:"" help:"Say whether voicemails leave."`
	Pause  voicemailPause  `cmd:"" help:"Hold all voicemails, on every node."`
	Resume voicemailResume `cmd:"" help:"Let them go again."`
}

type voicemailCheck struct {
	SMB  string `arg:"" help:"Id, uuid or e-mail address of a business." name:"smb"`
	At   string `help:"Moment to judge, like 2026-11-23T10:00 where the business is, or with a zone; now when left out." placeholder:"TIME"`
	JSON bool   `help:"Print JSON."`
}

func (c voicemailCheck) Run(e *env) error {
	return e.with(func(a *app) error {
		business, err := a.findSMB(e, c.SMB)
		if err != nil {
			return err
		}
		at, err := a.momentAt(e, business.CommunityID, c.At)
		if err != nil {
			return err
		}
		p, err := a.voicemail.CheckVoicemail(e.ctx, business.ID, at)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(p)
		}
		e.sayPermission(p)
		return nil
	})
}

func (e *env) sayPermission(p *fibonacco.VoicemailPermission) {
	zone, err := fibonacco.LoadZone(p.Timezone)
	if err != nil {
		zone = time.UTC
	}
	const layout = "Mon 2 January 2006, 15:04 MST"
	verdict := "a voicemail may be dropped"
	if !p.Allowed {
		verdict = "no voicemail (" + string(p.Reason) + ")"
	}
	e.say("%s, %s: %s.", p.BusinessName, p.At.In(zone).Format(layout), verdict)
	for _, r := range p.Rules {
		mark := "yes"
		if !r.Allowed {
			mark = "no "
		}
		e.say("  %s  %s: %s", mark, r.Name, r.Because)
		if r.Source != "" {
			e.say("         %s", r.Source)
		}
	}
	if p.Next == nil {
		e.say("The hours of all the places where the telephone may be have nothing in common.")
	} else {
		e.say("The next time that the hours allow one: %s.", p.Next.In(zone).Format(layout))
	}
	e.say("This is what the product keeps to, not legal advice.")
}

// momentAt reads a moment: RFC 3339, or local to a community. "" is nil.
func (a *app) momentAt(e *env, communityID int64, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return &at, nil
	}
	town, err := a.smb.FindCommunity(e.ctx, communityID)
	if err != nil {
		return nil, err
	}
	zone, err := fibonacco.LoadZone(town.Timezone)
	if err != nil {
		return nil, err
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", strings.Replace(text, "T", " ", 1), zone)
	if err != nil {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "--at %q must be a time like 2026-11-23T10:00", text)
	}
	return &at, nil
}

type voicemailStatus struct {
	JSON bool `help:"Print JSON."`
}

func (c voicemailStatus) Run(e *env) error {
	return e.with(func(a *app) error { return reportVoicemail(e, a, c.JSON) })
}

type voicemailPause struct {
	Reason string `help:"Why; staff see it." required:""`
	JSON   bool   `help:"Print JSON."`
}

func (c voicemailPause) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.voicemail.PauseVoicemail(e.ctx, c.Reason, whoami()); err != nil {
			return err
		}
		return reportVoicemail(e, a, c.JSON)
	})
}

type voicemailResume struct {
	JSON bool `help:"Print JSON."`
}

func (c voicemailResume) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.voicemail.ResumeVoicemail(e.ctx, whoami()); err != nil {
			return err
		}
		return reportVoicemail(e, a, c.JSON)
	})
}

func reportVoicemail(e *env, a *app, asJSON bool) error {
	s, err := a.voicemail.VoicemailState(e.ctx)
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		return e.printJSON(s)
	case s.Provider == "":
		e.say("Voicemail is not set up: rvm.key, rvm.callback_number and rvm.opt_out_number are needed.")
	case s.Paused:
		e.say("Voicemails are paused by %s since %s: %s", s.By, s.Since.Format("2006-01-02 15:04 MST"), s.Reason)
	case s.Provider == "simulator":
		e.say("Voicemails go to the simulator, which calls nobody.")
	default:
		e.say("Voicemails leave, by %s.", s.Provider)
	}
	return nil
}
