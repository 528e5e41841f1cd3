package simulator

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
)

// Options make a Simulator.
type Options struct {
	Clock fibonacco.Clock // the product's: results come when it says so; nil is the machine's
	Delay time.Duration   // from the hand-over to its result, on that clock; 0 is two minutes

	Secret        string // that requests must bring; "" takes any
	WebhookURL    string // where webhooks go; "" posts none
	WebhookSecret string // signs them

	// Deliver takes what would be posted to an address below BaseURL, in this process. nil posts
	// everything over HTTP.
	Deliver func(ctx context.Context, r fibonacco.WebhookRequest) error
	BaseURL string
	Client  *http.Client // posts the rest; nil is http.DefaultClient

	// Call is told of people who call back; a few of those who got a voicemail do. nil: nobody does.
	Call   func(ctx context.Context, c fibonacco.PhoneCall) error
	CallTo string // the number they call

	Logger *slog.Logger // nil is slog.Default()
}

// Simulator is a provider of voicemails that calls nobody. It is an http.Handler.
type Simulator struct {
	o     Options
	mux   *http.ServeMux
	ctx   context.Context //nolint:containedctx // the life of what is under way
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu   sync.Mutex
	keys map[string]used
}

// used is a request that was made under a key.
type used struct {
	body string
	at   time.Time
}

// New makes a simulator. Close ends what is under way.
func New(o Options) *Simulator {
	if o.Clock == nil {
		o.Clock = fibonacco.SystemClock{}
	}
	o.Delay = cmp.Or(o.Delay, 2*time.Minute)
	o.Client = cmp.Or(o.Client, http.DefaultClient)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	s := &Simulator{o: o, mux: http.NewServeMux(), keys: map[string]used{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.mux.HandleFunc("POST /rvm", s.dropV2)
	s.mux.HandleFunc("POST /v1/rvm", s.dropV1)
	s.mux.HandleFunc("GET /phone/public/lines", s.lines)
	return s
}

// ServeHTTP implements http.Handler. Every answer says that it is a simulator's.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Simulator", "fibonacco")
	s.mux.ServeHTTP(w, r)
}

// Close gives up the results that have not come yet, as a power cut would, and waits for the rest.
func (s *Simulator) Close() error {
	s.stop()
	s.tasks.Wait()
	return nil
}

// Flush waits until everything that was handed over has had its result. Not while more comes in, and
// not with a clock that stands still.
func (s *Simulator) Flush() { s.tasks.Wait() }

// Voicemailer is a client of this simulator within the process: the real one, over no network.
func (s *Simulator) Voicemailer() (fibonacco.Voicemailer, error) {
	return dropcowboy.New(dropcowboy.Options{
		Name: "simulator", Key: "simulator", Secret: cmp.Or(s.o.Secret, "simulator"), VoiceID: uuid.NewString(),
		Endpoint: "http://simulator.invalid", Client: &http.Client{Transport: inProcess{s}}, Logger: s.o.Logger,
	})
}

// later does something after a time of the product's clock, unless the simulator is closed first.
func (s *Simulator) later(after time.Duration, do func(ctx context.Context)) {
	s.tasks.Go(func() {
		if s.o.Clock.Sleep(s.ctx, after) == nil {
			do(s.ctx)
		}
	})
}
