package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/web/ui"
)

// walksRiver looks at River's own pages, whose script is not ours: under our policy each shows what it is
// to show, its files come compressed and stay, and a button does what ours does.
func walksRiver(t *testing.T, w *town, g *guest) {
	t.Helper()
	b := staffBrowser(t, g, 1440)
	b.goTo(g.base + ui.RiverPrefix + "/jobs?state=completed")
	b.until("the list of jobs", `document.querySelectorAll('a[href*="/queues/river/jobs/"]').length > 3`)
	job := b.read(`document.querySelector('a[href*="/queues/river/jobs/"]').href`)
	for _, p := range []struct{ path, shows string }{
		{job, "Attempt"},
		{g.base + ui.RiverPrefix + "/queues", "email-high"},
		{g.base + ui.RiverPrefix + "/settings", "Build info"},
		{g.base + ui.RiverPrefix + "/queues/rvm", "Available"},
	} {
		b.goTo(p.path)
		b.until(p.shows, `document.querySelector("#root").innerText.includes("`+p.shows+`")`)
	}
	// Its buttons work, and are ours behind the screen.
	b.presses("^Pause$")
	b.until("the pause", `[...document.querySelectorAll("button")].some(e => e.textContent.trim() === "Resume")`)
	if reasons := w.rows(`SELECT reason || '|' || paused_by FROM queue_pauses WHERE queue = 'rvm'`); len(reasons) != 1 || reasons[0] != queue.PausedByRiver+"|"+g.who.Name {
		t.Errorf("the pause is %q", reasons)
	}
	b.presses("^Resume$")
	b.until("the end of it", `[...document.querySelectorAll("button")].some(e => e.textContent.trim() === "Pause")`)
	if lines := w.rows(`SELECT action FROM audit_log WHERE entity = 'queue' AND entity_id = 'rvm' AND actor_name = '` + g.who.Name + `'`); strings.Join(lines, " ") != "queue.paused queue.resumed" {
		t.Errorf("the audit log has %q", lines)
	}
	// What its script writes into style elements is in force, though the policy forbids those: the colors
	// change, and notes are set as they are meant to be.
	b.run(`[...document.querySelectorAll("header button, button[id^=headlessui-listbox]")].at(-1).click()`)
	b.until("the colors", `(() => { const e = [...document.querySelectorAll("[role=option], [role=menuitem]")].find(e => /dark/i.test(e.textContent)); e?.click(); return document.documentElement.classList.contains("dark"); })()`)
	b.until("styles made by the script", `document.adoptedStyleSheets.some(s => s.cssRules.length > 0)`)
	broken, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(window.broken || []).join(", ")`))
	must(t, "the policy", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range append(b.wrong, broken) {
		if line != "" {
			t.Error(line)
		}
	}
	b.wrong = nil
	b.ends()
}

// riverFiles are compressed, and kept by browsers for ever; nothing else is among them.
func (g *guest) servesRiverFiles() {
	g.Helper()
	a := g.visits(ui.RiverPrefix + "/jobs")
	for _, to := range leads(a.page, ui.RiverPrefix+"/jobs") {
		if !strings.HasPrefix(to, ui.RiverPrefix+"/assets/") {
			continue
		}
		file := g.send(http.MethodGet, to, nil, "Accept-Encoding", "gzip")
		if file.status != http.StatusOK || file.head.Get("Content-Encoding") != "gzip" || !strings.Contains(file.head.Get("Cache-Control"), "immutable") {
			g.Errorf("%s: %d, %v", to, file.status, file.head)
		}
	}
	for _, path := range []string{"/assets/", "/assets/index.html", "/assets/..%2Findex.html", "/assets/none.js"} {
		if a := g.visits(ui.RiverPrefix + path); strings.Contains(a.text, "marshal") || strings.HasSuffix(path, "none.js") && a.status != http.StatusNotFound {
			g.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}
