package calendar

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/ical"
	"github.com/fibonacco/fibonacco/db"
)

const (
	product = "-//Fibonacco//Community calendar//EN"
	// lookBack keeps what was in somebody's calendar last week there.
	lookBack = 30 * 24 * time.Hour
)

// CalendarFile implements fibonacco.CommunityEvents.
func (s *Service) CalendarFile(ctx context.Context, community string) (file []byte, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err := findCalendar(ctx, tx, community, tx.Now.Add(-lookBack))
		if err != nil {
			return err
		}
		out := ical.Calendar{Product: product, Method: ical.Publish, Name: "Events in " + c.Name, Refresh: time.Hour}
		for _, e := range c.Events {
			out.Events = append(out.Events, s.entry(e))
		}
		file = []byte(out.String())
		return nil
	})
	return file, err
}

// EventFile implements fibonacco.CommunityEvents.
func (s *Service) EventFile(ctx context.Context, community string, id int64) ([]byte, error) {
	e, err := s.CommunityEvent(ctx, community, id)
	if err != nil {
		return nil, err
	}
	return []byte(ical.Calendar{Product: product, Method: ical.Publish, Events: []ical.Event{s.entry(*e)}}.String()), nil
}

// entry is an event as calendars know it. All versions of it have one UID, and the later a version the
// higher its sequence.
func (s *Service) entry(e fibonacco.CommunityEvent) ical.Event {
	out := ical.Event{
		UID: e.UUID, Sequence: e.Sequence, Stamp: e.UpdatedAt, Start: e.StartsAt, Summary: e.Title, Location: e.Place,
		URL: fmt.Sprintf("%s/events/%s/%d-%s", s.base, e.Community, e.ID, e.Slug), Status: "CONFIRMED",
	}
	if e.EndsAt != nil {
		out.End = *e.EndsAt
	}
	if e.State == fibonacco.EventCancelled {
		out.Status = "CANCELLED"
		out.Summary = "Canceled: " + e.Title
	}
	for _, part := range []string{e.About, prefixed("For: ", e.Audience), "By " + e.Business, e.Link} {
		if part != "" {
			if out.Description != "" {
				out.Description += "\n\n"
			}
			out.Description += part
		}
	}
	return out
}

func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
