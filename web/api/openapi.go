package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
)

// The tags that group operations, in the order a reader wants them.
const (
	tagCommunities = "Communities"
	tagBusinesses  = "Businesses"
	tagProgramme   = "Programme"
	tagImports     = "Imports"
	tagConsent     = "Consent and privacy"
	tagCampaigns   = "Campaigns"
	tagVoicemail   = "Voicemail"
	tagContent     = "Learning pages"
	tagApprovals   = "Approvals"
	tagOperations  = "Operations"
	tagAccess      = "Access"
	tagAccount     = "Account"
)

func config(o Options) huma.Config {
	if o.Version == "" {
		o.Version = "dev"
	}
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Fibonacco", Version: o.Version, Description: introduction,
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Tags: []*huma.Tag{
				{Name: tagCommunities, Description: "Towns and neighbourhoods. Their time zone decides what a day is."},
				{Name: tagBusinesses, Description: "The businesses (SMBs) that everything else hangs on."},
				{Name: tagProgramme, Description: "Starting, pausing and resuming the 90 days, for one business or for many."},
				{Name: tagImports, Description: "Files of businesses, CSV, JSON, NDJSON or Excel, of any size."},
				{Name: tagConsent, Description: "Who may be reached, with the proof; addresses that get nothing more; archives and erasures."},
				{Name: tagContent, Description: "What the mails lead to, and what becomes of it."},
				{Name: tagCampaigns, Description: "The steps of the programme, and the e-mails they became."},
				{Name: tagVoicemail, Description: "Ringless voicemails after mails that nobody opened, inside the law."},
				{Name: tagApprovals, Description: "What businesses said yes to, and how it becomes a service."},
				{Name: tagOperations, Description: "How the work is going."},
				{Name: tagAccess, Description: "Who may come in."},
				{Name: tagAccount, Description: "Signing in, and one's own account. For people with a session: tokens are let to /me only."},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":   {Type: "http", Scheme: "bearer", Description: "A personal access token, fib_…"},
					"session": {Type: "apiKey", In: "cookie", Name: SessionCookie, Description: "What a browser holds after signing in."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{func(_ huma.Context, _ string, v any) (any, error) { return tidy(v), nil }},
	}
	if o.PublicURL != "" {
		c.Servers = []*huma.Server{{URL: strings.TrimSuffix(o.PublicURL, "/")}}
	}
	return c
}

var errorWords = map[int]string{
	http.StatusBadRequest:            "The text of the request cannot be read: JSON, percent-encoding or UTF-8 is broken.",
	http.StatusUnauthorized:          "No token or session, or one that is not valid.",
	http.StatusForbidden:             "Signed in, but the role does not allow it.",
	http.StatusNotFound:              "Unknown, or not yours.",
	http.StatusRequestTimeout:        "The body came too slowly.",
	http.StatusConflict:              "The present state does not allow it.",
	http.StatusPreconditionFailed:    "It has been changed since the answer that If-Match names.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The body is of a type that is not read here.",
	http.StatusUnprocessableEntity:   "Values are wrong; errors names each.",
	http.StatusTooManyRequests:       "Too many requests; Retry-After says when to come again.",
	http.StatusInternalServerError:   "Our fault; the request id finds it in the log.",
	http.StatusNotImplemented:        "The module is not part of this build.",
	http.StatusServiceUnavailable:    "Not now; Retry-After says when to try again.",
}

// descriptions are of fields that do not explain themselves, "Schema.field".
var descriptions = map[string]string{
	"SMB.uuid":                        "A handle that says nothing about how many businesses there are.",
	"SMB.primary_email":               "Trimmed, the domain in lower case.",
	"SMB.primary_phone":               "E.164, +17185550142.",
	"SMB.state":                       "Two letters.",
	"SMB.zip":                         "A text: leading zeros matter.",
	"SMB.engagement_tier":             "1 Premium, 2 Engaged, 3 Active, 4 Passive.",
	"SMB.engagement_score":            "0 to 100.",
	"SMB.campaign_status":             "pending, active, paused or completed.",
	"SMB.current_campaign_id":         "The step planned last.",
	"SMB.manifest_destiny_day":        "Programme day as last planned; 0 before the start.",
	"SMB.manifest_destiny_start_date": "Local date; empty before the start.",
	"SMB.next_scheduled_send":         "When the next mail leaves.",
	"SMB.paused_days":                 "Days taken out of the programme by finished pauses.",
	"SMB.paused_on":                   "Local date of the pause in force; empty when there is none.",
	"SMB.data_quality_score":          "0 to 100.",
	"SMB.deleted_at":                  "Absent unless deleted.",
	"CommunityCount.timezone":         "IANA name. It decides what day, month and 10:00 mean for the businesses.",
	"CommunityCount.smbs":             "Businesses, deleted ones left out.",
	"CommunityCount.active":           "Businesses in the programme.",
	"Community.timezone":              "IANA name. It decides what day, month and 10:00 mean for the businesses.",
	"Campaign.type":                   "HOOK, EDU, HOWTO, CONV or INTRO.",
	"Campaign.week":                   "Week of the programme; 0 outside of it.",
	"Campaign.day":                    "Programme day, 1 to 90; 0 outside of it.",
	"Campaign.subject":                "Liquid.",
	"Campaign.body_markdown":          "Liquid in Markdown.",
	"DuplicatePair.score":             "How sure, from 50 to 100.",
	"DuplicatePair.reasons":           "For people: what speaks for it, and what against.",
	"MergePreview.fields":             "Those in which the two differ.",
	"MergePreview.rows":               "Table to the number of rows that become the survivor's.",
	"MergePreview.kept":               "Table to the number of rows that stay with the other: the survivor has its own (the same step, the same day), or they never left.",
	"MergeField.keep":                 "What the survivor has.",
	"MergeField.other":                "What the other has.",
	"MergeField.result":               "What remains.",
	"Merge.undo_until":                "30 days after.",
	"Merge.fields":                    "In which the two differed; empty once either was erased or purged.",
	"CampaignSend.status":             "queued, sending, sent, failed, unknown, bounced, complained, suppressed or cancelled.",
	"CampaignSend.skip_reason":        "Why it did not leave; empty unless suppressed or cancelled.",
	"CampaignSend.scheduled_for":      "Null means as soon as possible.",
	"CampaignSend.sent_at":            "When the provider accepted it.",
	"ImportJob.status":                "completed: all of it is stored, and can be found.",
	"ImportJob.mode":                  "do_not_contact for files of those who want to hear nothing; else empty.",
	"ImportJob.created":               "New businesses; of a do-not-contact file, rows whose address or number was suppressed.",
	"ImportJob.skipped":               "Known ones with nothing to change, and repeats within the file.",
	"ImportJob.errors":                "The first 1,000 refused values; errors.csv has all.",
	"ImportJob.problems":              "The errors by field and reason, the most frequent first.",
	"ImportJob.duplicates":            "Of a dry run, the first 50 rows about a business that is known, and what they would change.",
	"ImportJob.consents":              "Yeses and noes that were recorded.",
	"ImportJob.mapping":               "Field → column, as the file was read.",
	"ImportJob.progress":              "0 to 1.",
	"ImportJob.eta_seconds":           "Null when unknown or done.",
	"ImportJob.undo_until":            "Null when there is nothing to take back.",
	"ImportUndo.kept":                 "Created by it, and changed, started or merged since.",
	"ImportUndo.fields_kept":          "Values that somebody has changed since.",
	"ImportColumn.field":              "What it seems to hold; empty when nothing.",
	"ImportColumn.confidence":         "0 to 1; below 0.7 the column is not read unless it is asked for.",
	"ScoreBreakdown.parts":            "What each kind of engagement adds.",
	"ScorePart.count":                 "In the last 30 days; machine hits left out.",
	"ScorePart.cap":                   "Points this kind adds at most.",
	"Explanation.day":                 "Programme day on that date; 0 when not in the programme.",
	"Explanation.lines":               "What was due, and what became of it.",
	"ProgrammeResult.matched":         "Businesses in the filter.",
	"ProgrammeResult.changed":         "Moved to the new status by this call.",
	"ProgrammeResult.refused":         "Were in a status that does not allow it; they are as they were.",
	"ProgrammeResult.planned":         "First steps planned by this call.",
	"ProgrammeResult.skipped":         "First steps skipped, each with a stored reason.",
	"SMB.tags":                        "In lower case and in order.",
	"SMB.version":                     "Goes up with every change; the ETag begins with it.",
	"NextStep.programme_day":          "1 to 90; 0 for a message outside of the programme.",
	"NextStep.scheduled_for":          "Null when it is not planned yet, or leaves as soon as possible.",
	"Reach.reasons":                   "Why not, all of them; empty when allowed.",
	"TimelineEntry.id":                "Tells it from the other entries of the timeline, and from nothing else.",
	"TimelineEntry.kind":              "The event's name; audit. and what was done, for what staff did.",
	"TimelineEntry.summary":           "A sentence for people.",
	"TimelineEntry.campaign_id":       "Empty when it is about none.",
	"TimelineEntry.send_id":           "The mail it is about; null when it is about none.",
	"TimelineEntry.details":           "What the event tells; of what staff changed, who did it and the names of the fields.",
	"DayScore.day":                    "Local date.",
	"DayScore.score":                  "At the end of the day, 0 to 100.",
	"Approval.status":                 "pending, provisioning, provisioned, failed or cancelled.",
	"Booking.state":                   "booked, cancelled or moved.",
	"Booking.first_id":                "The booking that all began with; null for one that was not moved.",
	"Booking.kind":                    "What was booked, as it was called then.",
	"Booking.sequence":                "Goes up with every change.",
	"Booking.cancelled_by":            "customer or owner; empty unless it was cancelled.",
	"CommunityStats.contactable":      "May get e-mail: opted in, with a valid address that is not suppressed, and not marked do not contact.",
	"CommunityStats.unsubscribed":     "Not opted in to e-mail.",
	"CommunityStats.sent_30_days":     "Mails that a provider accepted.",
	"CommunityStats.opened_30_days":   "Of these, opened by people.",
	"CommunityStats.clicked_30_days":  "Of these, clicked by people.",
	"CommunityStats.average_score":    "To one decimal.",
	"CommunityStats.data_quality":     "The average, to one decimal.",
	"AccessToken.expires_at":          "Null never expires.",
	"AccessToken.role":                "What it may do at most; never more than its user.",
	"AccessToken.user_id":             "Whose it is; null for nobody's.",
	"AccessToken.abilities":           "The only ones it has; empty, whatever its role may.",
	"AccessToken.communities":         "Ids of the only ones it sees; empty, all that its user sees.",
	"AccessToken.prefix":              "Its first characters, to know it by.",
	"AccessToken.last_used_at":        "To the minute; null when never.",
	"AccessToken.last_used_ip":        "Where from, then.",
	"User.communities":                "Ids of the only ones this person sees; empty, all.",
	"User.totp":                       "A code is asked for after the password.",
	"User.passkeys":                   "How many are registered.",
	"User.invited":                    "Has no password yet, and has never come in.",
	"User.disabled":                   "Cannot sign in; sessions have ended, and tokens do not work.",
	"User.last_seen_at":               "To the minute; null when never.",
	"Session.method":                  "password, totp, recovery_code, passkey or sso.",
	"Session.current":                 "The one that asks.",
	"Session.ip":                      "At the sign-in.",
	"Session.expires_at":              "At the latest; sooner when it is not used.",
	"Passkey.synced":                  "Kept by a provider for several devices.",
	"PasswordLink.url":                "Good once. Whoever has it becomes that user.",
}

// moduleAbsent is the answer of a route whose module this build does not have.
func moduleAbsent(module string) error {
	return fibonacco.Errorf(fibonacco.NotImplemented, "The %s is not part of this build yet.", module)
}
