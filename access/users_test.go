package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

func fieldsOf(err error) string {
	var e *fibonacco.Error
	if !errors.As(err, &e) {
		return ""
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Field)
	}
	return strings.Join(names, " ")
}

func names(page fibonacco.Page[fibonacco.User]) string {
	var all []string
	for _, u := range page.Data {
		all = append(all, u.Email[:strings.Index(u.Email, "@")])
	}
	return strings.Join(all, " ")
}

func TestListUsers(t *testing.T) {
	inHouse(t, func(h *house) {
		north, south := h.town("north"), h.town("south")
		h.user("root@example.com", fibonacco.Admin)
		h.user("nora@example.com", fibonacco.Manager, north)
		h.user("both@example.com", fibonacco.Operator, north, south)
		gone := h.user("gone@example.com", fibonacco.Viewer, south)
		_, err := h.DisableUser(h.ctx(), gone.ID)
		must(h.t, err)
		for name, tc := range map[string]struct {
			q    fibonacco.ListQuery
			want string
		}{
			"all, by id":         {fibonacco.ListQuery{Sort: []string{"id"}}, "root nora both gone"},
			"a role":             {fibonacco.ListQuery{Filter: fibonacco.Filter{"role": "admin,manager"}, Sort: []string{"id"}}, "root nora"},
			"a community":        {fibonacco.ListQuery{Filter: fibonacco.Filter{"community_id": "1"}, Sort: []string{"-id"}}, "both nora"},
			"not a community":    {fibonacco.ListQuery{Filter: fibonacco.Filter{"community_id": "!1"}}, "gone"},
			"not limited":        {fibonacco.ListQuery{Filter: fibonacco.Filter{"community_id": "null"}}, "root"},
			"limited":            {fibonacco.ListQuery{Filter: fibonacco.Filter{"community_id": "!null"}, Sort: []string{"id"}}, "nora both gone"},
			"disabled":           {fibonacco.ListQuery{Filter: fibonacco.Filter{"disabled": "true"}}, "gone"},
			"not disabled":       {fibonacco.ListQuery{Filter: fibonacco.Filter{"disabled": "false"}, Sort: []string{"id"}}, "root nora both"},
			"an address":         {fibonacco.ListQuery{Filter: fibonacco.Filter{"email": "NORA@example.com"}}, "nora"},
			"a word of a name":   {fibonacco.ListQuery{Search: "MANAG"}, "nora"},
			"part of an address": {fibonacco.ListQuery{Search: "oth@"}, "both"},
			"no wildcard":        {fibonacco.ListQuery{Search: "%"}, ""},
			"never seen is last": {fibonacco.ListQuery{Sort: []string{"-last_seen_at", "id"}, Size: 4}, "root nora both gone"},
		} {
			page, err := h.ListUsers(h.ctx(), tc.q)
			if err != nil || names(page) != tc.want {
				h.t.Errorf("%s: %q (%v), want %q", name, names(page), err, tc.want)
			}
		}
		page, err := h.ListUsers(h.ctx(), fibonacco.ListQuery{Sort: []string{"id"}, Size: 3, Total: true})
		must(h.t, err)
		if both := page.Data[2]; len(both.Communities) != 2 || *page.Total != 4 || page.Next == "" {
			h.t.Errorf("page %+v", page)
		}
		if page, err = h.ListUsers(h.ctx(), fibonacco.ListQuery{Sort: []string{"id"}, Size: 3, Cursor: page.Next}); names(page) != "gone" || err != nil {
			h.t.Errorf("second page %q %v", names(page), err)
		}
		_, err = h.ListUsers(h.ctx(), fibonacco.ListQuery{Filter: fibonacco.Filter{"password_hash": "x"}})
		wantFields(h.t, err, "filter[password_hash]")
	})
}

func TestUpdateUser(t *testing.T) {
	inHouse(t, func(h *house) {
		north := h.town("north")
		h.user("root@example.com", fibonacco.Admin)
		u := h.user("ada@example.com", fibonacco.Viewer)
		got, err := h.UpdateUser(h.ctx(), u.ID, fibonacco.UserChange{Name: ptr(" Ada Byron "), Role: ptr(fibonacco.Manager), Communities: &[]int64{north, north}})
		must(h.t, err)
		if got.Name != "Ada Byron" || got.Role != fibonacco.Manager || len(got.Communities) != 1 || got.Communities[0] != north {
			h.t.Errorf("got %+v", got)
		}
		got, err = h.UpdateUser(h.ctx(), u.ID, fibonacco.UserChange{Communities: &[]int64{}})
		if err != nil || len(got.Communities) != 0 || got.Name != "Ada Byron" {
			h.t.Errorf("limit lifted: %+v, %v", got, err)
		}
		_, err = h.UpdateUser(h.ctx(), u.ID, fibonacco.UserChange{Name: ptr(""), Role: ptr(fibonacco.Role("boss"))})
		wantFields(h.t, err, "name role")
		_, err = h.UpdateUser(h.ctx(), u.ID, fibonacco.UserChange{Communities: &[]int64{999}})
		wantFields(h.t, err, "communities")
		_, err = h.UpdateUser(h.ctx(), 999, fibonacco.UserChange{Name: ptr("X")})
		wantCode(h.t, err, fibonacco.NotFound)
		if got := h.audited(); got != "user.created user.created user.updated user.updated" {
			h.t.Errorf("log %s", got)
		}
		n := count(h.t, h.d, `SELECT COUNT(*) FROM audit_log WHERE CAST(before AS text) LIKE '%viewer%' AND CAST(after AS text) LIKE '%manager%'`)
		if n != 1 {
			h.t.Errorf("%d entries say what the role was and is", n)
		}
	})
}

// Whoever is limited, by role or to communities, neither sees nor makes what is beyond.
func TestReach(t *testing.T) {
	inHouse(t, func(h *house) {
		north, south := h.town("north"), h.town("south")
		root := h.user("root@example.com", fibonacco.Admin)
		chief := h.user("chief@example.com", fibonacco.Admin, north)
		mine := h.user("mine@example.com", fibonacco.Viewer, north)
		theirs := h.user("theirs@example.com", fibonacco.Viewer, south)
		both := h.user("both@example.com", fibonacco.Viewer, north, south)
		ctx := h.as(chief)
		page, err := h.ListUsers(ctx, fibonacco.ListQuery{Sort: []string{"id"}, Total: true})
		if names(page) != "chief mine" || *page.Total != 2 || err != nil {
			h.t.Errorf("sees %q, %v", names(page), err)
		}
		for _, hidden := range []*fibonacco.User{root, theirs, both} {
			for name, do := range map[string]func(context.Context, int64) error{
				"find": func(ctx context.Context, id int64) error { _, err := h.FindUser(ctx, id); return err },
				"update": func(ctx context.Context, id int64) error {
					_, err := h.UpdateUser(ctx, id, fibonacco.UserChange{Name: ptr("X")})
					return err
				},
				"disable": func(ctx context.Context, id int64) error { _, err := h.DisableUser(ctx, id); return err },
				"enable":  func(ctx context.Context, id int64) error { _, err := h.EnableUser(ctx, id); return err },
				"set":     func(ctx context.Context, id int64) error { return h.SetPassword(ctx, id, "another password") },
				"reset":   func(ctx context.Context, id int64) error { _, err := h.ResetPassword(ctx, id); return err },
				"totp":    func(ctx context.Context, id int64) error { return h.ResetSecondFactor(ctx, id) },
				"end":     func(ctx context.Context, id int64) error { _, err := h.EndSessions(ctx, id); return err },
			} {
				if err := do(ctx, hidden.ID); fibonacco.CodeOf(err) != fibonacco.NotFound {
					h.t.Errorf("%s %s: %v, want NotFound", name, hidden.Email, err)
				}
			}
		}
		for name, u := range map[string]fibonacco.User{
			"everywhere":     {Role: fibonacco.Viewer},
			"elsewhere":      {Role: fibonacco.Viewer, Communities: []int64{south}},
			"also elsewhere": {Role: fibonacco.Viewer, Communities: []int64{north, south}},
		} {
			u.Name, u.Email = "New", "new@example.com"
			if _, err := h.CreateUser(ctx, u, password); fieldsOf(err) != "communities" {
				h.t.Errorf("makes a user %s: %v", name, err)
			}
			if _, _, err := h.InviteUser(ctx, u); fieldsOf(err) != "communities" {
				h.t.Errorf("invites a user %s: %v", name, err)
			}
			if _, err := h.UpdateUser(ctx, mine.ID, fibonacco.UserChange{Communities: &u.Communities}); fieldsOf(err) != "communities" {
				h.t.Errorf("moves a user %s: %v", name, err)
			}
		}
		if _, err := h.UpdateUser(ctx, mine.ID, fibonacco.UserChange{Role: ptr(fibonacco.Admin)}); err != nil {
			h.t.Errorf("one's own role, within one's limits: %v", err)
		}

		operator := h.user("op@example.com", fibonacco.Operator)
		ctx = h.as(operator)
		_, err = h.CreateUser(ctx, fibonacco.User{Name: "New", Email: "new@example.com", Role: fibonacco.Manager}, password)
		wantFields(h.t, err, "role")
		_, err = h.UpdateUser(ctx, theirs.ID, fibonacco.UserChange{Role: ptr(fibonacco.Admin)})
		wantFields(h.t, err, "role")
		_, err = h.FindUser(ctx, root.ID)
		wantCode(h.t, err, fibonacco.NotFound)
	})
}

func TestLastAdministrator(t *testing.T) {
	inHouse(t, func(h *house) {
		north := h.town("north")
		root := h.user("root@example.com", fibonacco.Admin)
		h.user("chief@example.com", fibonacco.Admin, north) // does not see everything
		_, _, err := h.InviteUser(h.ctx(), fibonacco.User{Name: "Invited", Email: "later@example.com", Role: fibonacco.Admin})
		must(h.t, err) // cannot come in yet
		for name, change := range map[string]fibonacco.UserChange{"demoted": {Role: ptr(fibonacco.Manager)}, "limited": {Communities: &[]int64{north}}} {
			if _, err := h.UpdateUser(h.ctx(), root.ID, change); fibonacco.CodeOf(err) != fibonacco.Conflict {
				h.t.Errorf("the last one is %s: %v", name, err)
			}
		}
		_, err = h.DisableUser(h.ctx(), root.ID)
		wantCode(h.t, err, fibonacco.Conflict)
		_, err = h.UpdateUser(h.ctx(), root.ID, fibonacco.UserChange{Name: ptr("Still root")})
		must(h.t, err)
		second := h.user("second@example.com", fibonacco.Admin)
		_, err = h.DisableUser(h.as(second), second.ID)
		wantCode(h.t, err, fibonacco.Conflict) // oneself
		_, err = h.DisableUser(h.as(second), root.ID)
		must(h.t, err)
		_, err = h.UpdateUser(h.ctx(), second.ID, fibonacco.UserChange{Role: ptr(fibonacco.Viewer)})
		wantCode(h.t, err, fibonacco.Conflict)
		_, err = h.EnableUser(h.ctx(), root.ID)
		must(h.t, err)
		_, err = h.UpdateUser(h.ctx(), second.ID, fibonacco.UserChange{Role: ptr(fibonacco.Viewer)})
		must(h.t, err)
	})
}

// Administrators who take each other's rank at once do not all succeed.
func TestLastAdministratorInParallel(t *testing.T) {
	inHouse(t, func(h *house) {
		var ids []int64
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			ids = append(ids, h.user(name+"@example.com", fibonacco.Admin).ID)
		}
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				_, err := h.UpdateUser(context.WithoutCancel(h.ctx()), id, fibonacco.UserChange{Role: ptr(fibonacco.Viewer)})
				if err != nil && fibonacco.CodeOf(err) != fibonacco.Conflict {
					h.t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM users WHERE role = 'admin'`); n != 1 {
			h.t.Errorf("%d administrators are left, want one", n)
		}
	})
}

func TestDisabledUser(t *testing.T) {
	inHouse(t, func(h *house) {
		h.user("root@example.com", fibonacco.Admin)
		u := h.user("ada@example.com", fibonacco.Operator)
		in, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		token, _, err := h.CreateOwnToken(h.in(in.Session), fibonacco.AccessToken{Name: "CI"})
		must(h.t, err)
		_, err = h.ByToken(h.ctx(), token)
		must(h.t, err)
		link, err := h.ResetPassword(h.ctx(), u.ID)
		must(h.t, err)
		must(h.t, h.SetPasswordByLink(h.ctx(), tokenOf(link), password))
		again, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		link, err = h.ResetPassword(h.ctx(), u.ID)
		must(h.t, err)

		got, err := h.DisableUser(h.ctx(), u.ID)
		if err != nil || !got.Disabled {
			h.t.Fatalf("%+v, %v", got, err)
		}
		for _, session := range []string{in.Session, again.Session} {
			_, err = h.BySession(h.ctx(), session)
			wantCode(h.t, err, fibonacco.Unauthorized)
		}
		_, err = h.ByToken(h.ctx(), token)
		wantCode(h.t, err, fibonacco.Unauthorized)
		wantCode(h.t, h.SetPasswordByLink(h.ctx(), tokenOf(link), password), fibonacco.NotFound)
		must(h.t, h.SetPassword(h.ctx(), u.ID, password))
		_, err = h.SignIn(h.ctx(), u.Email, password)
		wantCode(h.t, err, fibonacco.Unauthorized)
		_, err = h.ResetPassword(h.ctx(), u.ID)
		wantCode(h.t, err, fibonacco.Conflict)

		_, err = h.EnableUser(h.ctx(), u.ID)
		must(h.t, err)
		_, err = h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		_, err = h.ByToken(h.ctx(), token)
		must(h.t, err)
	})
}

func tokenOf(link *fibonacco.PasswordLink) string {
	return link.URL[strings.LastIndex(link.URL, "/")+1:]
}

func TestInvitation(t *testing.T) {
	inHouse(t, func(h *house) {
		made, link, err := h.InviteUser(h.ctx(), fibonacco.User{Name: "Bob", Email: "bob@example.com", Role: fibonacco.Viewer})
		must(h.t, err)
		if !made.Invited || !strings.HasPrefix(link.URL, publicURL+"/password/") || !link.ExpiresAt.Equal(h.clock.Now().Add(96*time.Hour)) {
			h.t.Fatalf("%+v %+v", made, link)
		}
		_, err = h.SignIn(h.ctx(), "bob@example.com", "")
		wantCode(h.t, err, fibonacco.Unauthorized)
		token := tokenOf(link)
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM password_links WHERE token_hash = $1`, token); n != 0 {
			h.t.Error("the link is stored readably")
		}
		for range 2 { // looking does not use it up
			u, err := h.FindPasswordLink(h.ctx(), token)
			if err != nil || u.ID != made.ID {
				h.t.Fatalf("%+v, %v", u, err)
			}
		}
		wantFields(h.t, h.SetPasswordByLink(h.ctx(), token, "short"), "password")
		wantFields(h.t, h.SetPasswordByLink(h.ctx(), token, "BOB@example.com"), "password")
		var done, over int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				err := h.SetPasswordByLink(context.WithoutCancel(h.ctx()), token, password)
				mu.Lock()
				defer mu.Unlock()
				switch fibonacco.CodeOf(err) {
				case "":
					done++
				case fibonacco.NotFound:
					over++
				default:
					h.t.Error(err)
				}
			})
		}
		wg.Wait()
		if done != 1 || over != 7 {
			h.t.Errorf("the link was good %d times", done)
		}
		_, err = h.SignIn(h.ctx(), "bob@example.com", password)
		must(h.t, err)
		for name, wrong := range map[string]string{"empty": "", "nonsense": "x", "altered": "A" + token[1:], "of another purpose": signer(h.t, keyA).Sign(fibonacco.ApproveToken, []byte("x"))} {
			_, err := h.FindPasswordLink(h.ctx(), wrong)
			if fibonacco.CodeOf(err) != fibonacco.NotFound {
				h.t.Errorf("%s: %v", name, err)
			}
		}
		if h.logHolds(token) || h.logHolds(password) {
			h.t.Error("the log holds a secret")
		}
	})
}

func TestPasswordLinkEnds(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		in, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		first, err := h.ResetPassword(h.ctx(), u.ID)
		must(h.t, err)
		_, err = h.BySession(h.ctx(), in.Session)
		wantCode(h.t, err, fibonacco.Unauthorized)
		_, err = h.SignIn(h.ctx(), u.Email, password)
		wantCode(h.t, err, fibonacco.Unauthorized)
		second, err := h.ResetPassword(h.ctx(), u.ID)
		must(h.t, err)
		_, err = h.FindPasswordLink(h.ctx(), tokenOf(first))
		wantCode(h.t, err, fibonacco.NotFound)
		h.clock.Advance(96*time.Hour - time.Second)
		_, err = h.FindPasswordLink(h.ctx(), tokenOf(second))
		must(h.t, err)
		h.clock.Advance(time.Second)
		_, err = h.FindPasswordLink(h.ctx(), tokenOf(second))
		wantCode(h.t, err, fibonacco.NotFound)
		wantCode(h.t, h.SetPasswordByLink(h.ctx(), tokenOf(second), password), fibonacco.NotFound)
	})
}

func TestChangePassword(t *testing.T) {
	inHouse(t, func(h *house) {
		u := h.user("ada@example.com", fibonacco.Viewer)
		other, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		mine, err := h.SignIn(h.ctx(), u.Email, password)
		must(h.t, err)
		ctx := h.in(mine.Session)
		wantFields(h.t, h.ChangePassword(ctx, "not the password", "a new password"), "current_password")
		wantFields(h.t, h.ChangePassword(ctx, password, "short"), "password")
		must(h.t, h.ChangePassword(ctx, password, "a new password"))
		_, err = h.BySession(h.ctx(), mine.Session)
		must(h.t, err)
		_, err = h.BySession(h.ctx(), other.Session)
		wantCode(h.t, err, fibonacco.Unauthorized)
		_, err = h.SignIn(h.ctx(), u.Email, password)
		wantCode(h.t, err, fibonacco.Unauthorized)
		_, err = h.SignIn(h.ctx(), u.Email, "a new password")
		must(h.t, err)
		for range 10 {
			wantFields(h.t, h.ChangePassword(ctx, "not the password", "a new password"), "current_password")
		}
		wantCode(h.t, h.ChangePassword(ctx, "a new password", "another password"), fibonacco.TooMany)
		for _, ctx := range []context.Context{h.ctx(), fibonacco.WithPrincipal(h.ctx(), &fibonacco.Principal{UserID: u.ID, TokenID: 1, Role: fibonacco.Viewer})} {
			wantCode(h.t, h.ChangePassword(ctx, "a new password", "another password"), fibonacco.Forbidden)
		}
	})
}
