package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) voicemailControl() {
	register(a, operation{
		method: http.MethodGet, path: "/voicemail", id: "get-voicemail", tag: tagVoicemail,
		summary: "Whether voicemails leave", response: exampleVoicemail,
	}, a.getVoicemail)
	register(a, operation{
		method: http.MethodPost, path: "/voicemail/pause", id: "pause-voicemail", tag: tagVoicemail,
		summary: "Hold all voicemails", errors: ofBody,
		description: "On every node, at once. Those whose hours pass meanwhile move to the next permitted day. Doing it again changes nothing. " +
			"It also happens by itself when the provider takes none: no funds, a wrong secret, a brand it does not know.",
		request: voicemailPause{Reason: "state of emergency in Florida"}, response: exampleVoicemail,
	}, a.pauseVoicemail)
	register(a, operation{
		method: http.MethodPost, path: "/voicemail/resume", id: "resume-voicemail", tag: tagVoicemail,
		summary: "Let voicemails go again", response: fibonacco.VoicemailState{Provider: "drop_cowboy"}, description: "Doing it again changes nothing.",
	}, a.resumeVoicemail)
}

var exampleVoicemail = fibonacco.VoicemailState{
	Provider: "drop_cowboy", Paused: true, Reason: "state of emergency in Florida", By: "Ana Ruiz", Since: &exampleTime,
}

type voicemailPause struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Staff see it." example:"state of emergency in Florida"`
}

// mayHandleVoicemail refuses whoever sees some communities only: it is one for all.
func (a *API) mayHandleVoicemail(ctx context.Context) error {
	if a.o.Voicemail == nil {
		return moduleAbsent("voicemail half of the Campaign Engine")
	}
	if fibonacco.ScopeOf(ctx) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "voicemail is one for all communities, and you are limited to some")
	}
	return nil
}

func (a *API) voicemailState(ctx context.Context, err error) (*body[fibonacco.VoicemailState], error) {
	if err != nil {
		return nil, err
	}
	s, err := a.o.Voicemail.VoicemailState(ctx)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.VoicemailState]{*s}, nil
}

func (a *API) getVoicemail(ctx context.Context, _ *none) (*body[fibonacco.VoicemailState], error) {
	if err := a.mayHandleVoicemail(ctx); err != nil {
		return nil, err
	}
	return a.voicemailState(ctx, nil)
}

func (a *API) pauseVoicemail(ctx context.Context, in *body[voicemailPause]) (*body[fibonacco.VoicemailState], error) {
	if err := a.mayHandleVoicemail(ctx); err != nil {
		return nil, err
	}
	return a.voicemailState(ctx, a.o.Voicemail.PauseVoicemail(ctx, in.Body.Reason, fibonacco.PrincipalOf(ctx).Name))
}

func (a *API) resumeVoicemail(ctx context.Context, _ *none) (*body[fibonacco.VoicemailState], error) {
	if err := a.mayHandleVoicemail(ctx); err != nil {
		return nil, err
	}
	return a.voicemailState(ctx, a.o.Voicemail.ResumeVoicemail(ctx, fibonacco.PrincipalOf(ctx).Name))
}
