package fibonacco

import "context"

// Holiday is a local day on which a community gets no programme mail.
type Holiday struct {
	Day  string `json:"day"` // "2026-11-27"
	Name string `json:"name"`
}

// HolidayService keeps the days off of communities, beside the weekdays, dates and federal holidays of
// the settings. Each method returns NotFound for a community that is unknown, or not the caller's.
// Routes: GET /communities/{id}/holidays, PUT and DELETE /communities/{id}/holidays/{day}.
type HolidayService interface {
	// ListHolidays is all days off of a community, in order.
	ListHolidays(ctx context.Context, communityID int64) ([]Holiday, error)
	// SetHoliday keeps a day ("2026-11-27") free of programme mail, under a name; "" lets mail go
	// again. What is planned goes. Doing it again changes nothing. Invalid for what is no date.
	SetHoliday(ctx context.Context, communityID int64, day, name string) error
}
