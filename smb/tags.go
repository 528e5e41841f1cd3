package smb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mostTags is how many tags an SMB has at most, and mostTag how many characters one has.
const (
	mostTags = 50
	mostTag  = 50
)

// normalTag is a tag as it is stored: lower case, single spaces.
func normalTag(tag string) string { return strings.Join(strings.Fields(strings.ToLower(tag)), " ") }

// normalTags is tags as they are stored, sorted, each once; refuse is told of those that cannot be.
func normalTags(tags []string, refuse func(field, reason string)) []string {
	out := make([]string, 0, len(tags))
	for i, tag := range tags {
		name := "tags[" + strconv.Itoa(i) + "]"
		clean := normalTag(tag)
		switch {
		case unstorable(tag) != "":
			refuse(name, unstorable(tag))
		case clean == "":
			refuse(name, "is empty")
		case utf8.RuneCountInString(clean) > mostTag:
			refuse(name, "is longer than "+strconv.Itoa(mostTag)+" characters")
		default:
			out = append(out, clean)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > mostTags {
		refuse("tags", "are more than "+strconv.Itoa(mostTags))
	}
	return out
}

// readTags fills the tags of SMBs in.
func readTags(ctx context.Context, tx *db.Tx, smbs []fibonacco.SMB) error {
	if len(smbs) == 0 {
		return nil
	}
	ids, at := make([]int64, len(smbs)), make(map[int64]*fibonacco.SMB, len(smbs))
	for i := range smbs {
		smbs[i].Tags = []string{}
		ids[i], at[smbs[i].ID] = smbs[i].ID, &smbs[i]
	}
	rows, err := tx.Query(ctx, `SELECT smb_id, tag FROM smb_tags WHERE smb_id IN ($1...)`, ids)
	if err != nil {
		return fmt.Errorf("read tags: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var tag string
		if err := rows.Scan(&id, &tag); err != nil {
			return fmt.Errorf("read tags: %w", err)
		}
		at[id].Tags = append(at[id].Tags, tag)
	}
	for i := range smbs {
		slices.Sort(smbs[i].Tags) // here, because the engines' orders differ
	}
	return rows.Err()
}

// storeTags makes an SMB have these tags and no others.
func storeTags(ctx context.Context, tx *db.Tx, id int64, tags []string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM smb_tags WHERE smb_id = $1 AND tag NOT IN ($2...)`, id, tags); err != nil {
		return fmt.Errorf("take tags off SMB %d: %w", id, err)
	}
	rows := db.NewBatch("tag text")
	for _, tag := range tags {
		rows.Add(tag)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO smb_tags (smb_id, tag) SELECT $1, tag FROM rows WHERE TRUE ON CONFLICT (smb_id, tag) DO NOTHING`, id); err != nil {
		return fmt.Errorf("put tags on SMB %d: %w", id, err)
	}
	return nil
}
