// Package catcher takes mails instead of sending them, and keeps them to be looked at: what
// /mailbox shows when no real provider is set up.
//
// Mails lie in segments, append-only files in one folder. A full catcher drops its oldest segment.
// What was reported as accepted survives the death of the process, not that of the machine; a
// record that was cut short is cut off on the next start. One process at a time owns the folder.
//
// It takes everything, except from two domains that show what failure looks like: mail to
// refuse.example is refused for good, mail to defer.example for now.
package catcher
