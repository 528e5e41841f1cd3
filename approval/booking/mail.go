package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/ical"
	"github.com/fibonacco/fibonacco/db"
)

// reminderBefore is how long before an appointment its customer is reminded; one who books later than
// that is not.
const reminderBefore = 24 * time.Hour

// noticeKey is what a notice about a booking is known by.
func noticeKey(id int64, what string) string { return fmt.Sprintf("booking %d %s", id, what) }

// words puts a booking into words.
type words struct {
	*fibonacco.CustomerBooking
	zone *time.Location
}

func (c words) when(t time.Time) string {
	return fibonacco.LongDay(t, c.zone) + " at " + fibonacco.ClockTime(t, c.zone)
}

// facts is what both sides want to know.
func (c words) facts() [][2]string {
	all := [][2]string{
		{"What", fmt.Sprintf("%s, %d minutes", c.Kind, c.Minutes)},
		{"When", c.when(c.StartsAt) + " (" + fibonacco.ZonePlace(c.Zone) + ")"},
	}
	if c.Place != "" {
		all = append(all, [2]string{"Where", c.Place})
	}
	return all
}

// forCustomer is what a customer's mail begins with. The booking's own link leads to it.
func (s *Service) forCustomer(p *page, c *fibonacco.CustomerBooking, what string) fibonacco.Notice {
	w := words{c, p.zone}
	n := fibonacco.Notice{
		Key: noticeKey(c.ID, what), Purpose: "booking." + what, SMBID: c.SMBID, To: c.Email, ReplyTo: p.settings.Email, Facts: w.facts(),
		Button: "See your booking", ButtonURL: s.base + "/booking/" + c.Token,
	}
	if c.BusinessPhone != "" {
		n.Facts = append(n.Facts, [2]string{"Phone", c.BusinessPhone})
	}
	if c.CanEnd {
		n.Button = "See, move or cancel it"
		n.After = append(n.After, "Until "+w.when(c.Until)+" you can move or cancel it yourself.")
	}
	return n
}

// forOwner is what the mail to the business begins with; its answers go to the customer.
func (s *Service) forOwner(ctx context.Context, tx *db.Tx, p *page, c *fibonacco.CustomerBooking, what string) (fibonacco.Notice, error) {
	url, err := s.ownerURL(ctx, tx, p.smbID, manage)
	n := fibonacco.Notice{
		Key: noticeKey(c.ID, what+" owner"), Purpose: "booking.owner." + what, SMBID: c.SMBID, To: p.settings.Email, ReplyTo: c.Email,
		Facts:  append(words{c, p.zone}.facts(), [2]string{"Who", c.Name}, [2]string{"Email", c.Email}),
		Button: "Open your bookings", ButtonURL: url,
	}
	if c.Phone != "" {
		n.Facts = append(n.Facts, [2]string{"Phone", c.Phone})
	}
	if c.Note != "" {
		n.Facts = append(n.Facts, [2]string{"Note", c.Note})
	}
	return n, err
}

// short is a name as a subject has room for it.
func short(name string) string {
	if r := []rune(name); len(r) > 100 {
		return string(r[:99]) + "…"
	}
	return name
}

// send posts what there is an address for.
func (s *Service) send(ctx context.Context, tx *db.Tx, all ...fibonacco.Notice) error {
	for _, n := range all {
		if n.To == "" {
			continue
		}
		if err := s.post(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellBooked(ctx context.Context, tx *db.Tx, p *page, c *fibonacco.CustomerBooking) error {
	day := fibonacco.LongDay(c.StartsAt, p.zone)
	mine := s.forCustomer(p, c, "confirmed")
	mine.Subject = "Booked: " + short(c.Business) + ", " + day
	mine.Paragraphs = []string{"Hi " + c.Name + ", your appointment with " + c.Business + " is booked. The file with this email puts it into your calendar."}
	way := "A reply to this email reaches " + c.Business + "."
	if c.CanEnd {
		way = "The link above cancels the booking."
	}
	mine.After = append(mine.After, "Not you? Then somebody typed your address by mistake. "+way)
	s.attach(&mine, ical.Request, s.customerEvent(p, c, tx.Now))
	theirs, err := s.forOwner(ctx, tx, p, c, "confirmed")
	if err != nil {
		return err
	}
	theirs.Subject = "New booking: " + c.Kind + ", " + day
	theirs.Paragraphs = []string{c.Name + " has booked with you."}
	s.attach(&theirs, ical.Request, s.ownerEvent(p, c, tx.Now))
	if err := s.send(ctx, tx, mine, theirs); err != nil {
		return err
	}
	return s.remind(ctx, tx, p, c)
}

func (s *Service) tellMoved(ctx context.Context, tx *db.Tx, p *page, old *booking, c *fibonacco.CustomerBooking) error {
	w := words{c, p.zone}
	day, before := fibonacco.LongDay(c.StartsAt, p.zone), "Before, it was "+w.when(old.StartsAt)
	mine := s.forCustomer(p, c, "moved")
	mine.Subject = "Moved: " + short(c.Business) + ", " + day
	mine.Paragraphs = []string{"Hi " + c.Name + ", your appointment with " + c.Business + " has moved.", before}
	s.attach(&mine, ical.Request, s.customerEvent(p, c, tx.Now))
	theirs, err := s.forOwner(ctx, tx, p, c, "moved")
	if err != nil {
		return err
	}
	theirs.Subject = "Booking moved: " + c.Kind + ", " + day
	theirs.Paragraphs = []string{c.Name + " has moved a booking.", before}
	s.attach(&theirs, ical.Request, s.ownerEvent(p, c, tx.Now))
	if err := s.dropReminder(ctx, tx, old.ID); err != nil {
		return err
	}
	if err := s.send(ctx, tx, mine, theirs); err != nil {
		return err
	}
	return s.remind(ctx, tx, p, c)
}

// tellCancelled tells of the end. word is what the owner says to the customer; "" is nothing.
func (s *Service) tellCancelled(ctx context.Context, tx *db.Tx, p *page, c *fibonacco.CustomerBooking, word string) error {
	day := fibonacco.LongDay(c.StartsAt, p.zone)
	mine := s.forCustomer(p, c, "cancelled")
	mine.Subject = "Canceled: " + short(c.Business) + ", " + day
	mine.Button, mine.ButtonURL = "", ""
	mine.Paragraphs = []string{"Hi " + c.Name + ", your appointment with " + c.Business + " is canceled, as you asked."}
	if c.CancelledBy == "owner" {
		mine.Paragraphs = []string{"Hi " + c.Name + ", " + c.Business + " had to cancel your appointment."}
		if word != "" {
			mine.Paragraphs = append(mine.Paragraphs, "They write: “"+word+"”")
		}
	}
	if p.open() {
		mine.Button, mine.ButtonURL = "Pick another time", s.base+"/book/"+p.slug
	}
	s.attach(&mine, ical.Cancel, s.customerEvent(p, c, tx.Now))
	theirs, err := s.forOwner(ctx, tx, p, c, "cancelled")
	if err != nil {
		return err
	}
	theirs.Subject = "Booking canceled: " + c.Kind + ", " + day
	theirs.Paragraphs = []string{c.Name + " has canceled this booking. The time is free again."}
	if c.CancelledBy == "owner" {
		theirs.Paragraphs = []string{"You have canceled this booking, and " + c.Name + " was told. The file takes it out of your calendar."}
	}
	s.attach(&theirs, ical.Cancel, s.ownerEvent(p, c, tx.Now))
	if err := s.dropReminder(ctx, tx, c.ID); err != nil {
		return err
	}
	return s.send(ctx, tx, mine, theirs)
}

// remind has the customer reminded a day before, where that is still to come.
func (s *Service) remind(ctx context.Context, tx *db.Tx, p *page, c *fibonacco.CustomerBooking) error {
	at := c.StartsAt.Add(-reminderBefore)
	if !at.After(tx.Now) {
		return nil
	}
	n := s.forCustomer(p, c, "reminder")
	n.At = at
	n.Subject = "Tomorrow: " + short(c.Business) + ", " + fibonacco.ClockTime(c.StartsAt, p.zone)
	n.Paragraphs = []string{"Hi " + c.Name + ", this is a reminder of your appointment with " + c.Business + " tomorrow."}
	return s.send(ctx, tx, n)
}

func (s *Service) dropReminder(ctx context.Context, tx *db.Tx, id int64) error {
	return s.cancel(ctx, tx, noticeKey(id, "reminder"))
}
