package plaintext

import (
	"net/url"
	"strings"
)

// WebAddress reads the address of a website as people type it: "www.example.com". Only http and https
// lead anywhere, and only to hosts that everybody can reach by name. What is none comes back as it was.
func WebAddress(typed string) (address string, ok bool) {
	address = typed
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.ContainsAny(address, " <>\"'`\\") {
		return typed, false
	}
	if host := strings.Trim(u.Hostname(), "."); !strings.Contains(host, ".") {
		return typed, false
	}
	return u.String(), true
}
