// Package fibonacco is the domain of a platform for a local-media company that wins and keeps
// small businesses: its types, the six contracts between its modules, every event, and what it
// asks of the outside. It imports the standard library only; everything else imports it.
//
// # The life of one e-mail
//
// Each step, and the file it happens in. Work goes down this list and never up.
//
//  1. a file of businesses is read                     smb/imports/run.go
//  2. the programme is started for some of them        campaign/start.go
//  3. each day, each one's step is planned             campaign/plan.go
//  4. at ten o'clock where they are, it is due         campaign/release.go
//  5. it is claimed, after one last look at consent    campaign/claim.go
//  6. it is written for one reader                     campaign/render/message.go
//  7. it waits for a connection and is handed over     campaign/lane.go → mail/smtp, mail/catcher
//  8. what came of it is stored                        campaign/record.go
//     (what a death left in the air is settled         campaign/settle.go)
//  9. it is opened, a link is followed                 web/public → campaign/track/ingest.go
//  10. by a person or by a machine?                     campaign/track/verdict.go
//  11. the business's score and tier follow             smb/rescore.go
//  12. the learning page is shown                       web/public → learning
//  13. nobody opened it: a voicemail follows            campaign/voicemail/consider.go → voicemail/dropcowboy
//  14. the reader has had enough                        campaign/track/unsubscribe.go
//
// Why something did not happen is asked of campaign/explain.go. Which event wakes whom is one
// table, cmd/fibonacco/flow.go; what runs by the clock stands under it.
//
// # Where things are
//
//	fibonacco (here)  types, contracts, events, provider interfaces, clock, errors, signed links
//	db                two engines, one SQL text; migrations
//	queue             jobs that commit with their cause; events; cron; supervisors
//	smb, campaign, learning, access, analytics
//	                  the modules: they meet here, in contracts and events, and never import
//	                  one another
//	mail/…, cluster   adapters to the outside; they know this package only
//	web               every URL; it is handed contracts
//	cmd/fibonacco     the commands, and wire.go, which puts all of it together
//
// Imports run one way: fibonacco ← db ← queue ← modules ← cmd. A test holds it so.
package fibonacco
