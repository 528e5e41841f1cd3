package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// byLibrary is who wrote a version that came with a library.
const byLibrary = "library"

// versionOf is what a campaign says, as a version of it.
func versionOf(c fibonacco.Campaign, by string, at time.Time) fibonacco.CampaignVersion {
	return fibonacco.CampaignVersion{
		CampaignID: c.ID, Version: c.Version, Title: c.Title, Subject: c.Subject, Subjects: orEmpty(c.Subjects), Preheader: c.Preheader,
		BodyMarkdown: c.BodyMarkdown, LearningButton: c.LearningButton, ApprovalButtonText: c.ApprovalButtonText,
		ServiceType: c.ServiceType, MeetingTopic: c.MeetingTopic, RVMScript: c.RVMScript, Day: c.Day,
		EmailTemplateID: c.EmailTemplateID, CreatedBy: by, CreatedAt: at,
	}
}

// onto gives a campaign the texts of a version.
func onto(v fibonacco.CampaignVersion, c *fibonacco.Campaign) {
	c.Version, c.Title, c.Subject, c.Subjects, c.Preheader = v.Version, v.Title, v.Subject, v.Subjects, v.Preheader
	c.BodyMarkdown, c.LearningButton, c.ApprovalButtonText = v.BodyMarkdown, v.LearningButton, v.ApprovalButtonText
	c.ServiceType, c.MeetingTopic, c.RVMScript, c.Day = v.ServiceType, v.MeetingTopic, v.RVMScript, v.Day
	c.EmailTemplateID = v.EmailTemplateID
}

// saysTheSame reports whether two campaigns would be the same version.
func saysTheSame(a, b fibonacco.Campaign) bool {
	a.Version, b.Version = 0, 0
	return reflect.DeepEqual(versionOf(a, "", time.Time{}), versionOf(b, "", time.Time{}))
}

// insertVersions stores versions. Unique tells that somebody else has written the same one.
func insertVersions(ctx context.Context, tx *db.Tx, versions []fibonacco.CampaignVersion) error {
	b := db.NewBatch("id text", "version integer", "title text", "subject text", "subjects jsonb", "preheader text", "body text",
		"learning text", "button text", "service text", "topic text", "script text", "day integer", "template text", "author text")
	for _, v := range versions {
		b.Add(v.CampaignID, v.Version, v.Title, v.Subject, db.JSON(orEmpty(v.Subjects)), db.Null(v.Preheader), db.Null(v.BodyMarkdown),
			db.Null(v.LearningButton), db.Null(v.ApprovalButtonText), db.Null(v.ServiceType), db.Null(v.MeetingTopic), db.Null(v.RVMScript),
			v.Day, db.Null(v.EmailTemplateID), v.CreatedBy)
	}
	if _, err := tx.ExecBatch(ctx, b, `
		INSERT INTO campaign_versions (campaign_id, version, title, subject, subjects, preheader, body_markdown, learning_button,
			approval_button_text, service_type, meeting_topic, rvm_script, day, email_template_id, created_by, created_at)
		SELECT id, version, title, subject, subjects, preheader, body, learning, button, service, topic, script, day, template, author, $1
		FROM rows`, tx.Now); err != nil {
		return fmt.Errorf("store versions: %w", err)
	}
	return nil
}

const versionColumns = `
	campaign_id, version, title, subject, CAST(subjects AS text), COALESCE(preheader, ''), COALESCE(body_markdown, ''),
	COALESCE(learning_button, ''), COALESCE(approval_button_text, ''), COALESCE(service_type, ''), COALESCE(meeting_topic, ''),
	COALESCE(rvm_script, ''), day, COALESCE(email_template_id, ''), created_by, created_at`

func scanVersion(row db.Row) (fibonacco.CampaignVersion, error) {
	var v fibonacco.CampaignVersion
	var subjects string
	if err := row.Scan(&v.CampaignID, &v.Version, &v.Title, &v.Subject, &subjects, &v.Preheader, &v.BodyMarkdown, &v.LearningButton,
		&v.ApprovalButtonText, &v.ServiceType, &v.MeetingTopic, &v.RVMScript, &v.Day, &v.EmailTemplateID, &v.CreatedBy, db.Time(&v.CreatedAt)); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(subjects), &v.Subjects)
}

// CampaignVersion implements fibonacco.CampaignEditor.
func (s *Service) CampaignVersion(ctx context.Context, id string, version int) (*fibonacco.CampaignVersion, error) {
	var v fibonacco.CampaignVersion
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		v, err = scanVersion(tx.QueryRow(ctx, `SELECT `+versionColumns+` FROM campaign_versions WHERE campaign_id = $1 AND version = $2`, id, version))
		return err
	})
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no version %d of campaign %q", version, id)
	}
	if err != nil {
		return nil, fmt.Errorf("find version %d of %s: %w", version, id, err)
	}
	return &v, nil
}

// ListCampaignVersions implements fibonacco.CampaignEditor.
func (s *Service) ListCampaignVersions(ctx context.Context, id string) ([]fibonacco.CampaignVersion, error) {
	var all []fibonacco.CampaignVersion
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+versionColumns+` FROM campaign_versions WHERE campaign_id = $1 ORDER BY version DESC`, id)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			v, err := scanVersion(rows)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", id, err)
	}
	if len(all) == 0 {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no campaign %q", id)
	}
	return all, nil
}
