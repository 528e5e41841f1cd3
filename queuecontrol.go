package fibonacco

import (
	"context"
	"time"
)

// QueueBoard is everything about the queues now, over all nodes. Times are the machine's.
type QueueBoard struct {
	At           time.Time   `json:"at"`
	PerMinute    float64     `json:"per_minute"` // jobs, over the last five whole minutes
	Before       float64     `json:"per_minute_week_before"`
	DoneHour     int         `json:"done_last_hour"`
	FailedWeek   int         `json:"failed_7_days"` // jobs that gave up
	Queues       []QueueLine `json:"queues"`
	Nodes        []QueueNode `json:"nodes"`
	LongestWait  int64       `json:"longest_wait_ms"`
	LongestQueue string      `json:"longest_wait_queue"` // "" when nothing waits
}

// QueueLine is one queue of a QueueBoard.
type QueueLine struct {
	Name       string `json:"name"`
	Supervisor string `json:"supervisor"` // "" when no node that lives works on it
	Balance    string `json:"balance"`    // auto, none
	Workers    int    `json:"workers"`    // of all nodes, as are the next two
	MinWorkers int    `json:"min_workers"`
	MaxWorkers int    `json:"max_workers"`

	Waiting   int   `json:"waiting"`
	Running   int   `json:"running"`
	Retryable int   `json:"retryable"`
	Scheduled int   `json:"scheduled"`
	Failed    int   `json:"failed"`  // gave up or cancelled; kept
	WaitMS    int64 `json:"wait_ms"` // of the oldest waiting job

	PerMinute   float64 `json:"per_minute"` // over the last five whole minutes
	DoneHour    int     `json:"done_last_hour"`
	RunMedianMS int64   `json:"run_median_ms"` // of the last hour, as is the next
	WaitP95MS   int64   `json:"wait_p95_ms"`

	AlertMS   int64       `json:"alert_ms"`   // a longer wait is told to people; 0 never
	AlertedAt *time.Time  `json:"alerted_at"` // last; nil when that is more than an hour ago
	Pause     *QueuePause `json:"pause"`      // nil while it works

	Minutes []JobPoint `json:"-"` // of the last hour
}

// QueuePause is why a queue is held.
type QueuePause struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
}

// QueueNode is one process that works on queues or looks at the clock.
type QueueNode struct {
	ID        string    `json:"id"`
	Hostname  string    `json:"hostname"`
	StartedAt time.Time `json:"started_at"`
	SeenAt    time.Time `json:"seen_at"`
	Workers   int       `json:"workers"`
}

// JobPeriod is how far a look back goes.
type JobPeriod string

// The periods. An hour is told by the minute, the others by the hour.
const (
	LastHour      JobPeriod = "hour"
	LastDay       JobPeriod = "day"
	LastFortnight JobPeriod = "fortnight"
)

// JobPeriods are all of them.
var JobPeriods = []JobPeriod{LastHour, LastDay, LastFortnight}

// JobHistoryQuery asks for the past of a queue, of a kind of job, of both, or, empty, of everything.
type JobHistoryQuery struct {
	Queue, Kind string
	Period      JobPeriod // "" is LastHour
}

// JobHistory is a stretch of the past, and the same stretch a week before.
type JobHistory struct {
	Period      JobPeriod  `json:"period"`
	StepSeconds int        `json:"step_seconds"`
	Points      []JobPoint `json:"points"`      // oldest first, none left out; the last is still in progress
	WeekBefore  []JobPoint `json:"week_before"` // as many; by the hour even where Points are by the minute
}

// JobPoint is one step of a JobHistory.
type JobPoint struct {
	At          time.Time `json:"at"` // when it begins
	Done        int       `json:"done"`
	Failed      int       `json:"failed"` // attempts
	PerMinute   float64   `json:"per_minute"`
	RunMedianMS int64     `json:"run_median_ms"`
	RunP95MS    int64     `json:"run_p95_ms"`
	WaitP95MS   int64     `json:"wait_p95_ms"`
}

// JobKind is what one kind of job has done in a period.
type JobKind struct {
	Kind        string `json:"kind"`
	Queue       string `json:"queue"`
	Done        int    `json:"done"`
	Failed      int    `json:"failed"`  // attempts
	GaveUp      int    `json:"gave_up"` // jobs
	RunMedianMS int64  `json:"run_median_ms"`
	RunP95MS    int64  `json:"run_p95_ms"`
	WaitP95MS   int64  `json:"wait_p95_ms"`
}

// BalanceReason is why the number of workers of a queue changed, or did not.
type BalanceReason string

// The reasons.
const (
	BalanceStarted BalanceReason = "started" // the node began
	BalanceWaiting BalanceReason = "waiting" // jobs waited
	BalanceQuiet   BalanceReason = "quiet"   // nothing has waited for a while
	BalanceMost    BalanceReason = "most"    // jobs wait, but there are as many workers as there may be
	BalanceStopped BalanceReason = "stopped" // the node ended
)

// BalanceChange is one line of the balance log.
type BalanceChange struct {
	ID         int64         `json:"id"`
	At         time.Time     `json:"at"` // the machine's time
	Node       string        `json:"node"`
	Supervisor string        `json:"supervisor"`
	Queue      string        `json:"queue"`
	Before     int           `json:"workers_before"` // of this node
	After      int           `json:"workers_after"`
	Reason     BalanceReason `json:"reason"`
	Waiting    int           `json:"waiting"` // jobs, at that moment
	WaitMS     int64         `json:"wait_ms"` // of the oldest of them
}

// BalanceListing is what can be asked of the balance log. It is kept for 14 days.
var BalanceListing = Listing{
	Name: "balance-log", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "Changes are numbered as they are made."},
		{Name: "at", Kind: TimeField, Filter: true, About: "When."},
		{Name: "queue", Kind: TextField, Filter: true, About: "Whose workers."},
		{Name: "supervisor", Kind: TextField, Filter: true, About: "Who looks after the queue."},
		{
			Name: "reason", Kind: TextField, Filter: true, About: "Why.",
			Values: []string{string(BalanceStarted), string(BalanceWaiting), string(BalanceQuiet), string(BalanceMost), string(BalanceStopped)},
		},
	},
}

// LongWait is what people are told when jobs wait longer than their queue's threshold.
type LongWait struct {
	Queue     string        `json:"queue"`
	Waiting   int           `json:"waiting"`
	Wait      time.Duration `json:"-"` // of the oldest
	Threshold time.Duration `json:"-"`
	At        time.Time     `json:"at"`
}

// QueueControl looks at the queues over time, and holds them.
type QueueControl interface {
	Board(ctx context.Context) (*QueueBoard, error)
	// JobHistory returns Invalid for a period that is not known.
	JobHistory(ctx context.Context, q JobHistoryQuery) (*JobHistory, error)
	// JobKinds is every kind that did something in a period, busiest first.
	JobKinds(ctx context.Context, period JobPeriod) ([]JobKind, error)
	// ListBalance is one page of BalanceListing.
	ListBalance(ctx context.Context, q ListQuery) (Page[BalanceChange], error)
	// PauseQueue holds a queue on every node: what runs finishes, what waits goes on waiting. Doing it
	// again changes the reason. Returns NotFound for a queue that no node has ever worked on.
	PauseQueue(ctx context.Context, queue, reason, by string) error
	// ResumeQueue lets a queue go on. Doing it again changes nothing.
	ResumeQueue(ctx context.Context, queue, by string) error
	// PauseAllQueues holds every queue that works, all or none of them, and answers which these were. One
	// that is held already keeps its own reason.
	PauseAllQueues(ctx context.Context, reason, by string) ([]string, error)
	// ResumeAllQueues lets every queue go on that is held, whoever held it, and answers which these were.
	ResumeAllQueues(ctx context.Context, by string) ([]string, error)
}
