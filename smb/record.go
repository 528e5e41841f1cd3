package smb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// recentOnes is how many sends and approvals a record shows.
const recentOnes = 10

// recordParts is what FindRecord can read. Each part takes a bounded number of statements however
// many SMBs there are, and finds its rows by an index on the SMB.
var recordParts = map[string]func(s *Service, ctx context.Context, tx *db.Tx, p *recordPage) error{
	"community":    (*Service).readCommunities,
	"recent_sends": (*Service).readSends,
	"approvals":    (*Service).readApprovals,
	"engagement":   (*Service).readEngagement,
	"next_step":    (*Service).readNextSteps,
	"reach":        (*Service).readReach,
	"tags":         func(*Service, context.Context, *db.Tx, *recordPage) error { return nil }, // a column of the SMB
}

// recordPage is records that are being filled.
type recordPage struct {
	records []fibonacco.SMBRecord
	ids     []int64
	at      map[int64]*fibonacco.SMBRecord // by SMB
}

// FindRecord implements fibonacco.SMBRecords.
func (s *Service) FindRecord(ctx context.Context, smbID int64, include []string) (*fibonacco.SMBRecord, error) {
	if err := knownParts(include); err != nil {
		return nil, err
	}
	var all []fibonacco.SMBRecord
	err := s.db.View(ctx, func(tx *db.Tx) error {
		found, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID)
		if err != nil {
			return err
		}
		all, err = s.readRecords(ctx, tx, []fibonacco.SMB{*found}, include)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// Records implements fibonacco.SMBRecords.
func (s *Service) Records(ctx context.Context, smbs []fibonacco.SMB, include []string) (all []fibonacco.SMBRecord, err error) {
	if err := knownParts(include); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = s.readRecords(ctx, tx, smbs, include)
		return err
	})
	return all, err
}

func knownParts(include []string) error {
	for _, name := range include {
		if recordParts[name] == nil {
			return fibonacco.InvalidFields("the record cannot be read so", []fibonacco.FieldError{{
				Field: "include", Reason: "is not known here: there is " + strings.Join(fibonacco.RecordIncludes, ", "),
			}})
		}
	}
	return nil
}

func (s *Service) readRecords(ctx context.Context, tx *db.Tx, smbs []fibonacco.SMB, include []string) ([]fibonacco.SMBRecord, error) {
	p := &recordPage{
		records: make([]fibonacco.SMBRecord, len(smbs)), ids: make([]int64, len(smbs)), at: make(map[int64]*fibonacco.SMBRecord, len(smbs)),
	}
	for i := range smbs {
		p.records[i].SMB = &smbs[i]
		p.ids[i] = smbs[i].ID
		p.at[smbs[i].ID] = &p.records[i]
	}
	if len(smbs) == 0 {
		return p.records, nil
	}
	for _, name := range fibonacco.RecordIncludes {
		if !slices.Contains(include, name) {
			continue
		}
		if err := recordParts[name](s, ctx, tx, p); err != nil {
			return nil, fmt.Errorf("read %s of %d SMBs: %w", name, len(smbs), err)
		}
	}
	return p.records, nil
}

func (s *Service) readCommunities(ctx context.Context, tx *db.Tx, p *recordPage) error {
	var ids []int64
	for _, r := range p.records {
		if !slices.Contains(ids, r.SMB.CommunityID) {
			ids = append(ids, r.SMB.CommunityID)
		}
	}
	rows, err := tx.Query(ctx, `SELECT `+communityColumns+` FROM communities WHERE communities.id IN ($1...)`, ids)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	towns := make(map[int64]*fibonacco.Community, len(ids))
	for rows.Next() {
		var c fibonacco.Community
		if err := scanCommunity(rows, &c); err != nil {
			return err
		}
		towns[c.ID] = &c
	}
	for i := range p.records {
		p.records[i].Community = towns[p.records[i].SMB.CommunityID]
	}
	return rows.Err()
}

// sendColumns is what scanSend reads. The campaign engine owns the table; a record only shows it.
const sendColumns = `
	id, CAST(uuid AS text), smb_id, campaign_id, occurrence, email, COALESCE(subject, ''), scheduled_for, sent_at,
	COALESCE(message_id, ''), status, COALESCE(skip_reason, ''), attempts, COALESCE(last_error, ''), delivered_at,
	opened_at, clicked_at, bounced_at, complained_at, rvm_triggered, rvm_drop_id, created_at, updated_at`

func scanSend(row db.Row) (fibonacco.CampaignSend, error) {
	var s fibonacco.CampaignSend
	err := row.Scan(&s.ID, &s.UUID, &s.SMBID, &s.CampaignID, &s.Occurrence, &s.Email, &s.Subject,
		db.TimePtr(&s.ScheduledFor), db.TimePtr(&s.SentAt), &s.MessageID, &s.Status, &s.SkipReason, &s.Attempts, &s.LastError,
		db.TimePtr(&s.DeliveredAt), db.TimePtr(&s.OpenedAt), db.TimePtr(&s.ClickedAt), db.TimePtr(&s.BouncedAt),
		db.TimePtr(&s.ComplainedAt), &s.RVMTriggered, &s.RVMDropID, db.Time(&s.CreatedAt), db.Time(&s.UpdatedAt))
	return s, err
}

func (s *Service) readSends(ctx context.Context, tx *db.Tx, p *recordPage) error {
	return readRecent(ctx, tx, "campaign_sends", sendColumns, p, scanSend, func(r *fibonacco.SMBRecord, one fibonacco.CampaignSend) {
		r.RecentSends = append(r.RecentSends, one)
	}, func(one fibonacco.CampaignSend) int64 { return one.SMBID })
}

func (s *Service) readApprovals(ctx context.Context, tx *db.Tx, p *recordPage) error {
	return readRecent(ctx, tx, "approvals", approvalColumns, p, scanApproval, func(r *fibonacco.SMBRecord, one fibonacco.Approval) {
		r.Approvals = append(r.Approvals, one)
	}, func(one fibonacco.Approval) int64 { return one.SMBID })
}

// readRecent reads the newest rows of each SMB in a table. An SMB has some dozens, so that
// numbering them costs little, and one statement serves a page of SMBs as well as one.
func readRecent[T any](ctx context.Context, tx *db.Tx, table, columns string, p *recordPage, scan func(db.Row) (T, error),
	add func(*fibonacco.SMBRecord, T), owner func(T) int64,
) error {
	rows, err := tx.Query(ctx, `
		SELECT `+columns+` FROM (
			SELECT t.*, row_number() OVER (PARTITION BY t.smb_id ORDER BY t.id DESC) AS newest FROM `+table+` t WHERE t.smb_id IN ($1...)
		) AS recent WHERE newest <= $2 ORDER BY smb_id, id DESC`, p.ids, recentOnes)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return err
		}
		add(p.at[owner(one)], one)
	}
	return rows.Err()
}

func (s *Service) readEngagement(ctx context.Context, tx *db.Tx, p *recordPage) error {
	counts, err := s.countEngagement(ctx, tx, p.ids)
	if err != nil {
		return err
	}
	for i, id := range p.ids {
		b := s.breakdown(id, counts[id])
		p.records[i].Engagement = &b
	}
	return nil
}
