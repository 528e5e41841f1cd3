package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// with wires the graph for a command that does one thing and ends.
func (e *env) with(do func(a *app) error) error {
	a, err := wire(e.ctx, e.settings, wiring{})
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.close())
}

type communityCommand struct {
	Create communityCreate `cmd:"" help:"Add a community."`
	List   communityList   `cmd:"" help:"List communities with their businesses counted."`
}

type communityCreate struct {
	Name       string `help:"Its name." required:""`
	Slug       string `help:"Its short name: lower case, digits, hyphens." required:""`
	State      string `help:"Two letters." required:""`
	Timezone   string `help:"IANA time zone." default:"America/New_York"`
	County     string `help:"Its county."`
	Population *int   `help:"How many people live there."`
	JSON       bool   `help:"Print JSON."`
}

func (c communityCreate) Run(e *env) error {
	return e.with(func(a *app) error {
		made, err := a.smb.CreateCommunity(e.ctx, fibonacco.Community{
			Name: c.Name, Slug: c.Slug, State: strings.ToUpper(c.State), Timezone: c.Timezone, County: c.County, Population: c.Population,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(made)
		}
		e.say("Added %s (%s), %s.", made.Name, made.Slug, made.Timezone)
		return nil
	})
}

type communityList struct {
	JSON bool `help:"Print JSON."`
}

func (c communityList) Run(e *env) error {
	return e.with(func(a *app) error {
		all, err := a.smb.ListCommunities(e.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(all)
		}
		if len(all) == 0 {
			e.say("No communities yet. Add one: fibonacco community create --name N --slug S --state ST --timezone ZONE")
		}
		for _, t := range all {
			e.say("%-24s %-24s %-2s  %-24s %7d businesses, %d in the programme", t.Slug, t.Name, t.State, t.Timezone, t.SMBs, t.Active)
		}
		return nil
	})
}

type explainCommand struct {
	SMB  string `arg:"" help:"Id, uuid or e-mail address of a business." name:"smb"`
	Date string `arg:"" help:"Local day, like 2026-11-23; today when left out." optional:""`
	JSON bool   `help:"Print JSON."`
}

func (c explainCommand) Run(e *env) error {
	return e.with(func(a *app) error {
		business, err := a.findSMB(e, c.SMB)
		if err != nil {
			return err
		}
		if c.Date == "" {
			town, err := a.smb.FindCommunity(e.ctx, business.CommunityID)
			if err != nil {
				return err
			}
			zone, err := fibonacco.LoadZone(town.Timezone)
			if err != nil {
				return err
			}
			c.Date = a.db.Clock().Now().In(zone).Format(time.DateOnly)
		}
		x, err := explainer{a}.Explain(e.ctx, business.ID, c.Date)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(x)
		}
		e.say("%s, %s (%s)", x.BusinessName, x.Date, x.Timezone)
		for _, line := range x.Lines {
			e.say("  %s", line.Sentence)
		}
		return nil
	})
}

// findSMB takes what a person has at hand: an id, a uuid or an address.
func (a *app) findSMB(e *env, handle string) (*fibonacco.SMB, error) {
	if id, err := strconv.ParseInt(handle, 10, 64); err == nil {
		return a.smb.Find(e.ctx, id)
	}
	if strings.Contains(handle, "@") {
		return a.smb.FindByEmail(e.ctx, handle)
	}
	return a.smb.FindByUUID(e.ctx, handle)
}
