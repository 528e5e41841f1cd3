// Package dropcowboy drops voicemails through Drop Cowboy, and takes what it says became of them.
//
// It speaks version 2 of the API, and version 1 where an account has nothing else. client.go hands
// over, result.go knows every reason code, webhook.go proves what is posted to us. A 202 checks
// nothing: a wrong number, missing funds and even a wrong secret come back as results.
//
// Sources: Drop-Cowboy/dropcowboy on GitHub (docs/concepts, examples/api, legacy), 2026.
package dropcowboy
