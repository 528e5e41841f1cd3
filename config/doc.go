// Package config reads the settings: embedded defaults < database < file < environment < flag. What
// the database holds is handed in by whoever has opened it (WithStored), for a few keys only.
//
// The defaults are fibonacco.yaml and queues.yaml, which are also where operators read what a
// setting means. Everything else is derived from these two files and the types they fill: the list
// of keys (Keys), the variable of each, .env.example, what is a secret. To add a setting, add a
// field to fibonacco.Config and a commented key to fibonacco.yaml, then run go generate here.
//
// A wrong configuration is refused as a whole, with every problem named at once. A secret
// never shows: not in an error, not in what Print writes.
//
// The package reads files and variables, and nothing else: it opens no database, resolves no name and
// starts nothing. It never looks at files that settings name (such as email.dkim_key_file);
// whoever uses them does.
package config

//go:generate go test -run ^TestEnvExample$ -update .
