package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A slow telephone, as Lighthouse has it: a processor a quarter as fast as this one, 150 ms there and
// back, 1.6 Mbit/s.
const (
	slowdown  = 4
	roundTrip = 150 * time.Millisecond
	perSecond = 1.6e6 / 8 // bytes
)

// benchPaint opens public pages on a slow telephone, with nothing kept from before, and says when the
// first words are to be seen, and how much came over the air until all was there.
func benchPaint(ctx context.Context, engine string, n int) (all []figure, err error) {
	n = size(n, 9)
	r, err := newReading(ctx, engine, 100)
	if err != nil {
		return nil, err
	}
	defer r.close()
	defer r.pages.Close()
	for _, page := range []struct {
		name, path string
	}{{"learning page", r.learn(1)}, {"approval page", r.approve(1)}} {
		var paints []float64
		var bytes float64
		for range n {
			var paint float64
			if paint, bytes, err = paintOnce(ctx, "http://"+r.addr+page.path); err != nil {
				return nil, fmt.Errorf("%s: %w", page.name, err)
			}
			paints = append(paints, paint)
		}
		slices.Sort(paints)
		all = append(all,
			figure{Name: "first paint of the " + page.name + ", slow telephone", Value: paints[len(paints)/2], Unit: "ms", Target: "< 1000"},
			figure{Name: "what came over the air for it", Value: bytes / 1000, Unit: "kB", Target: "< 100"})
	}
	return all, nil
}

// paintOnce opens a page in a browser of its own.
func paintOnce(ctx context.Context, address string) (paint, bytes float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ctx, end := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(os.Getenv("FIBONACCO_TEST_CHROMIUM")), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true)))
	defer end()
	if _, err = chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true}); err != nil {
		return 0, 0, err
	}
	// The first page of a browser pays for its start; that is not the page's doing.
	if err = chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		return 0, 0, err
	}
	if _, err = chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		return 0, 0, err
	}
	if _, err = chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: float64(roundTrip.Milliseconds()), DownloadThroughput: perSecond, UploadThroughput: perSecond}},
	}); err != nil {
		return 0, 0, err
	}
	if _, err = chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slowdown}); err != nil {
		return 0, 0, err
	}
	if err = chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		return 0, 0, err
	}
	if paint, err = chromedp.Run(ctx, chromedp.Evaluate[float64](`new Promise(done => {
		const look = () => { const p = performance.getEntriesByName("first-contentful-paint")[0]; p ? done(p.startTime) : setTimeout(look, 20) }; look() })`,
		chromedp.EvalAwaitPromise)); err != nil {
		return 0, 0, err
	}
	bytes, err = chromedp.Run(ctx, chromedp.Evaluate[float64](`performance.getEntries().reduce((n, e) => n + (e.transferSize || 0), 0)`))
	return paint, bytes, err
}
