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
	Records  []DNSRecord             `json:"records" doc:"What the DNS has to say for this way of sending, to be copied."`
}

// DNSRecord is one record that receivers look for.
type DNSRecord struct {
	Purpose string `json:"purpose" enum:"SPF,DKIM,DMARC,MX" example:"SPF"`
	Name    string `json:"name" example:"example.com"`
	Type    string `json:"type" enum:"TXT,MX" example:"TXT"`
	Value   string `json:"value" example:"v=spf1 include:amazonses.com ~all"`
	State   string `json:"state" enum:"ok,warning,failed" doc:"What a look at the DNS found." example:"failed"`
	Note    string `json:"note" doc:"What to mind; empty when there is nothing." example:"A domain has one SPF record: where there is one, add to it what stands before its “all”."`
}

// DeliverabilityDoctor looks at how mail is sent with the eyes of those who receive it.
type DeliverabilityDoctor interface {
	// Deliverability asks the DNS, the configured servers and the provider, some seconds at most, and
	// changes nothing.
	Deliverability(ctx context.Context) (*DeliverabilityReport, error)
}
