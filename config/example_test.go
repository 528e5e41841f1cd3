package config_test

import (
	"fmt"

	"github.com/fibonacco/fibonacco/config"
)

func ExampleRead() {
	settings, err := config.Read(config.Options{
		Dir:     "testdata", // no files of its own
		Environ: []string{"FIBONACCO_RVM__TRIGGER_AFTER_HOURS=12"},
		Set:     []string{"rvm.send_time_local=11:30"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rvm := settings.Config.RVM
	fmt.Println(rvm.TriggerAfterHours, settings.Origin("rvm.trigger_after_hours"))
	fmt.Println(rvm.SendTimeLocal, settings.Origin("rvm.send_time_local"))
	fmt.Println(rvm.Provider, settings.Origin("rvm.provider"))
	// Output:
	// 12 env FIBONACCO_RVM__TRIGGER_AFTER_HOURS
	// 11:30 flag --set
	// drop_cowboy default
}

func ExampleLoad_problems() {
	_, _, err := config.Load(config.Options{
		Dir:     "testdata",
		Environ: []string{"FIBONACCO_RVM_PROVIDER=simulator", "MAIL_MAILER=pigeon"},
	})
	fmt.Println(err)
	// Output:
	// the configuration has 2 problems: FIBONACCO_RVM_PROVIDER is not a known variable; did you mean FIBONACCO_RVM__PROVIDER?; email.mailer must be catcher, smtp or ses, not "pigeon" (MAIL_MAILER)
}
