package main

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the schema up to this version. Safe while other nodes start."`
	Down   migrateDown   `cmd:"" help:"Take the last step back. What it drops is gone."`
	Status migrateStatus `cmd:"" help:"List every step and whether it is applied."`
}

type migrateUp struct{}

func (migrateUp) Run(e *env) error {
	d, err := openDatabase(e.ctx, e.settings.Config)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	n, err := d.Migrate(e.ctx)
	if err != nil {
		return err
	}
	if n == 0 {
		e.say("The schema is up to date.")
	} else {
		e.say("Applied %d steps: the schema is up to date.", n)
	}
	return nil
}

type migrateDown struct{}

func (migrateDown) Run(e *env) error {
	d, err := openDatabase(e.ctx, e.settings.Config)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	name, err := d.MigrateDown(e.ctx)
	if err != nil {
		return err
	}
	if name == "" {
		e.say("There is no step left: the job tables are removed too.")
	} else {
		e.say("Took back %s.", name)
	}
	return nil
}

type migrateStatus struct {
	JSON bool `help:"Print JSON."`
}

func (c migrateStatus) Run(e *env) error {
	d, err := openDatabase(e.ctx, e.settings.Config)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	all, err := d.Migrations(e.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return e.printJSON(all)
	}
	for _, m := range all {
		state := "waiting"
		if m.Applied {
			state = "applied"
		}
		e.say("%-8s %s", state, m.Name)
	}
	return nil
}
