package fibonacco

import (
	"strings"
	"time"
)

// Config is every setting. Package config fills it: embedded defaults < file < environment <
// flag. The yaml tags are the keys; the specification's keys keep the specification's names.
type Config struct {
	ManifestDestiny ManifestDestinyConfig `yaml:"manifest_destiny"`
	Engagement      EngagementConfig      `yaml:"engagement"`
	RVM             RVMConfig             `yaml:"rvm"`
	AI              AIConfig              `yaml:"ai"`
	Email           EmailConfig           `yaml:"email"`
	Tracking        TrackingConfig        `yaml:"tracking"`
	Approvals       ApprovalsConfig       `yaml:"approvals"`
	Alerts          AlertsConfig          `yaml:"alerts"`

	Company  CompanyConfig  `yaml:"company"`
	Database DatabaseConfig `yaml:"database"`
	Redis    RedisConfig    `yaml:"redis"`
	HTTP     HTTPConfig     `yaml:"http"`
	Access   AccessConfig   `yaml:"access"`
	OIDC     OIDCConfig     `yaml:"oidc"`
	Clock    ClockConfig    `yaml:"clock"`

	Services []Offering `yaml:"-"` // what a business can say yes to; of services.yaml

	DataDir   string `yaml:"data_dir"`   // FIBONACCO_DATA_DIR; folder for the SQLite file, keys, caught mail
	SecretKey string `yaml:"secret_key"` // FIBONACCO_SECRET_KEY; comma separated, the first signs
	LogLevel  string `yaml:"log_level"`  // FIBONACCO_LOG_LEVEL; debug, info, warn, error
}

// ManifestDestinyConfig shapes the programme.
type ManifestDestinyConfig struct {
	TotalDays       int                  `yaml:"total_days"`
	CampaignsPerDay map[int]CampaignType `yaml:"campaigns_per_day"` // weekday of the programme 1–7 → type
	PlanTimeLocal   string               `yaml:"plan_time_local"`   // "HH:MM": when a day is planned
	SendTimeLocal   string               `yaml:"send_time_local"`   // "HH:MM": when its mails leave

	SendTime           SendTimeConfig    `yaml:"send_time"`
	Quiet              QuietConfig       `yaml:"quiet"`
	FrequencyCap       FrequencyConfig   `yaml:"frequency_cap"`
	SubjectTest        SubjectTestConfig `yaml:"subject_test"`
	EventRetentionDays int               `yaml:"event_retention_days"` // 0 keeps every hit
}

// SendTimeConfig says when a business gets its mail.
type SendTimeConfig struct {
	Choice     string  `yaml:"choice"`      // fixed: at SendTimeLocal; learned: when it reads
	FromLocal  string  `yaml:"from_local"`  // "HH:MM": not earlier, when learned
	UntilLocal string  `yaml:"until_local"` // "HH:MM": not later, when learned
	Explore    float64 `yaml:"explore"`     // share of mails that try another hour
}

// QuietConfig is the days without programme mail.
type QuietConfig struct {
	Weekdays []int    `yaml:"weekdays"` // 1 Monday to 7 Sunday
	Dates    []string `yaml:"dates"`    // "2026-12-24", or "12-24" for every year
	Holidays bool     `yaml:"holidays"` // federal ones
	Action   string   `yaml:"action"`   // move: the programme goes on the next day; skip: the step is left out
}

// FrequencyConfig bounds how much mail a business gets.
type FrequencyConfig struct {
	Mails int `yaml:"mails"` // 0 does not bound
	Days  int `yaml:"days"`  // rolling
}

// SubjectTestConfig says when one of several subjects has won.
type SubjectTestConfig struct {
	Metric   string  `yaml:"metric"`    // opens or clicks, by people
	Level    float64 `yaml:"level"`     // how often a winner may be named where there is none: 0.05
	MinSends int     `yaml:"min_sends"` // of each subject
}

// EngagementConfig shapes scores and tiers.
type EngagementConfig struct {
	Tiers        map[int]TierConfig     `yaml:"tiers"`
	ScoreWeights map[EngagementKind]int `yaml:"score_weights"`
	ScoreCaps    map[EngagementKind]int `yaml:"score_caps"`
	WindowDays   int                    `yaml:"window_days"`
}

// TierConfig is one tier.
type TierConfig struct {
	Name     string `yaml:"name"`
	MinScore int    `yaml:"min_score"`
}

// Tier is the tier that a score calls for: the smallest number whose minimum it reaches.
func (c EngagementConfig) Tier(score int) int {
	tier := 4
	for n, t := range c.Tiers {
		if score >= t.MinScore && n < tier {
			tier = n
		}
	}
	return tier
}

// RVMConfig shapes ringless voicemail.
type RVMConfig struct {
	Provider                  string      `yaml:"provider"` // RVM_PROVIDER
	TriggerAfterHours         int         `yaml:"trigger_after_hours"`
	SendTimeLocal             string      `yaml:"send_time_local"`
	FollowupEmailDelayMinutes int         `yaml:"followup_email_delay_minutes"`
	MonthlyLimits             map[int]int `yaml:"monthly_limits"` // tier → drops a month; 0 means quarterly only
	RequireConsent            bool        `yaml:"require_consent"`

	Key           string `yaml:"key"`            // RVM_KEY; "" means that there is no provider yet. Of version 1, the team id
	Secret        string `yaml:"secret"`         // RVM_SECRET
	API           string `yaml:"api"`            // v2, or v1
	Endpoint      string `yaml:"endpoint"`       // RVM_ENDPOINT; "" is Drop Cowboy's own
	BrandID       string `yaml:"brand_id"`       // RVM_BRAND_ID
	PhoneLineID   string `yaml:"phone_line_id"`  // RVM_PHONE_LINE_ID; of version 1, the pool
	VoiceID       string `yaml:"voice_id"`       // RVM_VOICE_ID; speaks the scripts
	WebhookSecret string `yaml:"webhook_secret"` // RVM_WEBHOOK_SECRET; comma separated; "" believes no signed call

	CallbackNumber string `yaml:"callback_number"` // RVM_CALLBACK_NUMBER, E.164
	OptOutNumber   string `yaml:"opt_out_number"`  // RVM_OPT_OUT_NUMBER, E.164, toll free

	WindowFromLocal  string `yaml:"window_from_local"`  // "HH:MM", where the telephone may be
	WindowUntilLocal string `yaml:"window_until_local"` // "HH:MM"
	WindowDays       []int  `yaml:"window_days"`        // 1 Monday to 7 Sunday
	OnHolidays       bool   `yaml:"on_holidays"`
}

// TrackingConfig shapes how hits of tracking links are judged.
type TrackingConfig struct {
	RulesFile string `yaml:"rules_file"` // TRACKING_RULES_FILE; "" means the rules that are part of the program
}

// ApprovalsConfig says who is told of what this program does not make.
type ApprovalsConfig struct {
	WebhookURL    string `yaml:"webhook_url"`    // APPROVALS_WEBHOOK_URL; "" tells nobody
	WebhookSecret string `yaml:"webhook_secret"` // APPROVALS_WEBHOOK_SECRET; signs what is posted there
}

// AlertsConfig says who is told when jobs wait longer than their queue's wait_alert.
type AlertsConfig struct {
	Mail          []string `yaml:"mail"`           // addresses; none mails nobody
	WebhookURL    string   `yaml:"webhook_url"`    // ALERTS_WEBHOOK_URL; "" tells no program
	WebhookSecret string   `yaml:"webhook_secret"` // ALERTS_WEBHOOK_SECRET; signs what is posted there
}

// AIConfig shapes Sarah.
type AIConfig struct {
	Persona   string `yaml:"persona"`
	Model     string `yaml:"model"` // AI_MODEL
	MaxTokens int    `yaml:"max_tokens"`
}

// EmailConfig shapes outgoing mail.
type EmailConfig struct {
	FromName  string `yaml:"from_name"`  // MAIL_FROM_NAME
	FromEmail string `yaml:"from_email"` // MAIL_FROM_ADDRESS
	ReplyTo   string `yaml:"reply_to"`   // MAIL_REPLY_TO

	Mailer              string `yaml:"mailer"`                // MAIL_MAILER: catcher, smtp, ses
	SMTPURL             string `yaml:"smtp_url"`              // SMTP_URL: smtp://user:pass@host:port?connections=10; several parted by spaces
	SESRegion           string `yaml:"ses_region"`            // SES_REGION; "" leaves it to the AWS SDK
	SESEndpoint         string `yaml:"ses_endpoint"`          // SES_ENDPOINT; "" is Amazon's own
	SESConfigurationSet string `yaml:"ses_configuration_set"` // SES_CONFIGURATION_SET; publishes events
	BounceDomain        string `yaml:"bounce_domain"`         // MAIL_BOUNCE_DOMAIN; "" has no return paths of their own
	ReceiveListen       string `yaml:"receive_listen"`        // MAIL_RECEIVE_LISTEN

	SESTopics []string `yaml:"ses_topics"` // SES_TOPICS; ARNs that /webhooks/ses believes
	SESSimple bool     `yaml:"ses_simple"` // SES_SIMPLE

	MaxPerSecond float64      `yaml:"max_per_second"`      // MAIL_MAX_PER_SECOND; all nodes together; 0 means as fast as the provider takes it
	RetryAfter   []int        `yaml:"retry_after_seconds"` // pauses between hand-overs that were refused for now; after the last, the mail is failed
	Warmup       WarmupConfig `yaml:"warmup"`
	Domains      []string     `yaml:"domains"`       // MAIL_DOMAINS; what recipients' domains take: see ParseDomainLimits
	ChunkSize    int          `yaml:"chunk_size"`    // mails per job
	DKIMDomain   string       `yaml:"dkim_domain"`   // DKIM_DOMAIN
	DKIMSelector string       `yaml:"dkim_selector"` // DKIM_SELECTOR
	DKIMKeyFile  string       `yaml:"dkim_key_file"` // DKIM_KEY_FILE: PEM, RSA or Ed25519
}

// CompanyConfig is who signs public pages and the foot of every mail.
type CompanyConfig struct {
	Name          string `yaml:"name"`           // COMPANY_NAME
	PostalAddress string `yaml:"postal_address"` // COMPANY_POSTAL_ADDRESS; CAN-SPAM asks for it
}

// DatabaseConfig is where the rows live.
type DatabaseConfig struct {
	URL            string `yaml:"url"`             // DATABASE_URL: postgres:// or sqlite://; "" means SQLite in DataDir
	MaxConnections int    `yaml:"max_connections"` // PostgreSQL pool
}

// RedisConfig is what nodes share fast; optional.
type RedisConfig struct {
	URL string `yaml:"url"` // REDIS_URL; "" means in process
}

// HTTPConfig is the web server.
type HTTPConfig struct {
	Listen       string  `yaml:"listen"`         // FIBONACCO_LISTEN
	PublicURL    string  `yaml:"public_url"`     // FIBONACCO_PUBLIC_URL; base of every link in a mail, without a slash at its end; from Listen when not set
	APIPerMinute float64 `yaml:"api_per_minute"` // requests per token or session and minute

	TrustProxy []string `yaml:"trust_proxy"` // FIBONACCO_TRUST_PROXY; addresses and networks of our own proxies, whose X-Forwarded-For is believed
}

// AccessConfig is about people who have signed in.
type AccessConfig struct {
	SessionIdle time.Duration `yaml:"session_idle"` // FIBONACCO_SESSION_IDLE; a session that nobody uses for so long has ended
}

// OIDCConfig is who signs people in beside us (OpenID Connect).
type OIDCConfig struct {
	Issuer       string   `yaml:"issuer"`        // OIDC_ISSUER; "" means nobody does
	ClientID     string   `yaml:"client_id"`     // OIDC_CLIENT_ID
	ClientSecret string   `yaml:"client_secret"` // OIDC_CLIENT_SECRET; "" for a public client
	Name         string   `yaml:"name"`          // OIDC_NAME: what the button says
	Scopes       []string `yaml:"scopes"`        // OIDC_SCOPES
	DefaultRole  Role     `yaml:"default_role"`  // OIDC_DEFAULT_ROLE; "" lets in only users who exist
	GroupsClaim  string   `yaml:"groups_claim"`  // OIDC_GROUPS_CLAIM
	GroupRoles   []string `yaml:"group_roles"`   // OIDC_GROUP_ROLES, "group=role"; none leaves roles to us
}

// GroupRole reads one entry of GroupRoles; the last "=" parts it, since groups may hold others.
func (OIDCConfig) GroupRole(entry string) (group string, role Role, ok bool) {
	i := strings.LastIndexByte(entry, '=')
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(entry[:i]), Role(strings.TrimSpace(entry[i+1:])), true
}

// ClockConfig sets a virtual clock.
type ClockConfig struct {
	Start string  `yaml:"start"` // FIBONACCO_CLOCK_START, RFC 3339; "" means now
	Scale float64 `yaml:"scale"` // FIBONACCO_CLOCK_SCALE, virtual seconds per second; 1 is real time
}
