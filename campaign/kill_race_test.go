//go:build race

package campaign_test

// Under the race detector SQLite is twenty times slower: fewer mails prove the same.
const killMails = 2_000

// underRace says that the race detector watches: it slows everything down, and looks for races, not
// for what the number of cases finds.
const underRace = true
