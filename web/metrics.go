package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fibonacco/fibonacco"
)

// MetricsOptions are what the figures come from. Nil ones are left out.
type MetricsOptions struct {
	Queues fibonacco.Queues
	// Sends counts the ledger by status. It is asked at each scrape: let it be quick.
	Sends func(ctx context.Context) (map[fibonacco.SendStatus]int64, error)
	// Ready is asked at each scrape too.
	Ready   func(ctx context.Context) []fibonacco.Part
	Version string // "" means "dev"
}

// Metrics is what Prometheus reads at /metrics: the process, the requests, the queues, the sends.
type Metrics struct {
	http.Handler
	requests *prometheus.HistogramVec
}

// NewMetrics makes the figures of this process.
func NewMetrics(o MetricsOptions) *Metrics {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fibonacco_http_request_duration_seconds", Help: "Requests by route and status.",
		Buckets: []float64{.001, .005, .02, .1, .5, 2, 10},
	}, []string{"route", "status"})
	version := o.Version
	if version == "" {
		version = "dev"
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fibonacco_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		requests, build, &house{o},
	)
	return &Metrics{
		Handler:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}),
		requests: requests,
	}
}

// observe notes one request. Requests without a route share one label, so that nobody can fill
// the memory by asking for nonsense.
func (m *Metrics) observe(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status)).Observe(took.Seconds())
}

// house collects what is asked for at each scrape.
type house struct{ o MetricsOptions }

const scrapeAtMost = 5 * time.Second

var (
	jobsDesc    = prometheus.NewDesc("fibonacco_queue_jobs", "Jobs by queue and state, on all nodes.", []string{"queue", "state"}, nil)
	waitDesc    = prometheus.NewDesc("fibonacco_queue_wait_seconds", "How long the oldest waiting job of a queue has waited.", []string{"queue"}, nil)
	doneDesc    = prometheus.NewDesc("fibonacco_queue_jobs_done_total", "Jobs that this process has done.", []string{"queue"}, nil)
	workersDesc = prometheus.NewDesc("fibonacco_queue_workers", "Workers of this process.", []string{"queue"}, nil)
	pausedDesc  = prometheus.NewDesc("fibonacco_queue_paused", "1 when the queue is paused.", []string{"queue"}, nil)
	sendsDesc   = prometheus.NewDesc("fibonacco_sends", "Programme e-mails by status.", []string{"status"}, nil)
	partDesc    = prometheus.NewDesc("fibonacco_part_up", "1 when a part that this node leans on works.", []string{"part"}, nil)
	errorDesc   = prometheus.NewDesc("fibonacco_scrape_errors", "1 when these figures could not be read.", []string{"figures"}, nil)
)

// Describe implements prometheus.Collector.
func (h *house) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jobsDesc, waitDesc, doneDesc, workersDesc, pausedDesc, sendsDesc, partDesc, errorDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (h *house) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeAtMost)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if h.o.Queues != nil {
		states, err := h.o.Queues.Queues(ctx)
		gauge(errorDesc, truth(err != nil), "queues")
		for _, s := range states {
			for state, n := range map[string]int{
				"waiting": s.Waiting, "running": s.Running, "retryable": s.Retryable, "scheduled": s.Scheduled, "failed": s.Failed,
			} {
				gauge(jobsDesc, float64(n), s.Name, state)
			}
			gauge(waitDesc, s.Wait.Seconds(), s.Name)
			gauge(workersDesc, float64(s.Workers), s.Name)
			gauge(pausedDesc, truth(s.Paused), s.Name)
			ch <- prometheus.MustNewConstMetric(doneDesc, prometheus.CounterValue, float64(s.Done), s.Name)
		}
	}
	if h.o.Sends != nil {
		counts, err := h.o.Sends(ctx)
		gauge(errorDesc, truth(err != nil), "sends")
		for status, n := range counts {
			gauge(sendsDesc, float64(n), string(status))
		}
	}
	if h.o.Ready != nil {
		for _, p := range h.o.Ready(ctx) {
			gauge(partDesc, truth(p.OK), p.Name)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
