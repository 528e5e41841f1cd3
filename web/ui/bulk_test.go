package ui_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// crew does bulk changes to a town, as far as these tests look.
type crew struct {
	fibonacco.BulkService
	*town

	asked fibonacco.BulkRequest
	job   fibonacco.BulkJob
}

const crewJob = "0193c2f0-6f7a-7b8c-9d0e-1f2a3b4c5d6e"

func newCrew() *crew {
	return &crew{job: fibonacco.BulkJob{
		UUID: crewJob, Action: fibonacco.BulkPause, Status: "running", Matched: 14, Done: 7, Changed: 5, Left: fibonacco.BulkLeft{fibonacco.LeftPending: 2}, CreatedAt: monday,
	}}
}

func (c *crew) PreviewBulk(_ context.Context, r fibonacco.BulkRequest) (*fibonacco.BulkPreview, error) {
	c.asked = r
	if r.Change.CommunityID != nil && *r.Change.CommunityID > 2 {
		return nil, fibonacco.InvalidFields("the bulk change cannot be made", []fibonacco.FieldError{{Field: "change.community_id", Reason: "is not a community"}})
	}
	return &fibonacco.BulkPreview{
		Matched: 14, Changes: 12, Left: fibonacco.BulkLeft{fibonacco.LeftPending: 2},
		Sample: []fibonacco.SMB{business(2, 1, `<script>alert("x")</script> & Sons`, fibonacco.StatusActive)},
	}, nil
}

func (c *crew) StartBulk(ctx context.Context, r fibonacco.BulkRequest) (*fibonacco.BulkJob, error) {
	if _, err := c.PreviewBulk(ctx, r); err != nil {
		return nil, err
	}
	return &c.job, nil
}

func (c *crew) FindBulk(_ context.Context, uuid string) (*fibonacco.BulkJob, error) {
	if uuid != crewJob {
		return nil, missing()
	}
	return &c.job, nil
}

func (c *crew) WriteBulkLeft(ctx context.Context, uuid string, to io.Writer) error {
	if _, err := c.FindBulk(ctx, uuid); err != nil {
		return err
	}
	_, err := io.WriteString(to, "id,business_name,reason\n2,Kayak Shed,pending\n")
	return err
}

func (c *crew) UndoBulk(ctx context.Context, uuid string) (*fibonacco.BulkJob, error) {
	if !c.job.Undoable {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "this change cannot be taken back")
	}
	return c.FindBulk(ctx, uuid)
}

func withCrew(c *crew) func(*ui.Deps) { return func(d *ui.Deps) { d.Bulk = c } }

// What is to be done is shown exactly before anything happens.
func TestBulkPreviewPage(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		path   string
		status int
		says   []string
		asks   string
	}{
		"ticked": {
			path: "action=pause_programme&id=1&id=2&list=campaign_status%3Dactive", status: 200,
			says: []string{"Pause 12 businesses", "Left as they are", "Not started yet", "/businesses?campaign_status=active"}, asks: "pause_programme [1 2] map[]",
		},
		"everybody": {
			path: "action=start_programme&all=1&id=1&list=campaign_status%3Dpending%26sort%3D-created_at&now=1", status: 200,
			says: []string{"Start the programme for 12 businesses", "For everybody who fits: Status Pending."}, asks: "start_programme [] map[campaign_status:pending]",
		},
		"everybody is counted after the page is there": {
			path: "action=start_programme&all=1&list=", status: 200,
			says: []string{"For everybody who fits: Every business.", `hx-get="/businesses/bulk?action=start_programme&all=1&list=&now=1"`}, asks: " [] map[]",
		},
		"a tag is asked for first": {path: "action=add_tags&id=1", status: 200, says: []string{"See who would change"}, asks: " [] map[]"},
		"tagged":                   {path: "action=add_tags&id=1&tags=spring+fair,vip", status: 200, says: []string{"Tag 12 businesses"}, asks: "add_tags [1] map[] [spring fair vip]"},
		"moved":                    {path: "action=move&id=1&town=2", status: 200, says: []string{"Move 12 businesses"}, asks: "set [1] map[] 2"},
		"moved nowhere":            {path: "action=move&id=1&town=9", status: 422, says: []string{"The bulk change cannot be made.", "is not a community"}, asks: "set [1] map[] 9"},
		"a field":                  {path: "action=set&id=1&field=category&value=Bakery", status: 200, says: []string{"Change 12 businesses"}, asks: "set [1] map[] Bakery"},
		"nobody":                   {path: "action=pause_programme&list=", status: 200, says: []string{"Nobody is chosen."}, asks: " [] map[]"},
		"not ids":                  {path: "action=pause_programme&id=x&id=-1", status: 200, says: []string{"Nobody is chosen."}, asks: " [] map[]"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew()
			s := serve(t, fibonacco.Operator, withCrew(c))
			a := s.get("/businesses/bulk?" + tc.path)
			a.wants(t, tc.status, tc.says...)
			if strings.Contains(a.body, "<script>alert") {
				t.Error("the page runs a name")
			}
			asks := fmt.Sprint(c.asked.Action, " ", c.asked.Filter.IDs, " ", c.asked.Filter.Where)
			switch ch := c.asked.Change; {
			case len(c.asked.Tags) > 0:
				asks += fmt.Sprint(" ", c.asked.Tags)
			case ch.CommunityID != nil:
				asks += fmt.Sprint(" ", *ch.CommunityID)
			case ch.Category != nil:
				asks += " " + *ch.Category
			}
			if asks != tc.asks {
				t.Errorf("asked for %q, want %q", asks, tc.asks)
			}
		})
	}
}

func TestBulkJobPage(t *testing.T) {
	t.Parallel()
	c := newCrew()
	s := serve(t, fibonacco.Operator, withCrew(c))
	a := s.do("POST", "/businesses/bulk", url.Values{"action": {"pause_programme"}, "id": {"1", "3"}, "reason": {" new chairs "}, "list": {"campaign_status=active"}})
	if to := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || to != "/businesses/bulk/"+crewJob+"?list=campaign_status%3Dactive" {
		t.Fatalf("%d to %s", a.StatusCode, to)
	}
	if c.asked.Reason != "new chairs" || fmt.Sprint(c.asked.Filter.IDs) != "[1 3]" {
		t.Errorf("started %+v", c.asked)
	}
	const path = "/businesses/bulk/" + crewJob
	s.get(path+"?list=campaign_status%3Dactive").wants(t, http.StatusOK, "7 of 14 businesses looked at", `hx-trigger="every 1s"`, "Not started yet")
	s.do("POST", path+"/undo", nil).wants(t, http.StatusConflict)
	c.job.Status, c.job.Done, c.job.Changed, c.job.Undoable = "completed", 14, 12, true
	a = s.get(path + "?list=campaign_status%3Dactive")
	a.wants(t, http.StatusOK, "Undo for these 12", "/left.csv", "/businesses?campaign_status=active")
	if strings.Contains(a.body, "every 1s") {
		t.Error("the page goes on asking")
	}
	if a := s.get(path + "/left.csv"); !strings.Contains(a.body, "Kayak Shed") || !strings.Contains(a.Header.Get("Content-Disposition"), "left-alone.csv") {
		t.Errorf("the file: %q", a.body)
	}
	if a := s.do("POST", path+"/undo", url.Values{"list": {"q=x"}}); a.Header.Get("Location") != path+"?list=q%3Dx" {
		t.Errorf("undone: %d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.get("/businesses/bulk/x").wants(t, http.StatusNotFound)
	s.get("/businesses/bulk/x/left.csv").wants(t, http.StatusNotFound)

	// To delete many takes a manager, as to delete one does.
	s.do("POST", "/businesses/bulk", url.Values{"action": {"delete"}, "id": {"1"}}).wants(t, http.StatusForbidden)
	if a := serve(t, fibonacco.Manager, withCrew(newCrew())).do("POST", "/businesses/bulk", url.Values{"action": {"delete"}, "id": {"1"}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a manager deletes: %d", a.StatusCode)
	}
}
