package smb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// library is campaigns of days 1, 2 (of which two) and 4.
func library(t testing.TB, d *db.DB) {
	t.Helper()
	for _, c := range []struct {
		id, kind string
		day      int
		active   bool
	}{{"HOOK-001", "HOOK", 1, true}, {"HOWTO-002", "HOWTO", 2, true}, {"EDU-002", "EDU", 2, true}, {"EDU-003", "EDU", 3, false}, {"HOWTO-004", "HOWTO", 4, true}} {
		exec(t, d, `
			INSERT INTO campaigns (id, type, week, day, title, subject, slug, is_active) VALUES ($1, $2, 1, $3, $4, 'S', 's', $5)`,
			c.id, c.kind, c.day, "Title of "+c.id, c.active)
	}
}

func TestFindRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		other := newSMB(t, s, b.CommunityID, "Other")
		for _, id := range []int64{b.ID, other.ID} {
			for range 12 {
				opened(t, d, id, clock.Now())
			}
			for range 11 {
				approved(t, d, id, "pending", clock.Now())
			}
		}
		r, err := s.FindRecord(t.Context(), b.ID, nil)
		must(t, err)
		if r.SMB.ID != b.ID || r.Community != nil || r.RecentSends != nil || r.Approvals != nil || r.Engagement != nil || r.NextStep != nil || r.Reach != nil {
			t.Errorf("nothing was asked for, got %+v", r)
		}
		r, err = s.FindRecord(t.Context(), b.ID, fibonacco.RecordIncludes)
		must(t, err)
		equal(t, "community", r.Community.Slug, "park-slope")
		equal(t, "sends", len(r.RecentSends), 10)
		equal(t, "approvals", len(r.Approvals), 10)
		for i := range 9 {
			if r.RecentSends[i].ID <= r.RecentSends[i+1].ID || r.Approvals[i].ID <= r.Approvals[i+1].ID {
				t.Errorf("entry %d is not newer than the next", i)
			}
		}
		equal(t, "whose send", r.RecentSends[9].SMBID, b.ID)
		equal(t, "approver", r.Approvals[0].ApproverName, "Rosa")
		equal(t, "score", r.Engagement.Score, 75) // opens to their cap, and approvals to theirs
		equal(t, "ways to reach it", len(r.Reach), len(fibonacco.Channels))

		all, err := s.Records(t.Context(), []fibonacco.SMB{*other, *b}, fibonacco.RecordIncludes)
		must(t, err)
		if len(all) != 2 || all[0].SMB.ID != other.ID || fmt.Sprint(all[1].RecentSends) != fmt.Sprint(r.RecentSends) || all[0].RecentSends[0].SMBID != other.ID {
			t.Errorf("a page of records differs from one by one: %+v", all)
		}
		none, err := s.Records(t.Context(), nil, fibonacco.RecordIncludes)
		must(t, err)
		equal(t, "records of nobody", len(none), 0)

		_, err = s.FindRecord(t.Context(), b.ID, []string{"community", "everything"})
		code(t, "an unknown part", err, fibonacco.Invalid)
		if !strings.Contains(err.Error(), "next_step") {
			t.Errorf("%v does not name the parts there are", err)
		}
		_, err = s.FindRecord(t.Context(), b.ID+99, nil)
		code(t, "an unknown SMB", err, fibonacco.NotFound)
	})
}

func TestNextStep(t *testing.T) {
	cases := map[string]struct {
		status  fibonacco.CampaignStatus
		start   string
		paused  string
		days    int // paused before
		through int
		want    string
	}{
		"not started":                        {status: "pending", want: ""},
		"day 1, not planned yet":             {status: "active", start: "2026-03-02", want: "HOOK-001 1"},
		"day 1, planned":                     {status: "active", start: "2026-03-02", through: 1, want: "EDU-002 2"},
		"day 3 has none that is active":      {status: "active", start: "2026-02-28", through: 2, want: "HOWTO-004 4"},
		"days that were missed do not count": {status: "active", start: "2026-02-28", through: 1, want: "HOWTO-004 4"},
		"paused days are taken out":          {status: "active", start: "2026-02-28", days: 2, through: 0, want: "HOOK-001 1"},
		"nothing is left":                    {status: "active", start: "2026-02-01", through: 4, want: ""},
		"completed":                          {status: "completed", start: "2025-02-01", through: 90, want: ""},
		"paused goes on where it stopped":    {status: "paused", start: "2026-02-01", paused: "2026-02-02", through: 1, want: "EDU-002 2"},
		"paused after that day was planned":  {status: "paused", start: "2026-02-01", paused: "2026-02-02", through: 2, want: "HOWTO-004 4"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, _ := setup(t, d)
		library(t, d)
		for name, tc := range cases {
			b := newSMB(t, s, 1, name)
			exec(t, d, `
				UPDATE smbs SET campaign_status = $2, manifest_destiny_start_date = $3, paused_on = $4, paused_days = $5, planned_through_day = $6 WHERE id = $1`,
				b.ID, string(tc.status), db.Null(tc.start), db.Null(tc.paused), tc.days, tc.through)
			r, err := s.FindRecord(t.Context(), b.ID, []string{"next_step"})
			must(t, err)
			got := ""
			if n := r.NextStep; n != nil {
				got = fmt.Sprint(n.CampaignID, " ", n.ProgrammeDay)
				if n.Title != "Title of "+n.CampaignID || n.ScheduledFor != nil {
					t.Errorf("%s: got %+v", name, n)
				}
			}
			equal(t, name, got, tc.want)
		}

		// What is planned goes before what follows from the day, the earliest first.
		b := newSMB(t, s, 1, "Planned")
		exec(t, d, `UPDATE smbs SET campaign_status = 'active', manifest_destiny_start_date = '2026-03-02', planned_through_day = 1 WHERE id = $1`, b.ID)
		plan := func(campaign, status string, at *time.Time) {
			exec(t, d, `
				INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, scheduled_for) VALUES ($uuid, $1, $2, 'a@example.com', $3, $4)`,
				b.ID, campaign, status, at)
		}
		plan("HOOK-001", "sent", ptr(clock.Now()))
		plan("HOWTO-004", "queued", ptr(clock.Now().Add(2*time.Hour)))
		plan("EDU-002", "queued", ptr(clock.Now().Add(time.Hour)))
		step := func() *fibonacco.NextStep {
			r, err := s.FindRecord(t.Context(), b.ID, []string{"next_step"})
			must(t, err)
			return r.NextStep
		}
		if n := step(); n == nil || n.CampaignID != "EDU-002" || n.ProgrammeDay != 2 || !n.ScheduledFor.Equal(clock.Now().Add(time.Hour)) {
			t.Errorf("planned: %+v", n)
		}
		plan("EDU-003", "queued", nil)
		if n := step(); n == nil || n.CampaignID != "EDU-003" || n.ScheduledFor != nil {
			t.Errorf("as soon as possible: %+v", n)
		}
	})
}

func TestReach(t *testing.T) {
	const all = "email rvm sms phone"
	cases := map[string]struct {
		change fibonacco.SMBChange
		then   func(t *testing.T, d *db.DB, id int64, now time.Time)
		want   map[fibonacco.Channel]string
	}{
		"everything allowed": {
			then: func(t *testing.T, d *db.DB, id int64, now time.Time) {
				agree(t, d, id, "sms", true, now)
				agree(t, d, id, "rvm", true, now)
			},
			want: map[fibonacco.Channel]string{"email": "", "sms": "", "rvm": "", "phone": ""},
		},
		"no consent on record": {want: map[fibonacco.Channel]string{"email": "", "sms": "no_consent", "rvm": "no_consent", "phone": ""}},
		"the last word counts": {
			then: func(t *testing.T, d *db.DB, id int64, now time.Time) {
				agree(t, d, id, "sms", false, now)
				agree(t, d, id, "sms", true, now.Add(-time.Hour))
				agree(t, d, id, "rvm", false, now.Add(-time.Hour))
				agree(t, d, id, "rvm", true, now)
				agree(t, d, id, "phone", false, now)
			},
			want: map[fibonacco.Channel]string{"email": "", "sms": "no_consent", "rvm": "", "phone": ""},
		},
		"an opt-in that was switched on again proves nothing": {
			then: func(t *testing.T, d *db.DB, id int64, now time.Time) {
				agree(t, d, id, "sms", true, now.Add(time.Hour))
				agree(t, d, id, "sms", false, now.Add(2*time.Hour))
				agree(t, d, id, "rvm", true, now.Add(time.Hour))
				for _, channel := range []string{"sms", "rvm"} {
					exec(t, d, `
						INSERT INTO consents (smb_id, channel, granted, source, occurred_at, created_at) VALUES ($1, $2, TRUE, 'staff', $3, $3)`, id, channel, now.Add(3*time.Hour))
				}
			},
			want: map[fibonacco.Channel]string{"email": "", "sms": "no_consent", "rvm": "", "phone": ""},
		},
		"nothing on file": {
			change: fibonacco.SMBChange{PrimaryEmail: ptr(""), PrimaryPhone: ptr("")},
			want:   map[fibonacco.Channel]string{"email": "no_address", "sms": "no_phone no_consent", "rvm": "no_phone no_consent", "phone": "no_phone"},
		},
		"an address from before addresses were checked": {
			then: func(t *testing.T, d *db.DB, id int64, _ time.Time) {
				exec(t, d, `UPDATE smbs SET primary_email = 'rosa' WHERE id = $1`, id)
			},
			want: map[fibonacco.Channel]string{"email": "invalid_address", "sms": "no_consent", "rvm": "no_consent", "phone": ""},
		},
		"every reason at once": {
			change: fibonacco.SMBChange{
				DoNotContact: ptr(true), EmailOptedIn: ptr(false), SMSOptedIn: ptr(false), RVMOptedIn: ptr(false), PhoneOptedIn: ptr(false),
			},
			then: func(t *testing.T, d *db.DB, _ int64, now time.Time) {
				exec(t, d, `INSERT INTO suppressions (email_key, reason, created_at) VALUES ('rosa@example.com', 'bounce', $1)`, now)
				exec(t, d, `INSERT INTO suppressions (kind, phone, reason, created_at) VALUES ('phone', '+17185550142', 'dnc', $1)`, now)
			},
			want: map[fibonacco.Channel]string{
				"email": "do_not_contact not_opted_in suppressed", "sms": "do_not_contact not_opted_in suppressed no_consent",
				"rvm": "do_not_contact not_opted_in suppressed no_consent", "phone": "do_not_contact not_opted_in suppressed",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
				s, b := setup(t, d)
				_, err := s.Update(t.Context(), b.ID, fibonacco.SMBChange{
					PrimaryEmail: ptr("Rosa@example.com"), PrimaryPhone: ptr("(718) 555-0142"),
					EmailOptedIn: ptr(true), SMSOptedIn: ptr(true), RVMOptedIn: ptr(true), PhoneOptedIn: ptr(true),
				})
				must(t, err)
				_, err = s.Update(t.Context(), b.ID, tc.change)
				must(t, err)
				if tc.then != nil {
					tc.then(t, d, b.ID, clock.Now())
				}
				r, err := s.FindRecord(t.Context(), b.ID, []string{"reach"})
				must(t, err)
				for channel, want := range tc.want {
					got := r.Reach[channel]
					var reasons []string
					for _, reason := range got.Reasons {
						reasons = append(reasons, string(reason))
					}
					equal(t, string(channel), strings.Join(reasons, " "), want)
					equal(t, string(channel)+" allowed", got.Allowed, want == "")
				}
				equal(t, "channels", len(r.Reach), len(strings.Fields(all)))
			})
		})
	}
}

// agree writes a consent down as the consent module does.
func agree(t testing.TB, d *db.DB, smb int64, channel string, granted bool, at time.Time) {
	t.Helper()
	exec(t, d, `
		INSERT INTO consents (smb_id, channel, granted, wording, source, occurred_at, created_at) VALUES ($1, $2, $3, 'Yes.', 'web form', $4, $4)`,
		smb, channel, granted, at)
}
