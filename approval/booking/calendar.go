package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/ical"
	"github.com/fibonacco/fibonacco/db"
)

// attach puts an event into a notice.
func (s *Service) attach(n *fibonacco.Notice, method string, e ical.Event) {
	n.Calendar, n.Method = file(method, e), method
}

// file is an event as a calendar takes it.
func file(method string, e ical.Event) string {
	return ical.Calendar{Product: "-//Fibonacco//Booking//EN", Method: method, Events: []ical.Event{e}}.String()
}

// event is what both sides' calendars hold of a booking. Its UID stays when the booking is moved, and
// its sequence rises, so that calendars change the entry that they have.
func (s *Service) event(p *page, c *fibonacco.CustomerBooking, now time.Time, side string) ical.Event {
	first := c.ID
	if c.FirstID != nil {
		first = *c.FirstID
	}
	status := "CONFIRMED"
	if c.State == stateCancelled {
		status = "CANCELLED"
	}
	return ical.Event{
		UID: fmt.Sprintf("booking-%d%s@%s", first, side, s.host), Sequence: c.Sequence, Stamp: now, Start: c.StartsAt, End: c.EndsAt,
		Location: c.Place, Status: status,
		// Answers of calendars go where mails come from: nobody's own address is given away.
		Organizer: ical.Person{Name: p.business, Email: s.cfg.Email.FromEmail},
	}
}

func (s *Service) customerEvent(p *page, c *fibonacco.CustomerBooking, now time.Time) ical.Event {
	e := s.event(p, c, now, "")
	e.Summary = c.Kind + ", " + c.Business
	e.URL = s.base + "/booking/" + c.Token
	e.Description = "See, move or cancel it: " + e.URL
	if c.BusinessPhone != "" {
		e.Description += "\nPhone: " + c.BusinessPhone
	}
	e.Attendee = ical.Person{Name: c.Name, Email: c.Email}
	return e
}

func (s *Service) ownerEvent(p *page, c *fibonacco.CustomerBooking, now time.Time) ical.Event {
	e := s.event(p, c, now, "-business")
	e.Summary = c.Name + ": " + c.Kind
	e.Description = c.Email
	if c.Phone != "" {
		e.Description += "\n" + c.Phone
	}
	if c.Note != "" {
		e.Description += "\n\n" + c.Note
	}
	e.Attendee = ical.Person{Name: p.business, Email: p.settings.Email}
	return e
}

// BookingFile implements fibonacco.BookingDesk.
func (s *Service) BookingFile(ctx context.Context, token string) (text string, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, b, err := s.byToken(ctx, tx, token, findPage)
		if err != nil {
			return err
		}
		c := s.seen(p, b, tx.Now)
		text = file(ical.Publish, s.customerEvent(p, c, tx.Now))
		return nil
	})
	return text, err
}
