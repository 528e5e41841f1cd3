package main

import (
	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/approval/outgoing"
)

// openApproval makes the approval service. What makes services is given to it with Use, before the queue
// starts.
func (a *app) openApproval(signer *fibonacco.Signer) {
	o := approval.Options{DB: a.db, Queue: a.queue, Signer: signer, Config: a.cfg, Post: a.notices.Post}
	if a.cfg.Approvals.WebhookURL != "" {
		o.Announce = outgoing.New(a.cfg.Approvals.WebhookURL, a.cfg.Approvals.WebhookSecret).Post
	}
	a.approval = approval.New(o)
}
