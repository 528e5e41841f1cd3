package consent

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// erased is the reason of suppressions of which only a hash is kept, and of those that were put
// back because somebody brought the address or number again.
const erased = "erased"

// hashKeyName is the setting that holds the key of the hashes. It is in the database and not in a
// node's settings: what was erased must stay unreachable whoever changes which secret. So a hash
// hides a value from who reads the table, not from who has the whole database and guesses.
const hashKeyName = "suppressions.hash_key"

// hashKey is nil as long as nothing was ever erased.
func hashKey(ctx context.Context, tx *db.Tx) ([]byte, error) {
	var text string
	err := tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`, hashKeyName).Scan(&text)
	if db.IsNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the erased addresses: %w", err)
	}
	var key []byte
	if err := json.Unmarshal([]byte(text), &key); err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("the key of the erased addresses is damaged")
	}
	return key, nil
}

func ensureHashKey(ctx context.Context, tx *db.Tx) ([]byte, error) {
	fresh := make([]byte, sha256.Size)
	_, _ = rand.Read(fresh) // never fails
	if _, err := tx.Exec(ctx, `
		INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`,
		hashKeyName, db.JSON(fresh), tx.Now); err != nil {
		return nil, fmt.Errorf("make the key of the erased addresses: %w", err)
	}
	return hashKey(ctx, tx)
}

func hashOf(key []byte, t target) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(t.kind + ":" + t.value))
	return hex.EncodeToString(mac.Sum(nil))
}

// erasedAmong is those of the targets that were erased, each with the id of its suppression.
func erasedAmong(ctx context.Context, tx *db.Tx, targets []target) (map[target]int64, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	key, err := hashKey(ctx, tx)
	if err != nil || key == nil {
		return nil, err
	}
	byHash := make(map[string]target, len(targets))
	hashes := make([]string, 0, len(targets))
	for _, t := range targets {
		h := hashOf(key, t)
		byHash[h] = t
		hashes = append(hashes, h)
	}
	type row struct {
		ID   int64
		Hash string
	}
	found, err := db.Select[row](ctx, tx, `SELECT id, hash FROM suppressions WHERE hash IN ($1...)`, hashes)
	if err != nil {
		return nil, fmt.Errorf("look for erased addresses: %w", err)
	}
	ids := make(map[target]int64, len(found))
	for _, f := range found {
		ids[byHash[f.Hash]] = f.ID
	}
	return ids, nil
}

// Resuppress suppresses again what was erased and came back: the address and number of each of
// these SMBs. For whoever stores new ones (Create, Update, imports), in the same transaction,
// once they are stored. It costs one look-up while nothing was ever erased.
func Resuppress(ctx context.Context, tx *db.Tx, smbIDs []int64) error {
	if len(smbIDs) == 0 {
		return nil
	}
	if key, err := hashKey(ctx, tx); err != nil || key == nil {
		return err
	}
	type row struct {
		ID          int64
		CommunityID int64
		Email       string
		Phone       string
	}
	smbs, err := db.Select[row](ctx, tx, `
		SELECT id, community_id, COALESCE(email_key, '') AS email, COALESCE(primary_phone, '') AS phone
		FROM smbs WHERE id IN ($1...) AND erased_at IS NULL ORDER BY id`, smbIDs)
	if err != nil {
		return fmt.Errorf("read the addresses of %d SMBs: %w", len(smbIDs), err)
	}
	var candidates []held
	var targets []target
	for _, s := range smbs {
		for _, t := range []target{{kindEmail, s.Email}, {kindPhone, s.Phone}} {
			if t.value != "" {
				targets = append(targets, t)
				candidates = append(candidates, held{target: t, reason: erased, communityID: &s.CommunityID, smbID: &s.ID})
			}
		}
	}
	known, err := erasedAmong(ctx, tx, targets)
	if err != nil || len(known) == 0 {
		return err
	}
	_, err = hold(ctx, tx, slices.DeleteFunc(candidates, func(h held) bool { return known[h.target] == 0 }))
	return err
}

// Erase turns the suppressions of SMBs, and of all the addresses and numbers that are named, into
// hashes, and suppresses those that were not. Texts that are neither are left out. Another SMB
// that has one of them keeps its record, and is reached there no more.
func Erase(ctx context.Context, tx *db.Tx, smbIDs []int64, communityID int64, addresses []string) error {
	key, err := ensureHashKey(ctx, tx)
	if err != nil {
		return err
	}
	own, err := db.Select[string](ctx, tx, `
		SELECT COALESCE(email_key, phone) FROM suppressions WHERE smb_id IN ($1...) AND hash IS NULL`, smbIDs)
	if err != nil {
		return fmt.Errorf("read the suppressions of %d SMBs: %w", len(smbIDs), err)
	}
	rows := db.NewBatch("kind text", "hash text")
	seen := map[target]bool{}
	var plain, emails, phones []string
	for _, text := range append(own, addresses...) {
		t, ok := readTarget(text)
		if !ok || seen[t] {
			continue
		}
		seen[t] = true
		rows.Add(t.kind, hashOf(key, t))
		plain = append(plain, t.value)
		if t.kind == kindEmail {
			emails = append(emails, t.value)
		} else {
			phones = append(phones, t.value)
		}
	}
	if _, err := tx.Exec(ctx, `
		DELETE FROM suppressions WHERE hash IS NULL AND (smb_id IN ($1...) OR email_key IN ($2...) OR phone IN ($3...))`, smbIDs, emails, phones); err != nil {
		return fmt.Errorf("take away the plain suppressions of %d SMBs: %w", len(smbIDs), err)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO suppressions (kind, hash, reason, smb_id, community_id, created_at)
		SELECT kind, hash, $1, $2, $3, $4 FROM rows WHERE TRUE ON CONFLICT (hash) DO NOTHING`, erased, smbIDs[0], communityID, tx.Now); err != nil {
		return fmt.Errorf("keep %d erased addresses as hashes: %w", rows.Len(), err)
	}
	if err := audit.BlankValues(ctx, tx, "suppression", "value", plain); err != nil {
		return err
	}
	others, err := db.Select[int64](ctx, tx, `
		SELECT id FROM smbs WHERE deleted_at IS NULL AND (email_key IN ($1...) OR primary_phone IN ($2...)) AND id NOT IN ($3...)`, emails, phones, smbIDs)
	if err != nil {
		return fmt.Errorf("find who else has an erased address: %w", err)
	}
	return Resuppress(ctx, tx, others)
}
