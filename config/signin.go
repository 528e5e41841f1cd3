package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// trustProxy wants addresses and networks, and not all of the world: a header that anybody's word
// fills proves nothing.
func (check checker) trustProxy(path string, all []string) {
	for _, text := range all {
		if _, err := netip.ParseAddr(text); err == nil {
			continue
		}
		if p, err := netip.ParsePrefix(text); err != nil || p.Bits() == 0 {
			check.report(path, "must be addresses and networks of your own proxies, such as 10.0.0.0/8"+not(text))
		}
	}
}

// staffRoles are the roles that single sign-on may give.
var staffRoles = []fibonacco.Role{fibonacco.Admin, fibonacco.Manager, fibonacco.Operator, fibonacco.Viewer}

func (check checker) oidc(c fibonacco.OIDCConfig) {
	const section = "oidc."
	if c.DefaultRole != "" && !slices.Contains(staffRoles, c.DefaultRole) {
		check.report(section+"default_role", "must be admin, manager, operator, viewer or empty"+not(string(c.DefaultRole)))
	}
	for _, text := range c.GroupRoles {
		if group, role, ok := c.GroupRole(text); !ok || group == "" || !slices.Contains(staffRoles, role) {
			check.report(section+"group_roles", "must be groups and roles such as sales=operator"+not(text))
		}
	}
	if c.Issuer == "" {
		if c.ClientID != "" {
			check.report(section+"issuer", "is empty, and oidc.client_id is not: set OIDC_ISSUER")
		}
		return
	}
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(c.Issuer, "?#"):
		check.report(section+"issuer", "must be a URL such as https://login.example.com"+not(c.Issuer))
	case u.Scheme != "https" && (u.Scheme != "http" || !isLocal(u.Hostname())):
		check.report(section+"issuer", "must begin with https://: what comes from there decides who comes in"+not(c.Issuer))
	}
	check.filled(section+"client_id", c.ClientID)
	check.filled(section+"name", c.Name)
	check.filled(section+"groups_claim", c.GroupsClaim)
	if !slices.Contains(c.Scopes, "openid") || !slices.Contains(c.Scopes, "email") {
		check.report(section+"scopes", "must hold openid and email"+not(strings.Join(c.Scopes, ",")))
	}
}
