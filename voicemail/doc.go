// Package voicemail is the parent of what drops ringless voicemails: dropcowboy, which speaks to the
// provider, simulator, which speaks the provider's language and calls nobody, and voicemailtest, what
// both must pass. When and to whom a voicemail goes is decided in campaign/voicemail.
package voicemail
