package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
)

// smbRecord is a business with the parts that were asked for beside its own members.
type smbRecord struct {
	fibonacco.SMB
	Community   *fibonacco.Community                  `json:"community"`
	RecentSends []fibonacco.CampaignSend              `json:"recent_sends"`
	Approvals   []fibonacco.Approval                  `json:"approvals"`
	Engagement  *fibonacco.ScoreBreakdown             `json:"engagement"`
	NextStep    *fibonacco.NextStep                   `json:"next_step"`
	Reach       map[fibonacco.Channel]fibonacco.Reach `json:"reach"`
}

var smbMembers = memberNames(reflect.TypeFor[fibonacco.SMB]())

// Schema implements huma.SchemaProvider: everything a record may show, of which only the id is
// always there.
func (rendered[T]) Schema(r huma.Registry) *huma.Schema {
	t := reflect.TypeFor[T]()
	if t != reflect.TypeFor[smbRecord]() {
		return r.Schema(t, true, "")
	}
	if r.Map()["SMBRecord"] == nil {
		s := huma.SchemaFromType(r, t)
		s.Description = "A business with what include asked for. With fields, only these of its own members are there, and its id."
		s.Required = []string{"id"}
		s.PrecomputeMessages()
		r.Map()["SMBRecord"] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/SMBRecord"}
}

// recordParameters is how a record is asked for, in the specification.
func recordParameters() []*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	return []*huma.Param{
		{
			Name: "include", In: "query", Schema: text, Example: "community,next_step",
			Description: "Also answer with any of " + strings.Join(fibonacco.RecordIncludes, ", ") + ", separated by commas.",
		},
		{
			Name: "fields", In: "query", Schema: text, Example: "business_name,primary_email",
			Description: "Only these of the business's own members, separated by commas, and always its id; left out, all.",
		},
	}
}

func (a *API) smbRecord() {
	op := operation{
		method: http.MethodGet, path: "/smbs/{id}", id: "get-smb", tag: tagBusinesses,
		summary: "One business", errors: ofThing, parameters: recordParameters(),
		description: "With include, what belongs to it comes along: one request shows all that a person wants to see.",
		response: struct {
			fibonacco.SMB
			Community fibonacco.Community                   `json:"community"`
			NextStep  fibonacco.NextStep                    `json:"next_step"`
			Reach     map[fibonacco.Channel]fibonacco.Reach `json:"reach"`
		}{
			exampleSMB, exampleCommunity,
			fibonacco.NextStep{CampaignID: "EDU-001", Title: "What customers look for", ProgrammeDay: 2, ScheduledFor: &exampleTime},
			map[fibonacco.Channel]fibonacco.Reach{fibonacco.ChannelEmail: {Allowed: true}, fibonacco.ChannelRVM: {Reasons: []fibonacco.SkipReason{fibonacco.NoConsent}}},
		},
	}
	register(a, op, a.getSMB)
	a.mayBeUnchanged(op)
}

// freshRecord is a record, or the news that there is none.
type freshRecord struct {
	Status int
	ETag   string `header:"ETag" doc:"Version and fingerprint. Send it back in If-Match to change only what you have seen, or in If-None-Match to be told 304 when nothing is new."`
	Body   rendered[smbRecord]
}

func (a *API) getSMB(ctx context.Context, in *struct {
	SMBPath
	Freshness
},
) (*freshRecord, error) {
	include, fields, err := readRecordQuery(exchangeOf(ctx))
	if err != nil {
		return nil, err
	}
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	answer, err := a.record(ctx, s, include, fields)
	if err != nil {
		return nil, err
	}
	out, err := tag[smbRecord](s.Version, answer)
	if err != nil {
		return nil, err
	}
	same, err := unchanged(ctx, out.ETag)
	if err != nil {
		return nil, err
	}
	if same {
		return &freshRecord{Status: http.StatusNotModified, ETag: out.ETag}, nil
	}
	return &freshRecord{Status: http.StatusOK, ETag: out.ETag, Body: out.Body}, nil
}

func readRecordQuery(at exchange) (include, fields []string, err error) {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	values := at.url().Query()
	include = chosen(values, "include", fibonacco.RecordIncludes, refuse)
	fields = chosen(values, "fields", smbMembers, refuse)
	return include, fields, fibonacco.InvalidFields("the business cannot be shown so", bad)
}

// record is a business as it is answered: the plain SMB, so that its text is the same as after a
// change, or its members with those of the parts.
func (a *API) record(ctx context.Context, s *fibonacco.SMB, include, fields []string) (any, error) {
	if include == nil && fields == nil {
		return *s, nil
	}
	all, err := a.records(ctx, []fibonacco.SMB{*s}, include)
	if err != nil {
		return nil, err
	}
	only := slices.Concat([]string{"id"}, fields, include)
	if fields == nil {
		only = slices.Concat(smbMembers, include)
	}
	members, err := entry[smbRecord]{all[0], only}.MarshalJSON()
	return json.RawMessage(members), err
}

// records is businesses that were found with the parts that include names, in as few questions for
// a page of them as for one.
func (a *API) records(ctx context.Context, smbs []fibonacco.SMB, include []string) ([]smbRecord, error) {
	all := make([]smbRecord, len(smbs))
	for i, s := range smbs {
		all[i].SMB = s
	}
	if len(include) == 0 {
		return all, nil
	}
	if a.o.Records == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	read, err := a.o.Records.Records(ctx, smbs, include)
	if err != nil {
		return nil, err
	}
	for i, r := range read {
		all[i] = smbRecord{*r.SMB, r.Community, r.RecentSends, r.Approvals, r.Engagement, r.NextStep, r.Reach}
	}
	return all, nil
}
