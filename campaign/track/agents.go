package track

import (
	"strings"
	"sync"
)

// agentClass is what a user agent says about itself.
type agentClass int

const (
	browserAgent    agentClass = iota // a browser or mail program, as far as can be seen
	scannerAgent                      // a gateway, crawler, link preview or program
	imageProxyAgent                   // loads pictures for its users
	noAgent                           // says nothing
)

// imageProxies load the pictures of a mail on behalf of the reader; some do it before anybody
// reads.
//
//   - GoogleImageProxy: "… (via ggpht.com GoogleImageProxy)", Gmail, when a mail is opened
//   - YahooMailProxy: help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html, Yahoo and AOL
//   - OutlookImageProxy: Outlook on the web
//
// Apple's Mail Privacy Protection says "Mozilla/5.0" and not a word more (SocketLabs, Twilio
// SendGrid: "machine opens"); see agentOf.
var imageProxies = []string{"googleimageproxy", "ggpht.com", "yahoomailproxy", "yahoocachesystem", "outlookimageproxy"}

// scanners are parts of user agents, in lower case, that no person's browser has.
//
// Sources: matomo-org/device-detector regexes/bots.yml; monperrus/crawler-user-agents;
// knadh/listmonk and mautic/mautic (BotRatioHelper, issues 9162, 9798, 16263) for gateways;
// SparkPost, "Gmail is prefetching images", for the browser that never was, Edge 12.246 with a
// second "Mozilla/5.0" at its end; Microsoft, "Office Existence Discovery", for the probe that Office
// sends before it opens a link (the reader's browser follows with a hit of its own).
//
// Not here on purpose: "ms-office", "Microsoft Outlook", "Outlook-iOS", "Thunderbird", "AppleWebKit"
// without a browser's name: those are mail programs with a person before them.
var scanners = []string{
	// Mail security
	"barracuda", "mimecast", "proofpoint", "fireeye", "trellix", "symantec", "messagelabs", "forcepoint", "websense",
	"sophos", "trendmicro", "trend micro", "cisco-ironport", "ironport", "zscaler", "checkpoint-url", "cloudmark",
	"cyren", "vadesecure", "hornetsecurity", "mailguard", "safelinks", "urldefense", "virustotal", "urlscan", "netcraft",
	"office existence discovery", "office protocol discovery", "edge/12.246 mozilla/5.0", "googlesecurityscanner",
	// Link previews
	"bingpreview", "microsoftpreview", "skypeuripreview", "slackbot", "slack-imgproxy", "twitterbot", "discordbot", "telegrambot",
	"facebookexternalhit", "facebookcatalog", "meta-externalagent", "whatsapp/", "linkedinbot", "embedly", "pinterest/0", "iframely",
	// Crawlers
	"googlebot", "google-read-aloud", "google-inspectiontool", "googleother", "apis-google", "mediapartners-google", "adsbot",
	"feedfetcher", "bingbot", "msnbot", "applebot", "duckduckbot", "yandexbot", "baiduspider", "slurp", "petalbot", "ahrefsbot",
	"semrushbot", "mj12bot", "dotbot", "amazonbot", "bytespider", "gptbot", "chatgpt-user", "oai-searchbot", "claudebot",
	"perplexitybot", "ccbot", "archive.org_bot", "ia_archiver", "censys", "expanse", "zgrab", "nmap", "masscan", "crawler", "spider",
	// Programs
	"headlesschrome", "phantomjs", "puppeteer", "playwright", "selenium", "lighthouse", "curl/", "wget/", "libwww", "lwp::",
	"python-requests", "python-urllib", "python-httpx", "aiohttp", "scrapy", "go-http-client", "java/", "apache-httpclient",
	"apache-httpasyncclient", "ahc/", "okhttp", "axios", "node-fetch", "undici", "got (", "guzzlehttp", "php/", "ruby", "faraday",
	"winhttp", "powershell", "httpie", "postmanruntime", "insomnia", "colly",
}

// agents remembers what user agents are: there are few, and each is looked at against two hundred
// names. Safe for concurrent use; the zero value is ready.
type agents struct {
	mu    sync.Mutex
	known map[string]agentClass
}

const agentsKept = 4096 // bounds the memory to some 2 MB

func (a *agents) of(agent string) agentClass {
	a.mu.Lock()
	defer a.mu.Unlock()
	class, ok := a.known[agent]
	if !ok {
		if len(a.known) >= agentsKept || a.known == nil {
			a.known = map[string]agentClass{}
		}
		class = agentOf(agent)
		a.known[agent] = class
	}
	return class
}

// agentOf sorts a user agent.
func agentOf(agent string) agentClass {
	agent = strings.ToLower(strings.TrimSpace(agent))
	switch {
	case agent == "":
		return noAgent
	case agent == "mozilla/5.0" || containsAny(agent, imageProxies):
		return imageProxyAgent
	case containsAny(agent, scanners) || namesBot(agent):
		return scannerAgent
	}
	return browserAgent
}

// namesBot reports whether a word of the agent ends in "bot": "Foobot/1.2", "foo-bot;". CUBOT
// makes telephones.
func namesBot(agent string) bool {
	for rest := agent; ; {
		i := strings.Index(rest, "bot")
		if i < 0 {
			return false
		}
		end := rest[i+len("bot"):]
		if !strings.HasSuffix(rest[:i], "cu") && (end == "" || strings.ContainsRune("/;) ,-+@:", rune(end[0]))) {
			return true
		}
		rest = end
	}
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// Machine reports whether a user agent is not a person's: a scanner, a crawler, a program, or nothing
// at all. For those who count what is seen by scripts, which machines that hide run too.
func Machine(agent string) bool { return everyone.of(agent) != browserAgent }

var everyone agents // whom Machine has seen
