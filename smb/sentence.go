package smb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// aMail stands for one that is not known.
const aMail = "a mail"

// sentence says in words for people what an event was. campaign is "" when the event is about none.
func sentence(kind, campaign string, details map[string]any) string {
	mail := aMail
	if campaign != "" {
		mail = campaign
	}
	if say := sentences[kind]; say != nil {
		return say(said{details, mail})
	}
	return capital(strings.NewReplacer(".", " ", "_", " ").Replace(kind)) + "."
}

// said is what an event tells about itself.
type said struct {
	details map[string]any
	mail    string // which mail it is about, for the middle of a sentence
}

// text is a text among the details, with underscores as spaces; "" when there is none.
func (s said) text(name string) string {
	v, _ := s.details[name].(string)
	return strings.ReplaceAll(v, "_", " ")
}

func (s said) number(name string) int {
	v, _ := s.details[name].(float64)
	return int(v)
}

// day is the date of a moment among the details, behind " until ".
func (s said) day(name string) string {
	at, err := time.Parse(time.RFC3339, s.text(name))
	if err != nil {
		return ""
	}
	return " until " + at.Format("2 January 2006")
}

// with is a detail behind some words, or nothing when the detail is missing.
func (s said) with(words, name string) string {
	if v := s.text(name); v != "" {
		return words + v
	}
	return ""
}

// sentences has one for every event of the product; a test sees to it.
var sentences = map[string]func(said) string{
	"smb.created": func(said) string { return "The business was added." },
	"smb.updated": func(s said) string {
		fields, _ := s.details["fields"].([]any)
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = fmt.Sprint(f)
		}
		switch {
		case len(names) == 1 && names[0] == "deleted_at":
			return "The business was deleted."
		case slices.Contains(names, "restored"):
			return "The business came back."
		}
		return changedSentence("Changed", names)
	},
	"smb.engagement_changed": func(s said) string {
		return fmt.Sprintf("The score moved from %d to %d.", s.number("old_score"), s.number("new_score"))
	},
	"smb.tier_changed": func(s said) string {
		way := "down"
		if s.number("new_tier") < s.number("old_tier") {
			way = "up"
		}
		return fmt.Sprintf("Moved %s from tier %d to tier %d.", way, s.number("old_tier"), s.number("new_tier"))
	},

	"campaign_send.queued": func(s said) string { return capital(s.mail) + " was planned." },
	"campaign_send.completed": func(s said) string {
		if s.text("status") == "failed" {
			return capital(s.mail) + " was refused for good."
		}
		return capital(s.mail) + " was sent."
	},
	"campaign_send.suppressed": func(s said) string { return capital(s.mail) + " was not sent" + s.with(": ", "reason") + "." },
	"campaign_send.cancelled":  func(s said) string { return capital(s.mail) + " was canceled" + s.with(": ", "reason") + "." },
	"campaign_send.skipped": func(s said) string {
		return capital(s.mail) + " was due and not planned" + s.with(": ", "reason") + "."
	},
	"campaign_send.unknown": func(s said) string {
		return "Nobody knows whether " + s.mail + " left: it is never sent again blindly."
	},
	"email.machine_opened":  func(s said) string { return "A machine loaded " + s.mail + s.often() + ": not counted as opened." },
	"email.machine_clicked": func(s said) string { return "A machine followed links in " + s.mail + s.often() + ": not counted." },
	"email.delivered":       func(s said) string { return capital(s.mail) + " was delivered." },
	"email.rejudged": func(s said) string {
		switch {
		case s.details["clicked_at"] != nil:
			return "Judged again who had opened " + s.mail + ": it counts as opened and clicked."
		case s.details["opened_at"] != nil:
			return "Judged again who had opened " + s.mail + ": it counts as opened."
		}
		return "Judged again who had opened " + s.mail + ": nobody, as far as can be told."
	},
	"email.opened": func(s said) string { return "Opened " + s.mail + "." },
	"email.clicked": func(s said) string {
		if link, _ := s.details["link"].(string); link != "" {
			return "Followed the link " + link + " in " + s.mail + "."
		}
		return "Followed a link in " + s.mail + "."
	},
	"email.bounced": func(s said) string {
		if s.text("bounce_type") == "Permanent" {
			return capital(s.mail) + " came back for good."
		}
		return capital(s.mail) + " came back for now."
	},
	"email.complained": func(s said) string { return "Reported " + s.mail + " as spam." },
	"email.unsubscribed": func(s said) string {
		if s.text("channel") == "rvm" {
			return "Wants no more voicemail."
		}
		return "Unsubscribed from e-mail."
	},
	"email.preferences_changed": func(s said) string {
		if s.text("paused_until") != "" {
			return "Asked for a pause" + s.day("paused_until") + "."
		}
		return "Chose what to get by e-mail."
	},
	"email.confirmation_asked": func(said) string { return "Was asked to confirm that e-mail is wanted." },

	"rvm_drop.queued":    func(s said) string { return "A voicemail" + s.about() + " was planned." },
	"rvm_drop.delivered": func(s said) string { return "A voicemail" + s.about() + " was delivered." },
	"rvm_drop.failed": func(s said) string {
		return "A voicemail" + s.about() + " did not arrive" + s.with(": ", "reason") + "."
	},
	"rvm_drop.cancelled": func(s said) string {
		return "A voicemail" + s.about() + " was planned and did not leave" + s.with(": ", "reason") + "."
	},
	"rvm_drop.skipped": func(s said) string {
		return "No voicemail followed " + s.mail + ", which nobody had opened" + s.with(": ", "reason") + "."
	},
	"callback.received": func(s said) string { return "Called back" + s.with(": ", "intent") + "." },

	"content.viewed":    func(s said) string { return "Opened the learning page" + s.page() + "." },
	"content.completed": func(s said) string { return "Read the learning page" + s.page() + " to its end." },

	"approval.submitted":   func(s said) string { return "Said yes" + s.with(" to ", "service_type") + "." },
	"approval.provisioned": func(s said) string { return capital(orWords(s.text("service_type"), "a service")) + " works." },
	"upsell.offered": func(s said) string {
		return "Was offered " + orWords(s.text("upsell_service_type"), "a further service") + "."
	},
	"upsell.accepted":   func(s said) string { return "Said yes" + s.with(" to the offer of ", "upsell_service_type") + "." },
	"meeting.scheduled": func(said) string { return "A meeting was arranged." },

	"booking.made":  func(s said) string { return "A customer booked" + s.with(": ", "reason") + "." },
	"booking.moved": func(s said) string { return "A booking was moved" + s.with(": ", "reason") + "." },
	"booking.cancelled": func(s said) string {
		return "A booking was canceled" + s.with(" by the ", "actor") + s.with(": ", "reason") + "."
	},
	"review.received": func(s said) string {
		if s.number("times") == 1 {
			return "A customer left a review: 1 star of 5."
		}
		return fmt.Sprintf("A customer left a review: %d stars of 5.", s.number("times"))
	},

	"consent.granted": func(s said) string {
		return "A yes to " + channelWord(s.text("reason")) + s.with(" came from ", "actor") + "."
	},
	"consent.withdrawn": func(s said) string {
		return "A no to " + channelWord(s.text("reason")) + s.with(" came from ", "actor") + "."
	},

	"inbound_email.received": func(s said) string { return "Wrote a mail" + s.with(": ", "intent") + "." },
	"chat_message.received":  func(said) string { return "Wrote in the chat." },

	"ai_task.suggested": func(s said) string {
		if s.details["task_type"] == profileUpdate {
			return "Other contact details were given with an approval. They wait for somebody to accept them."
		}
		return "Sarah suggested" + s.task() + "."
	},
	"ai_task.approved": func(s said) string {
		if s.details["task_type"] == profileUpdate {
			return "The contact details that were given with an approval were accepted."
		}
		return "Sarah's suggestion" + s.with(" of a ", "task_type") + " was approved."
	},
	"ai_task.completed": func(s said) string {
		if s.details["task_type"] == profileUpdate {
			return "The contact details that were given with an approval are on file."
		}
		return "Sarah finished" + s.task() + "."
	},
	"ai_response.generated": func(s said) string { return "Sarah wrote an answer" + s.with(" for the ", "kind") + "." },
}

// often is how many times, when it was more than once.
func (s said) often() string {
	if n := s.number("times"); n > 1 {
		return fmt.Sprintf(" %d times", n)
	}
	return ""
}

// channelWord is what people call a channel.
func channelWord(channel string) string {
	return map[string]string{"email": "e-mail", "sms": "text messages", "rvm": "voicemail", "phone": "calls"}[channel]
}

// about names the mail that a voicemail follows, where it is known.
func (s said) about() string {
	if s.mail == aMail {
		return ""
	}
	return " about " + s.mail
}

// page is a learning page by its title, or by its name in addresses when it has none any more.
func (s said) page() string {
	if v, _ := s.details["content_title"].(string); v != "" {
		return " “" + v + "”"
	}
	if v, _ := s.details[contentSlug].(string); v != "" {
		return " " + v
	}
	return ""
}

func (s said) task() string { return " a " + orWords(s.text("task_type"), "task") }

func orWords(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// staffSentence says what somebody did to the business, or to something of it: "smb.updated" with
// the fields that changed. Of the values it tells those only that say nothing about a person.
func staffSentence(action, actor string, values map[string]any) string {
	who := orWords(actor, "Somebody")
	switch what := strings.TrimPrefix(action, "smb."); what {
	case "created":
		return who + " added the business."
	case "updated":
		return changedSentence(who+" changed", slices.Sorted(maps.Keys(values)))
	case "deleted":
		return who + " deleted the business."
	case "consent_recorded":
		return who + " wrote down a " + consentSentence(values) + "."
	case "note_deleted":
		return who + " deleted a note."
	case "suggestion_dismissed":
		return who + " dismissed the suggested contact details."
	case "suggestion_reopened":
		return who + " took the suggested contact details up again."
	case "approval_link_made":
		return who + " made a link that approves a service."
	case "owner_link_made":
		return who + " made a link to the business's own pages."
	case "links_revoked":
		return who + " revoked every link of the business."
	case "exported":
		return who + " took an archive of everything that is stored."
	case "merged":
		return who + " merged it with another business."
	case "voicemail_triggered":
		return who + " asked for a voicemail."
	case "merge_undone":
		return who + " took the merge with another business back."
	case "duplicate_dismissed":
		return who + " said that it is not the same as another business."
	case "duplicate_restored":
		return who + " took back that it is not the same as another business."
	default:
		return who + ": " + strings.NewReplacer(".", " ", "_", " ").Replace(what) + "."
	}
}

func consentSentence(values map[string]any) string {
	channel, _ := values["channel"].(string)
	said := "no"
	if granted, _ := values["granted"].(bool); granted {
		said = "yes"
	}
	return said + " to " + orWords(channelWord(channel), "being reached")
}

// changedSentence names up to four fields, and says how many more there are.
func changedSentence(begin string, fields []string) string {
	const most = 4
	names := make([]string, 0, most)
	for _, f := range fields[:min(len(fields), most)] {
		names = append(names, strings.ReplaceAll(f, "_", " "))
	}
	switch n := len(fields); {
	case n == 0:
		return begin + " the business."
	case n > most:
		return fmt.Sprintf("%s %s and %d more.", begin, strings.Join(names, ", "), n-most)
	case n == 1:
		return begin + " " + names[0] + "."
	default:
		return begin + " " + strings.Join(names[:n-1], ", ") + " and " + names[n-1] + "."
	}
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
