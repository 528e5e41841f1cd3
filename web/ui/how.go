package ui

// howItWorks is what each page says about itself at its foot, by the pattern that it is mounted at. A
// list says it with its other texts (ledgerData.How).
var howItWorks = map[string]string{
	"GET /overview": "Figures are of today, where most of your businesses are, and move by themselves. What waits for a person stands on top at the right; each line leads to where it is settled. " +
		"Changes compare with the same weekday a week before, at the same hour. A mail counts as opened or clicked when a person did it; what scanners fetch is kept apart.",
	"GET /find": "Press Ctrl K, or ⌘ K on a Mac, on any page. Businesses are found by part of a name, an e-mail address or a phone number, however it is written; " +
		"campaigns and pages by part of their name. Enter opens the first line.",
	"GET /menu": "These are all the pages that your role may see. On a wide screen they stand at the left of every page.",
	"GET /businesses/new": "A business that is added by hand starts nothing: the programme begins when somebody starts it on the record. What looks like one that is here already is shown before anything is stored. " +
		"An opt-in is ticked only by whoever has heard it from the business.",
	"GET /businesses/bulk/{uuid}": "A change of many goes on whether or not this page is open. It was fixed to those who matched when it began; who was left alone is in the file, each with the reason. " +
		"Pauses and tags can be taken back for 30 days.",
	"GET /cells/{id}/{field}/edit": "What you save here is noted in the audit log. When somebody else has changed the business meanwhile, you see their words before yours replace them.",
	"GET /communities/new":         "A community is a town whose businesses go through the programme together. Its time zone decides when it is ten o’clock there, and its days off move the programme by a day.",
	"GET /businesses/import": "The first row names the columns; what each seems to hold is proposed when you choose a file, and you have the last word. A trial stores nothing and shows what would change. " +
		"Businesses that are here already are found by e-mail, phone, or name and ZIP. Nobody is mailed by being imported. An import can be taken back for 30 days.",
	"GET /businesses/import/{uuid}": "An import goes on whether or not this page is open. What was refused is listed with its reason and line; mend these rows and import them again, the others will be recognized. " +
		"Taking an import back removes what it added and restores what it changed, except where somebody has worked on a business since.",
	"GET /mailbox": "The built-in catcher takes all mail in place of a mail server, so that nothing leaves this computer. It is for trying things out: with MAIL_MAILER set to smtp or ses, mail goes out " +
		"and this page is gone.",
	"GET /mailbox/{id}": "The mail is shown as its reader would see it, in a frame that runs no scripts. Its picture is loaded and its links work, so what you do here counts as if its reader had done it.",
	"GET /account": "What opens another way in (a passkey, an authenticator app, a token) asks for your password again when your session is older than an hour. " +
		"End a session that you do not know, and change your password then.",
}
