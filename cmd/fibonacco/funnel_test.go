package main

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/library"
)

// The whole way (issue 5): a list becomes mails, a mail a reader, a reader a yes, the yes a booking page,
// and the page a customer with an appointment. One owner does it without any script, one on a telephone
// and one at a desk. Everything happens over HTTP; what is left behind in rows, events, counters and
// mails is the same for each.
func TestFromAListToAnAppointment(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := settleTown(t, engine)
			owners := []owner{
				{smb: 1, business: "Marisol Hair Studio", name: "Marisol Ortiz", mail: "marisol@example.com", slug: "marisol-hair-studio"},
				{smb: 2, business: "Luis & Sons Plumbing", name: "Luis Mendez", mail: "luis@example.com", slug: "luis-and-sons-plumbing"},
				{smb: 3, business: "Wharf Dental", name: "Grace Kim", mail: "grace@example.com", slug: "wharf-dental"},
			}
			w.start(owners)
			w.goes(&reader{T: t, base: w.base}, owners[0])
			if os.Getenv("FIBONACCO_TEST_CHROMIUM") == "" {
				if os.Getenv("CI") == "true" {
					t.Fatal("FIBONACCO_TEST_CHROMIUM is not set: run the tests with `make test`")
				}
				return // the rest of it is done by `make test`
			}
			w.goes(browse(t, 390, 844), owners[1])
			w.goes(browse(t, 1440, 900), owners[2])
		})
	}
}

type owner struct {
	smb                        int64
	business, name, mail, slug string
}

// start brings in a library of one campaign, which is due on the first day, and the businesses, and
// starts their programme.
func (w *town) start(owners []owner) {
	w.Helper()
	const name = "HOOK-004.md"
	text, err := library.FS.ReadFile(name)
	must(w.T, name, err)
	due := strings.NewReplacer("\nweek: 4\nday: 22\n", "\nweek: 1\nday: 1\n").Replace(string(text))
	w.ask(http.MethodPost, "/campaigns/import", "application/zip", zipped(w.T, name, due), http.StatusOK)
	w.ask(http.MethodPost, "/communities", "application/json", []byte(`{"name":"Red Hook","slug":"red-hook","state":"NY","timezone":"America/New_York"}`), http.StatusCreated)
	var list strings.Builder
	lines := csv.NewWriter(&list)
	must(w.T, "list", lines.Write([]string{"Business Name", "Email", "Phone"}))
	for i, o := range owners {
		must(w.T, "list", lines.Write([]string{o.business, o.mail, fmt.Sprintf("(718) 555-01%02d", 42+i)}))
	}
	lines.Flush()
	job := w.ask(http.MethodPost, "/smbs/import?community=1", "text/csv", []byte(list.String()), http.StatusAccepted)
	waitFor(w.T, "the import", func() bool {
		state := w.ask(http.MethodGet, fmt.Sprintf("/smbs/import/%v/status", job["uuid"]), "", nil, http.StatusOK)
		return fmt.Sprint(state["created"]) == fmt.Sprint(len(owners)) && state["status"] == "completed"
	})
	answer := w.ask(http.MethodPost, "/smbs/campaign/start", "application/json", []byte(`{"filter":{}}`), http.StatusOK)
	if fmt.Sprint(answer["changed"]) != fmt.Sprint(len(owners)) {
		w.Fatalf("started: %v", answer)
	}
	for _, o := range owners {
		w.waitForMail(o.mail, "pick one of your times")
	}
	w.pass(30 * time.Minute) // whoever opens a mail in the second in which it comes is a machine
}

// goes is the way of one owner, and of a customer at its end.
func (w *town) goes(p person, o owner) {
	w.Helper()
	// A mail is opened and followed to a page, which is read to its end.
	first := w.waitForMail(o.mail, "pick one of your times")
	p.goTo(first.pixel())
	p.goTo(first.link(w.T, "/track/click/"))
	p.sees("Booking without a call", "For "+o.business)
	slides := p.readsSlides("booking-without-a-call")
	// The page leads to a form, the form to a yes, and the yes to what goes well with it.
	p.presses("Open my booking page")
	p.sees("A booking page with your times", o.business, "What happens next")
	p.presses("Yes, set it up")
	p.sees("Please enter your name.", "Please tick this box.")
	p.enters("name", o.name)
	p.enters("email", o.mail)
	p.ticks("consent")
	p.presses("Yes, set it up")
	p.sees("Thank you, "+strings.Fields(o.name)[0]+".", "A text before appointments", "Bookings in your own calendar")
	p.presses("Add it")
	p.sees("Added")
	// The queue makes the page, and its owner opens it by the mail that says so.
	w.waitForMail(o.mail, "We have your yes: A booking page with your times")
	w.waitForMail(o.mail, "We have your yes: A text before appointments")
	ready := w.waitForMail(o.mail, "Ready for you: A booking page with your times")
	address := ready.link(w.T, "/book/")
	if address != w.base+"/book/"+o.slug {
		w.Errorf("the page is at %s", address)
	}
	p.goTo(address)
	p.sees("Booking here is closed at the moment")
	p.goTo(ready.link(w.T, "/my/"))
	p.sees("Your booking page", "Nobody can book yet")
	p.presses("Open the page")
	p.sees("Your page is open")
	// A customer books, and both sides hear of it.
	customer := "ann." + o.slug + "@example.com"
	p.goTo(address)
	p.sees("Pick a time", o.business)
	p.presses(`^\d+:\d\d [ap]\.m\.$`)
	p.sees("Your details, and it is booked")
	p.enters("name", "Ann Lee")
	p.enters("email", customer)
	p.presses("^Book ")
	p.sees("You are booked", customer)
	booked := w.waitForMail(customer, "Booked: "+o.business)
	if file := booked.files["text/calendar"]; !strings.Contains(file, "METHOD:REQUEST\r\n") || !strings.Contains(file, "BEGIN:VEVENT\r\n") {
		w.Errorf("the calendar file is %q", file)
	}
	p.goTo(booked.link(w.T, "/booking/"))
	p.sees("You are booked", o.business)
	told := w.waitForMail(o.mail, "New booking: ")
	p.goTo(told.link(w.T, "/my/"))
	p.sees("Ann Lee", customer)
	w.leaves(o, slides)
	p.ends()
}

// leaves holds everything that is stored about an owner's way against what must be.
func (w *town) leaves(o owner, slides int) {
	w.Helper()
	w.stored(`
		SELECT event_type || ' ' || CAST(count(*) AS text) FROM analytics_events
		WHERE smb_id = $1 AND event_type NOT IN ('smb.engagement_changed', 'smb.tier_changed') GROUP BY event_type ORDER BY event_type`, o.smb,
		"ai_task.suggested 1", "approval.provisioned 1", "approval.submitted 2", "campaign_send.completed 1", "campaign_send.queued 1",
		"content.completed 1", "content.viewed 1", "email.clicked 1", "email.opened 1", "smb.created 1", "upsell.accepted 1", "upsell.offered 3")
	w.stored(`
		SELECT campaign_id || ' ' || status || ' ' || CAST(count(sent_at) + count(opened_at) + count(clicked_at) AS text)
		FROM campaign_sends WHERE smb_id = $1 GROUP BY campaign_id, status`, o.smb, "HOOK-004 sent 3")
	var seen []string
	for slide := range slides {
		seen = append(seen, fmt.Sprint(slide+1))
	}
	w.stored(`
		SELECT REPLACE(CAST(slides_viewed AS text), ' ', '') || ' ' || content_slug || ' ' || source_campaign_id || ' ' || CAST(completion_percentage AS text)
			|| CASE WHEN completed_at IS NOT NULL AND approval_clicked THEN ' to the end, and on' ELSE '' END
		FROM content_views WHERE smb_id = $1`, o.smb, "["+strings.Join(seen, ",")+"] booking-without-a-call HOOK-004 100 to the end, and on")
	w.stored(`
		SELECT service_type || ' ' || source_type || ' ' || approver_name || ' ' || approver_email || ' ' || status
			|| CASE WHEN contact_consent AND processed_at IS NOT NULL THEN ' processed' ELSE '' END || CASE WHEN provisioned_at IS NOT NULL THEN ' made' ELSE '' END
		FROM approvals WHERE smb_id = $1 ORDER BY id`, o.smb,
		"appointment_booking learning_center "+o.name+" "+o.mail+" provisioned processed made", "sms_reminders upsell "+o.name+" "+o.mail+" pending processed")
	w.stored(`
		SELECT upsell_service_type || CASE WHEN accepted THEN ' accepted' ELSE ' offered' END || CASE WHEN accepted_at IS NOT NULL THEN ' and stamped' ELSE '' END
			|| ' ' || COALESCE((SELECT service_type FROM approvals WHERE id = resulting_approval_id), '')
		FROM approval_upsells WHERE approval_id IN (SELECT id FROM approvals WHERE smb_id = $1) ORDER BY upsell_service_type`, o.smb,
		"buffer_time offered ", "calendar_sync offered ", "sms_reminders accepted and stamped sms_reminders")
	w.stored(`
		SELECT service_type || ' ' || status || ' ' || CAST(attempts AS text) || CASE WHEN completed_at IS NOT NULL THEN ' at an end' ELSE '' END
			|| CASE WHEN CAST(result_data AS text) LIKE '%/book/%' THEN ' with its address' ELSE '' END
			|| CASE WHEN person_task_id IS NOT NULL THEN ' for a person' ELSE '' END
		FROM provisioning_tasks WHERE smb_id = $1 ORDER BY id`, o.smb, "appointment_booking completed 1 at an end with its address", "sms_reminders queued 0 for a person")
	w.stored(`
		SELECT b.state || ' ' || b.name || ' ' || b.email || ' ' || p.state FROM bookings b JOIN booking_pages p ON p.smb_id = b.smb_id
		WHERE b.smb_id = $1`, o.smb, "booked Ann Lee ann."+o.slug+"@example.com open")
	w.stored(`
		SELECT CAST(total_approvals AS text) || ' ' || CAST(services_activated AS text) || ' ' || CAST(services_approved_pending AS text)
			|| CASE WHEN last_email_open <= last_email_click AND last_email_click <= last_content_view AND last_content_view <= last_approval THEN ' in order' ELSE '' END
		FROM smbs WHERE id = $1`, o.smb, `2 ["appointment_booking"] ["sms_reminders"] in order`)
	w.stored(`SELECT purpose || ' ' || status || ' ' || CAST(count(*) AS text) FROM notices WHERE smb_id = $1 GROUP BY purpose, status ORDER BY purpose`, o.smb,
		"approval.confirmation sent 2", "approval.provisioned sent 1", "booking.confirmed sent 1", "booking.owner.confirmed sent 1")
	mails, _, err := w.app.mailbox.ListCaught(w.Context(), o.mail, 0, 100)
	must(w.T, "mailbox", err)
	if len(mails) != 5 { // the programme's, two confirmations, one that it is ready, one that a customer comes
		w.Errorf("%s got %d mails: %+v", o.mail, len(mails), mails)
	}
}
