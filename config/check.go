package config

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fibonacco/fibonacco"
)

// checker reports values that are wrong. A method that takes a secret never quotes it.
type checker struct {
	report func(path, reason string)
}

func (check checker) filled(path, text string) {
	if strings.TrimSpace(text) == "" {
		check.report(path, "must not be empty")
	}
}

// oneLine keeps line ends out of mail headers.
func (check checker) oneLine(path, text string) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		check.report(path, "must be one line"+not(text))
	}
}

func (check checker) oneOf(path, text string, choices ...string) {
	if !slices.Contains(choices, text) {
		last := len(choices) - 1
		check.report(path, "must be "+strings.Join(choices[:last], ", ")+" or "+choices[last]+not(text))
	}
}

func (check checker) within(path string, n, least, most int) {
	switch {
	case n < least:
		check.report(path, fmt.Sprintf("must be at least %d%s", least, notNumber(n)))
	case n > most:
		check.report(path, fmt.Sprintf("must be at most %d%s", most, notNumber(n)))
	}
}

func (check checker) lasts(path string, d, least, most time.Duration) {
	switch {
	case d < least:
		check.report(path, "must be at least "+short(least)+", not "+short(d))
	case d > most:
		check.report(path, "must be at most "+short(most)+", not "+short(d))
	}
}

func (check checker) notNegative(path string, f float64) {
	if !(f >= 0) { // NaN, too
		check.report(path, "must be 0 or more"+notNumber(f))
	}
}

// timeOfDay reports whether text is HH:MM, so that times can be compared as text.
func (check checker) timeOfDay(path, text string) bool {
	if _, err := time.Parse("15:04", text); err != nil || len(text) != len("15:04") {
		check.report(path, "must be a time of day such as 09:30"+not(text))
		return false
	}
	return true
}

func (check checker) address(path, text string) {
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
		check.report(path, "must be a bare mail address such as sarah@example.com"+not(text))
	}
}

func (check checker) listen(path, text string) {
	host, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if _, noIP := netip.ParseAddr(host); err != nil || noIP != nil && strings.ContainsFunc(host, notDNS) {
		check.report(path, "must be an address and a port such as 127.0.0.1:8080"+not(text))
	}
}

func (check checker) publicURL(path, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		check.report(path, "must be a URL such as https://news.example.com"+not(text))
	case u.User != nil:
		check.report(path, "must not hold a user or password: it is in every mail")
	case strings.ContainsAny(text, "?#"):
		check.report(path, "must end before any ? or #"+not(text))
	}
}

// smtpURL checks one URL, or several parted by spaces or commas.
func (check checker) smtpURL(path, secret string) {
	if strings.Trim(secret, ", ") == "" {
		return
	}
	for _, secret := range splitURLs(secret) {
		u, err := url.Parse(secret)
		if err == nil && u.Port() != "" {
			_, err = strconv.ParseUint(u.Port(), 10, 16)
		}
		if err != nil || u.Hostname() == "" || strings.Contains(u.Host, ",") || u.Scheme != "smtp" && u.Scheme != "smtps" {
			check.report(path, "must be a URL such as smtp://user:password@host:587; write special characters of a password as %40")
			return
		}
		query := u.Query()
		if !wholeWithin(query, "connections", 100) {
			check.report(path, "must have from 1 to 100 connections")
		}
		if !wholeWithin(query, "weight", 1000) {
			check.report(path, "must have a weight from 1 to 1000")
		}
		if rate, err := strconv.ParseFloat(query.Get("rate"), 64); query.Has("rate") && (err != nil || !(rate >= 0)) {
			check.report(path, "must have a rate of mails per second, 0 or more")
		}
	}
}

func wholeWithin(query url.Values, name string, most int) bool {
	n, err := strconv.Atoi(query.Get(name))
	return !query.Has(name) || err == nil && n >= 1 && n <= most
}

var beginsURL = regexp.MustCompile(`(?:^|[\s,])smtps?://`)

// splitURLs parts several SMTP URLs. A comma or a space that no URL follows belongs to the one before.
func splitURLs(text string) (urls []string) {
	starts := beginsURL.FindAllStringIndex(text, -1)
	if len(starts) == 0 || strings.Trim(text[:starts[0][0]], ", ") != "" {
		return []string{text}
	}
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		urls = append(urls, strings.Trim(text[start[0]:end], ", \t\r\n"))
	}
	return urls
}

func (check checker) databaseURL(path, secret string) {
	if secret == "" {
		return
	}
	u, err := url.Parse(secret)
	if err == nil && u.Scheme == "sqlite" && strings.Trim(u.Host+u.Path, "/") != "" {
		return
	}
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		check.report(path, "must be a URL such as postgres://user:password@host/name or sqlite:///path/to/file.db; "+
			"write special characters of a password as %40")
	}
}

func (check checker) redisURL(path, secret string) {
	if secret == "" {
		return
	}
	u, err := url.Parse(secret)
	if err == nil && u.Scheme == "unix" && u.Path != "" {
		return
	}
	if err != nil || u.Hostname() == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		check.report(path, "must be a URL such as redis://user:password@host:6379/0; write special characters of a password as %40")
	}
}

func (check checker) secretKey(path, secrets string) {
	if secrets == "" {
		return
	}
	for i, secret := range strings.Split(secrets, ",") {
		if _, err := fibonacco.NewSigner(secret); err != nil {
			check.report(path, fmt.Sprintf("must have at least 32 bytes in each part, and part %d has fewer; make one with: openssl rand -hex 32", i+1))
		}
	}
}

func notNumber[N int | float64](n N) string { return fmt.Sprintf(", not %v", n) }

// notDNS is whether a rune cannot stand in a domain name.
func notDNS(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r)
}

// short is a duration without its empty ends: 5m, not 5m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
