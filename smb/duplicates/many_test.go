package duplicates_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
	"github.com/fibonacco/fibonacco/smb/search"
)

var (
	firsts = []string{"Rosa", "Smith", "Court", "Carroll", "Union", "Harbor", "Golden", "Lucky", "Royal", "Silver", "Park", "Main", "Sun", "Green", "Blue", "Star"}
	trades = []string{"Bakery", "Deli Grocery", "Laundromat", "Auto Repair", "Dental", "Nail Salon", "Pharmacy", "Pizza", "Hardware", "Cafe", "Tax Services", "Barber Shop"}
)

// fill stores n businesses of community 1 in 100 ZIP codes, every twentieth of them twice.
func (w *world) fill(n int) {
	w.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	syllables := []string{"ba", "do", "fi", "ka", "lu", "mi", "no", "pe", "ra", "so", "ti", "vu", "za", "chen", "berg", "man"}
	for stored := 0; stored < n; {
		rows := db.NewBatch("uuid uuid", "name text", "key text", "phone text", "email text", "address text", "zip text")
		for len := 0; len < 5000; len++ {
			name := fmt.Sprintf("%s %s%s%s %s", firsts[r.IntN(16)], syllables[r.IntN(16)], syllables[r.IntN(16)], syllables[r.IntN(16)], trades[r.IntN(12)])
			phone, email := fmt.Sprintf("+1718%07d", 2_000_000+r.IntN(8_000_000)), ""
			if r.IntN(2) == 0 {
				email = fmt.Sprintf("owner%d@mail.example", r.IntN(10_000_000))
			}
			address, zip := fmt.Sprintf("%d %s St", 1+r.IntN(900), firsts[r.IntN(16)]), fmt.Sprintf("112%02d", r.IntN(100))
			rows.Add(uuid.NewString(), name, normal.NameKey(name), phone, db.Null(email), address, zip)
			if r.IntN(20) == 0 {
				typed := slip(r, name)
				rows.Add(uuid.NewString(), typed, normal.NameKey(typed), phone, nil, address, zip)
				len++
			}
		}
		stored += rows.Len()
		must(w.t, w.db.Update(context.Background(), func(tx *db.Tx) error {
			var ids []int64
			if err := tx.QueryBatch(w.t.Context(), rows, `
				INSERT INTO smbs (uuid, community_id, business_name, name_key, primary_phone, primary_email, email_key, address, zip)
				SELECT uuid, 1, name, key, phone, email, email, address, zip FROM rows WHERE TRUE RETURNING id`, func(row db.Row) error {
				var id int64
				err := row.Scan(&id)
				ids = append(ids, id)
				return err
			}); err != nil {
				return err
			}
			return search.Reindex(w.t.Context(), tx, ids)
		}))
	}
}
