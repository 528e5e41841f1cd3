package fibonacco

import (
	"context"
	"time"
)

// DeliverabilityFinding is one thing that receiving servers look at before they believe a mail.
type DeliverabilityFinding struct {
	Name   string `json:"name" example:"SPF"`
	State  string `json:"state" enum:"ok,warning,failed" example:"warning"`
	Found  string `json:"found" doc:"What is there." example:"the record of example.com takes 2 look-ups of 10; it does not allow 192.0.2.25"`
	Advice string `json:"advice" doc:"What to do, with the record to publish; empty when there is nothing to do." example:"Add to the record, before its “all”: ip4:192.0.2.25"`
}

// DeliverabilityReport is all findings of one look.
type DeliverabilityReport struct {
	At       time.Time               `json:"at" doc:"When it was looked; a look is kept for a minute."`
	Domain   string                  `json:"domain" doc:"That mails come from." example:"example.com"`
	Findings []DeliverabilityFinding `json:"findings"`
}

// DeliverabilityDoctor looks at how mail is sent with the eyes of those who receive it.
type DeliverabilityDoctor interface {
	// Deliverability asks the DNS, the configured servers and the provider, some seconds at most, and
	// changes nothing.
	Deliverability(ctx context.Context) (*DeliverabilityReport, error)
}
