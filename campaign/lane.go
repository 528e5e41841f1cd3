package campaign

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// laneBuffer is how many finished mails may wait for a connection: enough that a connection
// finds its next mail at once, few enough that little is in hand when the provider stalls.
const laneBuffer = 256

// lane is the way out of this process: workers put finished mails in, the mailer's connections
// take them, recorders store the results in groups.
type lane struct {
	s       *Service
	mailer  fibonacco.Mailer
	flight  *flightLog
	mails   chan *fibonacco.Mail
	results chan result

	mu      sync.Mutex
	waiting map[int64]*ticket // by send id, from hand-over until the result is stored
	others  int64             // the last id of a mail that is no send; below 0

	stopMailer context.CancelFunc
	quit       chan struct{}  // closed when no more results come
	running    sync.WaitGroup // the mailer
	recording  sync.WaitGroup // the recorders
}

// ticket is one claimed send on its way; group is told when its result is stored.
type ticket struct {
	claim claim
	group *sync.WaitGroup
	reply chan fibonacco.Handover // of a mail without a send; nil otherwise
}

type result struct {
	ticket   *ticket
	handover fibonacco.Handover
}

func newLane(s *Service, m fibonacco.Mailer) (*lane, error) {
	flight, err := openFlightLog(s.cfg.DataDir, s.queue.NodeID())
	if err != nil {
		return nil, fmt.Errorf("open the flight log: %w", err)
	}
	return &lane{
		s: s, mailer: m, flight: flight,
		mails:   make(chan *fibonacco.Mail, laneBuffer),
		results: make(chan result, 4*groupSize),
		waiting: map[int64]*ticket{},
		quit:    make(chan struct{}),
	}, nil
}

func (l *lane) start(ctx context.Context) {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.stopMailer = cancel
	l.running.Go(func() { l.mailer.Run(run, l.mails, l.flight, l.done) })
	recorders := 2
	if l.s.db.Engine() == db.SQLite {
		recorders = 1 // there is one writer anyway
	}
	for range recorders {
		l.recording.Go(func() { l.recordAll(context.WithoutCancel(ctx)) })
	}
}

// stop lets the mailer finish what is on the wire, gives back what it did not take, and waits
// until every result is stored.
func (l *lane) stop() error {
	if l.stopMailer == nil {
		return nil
	}
	l.stopMailer()
	l.running.Wait()
	for {
		select {
		case m := <-l.mails:
			l.done(m, fibonacco.Handover{Result: fibonacco.NotTried})
			continue
		default:
		}
		break
	}
	close(l.quit)
	l.recording.Wait()
	return l.flight.close()
}

// handOver renders claims and puts them in, then waits until all their results are stored. When
// ctx ends first, what has not been put in is given back.
func (l *lane) handOver(ctx context.Context, steps steps, claims []claim) error {
	var group sync.WaitGroup
	var failed error
	for i, c := range claims {
		step, _ := steps.version(versionKey{c.campaignID, c.version})
		mail, err := l.s.write(step, c)
		if err != nil {
			// It will not render better tomorrow: closed with the reason, the others go on.
			l.s.log.Error("mail does not render", "send", c.id, "campaign", c.campaignID, "error", err)
			group.Add(1)
			l.results <- result{&ticket{claim: c, group: &group}, fibonacco.Handover{Result: fibonacco.Refused, Reason: "the mail could not be written: " + err.Error()}}
			continue
		}
		group.Add(1)
		l.mu.Lock()
		l.waiting[c.id] = &ticket{claim: c, group: &group}
		l.mu.Unlock()
		select {
		case l.mails <- mail:
		case <-ctx.Done():
			failed = ctx.Err()
			for _, rest := range claims[i:] {
				if rest.id != c.id {
					group.Add(1)
					l.mu.Lock()
					l.waiting[rest.id] = &ticket{claim: rest, group: &group}
					l.mu.Unlock()
				}
				l.done(&fibonacco.Mail{SendID: rest.id}, fibonacco.Handover{Result: fibonacco.NotTried})
			}
		}
		if failed != nil {
			break
		}
	}
	group.Wait()
	return failed
}

// deliver hands over one mail that is no send, and returns what became of it. It gets an id below 0,
// which no send has.
func (l *lane) deliver(ctx context.Context, m *fibonacco.Mail) (fibonacco.Handover, error) {
	reply := make(chan fibonacco.Handover, 1)
	l.mu.Lock()
	l.others--
	m.SendID = l.others
	l.waiting[m.SendID] = &ticket{reply: reply}
	l.mu.Unlock()
	select {
	case l.mails <- m:
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.waiting, m.SendID)
		l.mu.Unlock()
		return fibonacco.Handover{}, ctx.Err()
	}
	select {
	case h := <-reply:
		return h, nil
	case <-ctx.Done(): // done finds room in the channel, whenever it comes
		return fibonacco.Handover{}, ctx.Err()
	}
}

// done takes a result from the mailer and sends it to the recorders.
func (l *lane) done(m *fibonacco.Mail, h fibonacco.Handover) {
	l.mu.Lock()
	t := l.waiting[m.SendID]
	delete(l.waiting, m.SendID)
	l.mu.Unlock()
	if t == nil {
		l.s.log.Error("the mailer reported a mail twice", "send", m.SendID, "mailer", l.mailer.Name())
		return
	}
	l.flight.landed(m.SendID, h.Result)
	if t.reply != nil {
		l.flight.stored(m.SendID)
		t.reply <- h
		return
	}
	if h.Result == fibonacco.Accepted && h.MessageID == "" {
		h.MessageID = m.MessageID
	}
	l.results <- result{t, h}
}

const (
	groupSize = 200
	groupWait = 20 * time.Millisecond
)

// recordAll stores results in groups: some 200, or what came within 20 ms. One statement for a
// group costs a tenth of one for each.
func (l *lane) recordAll(ctx context.Context) {
	group := make([]result, 0, groupSize)
	timer := time.NewTimer(groupWait)
	defer timer.Stop()
	for {
		group = group[:0]
		select {
		case r := <-l.results:
			group = append(group, r)
		case <-l.quit:
			select {
			case r := <-l.results:
				group = append(group, r)
			default:
				return
			}
		}
		timer.Reset(groupWait)
	gather:
		for len(group) < groupSize {
			select {
			case r := <-l.results:
				group = append(group, r)
			case <-timer.C:
				break gather
			}
		}
		l.store(ctx, group)
	}
}

// store writes a group down, trying until it succeeds: a result that is lost would make a mail
// unknown that is not. The lane fills up meanwhile, and sending stops by itself. ctx does not end.
func (l *lane) store(ctx context.Context, group []result) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		err := l.s.recordGroup(ctx, group)
		if err == nil {
			break
		}
		l.s.log.Error("results of sends are not stored yet: trying again", "sends", len(group), "error", err)
		_ = fibonacco.SystemClock{}.Sleep(ctx, pause)
	}
	for _, r := range group {
		l.flight.stored(r.ticket.claim.id)
		r.ticket.group.Done()
	}
}

// Deliver hands over one mail that is no send of the programme, over the same connections and within
// the same rates, and waits for the answer. It returns Unavailable in a process that mails nothing.
func (s *Service) Deliver(ctx context.Context, m *fibonacco.Mail) (fibonacco.Handover, error) {
	if s.lane == nil {
		return fibonacco.Handover{}, fibonacco.Errorf(fibonacco.Unavailable, "this process mails nothing")
	}
	return s.lane.deliver(ctx, m)
}
