package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// explained is what an explanation is made from.
type explained struct {
	business, email, zone, start, pausedOn string
	pauseReason                            string
	communityID                            int64
	town                                   town
	status                                 fibonacco.CampaignStatus
	optedIn, dnc, suppressed, deleted      bool
	pausedDays, through                    int
	wishes                                 wishes
	topic                                  fibonacco.Topic // of the day's campaign
}

// Explain implements fibonacco.Explainer: what is on file first, and only where there is
// nothing, what follows from the SMB's present state.
func (s *Service) Explain(ctx context.Context, smbID int64, date string) (*fibonacco.Explanation, error) {
	if _, err := time.Parse(dateLayout, date); err != nil {
		return nil, &fibonacco.Error{
			Code: fibonacco.Invalid, Message: "there is no such day",
			Fields: []fibonacco.FieldError{{Field: "date", Reason: "must be a date like 2026-11-23"}},
		}
	}
	steps, err := s.steps(ctx)
	if err != nil {
		return nil, err
	}
	var out *fibonacco.Explanation
	err = s.db.View(ctx, func(tx *db.Tx) error {
		x, err := loadExplained(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if x.town, err = loadTown(ctx, tx, x.communityID); err != nil {
			return err
		}
		if on, err := time.Parse(dateLayout, date); err == nil {
			if x.town.holidays, err = loadHolidays(ctx, tx, x.communityID, on); err != nil {
				return err
			}
		}
		all, err := loadWishes(ctx, tx, x.town, []candidate{{ID: smbID}})
		if err != nil {
			return err
		}
		x.wishes = all[smbID]
		zone := x.town.zone
		out = &fibonacco.Explanation{
			SMBID: smbID, BusinessName: x.business, Date: date, Timezone: x.zone, Status: x.status,
			Contactable: !x.deleted && contactable(x.email, x.optedIn, x.dnc, x.suppressed) == "",
		}
		if x.start != "" {
			paused := x.pausedDays
			if x.status == fibonacco.StatusPaused && x.pausedOn < date {
				more, err := daysBetween(x.pausedOn, date)
				if err != nil {
					return err
				}
				paused += more
			}
			if out.Day, err = programmeDay(x.start, date, paused); err != nil {
				return err
			}
			if x.status == fibonacco.StatusActive && !x.deleted {
				if out.Day, err = x.wishes.dayOn(x, out.Day, date, localDate(tx.Now, zone), zone); err != nil {
					return err
				}
			}
			if out.Day < 1 || out.Day > s.cfg.ManifestDestiny.TotalDays {
				out.Day = 0
			}
		}
		if step := steps.byDay[out.Day]; step != nil {
			out.Campaign, x.topic = step.ID, step.Type.Topic()
		}
		if out.Lines, err = s.linesOnFile(ctx, tx, smbID, date, zone); err != nil {
			return err
		}
		if len(out.Lines) == 0 {
			out.Lines = []fibonacco.ExplanationRow{s.deduce(x, out, localDate(tx.Now, zone))}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func loadExplained(ctx context.Context, tx *db.Tx, smbID int64) (explained, error) {
	var x explained
	err := tx.QueryRow(ctx, `
		SELECT smbs.business_name, COALESCE(smbs.primary_email, ''), communities.timezone, smbs.community_id,
			COALESCE(CAST(smbs.manifest_destiny_start_date AS text), ''), COALESCE(CAST(smbs.paused_on AS text), ''),
			COALESCE(smbs.pause_reason, ''), smbs.campaign_status, smbs.email_opted_in, smbs.do_not_contact,
			EXISTS (SELECT 1 FROM suppressions WHERE suppressions.email_key = smbs.email_key), smbs.deleted_at IS NOT NULL, smbs.paused_days, smbs.planned_through_day
		FROM smbs JOIN communities ON communities.id = smbs.community_id WHERE smbs.id = $1`, smbID).Scan(
		&x.business, &x.email, &x.zone, &x.communityID, &x.start, &x.pausedOn, &x.pauseReason, &x.status,
		&x.optedIn, &x.dnc, &x.suppressed, &x.deleted, &x.pausedDays, &x.through)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, x.communityID) {
		return x, fibonacco.Errorf(fibonacco.NotFound, "there is no business %d", smbID)
	}
	return x, err
}

// linesOnFile are the sends and skips of one local day.
func (s *Service) linesOnFile(ctx context.Context, tx *db.Tx, smbID int64, date string, zone *time.Location) ([]fibonacco.ExplanationRow, error) {
	from, err := localMoment(date, 0, zone)
	if err != nil {
		return nil, err
	}
	to, err := localMoment(date, 24*time.Hour, zone)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT `+sendColumns+` FROM campaign_sends
		WHERE smb_id = $1 AND ((scheduled_for >= $2 AND scheduled_for < $3) OR (sent_at >= $2 AND sent_at < $3)) ORDER BY id`, smbID, from, to)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var lines []fibonacco.ExplanationRow
	for rows.Next() {
		send, err := scanSend(rows)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fibonacco.ExplanationRow{
			CampaignID: send.CampaignID, SendID: send.ID, Outcome: string(send.Status), Reason: send.SkipReason,
			Sentence: sendSentence(send, zone), ScheduledFor: send.ScheduledFor, SentAt: send.SentAt,
		})
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	type skip struct {
		CampaignID string
		Reason     fibonacco.SkipReason
		Day        int
	}
	skips, err := db.Select[skip](ctx, tx, `
		SELECT campaign_id, reason, programme_day AS day FROM skips WHERE smb_id = $1 AND local_date = $2 ORDER BY id`, smbID, date)
	if err != nil {
		return nil, err
	}
	for _, k := range skips {
		lines = append(lines, fibonacco.ExplanationRow{
			CampaignID: k.CampaignID, Outcome: "skipped", Reason: k.Reason,
			Sentence: fmt.Sprintf("%s of programme day %d was not planned: %s.", k.CampaignID, k.Day, reasonWords[k.Reason]),
		})
	}
	return lines, nil
}

// deduce says why there is nothing on file for a day.
func (s *Service) deduce(x explained, e *fibonacco.Explanation, today string) fibonacco.ExplanationRow {
	line := fibonacco.ExplanationRow{CampaignID: e.Campaign, Outcome: "skipped"}
	say := func(reason fibonacco.SkipReason, format string, args ...any) fibonacco.ExplanationRow {
		line.Reason, line.Sentence = reason, fmt.Sprintf(format, args...)
		return line
	}
	switch {
	case x.deleted:
		return say(fibonacco.Deleted, "The business has been deleted: nothing is planned for it.")
	case x.start == "":
		return say(fibonacco.NotActive, "The programme has not been started for this business.")
	case date(e.Date).before(x.start):
		return say(fibonacco.NotActive, "The programme began later, on %s.", x.start)
	case x.status == fibonacco.StatusPaused && !date(e.Date).before(x.pausedOn):
		why := ""
		if x.pauseReason != "" {
			why = " (" + x.pauseReason + ")"
		}
		return say(fibonacco.Paused, "The programme has been paused since %s%s: nothing leaves.", x.pausedOn, why)
	case x.wishes.restsOn(e.Date, x.town.zone) && contactable(x.email, x.optedIn, x.dnc, x.suppressed) == "":
		return say(fibonacco.AskedForPause, "The business asked for a pause on its preference page: its programme stands still, and goes on on %s.",
			localDate(x.wishes.pausedUntil, x.town.zone))
	case e.Day == 0:
		return say(fibonacco.NotActive, "The programme was over by then: its last day is %d.", s.cfg.ManifestDestiny.TotalDays)
	case e.Campaign == "":
		return say(fibonacco.NoCampaign, "Programme day %d has no campaign.", e.Day)
	}
	if why := contactable(x.email, x.optedIn, x.dnc, x.suppressed); why != "" {
		return say(why, "%s of programme day %d does not go: %s.", e.Campaign, e.Day, reasonWords[why])
	}
	if x.topic != "" && x.wishes.unwanted[x.topic] {
		return say(fibonacco.UnwantedTopic, "%s of programme day %d does not go: %s (%s).", e.Campaign, e.Day, reasonWords[fibonacco.UnwantedTopic], x.topic.Title())
	}
	if date(e.Date).before(today) {
		return say(fibonacco.Missed, "%s of programme day %d was due, and nobody planned it that day.", e.Campaign, e.Day)
	}
	if name := s.quiet(x.town, e.Date); name != "" {
		say(fibonacco.QuietDay, "%s of programme day %d does not go on %s (%s): no mail goes on such a day.", e.Campaign, e.Day, e.Date, name)
		if s.cfg.ManifestDestiny.Quiet.Action != "skip" {
			line.Sentence += " It is due on the next day that is none."
		}
		return line
	}
	if x.wishes.weekly && x.wishes.mailed && e.Date == today {
		return say(fibonacco.AtMostWeekly, "%s of programme day %d does not go: %s.", e.Campaign, e.Day, reasonWords[fibonacco.AtMostWeekly])
	}
	line.Outcome = "not planned yet"
	line.Sentence = fmt.Sprintf("%s is due on programme day %d; the day is planned at %s local time and sent at %s.",
		e.Campaign, e.Day, s.cfg.ManifestDestiny.PlanTimeLocal, s.cfg.ManifestDestiny.SendTimeLocal)
	return line
}

type date string

func (d date) before(other string) bool { return string(d) < other } // ISO dates sort as text

// reasonWords say each reason within a sentence.
var reasonWords = map[fibonacco.SkipReason]string{
	fibonacco.NotOptedIn:     "the business has opted out of e-mail",
	fibonacco.DoNotContact:   "the business must not be contacted",
	fibonacco.Suppressed:     "the address is suppressed",
	fibonacco.NoAddress:      "there is no e-mail address on file",
	fibonacco.InvalidAddress: "the e-mail address on file is not valid",
	fibonacco.Paused:         "the programme was paused",
	fibonacco.NotActive:      "the business was not in the programme",
	fibonacco.NoCampaign:     "that day has no campaign",
	fibonacco.Missed:         "the day went by before it was planned",
	fibonacco.Duplicate:      "it had been planned already",
	fibonacco.Deleted:        "the business was deleted",
	fibonacco.HealthPause:    "sending was paused for health",
	fibonacco.QuietDay:       "no mail goes on such a day",
	fibonacco.FrequencyCap:   "the business had as many mails as it may get in so many days",
	fibonacco.UnwantedTopic:  "the business wants no mails on this topic",
	fibonacco.AtMostWeekly:   "the business wants one mail a week at most, and has had it",
	fibonacco.AskedForPause:  "the business had asked for a pause",
}

func sendSentence(s fibonacco.CampaignSend, zone *time.Location) string {
	at := func(t *time.Time) string {
		if t == nil {
			return "an unknown time"
		}
		return t.In(zone).Format("15:04 MST")
	}
	switch s.Status {
	case fibonacco.SendQueued:
		if s.Attempts > 0 {
			return fmt.Sprintf("%s was refused %d times and is tried again at %s: %s", s.CampaignID, s.Attempts, at(s.ScheduledFor), s.LastError)
		}
		if s.LastError != "" && s.ScheduledFor != nil {
			return fmt.Sprintf("%s has not left yet and is due again on %s: %s", s.CampaignID, s.ScheduledFor.In(zone).Format("2006-01-02 at 15:04 MST"), s.LastError)
		}
		return fmt.Sprintf("%s is planned for %s.", s.CampaignID, at(s.ScheduledFor))
	case fibonacco.SendSending:
		return s.CampaignID + " is being handed over right now."
	case fibonacco.SendSent:
		return fmt.Sprintf("%s was sent at %s.", s.CampaignID, at(s.SentAt))
	case fibonacco.SendFailed:
		return fmt.Sprintf("%s was refused for good: %s", s.CampaignID, s.LastError)
	case fibonacco.SendUnknown:
		return s.CampaignID + " may or may not have left: the process ended while it was being handed over. It is not sent again blindly."
	case fibonacco.SendBounced:
		return s.CampaignID + " was sent and came back."
	case fibonacco.SendComplained:
		return s.CampaignID + " was sent and reported as spam."
	default:
		return fmt.Sprintf("%s was planned and did not leave: %s.", s.CampaignID, reasonWords[s.SkipReason])
	}
}
