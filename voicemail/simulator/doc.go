// Package simulator stands in for Drop Cowboy: it speaks the same HTTP interface, posts the same
// callbacks and signed webhooks, and calls nobody. The demonstration and development run on it; tests
// hold the real client against it.
//
// What becomes of a voicemail depends on its number alone. The numbers that Drop Cowboy documents for
// tests have their documented results; any other has one that follows from its digits, most often a
// voicemail that arrives.
package simulator
