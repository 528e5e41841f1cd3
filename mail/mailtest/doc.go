// Package mailtest helps to test and to measure whatever sends mail. It has a fast SMTP server
// that counts (Sink), one that misbehaves by script (Server), and the suite that every
// fibonacco.Mailer must pass (Conform). It is for tests and benchmarks only: nothing here checks
// who connects.
package mailtest
