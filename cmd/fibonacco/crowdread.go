package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	approvalLink   = regexp.MustCompile(`/approve/[\w-]+`)
	approvalToken  = regexp.MustCompile(`name="token" value="([\w-]+)"`)
	offeredService = regexp.MustCompile(`name="service" value="(\w+)"`)
)

// demoNames are whom the sample's owners are made to sign as.
var demoNames = []string{
	"Rosa Diaz", "James Okafor", "Mei Chen", "Tony Ferraro", "Aisha Khan", "Elena Petrova", "Marcus Bell", "Sofia Ortiz", "Grace Kim", "Sam Cohen", "Nadia Haddad", "Luis Mendez",
}

// read follows a learning page to its end, or gives up before, and reports it as the page's script does.
func (c *crowd) read(ctx context.Context, p plan, location, page string) {
	u, err := url.Parse(location)
	slides := strings.Count(page, "<section") - 1 // the last is what comes after them
	if err != nil || slides < 1 {
		return
	}
	track := "/api/v1/content/" + strings.TrimPrefix(u.Path, "/learn/") + "/track/"
	var visit struct{ View string }
	if json.Unmarshal([]byte(c.tell(ctx, track+"start", p.agent, map[string]any{"recipient": u.Query().Get("r")})), &visit) != nil || visit.View == "" {
		return
	}
	seen := slides
	if !p.finish {
		seen = (slides + 1) / 2
	}
	for slide := 1; slide <= seen; slide++ {
		if c.clock.Sleep(ctx, 20*time.Second) != nil {
			return
		}
		c.tell(ctx, track+"slide", p.agent, map[string]any{"view": visit.View, "slide": slide, "seconds": slide * 20})
	}
	if p.finish {
		c.tell(ctx, track+"complete", p.agent, map[string]any{"view": visit.View, "seconds": slides * 20})
	}
	if p.approve {
		c.tell(ctx, track+"approval-click", p.agent, map[string]any{"view": visit.View})
	}
}

// tell posts JSON, and returns the answer.
func (c *crowd) tell(ctx context.Context, path, agent string, body map[string]any) string {
	raw, err := json.Marshal(body)
	if err != nil {
		return ""
	}
	_, answer := c.send(ctx, http.MethodPost, path, agent, "application/json", bytes.NewReader(raw))
	return answer
}

// approve says yes to what a learning page offers, as its reader would: look at what happens, fill in
// the form, and perhaps take what goes well with it.
func (c *crowd) approve(ctx context.Context, to string, p plan, page string) {
	if c.clock.Sleep(ctx, 4*time.Minute) != nil {
		return
	}
	_, form := c.fetch(ctx, http.MethodGet, approvalLink.FindString(page), p.agent, nil)
	token := approvalToken.FindStringSubmatch(form)
	if token == nil {
		return // the page offers nothing, or it is approved already
	}
	done, _ := c.fetch(ctx, http.MethodPost, "/approve", p.agent, url.Values{
		"token": {token[1]}, "name": {demoNames[die(to)%uint64(len(demoNames))]}, "email": {to}, "consent": {"yes"},
	})
	if !strings.HasPrefix(done, "/approved/") {
		return
	}
	_, thanks := c.fetch(ctx, http.MethodGet, done, p.agent, nil)
	if offer := offeredService.FindStringSubmatch(thanks); p.more && offer != nil {
		c.fetch(ctx, http.MethodPost, done+"/offer", p.agent, url.Values{"service": {offer[1]}, "answer": {"yes"}})
	}
}
