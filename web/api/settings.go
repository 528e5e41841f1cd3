package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) settings() {
	register(a, operation{
		method: http.MethodGet, path: "/settings", id: "list-settings", tag: tagOperations,
		summary:     "Every setting with where its value comes from",
		description: "No secret is in it. Whether one is set is shown to admins; for others it is hidden.",
		response:    exampleSettings,
	}, a.listSettings)
	register(a, operation{
		method: http.MethodPatch, path: "/settings", id: "change-settings", tag: tagOperations,
		summary: "Store settings in the database", errors: ofBody,
		description: "Those that are storable, unless a file, a variable or a flag sets them, which counts for more. An empty value goes back to the default. All are stored or none. " +
			"Every node finishes what it is doing and starts over with them, within seconds: the next request may wait for that.",
		request: settingsChange{Values: map[string]string{"company.name": "Port Avery Local"}}, response: exampleSettings,
	}, a.changeSettings)
	register(a, operation{
		method: http.MethodGet, path: "/mail-test", id: "get-mail-test", tag: tagOperations,
		summary: "What became of the last test mail", errors: ofThing, response: exampleMailTest,
	}, a.lastMailTest)
	register(a, operation{
		method: http.MethodPost, path: "/mail-test", id: "send-mail-test", tag: tagOperations,
		summary: "Send a test mail", errors: ofBody,
		description: "A short text, really handed to the configured mailer. The answer says what the server said, a refusal included; it takes twenty seconds at most.",
		request:     mailTestInput{To: "dana@example.com"}, response: exampleMailTest,
	}, a.sendMailTest)
}

var (
	exampleSettings = fibonacco.SettingList{
		Groups: []fibonacco.SettingGroup{{Name: "company", About: "Who signs public pages and the foot of every mail."}},
		Settings: []fibonacco.Setting{{
			Key: "company.name", Group: "company", About: "Name of your company.", Value: "Port Avery Local", Default: "Your Local Media Company",
			Source: fibonacco.SourceDatabase, Variable: "COMPANY_NAME", Storable: true, Editable: true,
		}},
	}
	exampleMailTest = fibonacco.MailTest{At: exampleTime, Mailer: "smtp", Accepted: true, Code: 250, Answer: "accepted as 0100018c", TookMS: 214}
)

type settingsChange struct {
	Values map[string]string `json:"values" minProperties:"1" maxProperties:"50" doc:"By key; an empty one goes back to the default."`
}

type mailTestInput struct {
	To string `json:"to" minLength:"3" maxLength:"320" example:"dana@example.com" doc:"Whom to send it to."`
}

func (a *API) listSettings(ctx context.Context, _ *none) (*body[fibonacco.SettingList], error) {
	if a.o.Settings == nil {
		return nil, moduleAbsent("Settings")
	}
	return settingsAnswer(a.o.Settings.ListSettings(ctx))
}

func (a *API) changeSettings(ctx context.Context, in *body[settingsChange]) (*body[fibonacco.SettingList], error) {
	if a.o.Settings == nil {
		return nil, moduleAbsent("Settings")
	}
	return settingsAnswer(a.o.Settings.ChangeSettings(ctx, in.Body.Values))
}

func settingsAnswer(list *fibonacco.SettingList, err error) (*body[fibonacco.SettingList], error) {
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.SettingList]{*list}, nil
}

// mayTestMail refuses whoever sees some communities only: sending is one for all.
func (a *API) mayTestMail(ctx context.Context) error {
	if a.o.MailTests == nil {
		return moduleAbsent("Campaign Engine")
	}
	if fibonacco.ScopeOf(ctx) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "sending is one for all communities, and you are limited to some")
	}
	return nil
}

func (a *API) lastMailTest(ctx context.Context, _ *none) (*body[fibonacco.MailTest], error) {
	if err := a.mayTestMail(ctx); err != nil {
		return nil, err
	}
	t, err := a.o.MailTests.LastMailTest(ctx)
	if err == nil && t == nil {
		err = fibonacco.Errorf(fibonacco.NotFound, "there was no test mail yet")
	}
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.MailTest]{*t}, nil
}

func (a *API) sendMailTest(ctx context.Context, in *body[mailTestInput]) (*body[fibonacco.MailTest], error) {
	if err := a.mayTestMail(ctx); err != nil {
		return nil, err
	}
	t, err := a.o.MailTests.SendTestMail(ctx, in.Body.To)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.MailTest]{*t}, nil
}
