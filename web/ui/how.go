package ui

// howItWorks is what each page says about itself at its foot, by the pattern that it is mounted at. A
// list says it with its other texts (ledgerData.How).
var howItWorks = map[string]string{
	"GET /overview": "Figures are of today, where most of your businesses are, and move by themselves. What waits for a person stands on top at the right; each line leads to where it is settled. " +
		"Changes compare with the day before at the same hour. A mail counts as opened or clicked when a person did it; what scanners fetch is kept apart.",
	"GET /find": "Press Ctrl K, or ⌘ K on a Mac, on any page. Businesses are found by part of a name, an e-mail address or a phone number, however it is written; " +
		"campaigns and pages by part of their name. Enter opens the first line.",
	"GET /menu": "These are all the pages that your role may see. On a wide screen they stand at the left of every page.",
	"GET /businesses": "Everybody whom the programme is for or could be for. Search finds part of a name, an e-mail or a phone number. Filters are kept in the address of the page, so that you can " +
		"bookmark a list or send it to a colleague. Open a business to see what it got, what it did with it, and why something did not go.",
	"GET /businesses/{id}": "The strip is the 90-day programme, one cell a day: the fuller a cell, the more came of its mail. Hatched cells were skipped, each for a reason. " +
		"“Explain a day” says what was due then, and for everything that did not go, why not. The score adds up what was done in the last 30 days, and gives the tier.",
	"GET /businesses/import": "The first row names the columns; what each seems to hold is proposed when you choose a file, and you have the last word. A trial stores nothing and shows what would change. " +
		"Businesses that are here already are found by e-mail, phone, or name and ZIP. Nobody is mailed by being imported. An import can be taken back for 30 days.",
	"GET /businesses/import/{uuid}": "An import goes on whether or not this page is open. What was refused is listed with its reason and line; mend these rows and import them again, the others will be recognized. " +
		"Taking an import back removes what it added and restores what it changed, except where somebody has worked on a business since.",
	"GET /programme": "Every business goes through these campaigns on its own days, at ten o’clock where it is: days 1, 2, 4 and 6 of each week. HOOK says why something matters, EDU how it works, " +
		"HOWTO what to do. A change holds for what is planned from then on; a mail that is planned already leaves as it was.",
	"GET /programme/{id}": "Words in braces are filled in from the business. The button of the mail leads to its learning page, and from there to a form on which an owner says yes. " +
		"A voicemail follows only when the mail stayed unopened, and where the law and a written consent allow it.",
	"GET /queues": "Everything the product does takes a job from one of these queues. A job that fails is tried again, later each time, and in the end kept for a person. " +
		"Workers move to the queue that has waited longest. A wait of more than a minute is worth a look.",
	"GET /mailbox": "The built-in catcher takes all mail in place of a mail server, so that nothing leaves this computer. It is for trying things out: with MAIL_MAILER set to smtp or ses, mail goes out " +
		"and this page is gone.",
	"GET /mailbox/{id}": "The mail is shown as its reader would see it, in a frame that runs no scripts. Its picture is loaded and its links work, so what you do here counts as if its reader had done it.",
	"GET /account": "What opens another way in (a passkey, an authenticator app, a token) asks for your password again when your session is older than an hour. " +
		"End a session that you do not know, and change your password then.",
}
