package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redacted stands for what is not shown.
const redacted = "[redacted]"

// plainParameters are the URL parameters that hold no secret. All others are taken to.
var plainParameters = []string{
	"application_name", "auth", "connect_timeout", "connections", "db", "dial_timeout", "max_retries", "pool_max_conns",
	"pool_min_conns", "pool_size", "protocol", "rate", "read_timeout", "search_path", "sslmode", "target_session_attrs", "tls",
	"weight", "write_timeout",
}

// redactSecret shows of a secret that it is set, and of a URL all but its passwords.
func redactSecret(secret string) string {
	switch {
	case secret == "":
		return ""
	case len(splitURLs(secret)) > 1:
		return redactEach(splitURLs(secret))
	case strings.Contains(secret, "://"):
		return redactURL(secret)
	}
	return redacted
}

// redactEach is redactURL for several. When one of them makes no sense nothing is shown: it may be the
// rest of a password.
func redactEach(urls []string) string {
	shown := make([]string, len(urls))
	for i, u := range urls {
		if shown[i] = redactURL(u); shown[i] == redacted {
			return redacted
		}
	}
	return strings.Join(shown, " ")
}

// redactURL takes the password out of a URL, and every parameter that may be one. A URL whose
// password may have been torn apart, because it holds an unescaped / ? # or @, is not
// shown at all.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Opaque != "" || strings.ContainsAny(raw, "# \t\r\n") ||
		strings.Contains(u.Host+u.Path+u.RawQuery, "@") {
		return redacted
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://" + redactUser(u.User) + u.Host + u.EscapedPath())
	for i, parameter := range strings.Split(u.RawQuery, "&") {
		if parameter == "" {
			continue
		}
		b.WriteByte("?&"[min(i, 1)])
		if name, _, _ := strings.Cut(parameter, "="); slices.Contains(plainParameters, name) {
			b.WriteString(parameter)
		} else {
			b.WriteString(redacted)
		}
	}
	return b.String()
}

// redactUser keeps a user name only beside a password that differs from it: some providers take a
// token as the name, or as both.
func redactUser(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	name := user.Username()
	password, has := user.Password()
	if !has || name == "" || strings.Contains(name, password) || strings.Contains(password, name) {
		return redacted + "@"
	}
	return url.User(name).String() + ":" + redacted + "@"
}

var urls = regexp.MustCompile(`(?s)[A-Za-z][A-Za-z0-9+.-]*://.*`)

// redactURLs redacts a URL in any text, from its scheme to the end.
func redactURLs(text string) string {
	return urls.ReplaceAllStringFunc(text, redactURL)
}
