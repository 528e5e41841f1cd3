package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// fingerprint is the same for headers with the same names, whatever their order and case.
func fingerprint(columns []string) string {
	names := make([]string, 0, len(columns))
	for _, c := range columns {
		if name := strings.ToLower(text(c)); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	return hex.EncodeToString(sum[:])
}

const mappingColumns = `import_mappings.id, CAST(import_mappings.uuid AS text), import_mappings.name, import_mappings.community_id,
	CAST(import_mappings.header AS text), CAST(import_mappings.mapping AS text), import_mappings.created_by,
	import_mappings.created_at, import_mappings.updated_at`

func scanMapping(row db.Row) (m fibonacco.ImportMapping, err error) {
	var header, mapping string
	err = row.Scan(&m.ID, &m.UUID, &m.Name, &m.CommunityID, &header, &mapping, &m.CreatedBy, db.Time(&m.CreatedAt), db.Time(&m.UpdatedAt))
	if err != nil {
		return m, err
	}
	return m, errors.Join(json.Unmarshal([]byte(header), &m.Columns), json.Unmarshal([]byte(mapping), &m.Mapping))
}

// savedFor is the mapping kept for a header: the community's own, or the one for all; nil when
// there is none.
func (s *Service) savedFor(ctx context.Context, community int64, columns []string) (*fibonacco.ImportMapping, error) {
	var m fibonacco.ImportMapping
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		m, err = scanMapping(tx.QueryRow(ctx, `
			SELECT `+mappingColumns+` FROM import_mappings
			WHERE fingerprint = $1 AND (community_id = $2 OR community_id IS NULL) ORDER BY COALESCE(community_id, 0) DESC LIMIT 1`,
			fingerprint(columns), community))
		return err
	})
	if db.IsNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a saved mapping: %w", err)
	}
	return &m, nil
}

// SaveImportMapping implements fibonacco.Importer.
func (s *Service) SaveImportMapping(ctx context.Context, m fibonacco.ImportMapping) (*fibonacco.ImportMapping, error) {
	m.Name = text(m.Name)
	scope := fibonacco.ScopeOf(ctx)
	if m.CommunityID == nil && len(scope) == 1 {
		m.CommunityID = &scope[0]
	}
	bad := checkSaved(&m)
	switch known, err := s.knowsMappingsCommunity(ctx, m.CommunityID); {
	case err != nil:
		return nil, err
	case m.CommunityID == nil && scope != nil:
		bad = append(bad, fibonacco.FieldError{Field: "community_id", Reason: "is required: you do not see all communities"})
	case !known:
		bad = append(bad, fibonacco.FieldError{Field: "community_id", Reason: "is not a community"})
	}
	if err := fibonacco.InvalidFields("the mapping cannot be saved", bad); err != nil {
		return nil, err
	}
	handle, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	var saved fibonacco.ImportMapping
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		saved, err = scanMapping(tx.QueryRow(ctx, `
			INSERT INTO import_mappings (uuid, name, community_id, fingerprint, header, mapping, created_by, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
			ON CONFLICT (fingerprint, COALESCE(community_id, 0)) DO UPDATE
				SET name = excluded.name, header = excluded.header, mapping = excluded.mapping, updated_at = excluded.updated_at
			RETURNING `+strings.ReplaceAll(mappingColumns, "import_mappings.", ""),
			handle.String(), m.Name, m.CommunityID, fingerprint(m.Columns), db.JSON(m.Columns), db.JSON(m.Mapping),
			db.Null(askerOf(ctx).UserID), tx.Now))
		if err != nil {
			return fmt.Errorf("save a mapping: %w", err)
		}
		return audit.Record(ctx, tx, mappingEntry(&saved, "import_mapping.saved", nil, map[string]any{"name": saved.Name, "mapping": saved.Mapping}))
	})
	if err != nil {
		return nil, err
	}
	return &saved, nil
}

func mappingEntry(m *fibonacco.ImportMapping, action string, before, after map[string]any) fibonacco.AuditEntry {
	return fibonacco.AuditEntry{
		Action: action, Entity: "import_mapping", EntityID: fmt.Sprint(m.ID), CommunityID: m.CommunityID, Before: before, After: after,
	}
}

func (s *Service) knowsMappingsCommunity(ctx context.Context, id *int64) (bool, error) {
	if id == nil {
		return true, nil
	}
	return s.knowsCommunity(ctx, *id)
}

// checkSaved names what is wrong with a mapping that is to be kept.
func checkSaved(m *fibonacco.ImportMapping) (bad []fibonacco.FieldError) {
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	storable := func(s string) bool { return len(s) <= 1000 && strings.IndexByte(s, 0) < 0 }
	switch {
	case m.Name == "":
		refuse("name", "is required")
	case len([]rune(m.Name)) > 255 || !storable(m.Name):
		refuse("name", "is longer than 255 characters, or holds a zero byte")
	}
	if len(m.Columns) == 0 || len(m.Columns) > 16_384 {
		refuse("columns", "is required: the header of the files that it is for")
	}
	for i, c := range m.Columns {
		if !storable(c) {
			refuse(fmt.Sprintf("columns[%d]", i), "is too long, or holds a zero byte")
		}
	}
	if len(m.Mapping) == 0 {
		refuse("mapping", "is required")
	}
	var unknown *fibonacco.Error
	if errors.As(checkMapping(m.Mapping), &unknown) {
		bad = append(bad, unknown.Fields...)
	}
	for name, column := range m.Mapping {
		if column != "" && !slices.ContainsFunc(m.Columns, func(c string) bool { return strings.EqualFold(text(c), text(column)) }) {
			refuse("mapping."+name, "names a column that is not one of columns")
		}
	}
	slices.SortFunc(bad, func(a, b fibonacco.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return bad
}

// ImportMapping implements fibonacco.Importer.
func (s *Service) ImportMapping(ctx context.Context, handle string) (m *fibonacco.ImportMapping, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		m, err = findMapping(ctx, tx, handle)
		return err
	})
	return m, err
}

// findMapping is a mapping that the caller may see: those for all communities everybody sees.
func findMapping(ctx context.Context, tx *db.Tx, handle string) (*fibonacco.ImportMapping, error) {
	missing := fibonacco.Errorf(fibonacco.NotFound, "there is no such saved mapping")
	parsed, err := uuid.Parse(handle)
	if err != nil {
		return nil, missing
	}
	m, err := scanMapping(tx.QueryRow(ctx, `SELECT `+mappingColumns+` FROM import_mappings WHERE uuid = $1`, parsed.String()))
	if db.IsNoRows(err) || err == nil && m.CommunityID != nil && !fibonacco.InScope(ctx, *m.CommunityID) {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("find a saved mapping: %w", err)
	}
	return &m, nil
}

var mappingTable = query.Table{Listing: fibonacco.ImportMappingListing, From: "import_mappings", Key: "import_mappings.id"}

// ListImportMappings implements fibonacco.Importer.
func (s *Service) ListImportMappings(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ImportMapping], err error) {
	var where []string
	var args query.Args
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `(import_mappings.community_id IS NULL OR import_mappings.community_id IN (`+args.Add(scope)+`...))`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, mappingTable, q, mappingColumns, scanMapping, where, &args)
		return err
	})
	return page, err
}

// DeleteImportMapping implements fibonacco.Importer. One that is for all communities is Forbidden
// to those who do not see all.
func (s *Service) DeleteImportMapping(ctx context.Context, handle string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		m, err := findMapping(ctx, tx, handle)
		if err != nil {
			return err
		}
		if m.CommunityID == nil && fibonacco.ScopeOf(ctx) != nil {
			return fibonacco.Errorf(fibonacco.Forbidden, "the mapping is for all communities, and you do not see all")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM import_mappings WHERE id = $1`, m.ID); err != nil {
			return fmt.Errorf("delete mapping %d: %w", m.ID, err)
		}
		return audit.Record(ctx, tx, mappingEntry(m, "import_mapping.deleted", map[string]any{"name": m.Name, "mapping": m.Mapping}, nil))
	})
}
