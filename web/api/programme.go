package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) programme() {
	one := append([]int{http.StatusConflict}, ofThing...)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/campaign/start", id: "start-smb", tag: tagProgramme,
		summary: "Start a business on the programme", errors: one, response: exampleSMB,
		description: "Day 1 is today where the business is, and the first step is planned. 409 unless it is pending, and when there is no campaign to send.",
	}, a.startSMB)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/campaign/pause", id: "pause-smb", tag: tagProgramme,
		summary: "Pause a business", errors: append(append([]int{}, one...), ofBody...),
		description: "Nothing leaves while it is paused. 409 unless it is active.",
		request:     pauseInput{Reason: "on holiday until March"}, response: exampleSMB,
	}, a.pauseSMB)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/campaign/resume", id: "resume-smb", tag: tagProgramme,
		summary: "Resume a business", errors: one, response: exampleSMB,
		description: "It goes on with the next day's step: nothing comes twice, nothing comes in a burst. 409 unless it is paused.",
	}, a.resumeSMB)

	const bulk = "Businesses in a status that does not allow it are counted as refused and left as they are. An empty filter is every business."
	register(a, operation{
		method: http.MethodPost, path: "/smbs/campaign/start", id: "start-smbs", tag: tagProgramme,
		summary: "Start many businesses", errors: append([]int{http.StatusConflict}, ofBody...),
		description: bulk + " 409 when there is no campaign to send.",
		request:     map[string]any{"filter": map[string]any{"community_id": []int64{1}, "campaign_status": "pending", "engagement_score": "20..", "search": "bakery"}},
		response:    fibonacco.ProgrammeResult{Matched: 214, Changed: 210, Refused: 4, Planned: 208, Skipped: 2},
	}, a.startSMBs)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/campaign/pause", id: "pause-smbs", tag: tagProgramme,
		summary: "Pause many businesses", description: bulk, errors: ofBody,
		request:  map[string]any{"filter": map[string]any{"category": []string{"Bakery"}}, "reason": "flour shortage"},
		response: fibonacco.ProgrammeResult{Matched: 12, Changed: 12},
	}, a.pauseSMBs)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/campaign/resume", id: "resume-smbs", tag: tagProgramme,
		summary: "Resume many businesses", description: bulk, errors: ofBody,
		request:  map[string]any{"filter": map[string]any{"segment": exampleSegment.UUID}},
		response: fibonacco.ProgrammeResult{Matched: 12, Changed: 12},
	}, a.resumeSMBs)
}

type pauseInput struct {
	Reason string `json:"reason,omitempty" maxLength:"255" example:"on holiday until March" doc:"Shown to staff wherever they look for the business's mails."`
}

type bulkInput struct {
	Filter bulkFilter `json:"filter" doc:"Which businesses; {} is all of them."`
}

type bulkPauseInput struct {
	Filter bulkFilter `json:"filter" doc:"Which businesses; {} is all of them."`
	Reason string     `json:"reason,omitempty" maxLength:"255" example:"flour shortage"`
}

// noReason is kept when nobody says why: an empty reason means "not paused".
const noReason = "no reason given"

// move is one of start, pause and resume.
type move func(ctx context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error)

func (a *API) pauseFor(reason string) move {
	return func(ctx context.Context, f fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
		return a.o.Programme.PauseProgramme(ctx, f, or(reason, noReason))
	}
}

func (a *API) startSMB(ctx context.Context, in *SMBPath) (*body[fibonacco.SMB], error) {
	if a.o.Programme == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return a.moveOne(ctx, in.ID, a.o.Programme.StartProgramme, "only a pending one can be started")
}

func (a *API) pauseSMB(ctx context.Context, in *struct {
	SMBPath
	Body *pauseInput
},
) (*body[fibonacco.SMB], error) {
	if a.o.Programme == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return a.moveOne(ctx, in.ID, a.pauseFor(given(in.Body, pauseInput{}).Reason), "only an active one can be paused")
}

func (a *API) resumeSMB(ctx context.Context, in *SMBPath) (*body[fibonacco.SMB], error) {
	if a.o.Programme == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return a.moveOne(ctx, in.ID, a.o.Programme.ResumeProgramme, "only a paused one can be resumed")
}

// moveOne moves one business; whether it moved is the bulk's own word, so that of two callers at
// once exactly one succeeds.
func (a *API) moveOne(ctx context.Context, id string, do move, otherwise string) (*body[fibonacco.SMB], error) {
	s, err := a.findSMB(ctx, id)
	if err != nil {
		return nil, err
	}
	result, err := do(ctx, fibonacco.SMBFilter{IDs: []int64{s.ID}})
	if err != nil {
		return nil, err
	}
	if s, err = a.o.SMBs.Find(ctx, s.ID); err != nil {
		return nil, err
	}
	if result.Changed == 0 {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "the business is %s: %s", s.CampaignStatus, otherwise)
	}
	return &body[fibonacco.SMB]{*s}, nil
}

func (a *API) startSMBs(ctx context.Context, in *body[bulkInput]) (*body[fibonacco.ProgrammeResult], error) {
	if a.o.Programme == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return moveMany(ctx, in.Body.Filter, a.o.Programme.StartProgramme)
}

func (a *API) pauseSMBs(ctx context.Context, in *body[bulkPauseInput]) (*body[fibonacco.ProgrammeResult], error) {
	if a.o.Programme == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return moveMany(ctx, in.Body.Filter, a.pauseFor(in.Body.Reason))
}

func (a *API) resumeSMBs(ctx context.Context, in *body[bulkInput]) (*body[fibonacco.ProgrammeResult], error) {
	if a.o.Programme == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return moveMany(ctx, in.Body.Filter, a.o.Programme.ResumeProgramme)
}

func moveMany(ctx context.Context, f bulkFilter, do move) (*body[fibonacco.ProgrammeResult], error) {
	filter, err := f.filter()
	if err != nil {
		return nil, err
	}
	result, err := do(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.ProgrammeResult]{result}, nil
}
