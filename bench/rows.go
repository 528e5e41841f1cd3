package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/format"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/library"
)

// benchRender writes the mails of HOOK-001, links signed and all.
func benchRender(_ context.Context, _ string, n int) ([]figure, error) {
	n = size(n, 200_000)
	entries, _ := format.Load(library.FS)
	signer, err := fibonacco.NewSigner("bench key bench key bench key bench key")
	if err != nil {
		return nil, err
	}
	var mail *render.Mail
	for _, e := range entries {
		if e.Campaign.ID == "HOOK-001" {
			mail, err = render.Compile(e.Campaign, render.Settings{
				PublicURL: "http://localhost:8080", FromName: "Sarah", FromEmail: "sarah@local.example", ReplyTo: "reply@local.example",
				CompanyName: "Town Media", PostalAddress: "1 Main Street", Signer: signer,
			})
		}
	}
	if err != nil || mail == nil {
		return nil, fmt.Errorf("compile HOOK-001: %w", err)
	}
	var buf []byte
	began := time.Now()
	for i := range n {
		buf, err = mail.Render(buf[:0], render.Recipient{
			SendID: int64(i), SMBID: int64(i), UUID: "0193c2f0-0000-7000-8000-000000000001", Email: "owner@shop.example",
			Subject: "A page for Business", At: began,
			Fields: template.Fields{FirstName: "Maria", BusinessName: "Business number 17 of town", Category: "Laundries", Community: "Town"},
		})
		if err != nil {
			return nil, err
		}
	}
	took := time.Since(began)
	return []figure{
		{Name: "render, with signed links", Value: float64(took.Microseconds()) / float64(n), Unit: "µs/mail"},
		{Name: "size of a mail", Value: float64(len(buf)), Unit: "bytes"},
	}, nil
}

// benchImport reads a clean file.
func benchImport(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 300_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	path := filepath.Join(h.dir, "businesses.csv")
	if err := writeCSV(path, n); err != nil {
		return nil, err
	}
	run := func() (time.Duration, fibonacco.ImportResult, error) {
		f, err := os.Open(path)
		if err != nil {
			return 0, fibonacco.ImportResult{}, err
		}
		defer func() { _ = f.Close() }()
		stat, err := f.Stat()
		if err != nil {
			return 0, fibonacco.ImportResult{}, err
		}
		began := time.Now()
		res, err := h.imports.Run(ctx, fibonacco.ImportRequest{CommunityID: h.town}, f, stat.Size(), nil)
		return time.Since(began), res, err
	}
	took, res, err := run()
	if err != nil {
		return nil, err
	}
	if res.Created != n {
		return nil, fmt.Errorf("created %d of %d: %+v", res.Created, n, res.Errors)
	}
	if err := h.settleStatistics(ctx); err != nil {
		return nil, err
	}
	again, res, err := run()
	if err != nil {
		return nil, err
	}
	if res.Skipped != n {
		return nil, fmt.Errorf("the second run skipped %d of %d", res.Skipped, n)
	}
	return []figure{
		{Name: fmt.Sprintf("import of %d new businesses", n), Value: float64(n) / took.Seconds(), Unit: "rows/s", Target: "≥ 25000"},
		{Name: "the same file again, nothing to change", Value: float64(n) / again.Seconds(), Unit: "rows/s"},
	}, nil
}

func writeCSV(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "Business Name,Category,Contact Name,Email,Phone,Address,City,State,ZIP")
	for i := range n {
		fmt.Fprintf(w, "\"BUSINESS %d, INC.\",Laundries,Maria Vega,owner%d@shop%d.example,(%d) %03d-%04d,%d COURT ST,BROOKLYN,NY,112%02d\n",
			i, i, i%997, 212+i%7*100, 200+i/10000%700, i%10000, i%900+1, i%40)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// benchPlan plans one day of very many businesses.
func benchPlan(ctx context.Context, engine string, n int) ([]figure, error) {
	n = size(n, 1_000_000)
	h, err := newHouse(ctx, engine, nil, false)
	if err != nil {
		return nil, err
	}
	defer h.close()
	zone, err := fibonacco.LoadZone(fibonacco.DefaultTimezone)
	if err != nil {
		return nil, err
	}
	today := time.Now().In(zone).Format(time.DateOnly)
	if err := h.fill(ctx, n, "active", today); err != nil {
		return nil, err
	}
	began := time.Now()
	res, err := h.campaign.PlanCommunity(ctx, h.town, today)
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	if res.Planned != int64(n) {
		return nil, fmt.Errorf("planned %d of %d", res.Planned, n)
	}
	return []figure{
		{Name: fmt.Sprintf("planning %d businesses", n), Value: took.Seconds(), Unit: "s", Target: "< 40 s for 1000000"},
		{Name: "planning", Value: float64(n) / took.Seconds(), Unit: "SMBs/s"},
	}, nil
}

func size(n, own int) int {
	if n > 0 {
		return n
	}
	return own
}
