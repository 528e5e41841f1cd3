package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// shot is one picture.
type shot struct {
	name   string // of the file, without .png
	path   string
	follow string // a link of that page to follow first, as a selector; "" stays
	file   string // put into the page's file field; "" leaves it empty
	do     string // a script that opens something; "" leaves the page as it comes
	high   int64  // 0 means 800
}

// shots are the pictures of docs/operating.md, in its order. A new page adds a line.
var shots = []shot{
	{name: "overview", path: "/overview", high: 1000},
	{name: "search", path: "/overview", do: `document.querySelector("[data-find]").click(); const i = document.querySelector("dialog input"); i.value = "pizza"; i.dispatchEvent(new Event("input", {bubbles: true}))`},
	{name: "import", path: "/businesses/import", file: "Company,E-mail,Telephone,Street,Town\nBlue Door Framing,hello@bluedoor.example,(718) 555-0142,12 Wharf Street,Brooklyn\nRosa's Bakery,rosa@rosas.example,718.555.0143,4 Pier Road,Brooklyn\n", do: `scrollTo(0, 420)`, high: 900},
	{name: "businesses", path: "/businesses?tier=1"},
	{name: "business", path: "/businesses?tier=1", follow: "main table a.name", high: 1000},
	{name: "programme", path: "/programme"},
	{name: "campaign", path: "/programme/HOOK-001"},
	{name: "sends", path: "/sends"},
	{name: "voicemail", path: "/voicemail"},
	{name: "approvals", path: "/approvals"},
	{name: "queues", path: "/queues", high: 600},
	{name: "mailbox", path: "/mailbox?q=Ready+for+you", follow: "main table a.name", high: 900},
}

const wide = 1280

// shoot takes the pictures, one after the other.
func shoot(ctx context.Context, base, out, dir string, all []shot) error {
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(os.Getenv("FIBONACCO_TEST_CHROMIUM")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("disable-background-networking", true),
	))
	defer closeBrowser()
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		return fmt.Errorf("light: %w", err)
	}
	for _, s := range all {
		picture, err := s.take(ctx, base, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if picture, err = small(picture); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		path := filepath.Join(out, s.name+".png")
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, picture) {
			continue
		}
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s, %d KB\n", path, len(picture)>>10)
	}
	return nil
}

func (s shot) take(ctx context.Context, base, dir string) ([]byte, error) {
	high := s.high
	if high == 0 {
		high = 800
	}
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: wide, Height: high, DeviceScaleFactor: 1}); err != nil {
		return nil, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(base+s.path)); err != nil {
		return nil, err
	}
	if s.follow != "" {
		to, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`(document.querySelector(%q) || {href: ""}).href`, s.follow)))
		if err != nil {
			return nil, err
		}
		if to == "" {
			return nil, fmt.Errorf("%s has nothing to follow at %s", s.path, s.follow)
		}
		if err := chromedp.Do(ctx, chromedp.Navigate(to)); err != nil {
			return nil, err
		}
	}
	if s.file != "" {
		name := filepath.Join(dir, "shops.csv")
		if err := os.WriteFile(name, []byte(s.file), 0o600); err != nil {
			return nil, err
		}
		if err := chromedp.Do(ctx, chromedp.SetUploadFiles(`input[type=file]`, []string{name})); err != nil {
			return nil, err
		}
	}
	time.Sleep(1200 * time.Millisecond) // what scripts fetch is there
	if s.do != "" {
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void]("(() => {"+s.do+"})()")); err != nil {
			return nil, err
		}
		time.Sleep(800 * time.Millisecond)
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}
