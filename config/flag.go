package config

import (
	"regexp"
	"strings"
)

// word matches one part of a key that may be repeated in an error. What looks otherwise may be
// a secret in the wrong place.
var word = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// dotted is word for all of a key, and narrower: random letters are no key.
var dotted = regexp.MustCompile(`^[a-z0-9_-]{1,60}(\.[a-z0-9_-]{1,60}){0,4}$`)

// flag takes the i-th --set, KEY=VALUE.
func (l *load) flag(i int, text string) {
	path, value, ok := strings.Cut(text, "=")
	path = strings.TrimSpace(path)
	if lf, known := l.byPath[path]; known {
		if ok {
			l.set(lf, value, Origin{Layer: FromFlag, Where: "--set"})
		} else {
			l.problem(path, "needs a value: --set %s=VALUE", path)
		}
		return
	}
	near := didYouMean(path, l.paths())
	if ok && (near != "" || dotted.MatchString(path)) {
		l.problem(path, "is not a known key%s (--set)", near)
		return
	}
	l.problem("--set", "must be KEY=VALUE with a known key; number %d is not", i+1)
}
