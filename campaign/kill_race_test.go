//go:build race

package campaign_test

// Under the race detector SQLite is twenty times slower: fewer mails prove the same.
const killMails = 4_000
