package ui

import (
	"fmt"

	"github.com/fibonacco/fibonacco"
)

// skipWords say why something due did not happen.
var skipWords = map[fibonacco.SkipReason]string{
	fibonacco.NotOptedIn:     "Not opted in",
	fibonacco.DoNotContact:   "Do not contact",
	fibonacco.Suppressed:     "Address suppressed",
	fibonacco.NoAddress:      "No e-mail address",
	fibonacco.InvalidAddress: "Address not valid",
	fibonacco.NoPhone:        "No phone number",
	fibonacco.NoConsent:      "No written consent",
	fibonacco.Paused:         "Paused",
	fibonacco.NotActive:      "Not in the programme",
	fibonacco.MonthlyLimit:   "Monthly limit reached",
	fibonacco.InvalidPhone:   "Number takes no voicemail",
	fibonacco.AttemptLimit:   "Number tried often enough",
	fibonacco.UnfitScript:    "Voicemail script may not be spoken",
	fibonacco.OutsideHours:   "Outside calling hours",
	fibonacco.NoCampaign:     "No campaign that day",
	fibonacco.Missed:         "Day went by",
	fibonacco.Duplicate:      "Already planned",
	fibonacco.Deleted:        "Business deleted",
	fibonacco.HealthPause:    "Sending paused for health",
	fibonacco.QuietDay:       "Quiet day",
	fibonacco.FrequencyCap:   "Enough mail already",
	fibonacco.UnwantedTopic:  "Topic not wanted",
	fibonacco.AtMostWeekly:   "Wants one mail a week",
	fibonacco.AskedForPause:  "Asked for a pause",
}

func skipWord(r fibonacco.SkipReason) string {
	if w, ok := skipWords[r]; ok {
		return w
	}
	if r == "" {
		return "No reason on file"
	}
	return string(r)
}

// badge is a stored value as shape and word.
type badge struct{ Class, Text string }

func programmeBadge(s fibonacco.CampaignStatus) badge {
	switch s {
	case fibonacco.StatusPending:
		return badge{"open", "Pending"}
	case fibonacco.StatusActive:
		return badge{"ink", "Active"}
	case fibonacco.StatusPaused:
		return badge{"honey", "Paused"}
	case fibonacco.StatusCompleted:
		return badge{"", "Completed"}
	}
	return badge{"open", string(s)}
}

// sendBadge shows how far a mail got: what its reader did comes before what its server said.
func sendBadge(s fibonacco.CampaignSend) badge {
	switch s.Status {
	case fibonacco.SendQueued:
		return badge{"open", "Queued"}
	case fibonacco.SendSending:
		return badge{"ink", "Sending"}
	case fibonacco.SendSent:
		switch {
		case s.ClickedAt != nil:
			return badge{"ink lv clicked", "Clicked"}
		case s.OpenedAt != nil:
			return badge{"ink lv opened", "Opened"}
		case s.DeliveredAt != nil:
			return badge{"ink lv sent", "Delivered"}
		}
		return badge{"ink lv sent", "Sent"}
	case fibonacco.SendUnknown:
		return badge{"honey", "Unknown"}
	case fibonacco.SendFailed:
		return badge{"brick", "Failed"}
	case fibonacco.SendBounced:
		return badge{"brick", "Bounced"}
	case fibonacco.SendComplained:
		return badge{"brick", "Complained"}
	case fibonacco.SendSuppressed:
		return badge{"", "Suppressed"}
	case fibonacco.SendCancelled:
		return badge{"", "Canceled"}
	}
	return badge{"open", string(s.Status)}
}

// tierNames are the specification's, tier 1 first.
var tierNames = [4]string{"Premium", "Engaged", "Active", "Passive"}

func tierName(tier int) string {
	if tier < 1 || tier > len(tierNames) {
		return fmt.Sprint("Tier ", tier)
	}
	return tierNames[tier-1]
}

func typeClass(t fibonacco.CampaignType) string {
	switch t {
	case fibonacco.Hook:
		return "hook"
	case fibonacco.Edu:
		return "edu"
	}
	return "howto"
}

var kindWords = map[fibonacco.EngagementKind]string{
	fibonacco.KindOpen:     "Opens",
	fibonacco.KindClick:    "Clicks",
	fibonacco.KindView:     "Content viewed",
	fibonacco.KindComplete: "Content finished",
	fibonacco.KindApproval: "Approvals",
	fibonacco.KindMeeting:  "Meetings",
	fibonacco.KindCallback: "Callbacks",
}

// attentionWords follow a number.
func attentionWords(a fibonacco.Attention) (text, href string) {
	one := a.Count == 1
	pick := func(single, many string) string {
		if one {
			return single
		}
		return many
	}
	switch a.Kind {
	case "sending_paused":
		return "stop: programme mail is paused", "/sends"
	case "voicemail_paused":
		return "stop: voicemails are paused", "/voicemail"
	case "unknown_sends":
		return pick("send with unknown result", "sends with unknown result"), "/sends?status=unknown"
	case "services_to_set_up":
		return pick("service to set up", "services to set up"), "/approvals?status=pending,failed"
	case "failed_sends":
		return pick("send refused for good", "sends refused for good"), "/sends?status=failed"
	case "failed_jobs":
		return pick("job that gave up", "jobs that gave up"), "/queues"
	case "meeting_requests":
		return pick("business that asks for a meeting", "businesses that ask for a meeting"), "/approvals"
	case "failed_setups":
		return pick("set-up that failed three times", "set-ups that failed three times"), "/approvals?status=failed"
	case "contact_changes":
		return pick("contact change to accept", "contact changes to accept"), "/suggestions"
	case "failed_imports":
		return pick("import that failed", "imports that failed"), ""
	}
	return a.Kind, ""
}

// told is one line of the feed: mark and words around the business's name.
type told struct{ Mark, Icon, Before, After string }

func feedWords(item fibonacco.FeedItem) told {
	campaign := item.CampaignID
	if campaign == "" {
		campaign = "a mail"
	}
	switch item.Type {
	case "email.opened":
		return told{"ink", "eye", "", "opened " + campaign}
	case "email.clicked":
		return told{"deep", "click", "", "clicked " + campaign}
	case "email.unsubscribed":
		if item.Detail == "rvm" {
			return told{"", "mailoff", "", "wants no more voicemail"}
		}
		return told{"", "mailoff", "", "unsubscribed"}
	case "email.bounced":
		if item.Detail == "Permanent" {
			return told{"brick", "mailoff", "", "bounced for good, address suppressed"}
		}
		return told{"honey", "mailoff", "", "bounced for now"}
	case "email.complained":
		return told{"brick", "alert", "", "reported a mail as spam"}
	case "campaign_send.completed":
		return told{"brick", "mailoff", campaign + " to", "was refused for good"}
	case "smb.tier_changed":
		var before, after int
		if _, err := fmt.Sscanf(item.Detail, "%d to %d", &before, &after); err != nil {
			return told{"", "layers", "", "changed tier"}
		}
		if after < before {
			return told{"leaf", "up", "", "moved up to " + tierName(after)}
		}
		return told{"", "dn", "", "moved down to " + tierName(after)}
	case "content.completed":
		return told{"ink", "book", "", "finished a learning page"}
	case "approval.submitted":
		return told{"leaf", "checks", "", "said yes to a service"}
	case "approval.provisioned":
		return told{"leaf", "bolt", "A service is working for", ""}
	case "callback.received":
		return told{"ink", "voice", "", "called back"}
	case "rvm_drop.delivered":
		return told{"ink", "voice", "Voicemail delivered to", ""}
	case "inbound_email.received":
		return told{"ink", "mail", "", "wrote a mail"}
	}
	return told{"", "info", "", item.Type}
}

func healthBadge(level string) badge {
	switch level {
	case "ok":
		return badge{"leaf", "Healthy"}
	case "warning":
		return badge{"honey", "Warning"}
	case "critical":
		return badge{"brick", "Critical"}
	}
	return badge{"open", "None yet"}
}

func providerName(p string) string {
	switch p {
	case "drop_cowboy":
		return "Drop Cowboy"
	case "simulator":
		return "the built-in simulator: nothing leaves this computer"
	}
	return p
}
