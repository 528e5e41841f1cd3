package campaign_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// crashStart is a Monday, just after ten in New York. The clock then runs fast: what the product does
// every few seconds it does many times a second.
var crashStart = time.Date(2026, 3, 2, 15, 0, 1, 0, time.UTC)

// tasks are what a node can be started for beside sending.
var tasks = map[string]func(ctx context.Context, n node, d *db.DB, tr *trap) error{
	"migrate": migrateTask, "reports": reportsTask, "judge": judgeTask,
}

// migrateTask brings an empty database up to date. To die at a certain step it looks on from a second
// connection.
func migrateTask(ctx context.Context, n node, d *db.DB, tr *trap) error {
	if tr.point == "migrate: after some steps" {
		other, err := db.Open(ctx, n.URL, fibonacco.SystemClock{}, 2)
		if err != nil {
			return err
		}
		go func() {
			for {
				var step int
				_ = other.View(context.WithoutCancel(ctx), func(tx *db.Tx) (err error) { // there is no table at first
					step, err = db.Count(ctx, tx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`)
					return err
				})
				if step >= n.Nth {
					die()
				}
			}
		}()
	}
	_, err := d.Migrate(ctx)
	return err
}

const reportCallers = 16

// reportsTask takes a provider's messages as its webhook does, many at once, and says which of them
// it has answered.
func reportsTask(ctx context.Context, n node, d *db.DB, tr *trap) error {
	q, err := queue.New(queue.Options{DB: d, Node: n.Name, Notify: tr.published})
	if err != nil {
		return err
	}
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		return err
	}
	svc := track.New(d, q, signer, testConfig(""))
	svc.KeepConsents(func(context.Context, *db.Tx, []fibonacco.Consent) (map[int64][]string, error) {
		tr.reach("reports: being written")
		return map[int64][]string{}, nil
	})
	svc.Start()
	var callers sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for caller := range reportCallers {
		callers.Go(func() {
			for i := caller; i < n.Mails; i += reportCallers {
				_, err := svc.TakeReports(ctx, reportOf(i))
				mu.Lock()
				if err != nil {
					failed = err
				} else {
					fmt.Println(reportOf(i).ID) // unbuffered: the parent has it when we die
				}
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	svc.Close()
	return failed
}

// reportOf is the provider's ith message: about the send of id i+1.
func reportOf(i int) fibonacco.MailDelivery {
	r := fibonacco.MailReport{SendID: int64(i + 1), At: crashStart}
	switch i % 3 {
	case 0:
		r.Kind = "delivered"
	case 1:
		r.Kind, r.BounceType = "bounced", "Permanent"
	default:
		r.Kind = "complained"
	}
	return fibonacco.MailDelivery{ID: fmt.Sprintf("sns:%d", i), Reports: []fibonacco.MailReport{r}}
}

func judgeTask(ctx context.Context, n node, d *db.DB, tr *trap) error {
	q, err := queue.New(queue.Options{DB: d, Node: n.Name, Notify: tr.published})
	if err != nil {
		return err
	}
	svc, err := newNodeService(n, d, q, nil)
	if err != nil {
		return err
	}
	return svc.JudgeSubjects(ctx)
}
