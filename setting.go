package fibonacco

import (
	"context"
	"time"
)

// SettingSource is what a value of a setting was taken from.
type SettingSource string

// The sources, from the weakest to the strongest.
const (
	SourceDefault     SettingSource = "default"
	SourceDatabase    SettingSource = "database" // SettingsService.ChangeSettings
	SourceFile        SettingSource = "file"
	SourceEnvironment SettingSource = "environment"
	SourceFlag        SettingSource = "flag"
)

// Setting is one setting in force, fit to be shown.
type Setting struct {
	Key      string        `json:"key"`
	Group    string        `json:"group"`    // the section of its key; "" for what stands alone
	About    string        `json:"about"`    // what it does
	Value    string        `json:"value"`    // lists are separated by commas; of a secret, at most that there is one
	Default  string        `json:"default"`  // likewise
	Unit     string        `json:"unit"`     // what a number counts; "" for none
	Source   SettingSource `json:"source"`   // where the value comes from
	Where    string        `json:"where"`    // the file and line, the variable or the flag; "" for the others
	Variable string        `json:"variable"` // the environment variable that sets it
	Secret   bool          `json:"secret"`
	Hidden   bool          `json:"hidden"`   // whoever asks does not see whether the secret is set
	Editable bool          `json:"editable"` // ChangeSettings takes it: it may be stored, and nothing stronger sets it
	Storable bool          `json:"storable"` // it may be stored; not Editable where something stronger sets it
}

// SettingGroup is a section of settings.
type SettingGroup struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// SettingList is every setting, in the order of the shipped files.
type SettingList struct {
	Groups   []SettingGroup `json:"groups"`
	Settings []Setting      `json:"settings"`
}

// Find is the setting of a key; nil when there is none.
func (l *SettingList) Find(key string) *Setting {
	for i := range l.Settings {
		if l.Settings[i].Key == key {
			return &l.Settings[i]
		}
	}
	return nil
}

// SettingsService knows every setting with its source, and keeps the few that the database may hold.
// Forbidden for whoever is limited to communities: settings are one for all of them.
type SettingsService interface {
	// ListSettings shows of secrets whether they are set to admins, and to others that there is such
	// a setting.
	ListSettings(ctx context.Context) (*SettingList, error)
	// ChangeSettings stores values by key; "" goes back to the default. All or none: Invalid names
	// each key that cannot be stored here, that a file, a variable or a flag sets, or whose value is
	// wrong. Every node takes them up within seconds, after it has finished what it is doing.
	ChangeSettings(ctx context.Context, values map[string]string) (*SettingList, error)
}

// MailTest is what became of one test mail.
type MailTest struct {
	At       time.Time `json:"at"`
	Mailer   string    `json:"mailer"`   // smtp, ses or catcher
	Accepted bool      `json:"accepted"` // the provider has it; whether it arrives is for its reader to see
	Code     int       `json:"code"`     // what the server answered; 0 when nothing did
	Answer   string    `json:"answer"`   // in its words, or why it could not be asked
	TookMS   int       `json:"took_ms"`
}

// MailTester hands a real mail to the configured mailer.
type MailTester interface {
	// SendTestMail sends a short text to one address and waits for the answer, twenty seconds at
	// most. A refusal is an answer and no error. Invalid for what is no address, TooMany while another
	// test is under way.
	SendTestMail(ctx context.Context, to string) (*MailTest, error)
	// LastMailTest is the newest one by anybody; nil when there was none.
	LastMailTest(ctx context.Context) (*MailTest, error)
}
