package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// A token never may more than its user, at the moment it is used.
func TestTokenFollowsItsUser(t *testing.T) {
	inHouse(t, func(h *house) {
		north, south := h.town("north"), h.town("south")
		h.user("root@example.com", fibonacco.Admin)
		u := h.user("ada@example.com", fibonacco.Manager)
		make := func(communities ...int64) string {
			h.t.Helper()
			secret, _, err := h.CreateToken(h.ctx(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Manager, UserID: &u.ID, Communities: communities, Abilities: []fibonacco.Ability{fibonacco.WriteSMBs, fibonacco.ReadSMBs}})
			must(h.t, err)
			return secret
		}
		everywhere, inNorth, inSouth := make(), make(north), make(south)
		other := newService(h.t, h.d, h.clock) // another node
		check := func(secret string, role fibonacco.Role, communities ...int64) {
			h.t.Helper()
			h.clock.Advance(5 * time.Second) // what other nodes remember is over
			for _, node := range []fibonacco.Gate{h.Service, other} {
				p, err := node.ByToken(h.ctx(), secret)
				if role == "" {
					wantCode(h.t, err, fibonacco.Unauthorized)
					continue
				}
				must(h.t, err)
				if p.Role != role || !slices.Equal(p.Communities, communities) || p.UserID != u.ID || !slices.Equal(p.Abilities, []fibonacco.Ability{fibonacco.ReadSMBs, fibonacco.WriteSMBs}) {
					h.t.Errorf("principal %+v, want %s in %v", p, role, communities)
				}
			}
		}
		check(everywhere, fibonacco.Manager)
		check(inNorth, fibonacco.Manager, north)
		change := func(c fibonacco.UserChange) { _, err := h.UpdateUser(h.ctx(), u.ID, c); must(h.t, err) }
		change(fibonacco.UserChange{Role: ptr(fibonacco.Viewer)})
		check(everywhere, fibonacco.Viewer)
		change(fibonacco.UserChange{Communities: &[]int64{north}})
		check(everywhere, fibonacco.Viewer, north)
		check(inNorth, fibonacco.Viewer, north)
		check(inSouth, "") // nothing is left of it, which must not become everything
		change(fibonacco.UserChange{Role: ptr(fibonacco.Admin)})
		check(inNorth, fibonacco.Manager, north)
		_, err := h.DisableUser(h.ctx(), u.ID)
		must(h.t, err)
		check(everywhere, "")
		_, err = h.EnableUser(h.ctx(), u.ID)
		must(h.t, err)
		check(everywhere, fibonacco.Manager, north)
	})
}

// This node notices at once, without waiting for what it remembers to be over.
func TestTokenNoticesAtOnceHere(t *testing.T) {
	inHouse(t, func(h *house) {
		h.user("root@example.com", fibonacco.Admin)
		u := h.user("ada@example.com", fibonacco.Manager)
		secret, _, err := h.CreateToken(h.ctx(), fibonacco.AccessToken{Name: "CI", Role: fibonacco.Manager, UserID: &u.ID})
		must(h.t, err)
		_, err = h.ByToken(h.ctx(), secret)
		must(h.t, err)
		_, err = h.UpdateUser(h.ctx(), u.ID, fibonacco.UserChange{Role: ptr(fibonacco.Viewer)})
		must(h.t, err)
		if p, err := h.ByToken(h.ctx(), secret); err != nil || p.Role != fibonacco.Viewer {
			h.t.Errorf("%+v, %v", p, err)
		}
		_, err = h.DisableUser(h.ctx(), u.ID)
		must(h.t, err)
		_, err = h.ByToken(h.ctx(), secret)
		wantCode(h.t, err, fibonacco.Unauthorized)
	})
}

func TestTokenBounds(t *testing.T) {
	inHouse(t, func(h *house) {
		north, south := h.town("north"), h.town("south")
		root := h.user("root@example.com", fibonacco.Admin)
		chief := h.user("chief@example.com", fibonacco.Admin, north)
		ada := h.user("ada@example.com", fibonacco.Operator, north, south)
		for name, tc := range map[string]struct {
			token  fibonacco.AccessToken
			fields string
		}{
			"more than the user's role": {fibonacco.AccessToken{Role: fibonacco.Manager, UserID: &ada.ID}, "role"},
			"beyond the user's towns":   {fibonacco.AccessToken{Role: fibonacco.Viewer, UserID: &chief.ID, Communities: []int64{north, south}}, "communities"},
			"a town that is none":       {fibonacco.AccessToken{Role: fibonacco.Viewer, Communities: []int64{999}}, "communities"},
			"an ability that is none":   {fibonacco.AccessToken{Role: fibonacco.Viewer, Abilities: []fibonacco.Ability{"smbs:fly"}}, "abilities"},
			"everything wrong":          {fibonacco.AccessToken{UserID: ptr(int64(999)), Abilities: []fibonacco.Ability{"x"}, ExpiresAt: ptr(h.clock.Now())}, "role abilities expires_at user_id"},
		} {
			tc.token.Name = "CI"
			_, _, err := h.CreateToken(h.ctx(), tc.token)
			if fieldsOf(err) != tc.fields {
				h.t.Errorf("%s: refused %q (%v), want %q", name, fieldsOf(err), err, tc.fields)
			}
		}
		// Whoever is limited makes nothing that is less limited.
		ctx := h.as(chief)
		for name, tc := range map[string]struct {
			token  fibonacco.AccessToken
			fields string
		}{
			"nobody's, everywhere":    {fibonacco.AccessToken{Role: fibonacco.Viewer}, "communities"},
			"nobody's, elsewhere":     {fibonacco.AccessToken{Role: fibonacco.Viewer, Communities: []int64{south}}, "communities"},
			"of somebody beyond":      {fibonacco.AccessToken{Role: fibonacco.Viewer, Communities: []int64{north}, UserID: &root.ID}, "user_id"},
			"of somebody partly here": {fibonacco.AccessToken{Role: fibonacco.Viewer, Communities: []int64{north}, UserID: &ada.ID}, "user_id"},
		} {
			tc.token.Name = "CI"
			_, _, err := h.CreateToken(ctx, tc.token)
			if fieldsOf(err) != tc.fields {
				h.t.Errorf("%s: refused %q (%v), want %q", name, fieldsOf(err), err, tc.fields)
			}
		}
		secret, _, err := h.CreateToken(h.ctx(), fibonacco.AccessToken{Name: "maker", Role: fibonacco.Admin, Abilities: []fibonacco.Ability{fibonacco.AdminAccess, fibonacco.ReadSMBs}})
		must(h.t, err)
		p, err := h.ByToken(h.ctx(), secret)
		must(h.t, err)
		ctx = fibonacco.WithPrincipal(h.ctx(), p)
		_, _, err = h.CreateToken(ctx, fibonacco.AccessToken{Name: "more", Role: fibonacco.Viewer})
		wantFields(h.t, err, "abilities")
		_, _, err = h.CreateToken(ctx, fibonacco.AccessToken{Name: "more", Role: fibonacco.Viewer, Abilities: []fibonacco.Ability{fibonacco.WriteSMBs}})
		wantFields(h.t, err, "abilities")
		_, _, err = h.CreateToken(ctx, fibonacco.AccessToken{Name: "less", Role: fibonacco.Viewer, Abilities: []fibonacco.Ability{fibonacco.ReadSMBs}})
		must(h.t, err)
	})
}

func TestTokensAreListedWithinReach(t *testing.T) {
	inHouse(t, func(h *house) {
		north, south := h.town("north"), h.town("south")
		chief := h.user("chief@example.com", fibonacco.Manager, north)
		ada := h.user("ada@example.com", fibonacco.Viewer, north)
		ids := map[string]int64{}
		for _, t := range []fibonacco.AccessToken{
			{Name: "nobody's", Role: fibonacco.Viewer},
			{Name: "in north", Role: fibonacco.Viewer, Communities: []int64{north}},
			{Name: "in south", Role: fibonacco.Viewer, Communities: []int64{south}},
			{Name: "in both", Role: fibonacco.Viewer, Communities: []int64{north, south}},
			{Name: "an admin's", Role: fibonacco.Admin, Communities: []int64{north}},
			{Name: "of ada", Role: fibonacco.Viewer, UserID: &ada.ID},
		} {
			_, made, err := h.CreateToken(h.ctx(), t)
			must(h.t, err)
			ids[t.Name] = made.ID
		}
		ctx := h.as(chief)
		page, err := h.ListTokens(ctx, fibonacco.ListQuery{Sort: []string{"id"}})
		must(h.t, err)
		var seen []string
		for _, t := range page.Data {
			seen = append(seen, t.Name)
			if len(t.Prefix) != 8 {
				h.t.Errorf("prefix %q", t.Prefix)
			}
		}
		if !slices.Equal(seen, []string{"in north", "of ada"}) {
			h.t.Errorf("sees %q", seen)
		}
		for name, id := range ids {
			err := h.RevokeToken(ctx, id)
			if want := slices.Contains(seen, name); (err == nil) != want || err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
				h.t.Errorf("revokes %s: %v", name, err)
			}
		}
		if page, err := h.ListTokens(h.ctx(), fibonacco.ListQuery{Filter: fibonacco.Filter{"user_id": "null"}}); err != nil || len(page.Data) != 4 {
			h.t.Errorf("%+v, %v", page, err)
		}
	})
}

func TestOwnTokens(t *testing.T) {
	inHouse(t, func(h *house) {
		north, south := h.town("north"), h.town("south")
		ada, eve := h.user("ada@example.com", fibonacco.Operator, north), h.user("eve@example.com", fibonacco.Viewer)
		ctx := h.as(ada)
		secret, made, err := h.CreateOwnToken(ctx, fibonacco.AccessToken{Name: "CI"})
		must(h.t, err)
		if made.Role != fibonacco.Operator || *made.UserID != ada.ID || !slices.Equal(made.Communities, []int64{north}) || secret[:8] != made.Prefix {
			h.t.Errorf("made %+v", made)
		}
		_, _, err = h.CreateOwnToken(ctx, fibonacco.AccessToken{Name: "CI", Role: fibonacco.Manager})
		wantFields(h.t, err, "role")
		_, _, err = h.CreateOwnToken(ctx, fibonacco.AccessToken{Name: "CI", Communities: []int64{south}})
		wantFields(h.t, err, "communities")
		visit := fibonacco.WithVisit(h.ctx(), fibonacco.Visit{IP: "203.0.113.7"})
		p, err := h.ByToken(visit, secret)
		must(h.t, err)
		all, err := h.OwnTokens(ctx)
		if err != nil || len(all) != 1 || all[0].LastUsedIP != "203.0.113.7" || all[0].LastUsedAt == nil {
			h.t.Errorf("%+v, %v", all, err)
		}
		if all, err = h.OwnTokens(h.as(eve)); err != nil || len(all) != 0 {
			h.t.Errorf("of another: %+v, %v", all, err)
		}
		wantCode(h.t, h.RevokeOwnToken(h.as(eve), made.ID), fibonacco.NotFound)
		// A token is no person: it makes no others of its user's, and ends none.
		asToken := fibonacco.WithPrincipal(h.ctx(), p)
		_, _, err = h.CreateOwnToken(asToken, fibonacco.AccessToken{Name: "more"})
		wantCode(h.t, err, fibonacco.Forbidden)
		wantCode(h.t, h.RevokeOwnToken(asToken, made.ID), fibonacco.Forbidden)
		must(h.t, h.RevokeOwnToken(ctx, made.ID))
		_, err = h.ByToken(h.ctx(), secret)
		wantCode(h.t, err, fibonacco.Unauthorized)
		if h.logHolds(secret) || !h.logHolds(made.Prefix) {
			h.t.Error("the log holds the secret, or not even its prefix")
		}
	})
}
