package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
)

type trackingCommand struct {
	Rules    trackingRulesCommand `cmd:"" help:"List the rules that tell people from machines, in the order in which they are tried."`
	Explain  trackingExplain      `cmd:"" help:"Say how a hit would be judged, and by which rule."`
	Hits     trackingHits         `cmd:"" help:"The opens and clicks of a mail, as they came."`
	Rejudge  trackingRejudge      `cmd:"" help:"Judge stored opens and clicks again by the rules in force."`
	Override trackingOverride     `cmd:"" help:"Say who opened and clicked a mail, whatever the rules say."`
}

// trackingRules is the rules in force: those of the program, or of the file that the settings name.
func trackingRules(cfg fibonacco.Config) (*verdicts.Rules, error) {
	name := cfg.Tracking.RulesFile
	if name == "" {
		return verdicts.Shipped(), nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("tracking.rules_file: %w", err)
	}
	rules, err := verdicts.Read(text)
	if err != nil {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "tracking.rules_file: %s: %v", name, err)
	}
	return rules, nil
}

type trackingRulesCommand struct {
	JSON bool `help:"Print JSON, a rule a line."`
}

func (c trackingRulesCommand) Run(e *env) error {
	rules, err := trackingRules(e.settings.Config)
	if err != nil {
		return err
	}
	for i, r := range rules.All() {
		if c.JSON {
			if err := e.printJSON(r.Public()); err != nil {
				return err
			}
			continue
		}
		e.say("%2d  %-24s %s, %s", i+1, r.ID, r.Verdict, r.Confidence)
		e.say("      when  %s", r.Describe())
		e.say("      why   %s (%s)", r.Why, r.Source)
	}
	if c.JSON {
		return nil
	}
	for _, n := range rules.Networks() {
		sure := "sure"
		if !n.Sure {
			sure = "not sure"
		}
		e.say("network %s, %s: %s", n.Name, sure, n.Source)
		for _, p := range n.Prefixes {
			e.say("      %s", p)
		}
	}
	return nil
}

type trackingExplain struct {
	UserAgent       string         `help:"What it calls itself." placeholder:"AGENT"`
	IP              string         `help:"Where it came from." placeholder:"ADDRESS"`
	Method          string         `help:"Of the request." default:"GET"`
	Kind            string         `help:"opened, which is a load of the pixel, or clicked." enum:"opened,clicked" default:"clicked"`
	Prefetch        bool           `help:"The browser said that nobody has asked yet."`
	HiddenLink      bool           `help:"It took the link that no person sees."`
	AfterHiddenLink *time.Duration `help:"How long after the hidden link was taken from there." placeholder:"TIME"`
	AfterDelivery   *time.Duration `help:"How long after the mail was delivered; negative is before." placeholder:"TIME"`
	AfterSending    *time.Duration `help:"How long after the mail was sent." placeholder:"TIME"`
	Links           int            `help:"How many different links were taken, itself included."`
	Within          time.Duration  `help:"In which time they were."`
	JSON            bool           `help:"Print JSON: the rules that hold, the one that decides first."`
}

// supposed is the mail's other hits, as the flags tell of them.
type supposed struct{ trackingExplain }

// AfterHidden implements verdicts.Past.
func (s supposed) AfterHidden(within time.Duration) bool {
	return s.AfterHiddenLink != nil && s.AfterHiddenLink.Abs() <= within
}

// Links implements verdicts.Past.
func (s supposed) Links(links int, within time.Duration) bool {
	return s.trackingExplain.Links >= links && s.Within <= within
}

func (c trackingExplain) Run(e *env) error {
	rules, err := trackingRules(e.settings.Config)
	if err != nil {
		return err
	}
	at := fibonacco.RealTime()
	h := &verdicts.Hit{
		Kind: c.Kind, At: at, Agent: c.UserAgent, Method: strings.ToUpper(c.Method), Prefetch: c.Prefetch, HiddenLink: c.HiddenLink, Past: supposed{c},
	}
	if c.IP != "" {
		if h.IP, err = netip.ParseAddr(c.IP); err != nil {
			return fibonacco.InvalidFields("the hit cannot be judged", []fibonacco.FieldError{{Field: "--ip", Reason: "is not an address"}})
		}
		h.IP = h.IP.WithZone("").Unmap()
	}
	before := func(d *time.Duration) *time.Time {
		if d == nil {
			return nil
		}
		then := at.Add(-*d)
		return &then
	}
	h.Delivered, h.Sent = before(c.AfterDelivery), before(c.AfterSending)
	holding := rules.Explain(h)
	if c.JSON {
		list := make([]fibonacco.TrackingRule, len(holding))
		for i, r := range holding {
			list[i] = r.Public()
		}
		return e.printJSON(list)
	}
	decides := holding[0]
	e.say("%s, by rule %s (%s): %s", decides.Verdict, decides.ID, decides.Confidence, decides.Why)
	e.say("  it asks for: %s", decides.Describe())
	e.say("  source: %s", decides.Source)
	for _, r := range holding[1:] {
		e.say("  would also hold: %s (%s)", r.ID, r.Verdict)
	}
	return nil
}

type trackingHits struct {
	Send int64 `arg:"" help:"Id of a mail, as campaign-sends lists it."`
	JSON bool  `help:"Print JSON, a hit a line."`
}

func (c trackingHits) Run(e *env) error {
	return e.with(func(a *app) error {
		hits, err := a.track.TrackingHits(e.ctx, c.Send)
		if err != nil {
			return err
		}
		for _, h := range hits {
			if c.JSON {
				if err := e.printJSON(h); err != nil {
					return err
				}
				continue
			}
			after := ""
			if h.AfterDelivery != nil {
				after = fmt.Sprintf(", %.1f s after delivery", *h.AfterDelivery)
			}
			e.say("%s  %-7s %-7s by %s: %s %s %s%s", h.At.Format("2006-01-02 15:04:05 MST"), h.Kind, h.Verdict, h.Rule, h.Method, h.IP, h.UserAgent, after)
		}
		if len(hits) == 0 && !c.JSON {
			e.say("Neither opened nor clicked.")
		}
		return nil
	})
}

type trackingRejudge struct {
	Since  string `help:"Only mails with an open or a click since then, like 2026-11-23 or 2026-11-23T10:00:00Z." placeholder:"TIME"`
	DryRun bool   `help:"Only say what would change."`
	JSON   bool   `help:"Print JSON, a line for each 500 mails."`
}

func (c trackingRejudge) Run(e *env) error {
	r := fibonacco.RejudgeRequest{DryRun: c.DryRun}
	if c.Since != "" {
		at, err := time.Parse(time.RFC3339, c.Since)
		if err != nil {
			at, err = time.Parse(time.DateOnly, c.Since)
		}
		if err != nil {
			return fibonacco.InvalidFields("the hits cannot be judged", []fibonacco.FieldError{{Field: "--since", Reason: "must be like 2026-11-23 or 2026-11-23T10:00:00Z"}})
		}
		r.Since = &at
	}
	return e.with(func(a *app) error {
		sum, changed := fibonacco.Rejudging{}, map[fibonacco.RejudgedHits]int{}
		var order []fibonacco.RejudgedHits
		for {
			one, err := a.track.Rejudge(e.ctx, r)
			if err != nil {
				return err
			}
			if c.JSON {
				if err := e.printJSON(one); err != nil {
					return err
				}
			}
			sum.Add(one)
			for _, h := range one.Changed {
				key := fibonacco.RejudgedHits{From: h.From, To: h.To, Rule: h.Rule}
				if changed[key] == 0 {
					order = append(order, key)
				}
				changed[key] += h.Hits
			}
			if r.After = one.Next; r.After == 0 {
				break
			}
		}
		if c.JSON {
			return nil
		}
		e.say("%d opens and clicks of %d mails were judged again; %d mails keep what a person said.", sum.Hits, sum.Sends, sum.Kept)
		for _, key := range order {
			e.say("  %6d  %s -> %s, by %s", changed[key], key.From, key.To, key.Rule)
		}
		e.say("  %6d  have the same verdict by another rule", sum.Reattributed)
		e.say("Mails: %d opened, %d no more; %d clicked, %d no more; %d at another time.",
			sum.Mails.Opened, sum.Mails.Unopened, sum.Mails.Clicked, sum.Mails.Unclicked, sum.Mails.Moved)
		if c.DryRun {
			e.say("Nothing was changed: this was a dry run.")
		}
		return nil
	})
}

type trackingOverride struct {
	Send    int64  `arg:"" help:"Id of a mail, as campaign-sends lists it."`
	Verdict string `arg:"" help:"human, machine, or rules, which lets the rules judge again." enum:"human,machine,rules"`
	Reason  string `help:"Why; it is kept in the audit log. Needed for human and machine."`
}

func (c trackingOverride) Run(e *env) error {
	v := fibonacco.Verdict(c.Verdict)
	if c.Verdict == "rules" {
		v = ""
	}
	return e.with(func(a *app) error {
		if err := a.track.OverrideVerdict(e.ctx, c.Send, v, c.Reason); err != nil {
			return err
		}
		e.say("Mail %d: who opened and clicked it is decided by %s from now on.", c.Send, map[bool]string{true: "the rules", false: "you: " + c.Verdict}[v == ""])
		return nil
	})
}
