package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
	"github.com/fibonacco/fibonacco/voicemail/simulator"
)

// openVoicemail makes the voicemail service and, in a process that works, the provider that the
// settings name. Without a provider it plans nothing and explains all the same.
func (a *app) openVoicemail(signer *fibonacco.Signer, works bool) error {
	var provider fibonacco.Voicemailer
	secret := a.cfg.RVM.WebhookSecret
	var err error
	switch {
	case a.cfg.RVM.Provider == "simulator" && works && a.cfg.RVM.OptOutNumber != "":
		secret = randomSecret()
		provider, err = a.openSimulator(secret)
	case a.cfg.RVM.Provider == dropcowboy.Name && works && a.cfg.RVM.Key != "":
		provider, err = a.openDropCowboy()
	}
	if err != nil {
		return err
	}
	a.voicemailer = provider
	a.voicemail, err = voicemail.New(voicemail.Options{
		DB: a.db, Queue: a.queue, Config: a.cfg, Signer: signer, Voicemailer: provider, Log: a.log,
		Consent: func(ctx context.Context, tx *db.Tx, smbIDs []int64) (map[int64]bool, error) {
			return consent.InForce(ctx, tx, fibonacco.ChannelRVM, smbIDs)
		},
		Blocked: consent.Suppressed, Withdraw: withdrawVoicemail,
	})
	if err == nil && (a.cfg.RVM.Provider == "simulator" || a.cfg.RVM.Key != "") {
		a.rvmWebhook = dropcowboy.NewWebhook(secret, signer, a.voicemail, a.log)
	}
	return err
}

// withdrawVoicemail keeps that a business wants no more voicemails. Whoever says so at the number of
// one wants no calls either: the number goes on the company's own do-not-call list.
func withdrawVoicemail(ctx context.Context, tx *db.Tx, list []voicemail.Withdrawal) error {
	consents := make([]fibonacco.Consent, 0, len(list))
	numbers := make([]fibonacco.Suppression, 0, len(list))
	for _, w := range list {
		consents = append(consents, fibonacco.Consent{SMBID: w.SMBID, Channel: fibonacco.ChannelRVM, Source: w.Source, Address: w.Phone, RecordedBy: "voicemail"})
		numbers = append(numbers, fibonacco.Suppression{Kind: "phone", Value: w.Phone, Reason: "unsubscribe", Source: w.Source, SMBID: &w.SMBID})
	}
	if _, err := consent.Add(ctx, tx, consents); err != nil {
		return err
	}
	_, err := consent.SuppressAll(ctx, tx, numbers)
	return err
}

// openSimulator runs a provider that calls nobody, in this process.
func (a *app) openSimulator(secret string) (fibonacco.Voicemailer, error) {
	sim := simulator.New(simulator.Options{
		Clock: a.db.Clock(), BaseURL: a.cfg.HTTP.PublicURL, WebhookURL: a.cfg.HTTP.PublicURL + "/webhooks/rvm", WebhookSecret: secret, Logger: a.log,
		Deliver: func(ctx context.Context, r fibonacco.WebhookRequest) error { return a.rvmWebhook.Receive(ctx, r) },
		CallTo:  a.cfg.RVM.CallbackNumber,
		Call: func(ctx context.Context, c fibonacco.PhoneCall) error {
			_, err := a.voicemail.AnswerCall(ctx, c, "")
			return err
		},
	})
	a.closers = append(a.closers, sim.Close)
	return sim.Voicemailer()
}

func (a *app) openDropCowboy() (fibonacco.Voicemailer, error) {
	return dropcowboy.New(dropcowboy.Options{
		Key: a.cfg.RVM.Key, Secret: a.cfg.RVM.Secret, V1: a.cfg.RVM.API == "v1", Endpoint: a.cfg.RVM.Endpoint, BrandID: a.cfg.RVM.BrandID,
		PhoneLineID: a.cfg.RVM.PhoneLineID, VoiceID: a.cfg.RVM.VoiceID, Logger: a.log,
	})
}

// voicemailFinding tells the doctor whether voicemails could leave.
func (a *app) voicemailFinding(ctx context.Context) finding {
	s, err := a.voicemail.VoicemailState(ctx)
	switch {
	case err != nil:
		return finding{"voicemail", "failed", err.Error()}
	case s.Provider == "":
		return finding{"voicemail", "ok", "not set up: unopened mails are not followed"}
	case s.Paused:
		return finding{"voicemail", "warning", "paused by " + s.By + ": " + s.Reason}
	case s.Provider == "simulator":
		return finding{"voicemail", "ok", "the simulator, which calls nobody"}
	}
	client, err := a.openDropCowboy()
	if err == nil {
		err = client.Check(ctx)
	}
	if err != nil {
		return finding{"voicemail", "warning", err.Error()}
	}
	return finding{"voicemail", "ok", client.Name() + " takes voicemails"}
}

// explainer says what was due by mail and by voicemail.
type explainer struct{ *app }

// Explain implements fibonacco.Explainer.
func (x explainer) Explain(ctx context.Context, smbID int64, date string) (*fibonacco.Explanation, error) {
	all, err := x.campaign.Explain(ctx, smbID, date)
	if err != nil {
		return nil, err
	}
	voicemails, err := x.voicemail.ExplainVoicemail(ctx, smbID, date)
	if err != nil {
		return nil, err
	}
	all.Lines = append(all.Lines, voicemails...)
	return all, nil
}

func randomSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}
