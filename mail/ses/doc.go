// Package ses hands mails to Amazon SES over its v2 HTTP API. It owns no table; what becomes of a
// mail afterwards comes back as SNS messages, which web/hook receives.
//
// SES takes no idempotency key, so a request is never repeated here: what SES clearly refused is
// reported refused, what never left this machine is reported not tried, and what left without an
// answer stays in doubt until SES's own events settle it (R1). The SDK's retries are off for this
// reason.
//
// The account's quota is read (GetAccount) and obeyed: the sending rate by all nodes together
// through the limiter, the daily quota by pausing until SES counts fewer.
package ses
