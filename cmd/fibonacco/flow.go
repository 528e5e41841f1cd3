package main

import "github.com/fibonacco/fibonacco/queue"

// flow is the nervous system: which event wakes which handler, in the order of a business's
// life. A newcomer reads doc.go, then this table.
func flow(a *app) {
	q := a.queue
	queue.On(q, "smb.search", a.smb.IndexUpdated)
	queue.On(q, "smb.rescore", a.smb.RescoreOpened)
	queue.On(q, "smb.rescore", a.smb.RescoreClicked)
	queue.On(q, "smb.rescore", a.smb.RescoreRejudged)
	queue.On(q, "smb.rescore", a.smb.RescoreVoicemail)
	queue.On(q, "smb.rescore", a.smb.RescoreCalled)
	queue.On(q, "smb.rescore", a.smb.RescoreViewed)
	queue.On(q, "smb.rescore", a.smb.RescoreCompleted)
	queue.On(q, "smb.rescore", a.smb.RescoreApproved)
	queue.On(q, "approval.process", a.approval.ProcessSubmitted)
	queue.On(q, "campaign.welcome_premium", a.campaign.WelcomePremium)
	queue.On(q, "campaign.confirm", a.campaign.MailConfirmations)
	queue.On(q, "campaign.follow_up_voicemail", a.campaign.FollowUpVoicemail)
}

// schedule is what runs by the clock, whoever does it.
func schedule(a *app) {
	a.campaign.Schedule()
	a.voicemail.Schedule()
	a.notices.Schedule()
	a.approval.Schedule()
	a.queue.Every("reviews.tend", "@every 1h", "UTC", a.reviews.Tend)
	a.chats.Schedule()
	a.queue.Every("track.sweep", "@every 1h", "UTC", a.track.SweepMessages)
	a.queue.Every("smb.nightly", "30 3 * * *", "America/New_York", a.smb.Nightly)
	a.queue.Every("smb.search", "@every 1m", "UTC", a.smb.RepairSearch)
	a.queue.Every("idempotency.sweep", "15 * * * *", "UTC", a.answers.Sweep)
}
