package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// programmeLine says where a business stands, beside the strip's title.
func programmeLine(d businessData) string {
	switch d.CampaignStatus {
	case fibonacco.StatusPending:
		return "Not started"
	case fibonacco.StatusCompleted:
		return fmt.Sprintf("All %d days are over", programmeDays)
	}
	line := fmt.Sprintf("Day %d of %d", d.Strip.Today, programmeDays)
	if !d.Strip.Ends.IsZero() && d.CampaignStatus == fibonacco.StatusActive {
		line += ", ends " + d.Strip.Ends.Format("2 January")
	}
	return line
}

func pausedSince(d businessData) string {
	if on, err := time.Parse(time.DateOnly, d.PausedOn); err == nil {
		return " since " + on.Format("2 January")
	}
	return ""
}

func pauseWords(reason string) string {
	if reason == "" {
		return ""
	}
	return "“" + reason + "”."
}

// quietWeek reports whether no campaign falls into a week.
func quietWeek(w stripWeek) bool {
	for _, c := range w.Cells {
		if c.Campaign != nil {
			return false
		}
	}
	return true
}

// explainedDay says which day an explanation is about, and where in the programme it lies.
func explainedDay(d businessData) string {
	e := d.Explained
	date := e.Date
	if t, err := time.Parse(time.DateOnly, e.Date); err == nil {
		date = t.Format("Monday, 2 January 2006")
	}
	text := date + " in " + place(e.Timezone)
	if e.Day > 0 {
		text += fmt.Sprintf(", programme day %d", e.Day)
	}
	if !e.Contactable {
		text += ". Today this business may not be mailed"
	}
	return text + "."
}

// outcomeBadge is the badge of one line of an explanation.
func outcomeBadge(line fibonacco.ExplanationRow) badge {
	switch line.Outcome {
	case "skipped":
		return badge{"", "Skipped"}
	case "not planned yet":
		return badge{"open", "Not yet"}
	}
	return sendBadge(fibonacco.CampaignSend{Status: fibonacco.SendStatus(line.Outcome)})
}

func kindWord(k fibonacco.EngagementKind) string {
	if w, ok := kindWords[k]; ok {
		return w
	}
	return string(k)
}

func orWord(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// contactLine is one more person at a business.
func contactLine(p fibonacco.SecondContact) string {
	var parts []string
	for _, part := range []string{p.Name, p.Email, phone(p.Phone)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// moreFields is metadata as it is read, but for the website, which is a link.
func (d businessData) moreFields() [][2]string {
	var all [][2]string
	for _, name := range slices.Sorted(maps.Keys(d.Metadata)) {
		text := metadataText(d.Metadata[name])
		if site, _ := d.Metadata[name].(string); text == "" || name == "website" && safeLink(site) != "" {
			continue
		}
		all = append(all, [2]string{capital(strings.ReplaceAll(name, "_", " ")), clippedWords(text)})
	}
	return all
}
