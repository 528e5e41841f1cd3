package smtp

// Server is one of the servers that a URL names, for those who look at it without mailing.
type Server struct {
	Addr     string // host and port
	Host     string
	Implicit bool // TLS from the first byte
	Plain    bool // no STARTTLS, whatever it offers
	Local    bool // on this machine
}

// Servers is what Options.URL names, in its order. Invalid when it cannot be read.
func Servers(url string) ([]Server, error) {
	servers, err := parseURLs(url)
	if err != nil {
		return nil, err
	}
	list := make([]Server, len(servers))
	for i, s := range servers {
		list[i] = Server{Addr: s.addr, Host: s.host, Implicit: s.implicit, Plain: s.tls == tlsNone, Local: s.loopback}
	}
	return list, nil
}
