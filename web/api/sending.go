package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) sending() {
	register(a, operation{
		method: http.MethodGet, path: "/sending", id: "get-sending", tag: tagOperations,
		summary: "Whether programme mail leaves, and what came back lately", response: exampleSending,
	}, a.getSending)
	register(a, operation{
		method: http.MethodPost, path: "/sending/pause", id: "pause-sending", tag: tagOperations,
		summary: "Hold all programme mail", errors: ofBody,
		description: "On every node, at once; what is on the wire goes. Doing it again changes nothing. It also happens by itself when more than 5 % bounces or more than 0.1 % is reported as spam.",
		request:     sendingPause{Reason: "the subject of HOOK-003 is wrong"}, response: exampleSending,
	}, a.pauseSending)
	register(a, operation{
		method: http.MethodPost, path: "/sending/resume", id: "resume-sending", tag: tagOperations,
		summary: "Let programme mail go again", response: exampleSending,
		description: "A business that was due several steps meanwhile gets the latest; the others are closed with the reason missed. What came back is counted from now on.",
	}, a.resumeSending)
}

var exampleSending = fibonacco.SendingState{
	Paused: true, Reason: "the subject of HOOK-003 is wrong", By: "Ana Ruiz", Since: &exampleTime,
	Health: fibonacco.MailHealth{Since: exampleTime, Sent: 1200, Bounced: 12, BounceRate: 1, Level: "ok"},
	Warmup: &fibonacco.WarmupState{Day: 4, Date: "2026-11-05", Volume: 168, Sent: 168, Postponed: 40},
}

type sendingPause struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Staff see it." example:"the subject of HOOK-003 is wrong"`
}

func (a *API) sendingState(ctx context.Context, err error) (*body[fibonacco.SendingState], error) {
	if err != nil {
		return nil, err
	}
	s, err := a.o.Sending.SendingState(ctx)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.SendingState]{*s}, nil
}

// mayHandleSending refuses whoever sees some communities only: sending is one for all.
func (a *API) mayHandleSending(ctx context.Context) error {
	if a.o.Sending == nil {
		return moduleAbsent("Campaign Engine")
	}
	if fibonacco.ScopeOf(ctx) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "sending is one for all communities, and you are limited to some")
	}
	return nil
}

func (a *API) getSending(ctx context.Context, _ *none) (*body[fibonacco.SendingState], error) {
	if err := a.mayHandleSending(ctx); err != nil {
		return nil, err
	}
	return a.sendingState(ctx, nil)
}

func (a *API) pauseSending(ctx context.Context, in *body[sendingPause]) (*body[fibonacco.SendingState], error) {
	if err := a.mayHandleSending(ctx); err != nil {
		return nil, err
	}
	return a.sendingState(ctx, a.o.Sending.PauseSending(ctx, in.Body.Reason, fibonacco.PrincipalOf(ctx).Name))
}

func (a *API) resumeSending(ctx context.Context, _ *none) (*body[fibonacco.SendingState], error) {
	if err := a.mayHandleSending(ctx); err != nil {
		return nil, err
	}
	return a.sendingState(ctx, a.o.Sending.ResumeSending(ctx, fibonacco.PrincipalOf(ctx).Name))
}
