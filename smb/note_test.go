package smb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb"
)

// as is the context of one of our people.
func as(t testing.TB, user int64, name string, role fibonacco.Role, communities ...int64) context.Context {
	return fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: user, Name: name, Role: role, Communities: communities})
}

func TestNotes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		records, b := bare(t, d)
		s := records.(*smb.Service)
		ana, sam, boss := as(t, 1, "Ana Ruiz", fibonacco.Operator), as(t, 2, "Sam Lee", fibonacco.Operator), as(t, 3, "Dana", fibonacco.Manager)
		first, err := s.AddNote(ana, b.ID, "  Prefers a call\r\nafter 18:00.  ")
		must(t, err)
		if first.Body != "Prefers a call\nafter 18:00." || first.Author != "Ana Ruiz" || first.UserID == nil || *first.UserID != 1 || !first.Mine || !first.CreatedAt.Equal(clock.Now()) {
			t.Errorf("stored %+v", first)
		}
		second, err := s.AddNote(sam, b.ID, "Closed in October.")
		must(t, err)
		for name, body := range map[string]string{"empty": " \n", "zero byte": "a\x00", "not text": "\xff", "long": strings.Repeat("ä", fibonacco.MostNote+1)} {
			_, err := s.AddNote(ana, b.ID, body)
			code(t, name, err, fibonacco.Invalid)
		}
		_, err = s.AddNote(ana, b.ID+9, "x")
		code(t, "an unknown SMB", err, fibonacco.NotFound)
		_, err = s.AddNote(as(t, 4, "Far", fibonacco.Operator, b.CommunityID+9), b.ID, "x")
		code(t, "another community's", err, fibonacco.NotFound)

		page, err := s.ListNotes(ana, b.ID, fibonacco.ListQuery{})
		must(t, err)
		if len(page.Data) != 2 || page.Data[0].ID != second.ID || page.Data[0].Mine || !page.Data[1].Mine {
			t.Errorf("listed %+v", page.Data)
		}
		told, err := s.Timeline(ana, b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"topic": "notes"}, Sort: []string{"at"}})
		must(t, err)
		if len(told.Data) != 2 || told.Data[0].Kind != "note.added" || told.Data[0].Details["text"] != first.Body || told.Data[0].Summary != "Ana Ruiz wrote a note." {
			t.Errorf("told %+v", told.Data)
		}

		code(t, "somebody else's", s.DeleteNote(ana, b.ID, second.ID), fibonacco.Forbidden)
		code(t, "of another business", s.DeleteNote(boss, b.ID+9, second.ID), fibonacco.NotFound)
		must(t, s.DeleteNote(boss, b.ID, second.ID))
		must(t, s.DeleteNote(ana, b.ID, first.ID))
		code(t, "twice", s.DeleteNote(ana, b.ID, first.ID), fibonacco.NotFound)
		told, err = s.Timeline(ana, b.ID, fibonacco.ListQuery{})
		must(t, err)
		if got := strings.Join(sentencesOf(told.Data), " "); got != "Ana Ruiz deleted a note. Dana deleted a note." && got != "Dana deleted a note. Ana Ruiz deleted a note." {
			t.Errorf("told %s", got)
		}
	})
}

// Where people have no account, as in the demo, the name tells whose a note is.
func TestNotesWithoutAccounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		records, b := bare(t, d)
		s := records.(*smb.Service)
		demo := as(t, 0, "Demo", fibonacco.Operator)
		note, err := s.AddNote(demo, b.ID, "Mine.")
		must(t, err)
		equal(t, "mine", note.Mine, true)
		code(t, "of another token", s.DeleteNote(as(t, 0, "CI", fibonacco.Operator), b.ID, note.ID), fibonacco.Forbidden)
		code(t, "of an account with that name", s.DeleteNote(as(t, 7, "Demo", fibonacco.Operator), b.ID, note.ID), fibonacco.Forbidden)
		must(t, s.DeleteNote(demo, b.ID, note.ID))
	})
}
