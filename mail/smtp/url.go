package smtp

import (
	"cmp"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// server is what one URL says. Its port is 587 with a user, else 25; with smtps it is 465. The query
// may hold
//
//	connections=10      how many at most, 1–100
//	weight=2            its share of the mail beside other servers, 1–1000; the default is 1
//	rate=50             mails a second over all nodes; there is no limit otherwise
//	tls=opportunistic   STARTTLS when offered: the default for remote hosts
//	tls=required        no mail without verified TLS
//	tls=none            no STARTTLS: the default for this machine
//	auth=plain          how to log in: plain, login or xoauth2. The default is PLAIN, or else LOGIN
//
// With xoauth2 the password is a refresh token, and the query has to hold
//
//	token_url=https://oauth2.example.com/token
//	client_id=…
//	client_secret=…     where the provider gave one
//	scope=…             where the provider wants one
//
// A password or token never leaves unencrypted for another machine, whatever the query says.
type server struct {
	host, addr     string
	user, password string
	implicit       bool // TLS from the first byte
	tls            tlsMode
	loopback       bool
	connections    int
	weight         int
	perSecond      float64 // 0 is no limit

	auth                                    authMode
	tokenURL, clientID, clientSecret, scope string // of XOAUTH2
}

// tlsMode says what STARTTLS is used for.
type tlsMode string

const (
	tlsNone          tlsMode = "none"
	tlsOpportunistic tlsMode = "opportunistic"
	tlsRequired      tlsMode = "required"
)

// authMode says how to log in.
type authMode string

const (
	authAny     authMode = ""
	authPLAIN   authMode = "plain"
	authLOGIN   authMode = "login"
	authXOAUTH2 authMode = "xoauth2"
)

// beginsURL finds where one of several URLs begins. A comma or space that no URL follows belongs to
// the one before it.
var beginsURL = regexp.MustCompile(`(?:^|[\s,])smtps?://`)

// mostServers is how many there may be.
const mostServers = 20

// parseURLs reads Options.URL. Its errors never repeat a URL: there is a password in it.
func parseURLs(text string) (servers []server, err error) {
	text = strings.Trim(text, ", \t\r\n")
	starts := beginsURL.FindAllStringIndex(text, -1)
	if len(starts) == 0 {
		starts = [][]int{{0, 0}} // let it say what is wrong
	}
	known := map[string]bool{}
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		s, err := parseURL(strings.Trim(text[start[0]:end], ", \t\r\n"))
		if err != nil {
			return nil, err
		}
		if known[s.account()] {
			return nil, invalidURL("names the same server twice; give it more weight or connections instead")
		}
		known[s.account()] = true
		servers = append(servers, s)
	}
	if len(servers) > mostServers {
		return nil, invalidURL("names more than 20 servers")
	}
	return servers, nil
}

func invalidURL(reason string) error {
	return fibonacco.Errorf(fibonacco.Invalid, "the SMTP address %s", reason)
}

func parseURL(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, ",") || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return server{}, invalidURL("must look like smtp://user:password@host:port")
	}
	s := server{host: u.Hostname(), implicit: u.Scheme == "smtps", user: u.User.Username()}
	s.password, _ = u.User.Password()
	port := u.Port()
	switch {
	case port != "":
	case s.implicit:
		port = "465"
	case s.user != "":
		port = "587"
	default:
		port = "25"
	}
	s.addr = net.JoinHostPort(s.host, port)
	s.loopback = isLoopback(s.host)
	query := u.Query()
	for _, read := range []func(url.Values) error{s.readSize, s.readTLS, s.readAuth} {
		if err := read(query); err != nil {
			return server{}, err
		}
	}
	return s, nil
}

func (s *server) readSize(query url.Values) (err error) {
	if s.connections, err = strconv.Atoi(cmp.Or(query.Get("connections"), "10")); err != nil ||
		s.connections < 1 || s.connections > 100 {
		return invalidURL("must have connections from 1 to 100")
	}
	if s.weight, err = strconv.Atoi(cmp.Or(query.Get("weight"), "1")); err != nil || s.weight < 1 || s.weight > 1000 {
		return invalidURL("must have a weight from 1 to 1000")
	}
	s.perSecond, err = strconv.ParseFloat(cmp.Or(query.Get("rate"), "0"), 64)
	if err != nil || !(s.perSecond >= 0) || math.IsInf(s.perSecond, 0) {
		return invalidURL("must have a rate of mails per second, 0 or more")
	}
	return nil
}

func (s *server) readTLS(query url.Values) error {
	s.tls = tlsMode(query.Get("tls"))
	if s.tls == "" {
		s.tls = tlsOpportunistic
		if s.loopback {
			s.tls = tlsNone
		}
	}
	switch s.tls {
	case tlsRequired, tlsOpportunistic:
	case tlsNone:
		if s.user != "" && !s.loopback && !s.implicit {
			return invalidURL("has tls=none, which would send the password in clear; leave it out, or the password")
		}
	default:
		return invalidURL("must have tls=required, opportunistic or none")
	}
	return nil
}

func (s *server) readAuth(query url.Values) error {
	s.auth = authMode(strings.ToLower(query.Get("auth")))
	switch s.auth {
	case authAny:
		return nil
	case authPLAIN, authLOGIN, authXOAUTH2:
	default:
		return invalidURL("must have auth=plain, login or xoauth2")
	}
	if s.user == "" || s.password == "" {
		return invalidURL("has auth, but no user and password (with xoauth2, the refresh token)")
	}
	if s.auth != authXOAUTH2 {
		return nil
	}
	s.tokenURL, s.clientID = query.Get("token_url"), query.Get("client_id")
	s.clientSecret, s.scope = query.Get("client_secret"), query.Get("scope")
	u, err := url.Parse(s.tokenURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return invalidURL("has auth=xoauth2 and needs a token_url that begins with https://")
	}
	if s.clientID == "" {
		return invalidURL("has auth=xoauth2 and needs a client_id")
	}
	return nil
}

// isLoopback reports whether a connection to host stays on this machine.
func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
