package smb

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	mostSeriesDays = 400
	usualSeries    = 30
)

// ScoreSeries implements fibonacco.SMBRecords. Days are those of the community.
func (s *Service) ScoreSeries(ctx context.Context, smbID int64, from, to string) (series []fibonacco.DayScore, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID)
		if err != nil {
			return err
		}
		town, err := findCommunity(ctx, tx, "communities.id = $1", found.CommunityID)
		if err != nil {
			return err
		}
		today, err := localDate(tx.Now, town.Timezone)
		if err != nil {
			return err
		}
		added, err := localDate(found.CreatedAt, town.Timezone)
		if err != nil {
			return err
		}
		first, last, err := seriesDays(from, to, today)
		if err != nil {
			return err
		}
		first, last = max(first, added), min(last, today)
		if first > last {
			return nil
		}
		series, err = s.readSeries(ctx, tx, smbID, first, last)
		return err
	})
	return series, err
}

// seriesDays reads the ends of a series.
func seriesDays(from, to, today string) (first, last string, err error) {
	var bad []fibonacco.FieldError
	read := func(name, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil || day.Year() < 1 {
			bad = append(bad, fibonacco.FieldError{Field: name, Reason: "must be a date like 2026-11-23"})
		}
		return day
	}
	now, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return "", "", err
	}
	end := read("to", to, now)
	begin := read("from", from, end.AddDate(0, 0, 1-usualSeries))
	switch days := int(end.Sub(begin)/(24*time.Hour)) + 1; {
	case len(bad) > 0:
	case days < 1:
		bad = append(bad, fibonacco.FieldError{Field: "from", Reason: "must not be after to"})
	case days > mostSeriesDays:
		bad = append(bad, fibonacco.FieldError{Field: "from", Reason: fmt.Sprintf("must be at most %d days before to", mostSeriesDays-1)})
	}
	return begin.Format(time.DateOnly), end.Format(time.DateOnly), fibonacco.InvalidFields("the series cannot be read so", bad)
}

// readSeries fills the days between the stored ones: a day without a row is like the day before
// it, and before the first row the score was 0.
func (s *Service) readSeries(ctx context.Context, tx *db.Tx, smbID int64, first, last string) ([]fibonacco.DayScore, error) {
	stored, err := db.Select[fibonacco.DayScore](ctx, tx, `
		SELECT CAST(day AS text) AS day, score, tier FROM (
			SELECT day, score, tier FROM score_history WHERE smb_id = $1 AND day < CAST($2 AS date) ORDER BY day DESC LIMIT 1
		) AS before
		UNION ALL
		SELECT CAST(day AS text) AS day, score, tier FROM score_history
		WHERE smb_id = $1 AND day >= CAST($2 AS date) AND day <= CAST($3 AS date)
		ORDER BY day`, smbID, first, last)
	if err != nil {
		return nil, fmt.Errorf("read the scores of SMB %d: %w", smbID, err)
	}
	day, err := time.Parse(time.DateOnly, first)
	if err != nil {
		return nil, err
	}
	now := fibonacco.DayScore{Tier: s.engagement.Tier(0)}
	var series []fibonacco.DayScore
	for text := first; text <= last; text = day.Format(time.DateOnly) {
		for len(stored) > 0 && stored[0].Day <= text {
			now, stored = stored[0], stored[1:]
		}
		now.Day = text
		series = append(series, now)
		day = day.AddDate(0, 0, 1)
	}
	return series, nil
}
