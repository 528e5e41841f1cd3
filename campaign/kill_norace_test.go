//go:build !race

package campaign_test

const killMails = 20_000

const underRace = false
