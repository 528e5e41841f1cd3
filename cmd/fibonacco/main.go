// Command fibonacco is the whole product: the web server, the workers, and the tools of those
// who run them. `fibonacco demo` shows it; `fibonacco serve` runs it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // a scratch container has no zones of its own

	"github.com/alecthomas/kong"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
)

var version = "dev" // set by the linker

// cli is every sub-command, in the order of a life with the product.
type cli struct {
	Config []string `help:"Configuration file; may be given more than once." placeholder:"FILE" short:"c"`
	Queues string   `help:"Queue file." placeholder:"FILE"`
	Set    []string `help:"One setting, over file and environment." placeholder:"KEY=VALUE" sep:"none"`

	Demo      demoCommand      `cmd:"" help:"Show everything: sample businesses, a fast clock, no mail leaves this computer."`
	Serve     serveCommand     `cmd:"" help:"Run the web server and the workers."`
	Setup     setupCommand     `cmd:"" help:"Print the code that lets the first person in, and where to type it."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database's schema up, take it down, or look at it."`
	Community communityCommand `cmd:"" help:"Communities: the towns whose businesses are looked after."`
	Import    importCommand    `cmd:"" help:"Import a file of businesses."`
	Imports   importsCommand   `cmd:"" help:"Imports that were made: list them, see their errors, take one back."`
	SMB       smbCommand       `cmd:"" name:"smb" help:"One business: export everything about it, or erase it."`
	Links     linksCommand     `cmd:"" help:"Links that businesses were sent: call them in."`
	Duplicate duplicateCommand `cmd:"" name:"duplicates" help:"Businesses that may be the same, in pairs."`
	Merge     mergeCommand     `cmd:"" help:"Make one business of two, or take that back."`
	Suppress  suppressCommand  `cmd:"" help:"Addresses and numbers that get nothing more."`
	Campaigns campaignsCommand `cmd:"" help:"The programme library: check it, bring it in."`
	Programme programmeCommand `cmd:"" help:"Start, pause or resume the programme of many businesses."`
	Sending   sendingCommand   `cmd:"" help:"Whether programme mail leaves: look, pause, resume."`
	Explain   explainCommand   `cmd:"" help:"Say what was due to a business on a day, and why what did not go did not."`
	Voicemail voicemailCommand `cmd:"" help:"Ringless voicemail: may a business get one, do they leave."`
	Tracking  trackingCommand  `cmd:"" help:"Opens and clicks: the rules that judge them, one hit, one mail, all of them again."`
	Queue     queueCommand     `cmd:"" help:"The job queues: what waits, what failed and why; try again, cancel, hold."`
	User      userCommand      `cmd:"" help:"People who can sign in."`
	Token     tokenCommand     `cmd:"" help:"Access tokens for the API."`
	Doctor    doctorCommand    `cmd:"" help:"Check everything the product leans on."`
	Conf      configCommand    `cmd:"" name:"config" help:"Print the settings in force, secrets hidden."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// Exit codes.
const (
	exitFailed  = 1 // it went wrong
	exitInvalid = 2 // what was asked for is wrong: flags, settings, values
	exitPartly  = 3 // done, but some of it was refused; the output says what
)

// errPartly ends a command whose output has said what was refused.
var errPartly = errors.New("some of it was refused")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// env is what a sub-command is given.
type env struct {
	ctx      context.Context //nolint:containedctx // kong calls Run without one
	settings *config.Settings
	out, err io.Writer
}

// run is the command without the process: arguments in, exit code out.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("fibonacco"),
		kong.Description("Wins and keeps small businesses: a 90-day programme by e-mail, in each one's own time zone."),
		kong.Writers(out, errOut),
		kong.Exit(func(n int) { code = n }),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(errOut, err)
		return exitFailed
	}
	kctx, err := parser.Parse(args)
	if code >= 0 {
		return code // --help
	}
	if err != nil {
		fmt.Fprintf(errOut, "fibonacco: %v\n", err)
		return exitInvalid
	}
	settings, err := config.Read(config.Options{Files: c.Config, QueueFile: c.Queues, Set: c.Set})
	if err != nil {
		return report(errOut, err)
	}
	level := slog.LevelInfo
	_ = level.UnmarshalText([]byte(settings.Config.LogLevel)) // checked by config
	slog.SetDefault(slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level})))
	return report(errOut, kctx.Run(&env{ctx: ctx, settings: settings, out: out, err: errOut}))
}

// report prints an error for people and chooses the exit code.
func report(w io.Writer, err error) int {
	var known *fibonacco.Error
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errPartly):
		return exitPartly
	case errors.As(err, &known):
		fmt.Fprintf(w, "fibonacco: %s\n", known.Message)
		for _, f := range known.Fields {
			fmt.Fprintf(w, "  %s %s\n", f.Field, f.Reason)
		}
		if known.Code == fibonacco.Invalid || known.Code == fibonacco.Malformed {
			return exitInvalid
		}
		return exitFailed
	default:
		fmt.Fprintf(w, "fibonacco: %v\n", err)
		return exitFailed
	}
}

// printJSON writes one line of JSON.
func (e *env) printJSON(v any) error {
	enc := json.NewEncoder(e.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// say writes a line for people.
func (e *env) say(format string, args ...any) {
	fmt.Fprintf(e.out, strings.TrimSuffix(format, "\n")+"\n", args...)
}

type versionCommand struct{}

func (versionCommand) Run(e *env) error {
	e.say("fibonacco %s", version)
	return nil
}

type configCommand struct {
	JSON bool `help:"Print JSON."`
}

func (c configCommand) Run(e *env) error {
	if !c.JSON {
		return config.Print(e.out, e.settings)
	}
	values, err := e.settings.Values()
	if err != nil {
		return err
	}
	return e.printJSON(values)
}
