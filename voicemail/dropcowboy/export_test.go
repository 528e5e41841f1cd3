package dropcowboy

import "time"

// SetNow lets a webhook's clock stand still.
func SetNow(w *Webhook, at time.Time) { w.now = func() time.Time { return at } }
