package main

// setupCommand prints what lets the first person in.
type setupCommand struct {
	JSON bool `help:"Print JSON."`
}

func (c setupCommand) Run(e *env) error {
	return e.with(func(a *app) error {
		code, err := a.access.BeginSetup(e.ctx)
		if err != nil {
			return err
		}
		switch {
		case c.JSON:
			return e.printJSON(map[string]string{"code": code, "url": a.setupURL()})
		case code == "":
			e.say("Somebody can sign in already: %s/login", a.cfg.HTTP.PublicURL)
		default:
			e.say("Open %s and type this code. It is good once.", a.setupURL())
			e.say("%s", code)
		}
		return nil
	})
}

func (a *app) setupURL() string { return a.cfg.HTTP.PublicURL + "/setup" }

// offerSetup prints the setup code while nobody can sign in.
func (a *app) offerSetup(e *env) error {
	code, err := a.access.BeginSetup(e.ctx)
	if err != nil || code == "" {
		return err
	}
	a.log.Warn("nobody can sign in yet: open the setup and type this code, which is good once", "setup", a.setupURL(), "code", code)
	return nil
}
