package privacy

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fibonacco/fibonacco/db"
)

// forgetFiles takes out of imports what they keep for a while of what files said: values that were
// refused, and what a dry run found out about known businesses. Whose a refused value was cannot be
// told, so those of all imports that may have held the business go: into its community, and those
// that changed it. Where in the file they were and what was wrong with them stays. Uploaded files
// themselves are kept only while their import runs.
func (s *subject) forgetFiles(ctx context.Context, tx *db.Tx) error {
	const its = `(imports.community_id IN (SELECT community_id FROM smbs WHERE id IN ($1...))
		OR imports.id IN (SELECT import_id FROM import_changes WHERE smb_id IN ($1...)))`
	if _, err := tx.Exec(ctx, `DELETE FROM import_errors WHERE import_id IN (SELECT id FROM imports WHERE `+its+`)`, s.ids); err != nil {
		return fmt.Errorf("forget refused values: %w", err)
	}
	type row struct {
		ID     int64
		Report string
	}
	reports, err := db.Select[row](ctx, tx, `
		SELECT id, CAST(report AS text) AS report FROM imports WHERE CAST(report AS text) LIKE '%"duplicates"%' AND `+its+` ORDER BY id FOR UPDATE`, s.ids)
	if err != nil {
		return fmt.Errorf("read the reports of imports: %w", err)
	}
	for _, r := range reports {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(r.Report), &members); err != nil {
			return fmt.Errorf("read the report of import %d: %w", r.ID, err)
		}
		delete(members, "duplicates")
		if _, err := tx.Exec(ctx, `UPDATE imports SET report = $1 WHERE id = $2`, db.JSON(members), r.ID); err != nil {
			return fmt.Errorf("write the report of import %d: %w", r.ID, err)
		}
	}
	return nil
}
