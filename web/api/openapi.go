package api

import (
	"net/http"
	"slices"
	"strconv"
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
	tagCampaigns   = "Campaigns"
	tagOperations  = "Operations"
	tagAccess      = "Access"
)

const introduction = `Everything the pages do, for programs.

**Signing in.** Send a personal access token as ` + "`Authorization: Bearer fib_…`" + `; the pages' own session cookie works too.
What a token may do is its role: viewer, operator, manager or admin.

**Errors** are problem+json (RFC 9457) with three members more: ` + "`code`" + ` says what happened, for programs;
` + "`errors`" + ` names every refused value at once; ` + "`request_id`" + ` finds the request in the server's log.
What is wrong as text (JSON, percent-encoding) is 400; what is wrong as a value is 422; what does not exist is 404;
what the present state does not allow is 409; a module that this build does not have is 501.

**Lists** come in pages: pass ` + "`page.next`" + ` as ` + "`page[cursor]`" + ` until it is null. Filters compare for equality and take
several values separated by commas. A query name that is not known is refused, not ignored.

**Limits.** The ` + "`RateLimit-…`" + ` headers say what is left; 429 says in ` + "`Retry-After`" + ` when to come again.`

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
				{Name: tagImports, Description: "Files of businesses, CSV or JSON, of any size."},
				{Name: tagCampaigns, Description: "The steps of the programme, and the e-mails they became."},
				{Name: tagOperations, Description: "How the work is going."},
				{Name: tagAccess, Description: "Who may come in."},
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

// describe finishes the specification: what the types cannot say about themselves, because they
// are the domain's and know nothing of HTTP.
func (a *API) describe() {
	spec := a.huma.OpenAPI()
	schemas := spec.Components.Schemas.Map()
	for where, text := range descriptions {
		schema, field, _ := strings.Cut(where, ".")
		if s := schemas[schema]; s != nil && s.Properties[field] != nil {
			s.Properties[field].Description = text
		}
	}
	for _, name := range []string{"SMB", "CommunityCount", "Community", "Campaign"} {
		if s := schemas[name]; s != nil {
			s.AdditionalProperties = nil // clients must bear with fields that come later
		}
	}
	if s := schemas["SMB"]; s != nil {
		s.Properties["coordinates"] = &huma.Schema{
			AnyOf:       []*huma.Schema{{Ref: "#/components/schemas/Point"}, {Type: "null"}},
			Description: "Where it is; null when unknown.",
		}
	}
	for _, path := range spec.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op != nil {
				describeErrors(op)
			}
		}
	}
}

var errorWords = map[int]string{
	http.StatusBadRequest:            "The text of the request cannot be read: JSON, percent-encoding or UTF-8 is broken.",
	http.StatusUnauthorized:          "No token or session, or one that is not valid.",
	http.StatusForbidden:             "Signed in, but the role does not allow it.",
	http.StatusNotFound:              "Unknown, or not yours.",
	http.StatusRequestTimeout:        "The body came too slowly.",
	http.StatusConflict:              "The present state does not allow it.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The body is of a type that is not read here.",
	http.StatusUnprocessableEntity:   "Values are wrong; errors names each.",
	http.StatusTooManyRequests:       "Too many requests; Retry-After says when to come again.",
	http.StatusInternalServerError:   "Our fault; the request id finds it in the log.",
	http.StatusNotImplemented:        "The module is not part of this build.",
	http.StatusServiceUnavailable:    "Not now; Retry-After says when to try again.",
}

func describeErrors(op *huma.Operation) {
	for status, r := range op.Responses {
		code, err := strconv.Atoi(status)
		if err != nil || errorWords[code] == "" {
			continue
		}
		r.Description = errorWords[code]
		if slices.Contains([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}, code) {
			r.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait.", Schema: &huma.Schema{Type: "integer"}}}
		}
	}
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
	"CampaignSend.status":             "queued, sending, sent, failed, unknown, bounced, complained, suppressed or cancelled.",
	"CampaignSend.skip_reason":        "Why it did not leave; empty unless suppressed or cancelled.",
	"CampaignSend.scheduled_for":      "Null means as soon as possible.",
	"CampaignSend.sent_at":            "When the provider accepted it.",
	"ImportJob.status":                "queued, running, completed or failed.",
	"ImportJob.errors":                "The first 1,000 refused values.",
	"ImportJob.eta_seconds":           "Null when unknown or done.",
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
	"AccessToken.expires_at":          "Null never expires.",
}

// moduleAbsent is the answer of a route whose module this build does not have.
func moduleAbsent(module string) error {
	return fibonacco.Errorf(fibonacco.NotImplemented, "The %s is not part of this build yet.", module)
}
