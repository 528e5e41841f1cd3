package ui_test

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// office is what the pages of settings and of the setup lean on, in memory.
type office struct {
	fibonacco.ConsentService
	*town
	list     fibonacco.SettingList
	state    fibonacco.SetupState
	test     *fibonacco.MailTest
	asked    int // looks at the DNS
	blocked  []fibonacco.Suppression
	finished bool
}

const setupCode = "K7QF-M2XN-9TRD-WB4H"

func newOffice(w *town) *office {
	return &office{town: w, state: fibonacco.SetupState{Done: true}, list: fibonacco.SettingList{
		Groups: []fibonacco.SettingGroup{{Name: "company", About: "Who signs."}, {Name: "email", About: "Outgoing mail."}, {Name: "", About: ""}},
		Settings: []fibonacco.Setting{
			{Key: "company.name", Group: "company", About: "Name of your company.", Value: "Your Company", Default: "Your Company", Source: fibonacco.SourceDefault, Variable: "COMPANY_NAME", Storable: true, Editable: true},
			{Key: "company.postal_address", Group: "company", About: "Where you are.", Source: fibonacco.SourceDefault, Variable: "COMPANY_POSTAL_ADDRESS", Storable: true, Editable: true},
			{Key: "http.public_url", Group: "company", About: "How the world reaches it.", Value: "https://go.example.com", Source: fibonacco.SourceEnvironment, Where: "FIBONACCO_PUBLIC_URL", Variable: "FIBONACCO_PUBLIC_URL", Storable: true},
			{Key: "email.from_email", Group: "email", About: "The sender.", Value: "sarah@fibonacco.com", Source: fibonacco.SourceDefault, Variable: "MAIL_FROM_ADDRESS", Storable: true, Editable: true},
			{Key: "email.from_name", Group: "email", About: "The sender’s name.", Value: "Sarah", Source: fibonacco.SourceDefault, Variable: "MAIL_FROM_NAME", Storable: true, Editable: true},
			{Key: "email.reply_to", Group: "email", About: "Answers.", Value: "reply@fibonacco.com", Source: fibonacco.SourceDefault, Variable: "MAIL_REPLY_TO", Storable: true, Editable: true},
			{Key: "email.mailer", Group: "email", About: "Who takes the mails.", Value: "smtp", Default: "catcher", Source: fibonacco.SourceFile, Where: "fibonacco.yaml:4", Variable: "MAIL_MAILER"},
			{Key: "email.smtp_url", Group: "email", About: "The server.", Value: "smtp://dana:[redacted]@mail.example.com:587", Source: fibonacco.SourceEnvironment, Where: "SMTP_URL", Variable: "SMTP_URL", Secret: true},
			{Key: "email.max_per_second", Group: "email", About: "Most mails a second.", Value: "5", Unit: "mails a second", Source: fibonacco.SourceFlag, Where: "--set", Variable: "MAIL_MAX_PER_SECOND"},
			{Key: "secret_key", About: "Signs the links.", Source: fibonacco.SourceDefault, Variable: "FIBONACCO_SECRET_KEY", Secret: true},
		},
	}}
}

// furnish puts an office into what the pages are made from.
func (o *office) furnish(d *ui.Deps) {
	d.Settings, d.MailTests, d.Setup, d.Deliverability, d.Consents = o, o, o, o, o
}

func (o *office) ListSettings(ctx context.Context) (*fibonacco.SettingList, error) {
	list := fibonacco.SettingList{Groups: o.list.Groups, Settings: slices.Clone(o.list.Settings)}
	for i := range list.Settings {
		if s := &list.Settings[i]; s.Secret && !fibonacco.PrincipalOf(ctx).Role.AtLeast(fibonacco.Admin) {
			s.Value, s.Where, s.Source, s.Hidden = "", "", "", true
		}
	}
	return &list, nil
}

func (o *office) ChangeSettings(ctx context.Context, values map[string]string) (*fibonacco.SettingList, error) {
	for key, value := range values {
		s := o.list.Find(key)
		if s == nil || !s.Editable || strings.Contains(value, "bad") {
			return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: key, Reason: "must be something else"}})
		}
	}
	for key, value := range values {
		s := o.list.Find(key)
		s.Value, s.Source = value, fibonacco.SourceDatabase
		if value == "" {
			s.Value, s.Source = s.Default, fibonacco.SourceDefault
		}
	}
	return o.ListSettings(ctx)
}

func (o *office) SetupState(context.Context) (fibonacco.SetupState, error) { return o.state, nil }

func (o *office) CreateFirstUser(_ context.Context, code string, u fibonacco.User, password string) (*fibonacco.SignedIn, error) {
	switch {
	case !o.state.NeedsUser:
		return nil, fibonacco.Errorf(fibonacco.Conflict, "somebody has been let in already: sign in")
	case code == "slow":
		return nil, &fibonacco.Error{Code: fibonacco.TooMany, Message: "too many", Err: throttled{}}
	case code != setupCode:
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "code", Reason: "is not the one that the server printed when it started"}})
	case len(password) < 10 || u.Name == "":
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "password", Reason: "must have at least 10 characters"}})
	}
	o.state.NeedsUser = false
	p := &fibonacco.Principal{UserID: 1, SessionID: 2, Name: u.Name, Role: fibonacco.Admin}
	o.sessions["fresh"] = p
	return &fibonacco.SignedIn{Session: "fresh", Principal: p}, nil
}

func (o *office) FinishSetup(context.Context) error {
	o.finished, o.state.Done = true, true
	return nil
}

func (o *office) SendTestMail(_ context.Context, to string) (*fibonacco.MailTest, error) {
	if !strings.Contains(to, "@") {
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "to", Reason: "is not an e-mail address"}})
	}
	o.test = &fibonacco.MailTest{At: monday, Mailer: "smtp", Code: 535, Answer: "535 <b>authentication</b> failed"}
	if strings.HasPrefix(to, "dana") {
		o.test = &fibonacco.MailTest{At: monday, Mailer: "smtp", Accepted: true, Code: 250, Answer: "accepted as q-17", TookMS: 214}
	}
	return o.test, nil
}

func (o *office) LastMailTest(context.Context) (*fibonacco.MailTest, error) { return o.test, nil }

func (o *office) Deliverability(context.Context) (*fibonacco.DeliverabilityReport, error) {
	o.asked++
	from := o.list.Find("email.from_email").Value
	domain := from[strings.IndexByte(from, '@')+1:]
	return &fibonacco.DeliverabilityReport{
		At: monday, Domain: domain,
		Findings: []fibonacco.DeliverabilityFinding{
			{Name: "MX", State: "ok", Found: "there is one"}, {Name: "SPF", State: "failed", Found: domain + " has no SPF record", Advice: `Publish: ` + domain + ` TXT "v=spf1 a mx ~all"`},
		},
		Records: []fibonacco.DNSRecord{{Purpose: "SPF", Name: domain, Type: "TXT", Value: "v=spf1 a mx ~all", State: "failed", Note: "One record."}},
	}, nil
}

func (o *office) ListSuppressions(context.Context, fibonacco.ListQuery) (fibonacco.Page[fibonacco.Suppression], error) {
	return fibonacco.Page[fibonacco.Suppression]{Data: o.blocked}, nil
}

func (o *office) Suppress(_ context.Context, s fibonacco.Suppression) (*fibonacco.Suppression, bool, error) {
	if !strings.Contains(s.Value, "@") {
		return nil, false, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "value", Reason: "is neither an e-mail address nor a telephone number"}})
	}
	for _, known := range o.blocked {
		if known.Value == s.Value {
			return &known, false, nil
		}
	}
	s.ID, s.Kind, s.CreatedAt = int64(len(o.blocked)+1), "email", monday
	o.blocked = append(o.blocked, s)
	return &s, true, nil
}

func (o *office) Unsuppress(_ context.Context, id int64, reason string) error {
	i := slices.IndexFunc(o.blocked, func(s fibonacco.Suppression) bool { return s.ID == id })
	switch {
	case i < 0:
		return missing()
	case reason == "":
		return fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "reason", Reason: "is required"}})
	}
	o.blocked = slices.Delete(o.blocked, i, i+1)
	return nil
}

func (o *office) ImportSuppressions(_ context.Context, file io.Reader, reason, source string) (*fibonacco.SuppressionResult, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	if source == "" {
		return nil, fibonacco.InvalidFields("the file cannot be taken in", []fibonacco.FieldError{{Field: "source", Reason: "is required"}})
	}
	r := &fibonacco.SuppressionResult{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		r.Total++
		if _, added, err := o.Suppress(context.Background(), fibonacco.Suppression{Value: line, Reason: reason, Source: source}); err != nil {
			r.Failed++
			r.Errors = append(r.Errors, fibonacco.ImportError{Line: i + 1, Reason: "holds neither an e-mail address nor a telephone number"})
		} else if added {
			r.Added++
		}
	}
	return r, nil
}

func (d door) ListTokens(context.Context, fibonacco.ListQuery) (fibonacco.Page[fibonacco.AccessToken], error) {
	return fibonacco.Page[fibonacco.AccessToken]{Data: d.tokens}, nil
}

func (d door) RevokeToken(_ context.Context, id int64) error {
	i := slices.IndexFunc(d.tokens, func(t fibonacco.AccessToken) bool { return t.ID == id })
	if i < 0 {
		return missing()
	}
	d.tokens = slices.Delete(d.tokens, i, i+1)
	return nil
}

// slowDoctor looks at the domain of a minute ago.
type slowDoctor struct{ o *office }

func (d slowDoctor) Deliverability(ctx context.Context) (*fibonacco.DeliverabilityReport, error) {
	r, err := d.o.Deliverability(ctx)
	r.Domain = "old.example"
	return r, err
}

// CreateCommunity is what the setup asks of a town without any.
func (p places) CreateCommunity(_ context.Context, c fibonacco.Community) (*fibonacco.Community, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.ID = int64(len(p.places) + 1)
	p.town.places = append(p.town.places, fibonacco.CommunityCount{Community: c})
	return &c, nil
}

func (d door) ResetSecondFactor(context.Context, int64) error {
	d.totp = false
	return nil
}
