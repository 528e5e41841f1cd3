//go:build !darwin

package campaign

// bootTime is not known here: without Linux's boot id, the flight log proves nothing.
func bootTime() string { return "" }
