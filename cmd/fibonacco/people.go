package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

type userCommand struct {
	Create   userCreate   `cmd:"" help:"Add a person who can sign in. The password is read from standard input, or --invite makes a link to set one."`
	List     userList     `cmd:"" help:"List the people who can sign in."`
	Disable  userDisable  `cmd:"" help:"Keep somebody out: sessions end, tokens stop working."`
	Enable   userEnable   `cmd:"" help:"Let somebody in again."`
	Password userPassword `cmd:"" help:"Give somebody another password, read from standard input, or with --link a link to set one. Their sessions end."`
	Totp     userTOTP     `cmd:"" name:"reset-totp" help:"Take the second factor away from somebody who has lost it. Their sessions end."`
}

type userCreate struct {
	Name      string         `help:"Full name." required:""`
	Email     string         `help:"E-mail address to sign in with." required:""`
	Role      fibonacco.Role `help:"admin, manager, operator or viewer." default:"admin"`
	Community []string       `help:"Short name of a community that the person is limited to; may be given more than once. Without one, all." placeholder:"SLUG"`
	Invite    bool           `help:"Ask for no password: print a link, good once, to set one."`
	JSON      bool           `help:"Print JSON."`
}

func (c userCreate) Run(e *env) error {
	password := ""
	if !c.Invite {
		var err error
		if password, err = e.readPassword(); err != nil {
			return err
		}
	}
	return e.with(func(a *app) error {
		communities, err := a.communityIDs(e, c.Community)
		if err != nil {
			return err
		}
		u := fibonacco.User{Name: c.Name, Email: c.Email, Role: c.Role, Communities: communities}
		var made *fibonacco.User
		var link *fibonacco.PasswordLink
		if c.Invite {
			made, link, err = a.access.InviteUser(e.ctx, u)
		} else {
			made, err = a.access.CreateUser(e.ctx, u, password)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(struct {
				*fibonacco.User
				PasswordLink *fibonacco.PasswordLink `json:"password_link,omitempty"`
			}{made, link})
		}
		e.say("Added %s as %s.", made.Email, made.Role)
		e.sayLink(link)
		return nil
	})
}

// readPassword takes a line of standard input, which a terminal is asked for.
func (e *env) readPassword() (string, error) {
	if stat, err := os.Stdin.Stat(); err == nil && stat.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(e.err, "Password (at least 10 characters): ")
	}
	password, err := bufio.NewReader(io.LimitReader(os.Stdin, 1100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(password, "\r\n"), nil
}

func (e *env) sayLink(link *fibonacco.PasswordLink) {
	if link == nil {
		return
	}
	e.say("%s", link.URL)
	fmt.Fprintf(e.err, "Good once, until %s. Whoever has it becomes that user.\n", link.ExpiresAt.Format(time.RFC3339))
}

// communityIDs is communities by their short names.
func (a *app) communityIDs(e *env, slugs []string) (ids []int64, err error) {
	for _, slug := range slugs {
		town, err := a.smb.FindCommunityBySlug(e.ctx, slug)
		if err != nil {
			return nil, err
		}
		ids = append(ids, town.ID)
	}
	return ids, nil
}

type userList struct {
	JSON bool `help:"Print JSON."`
}

func (c userList) Run(e *env) error {
	return e.with(func(a *app) error {
		all, err := everyOf(e, a.access.ListUsers)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(all)
		}
		if len(all) == 0 {
			e.say("Nobody can sign in yet. Add somebody: fibonacco user create --name N --email E")
		}
		for _, u := range all {
			state := "never seen"
			switch {
			case u.Disabled:
				state = "disabled"
			case u.Invited:
				state = "invited"
			case u.LastSeenAt != nil:
				state = "seen " + u.LastSeenAt.Format(time.DateOnly)
			}
			e.say("%-6d %-32s %-24s %-8s %s", u.ID, u.Email, u.Name, u.Role, state)
		}
		return nil
	})
}

type userDisable struct {
	Email string `arg:"" help:"Whose account."`
}

func (c userDisable) Run(e *env) error {
	return e.withUser(c.Email, func(a *app, u *fibonacco.User) error {
		if _, err := a.access.DisableUser(e.ctx, u.ID); err != nil {
			return err
		}
		e.say("%s is kept out.", u.Email)
		return nil
	})
}

type userEnable struct {
	Email string `arg:"" help:"Whose account."`
}

func (c userEnable) Run(e *env) error {
	return e.withUser(c.Email, func(a *app, u *fibonacco.User) error {
		if _, err := a.access.EnableUser(e.ctx, u.ID); err != nil {
			return err
		}
		e.say("%s may come in again.", u.Email)
		return nil
	})
}

type userPassword struct {
	Email string `arg:"" help:"Whose account."`
	Link  bool   `help:"Ask for no password: print a link, good once, to set one."`
}

func (c userPassword) Run(e *env) error {
	return e.withUser(c.Email, func(a *app, u *fibonacco.User) error {
		if c.Link {
			link, err := a.access.ResetPassword(e.ctx, u.ID)
			if err == nil {
				e.sayLink(link)
			}
			return err
		}
		password, err := e.readPassword()
		if err != nil {
			return err
		}
		if err := a.access.SetPassword(e.ctx, u.ID, password); err != nil {
			return err
		}
		e.say("%s has a new password.", u.Email)
		return nil
	})
}

type userTOTP struct {
	Email string `arg:"" help:"Whose account."`
}

func (c userTOTP) Run(e *env) error {
	return e.withUser(c.Email, func(a *app, u *fibonacco.User) error {
		if err := a.access.ResetSecondFactor(e.ctx, u.ID); err != nil {
			return err
		}
		e.say("No code is asked of %s any more.", u.Email)
		return nil
	})
}

// withUser is with, for a command about one user.
func (e *env) withUser(email string, do func(a *app, u *fibonacco.User) error) error {
	return e.with(func(a *app) error {
		u, err := a.access.FindUserByEmail(e.ctx, email)
		if err != nil {
			return err
		}
		return do(a, u)
	})
}

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token. It is shown once."`
	List   tokenList   `cmd:"" help:"List the tokens, without their secrets."`
	Revoke tokenRevoke `cmd:"" help:"End a token. Nodes refuse it within five seconds."`
}

type tokenCreate struct {
	Name      string         `help:"What it is for." required:""`
	Role      fibonacco.Role `help:"What it may do at most: admin, manager, operator or viewer." default:"operator"`
	User      string         `help:"E-mail address of whose it is: it ends with them. Without one, nobody's." placeholder:"EMAIL"`
	Ability   []string       `help:"One thing that it may, like smbs:read; may be given more than once. Without one, whatever its role may." placeholder:"ABILITY"`
	Community []string       `help:"Short name of a community that it is limited to; may be given more than once." placeholder:"SLUG"`
	Expires   time.Duration  `help:"How long it is good for, like 720h; 0 is for ever."`
	JSON      bool           `help:"Print JSON."`
}

func (c tokenCreate) Run(e *env) error {
	return e.with(func(a *app) error {
		t := fibonacco.AccessToken{Name: c.Name, Role: c.Role}
		for _, ability := range c.Ability {
			t.Abilities = append(t.Abilities, fibonacco.Ability(ability))
		}
		if c.Expires > 0 {
			at := fibonacco.SystemClock{}.Now().Add(c.Expires)
			t.ExpiresAt = &at
		}
		var err error
		if t.Communities, err = a.communityIDs(e, c.Community); err != nil {
			return err
		}
		if c.User != "" {
			u, err := a.access.FindUserByEmail(e.ctx, c.User)
			if err != nil {
				return err
			}
			t.UserID = &u.ID
		}
		secret, made, err := a.access.CreateToken(e.ctx, t)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(map[string]any{"token": secret, "id": made.ID, "name": made.Name, "role": made.Role})
		}
		e.say("%s", secret)
		fmt.Fprintln(e.err, "Keep it: it is not shown again.")
		return nil
	})
}

type tokenList struct {
	JSON bool `help:"Print JSON."`
}

func (c tokenList) Run(e *env) error {
	return e.with(func(a *app) error {
		all, err := everyOf(e, a.access.ListTokens)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(all)
		}
		for _, t := range all {
			used, ends := "never used", "never expires"
			if t.LastUsedAt != nil {
				used = "used " + t.LastUsedAt.Format(time.DateOnly)
			}
			if t.ExpiresAt != nil {
				ends = "until " + t.ExpiresAt.Format(time.DateOnly)
			}
			e.say("%-6d %-10s %-32s %-8s %s, %s", t.ID, t.Prefix, t.Name, t.Role, used, ends)
		}
		return nil
	})
}

type tokenRevoke struct {
	ID int64 `arg:"" help:"Its number, as fibonacco token list shows it."`
}

func (c tokenRevoke) Run(e *env) error {
	return e.with(func(a *app) error {
		if err := a.access.RevokeToken(e.ctx, c.ID); err != nil {
			return err
		}
		e.say("Token %d has ended.", c.ID)
		return nil
	})
}
