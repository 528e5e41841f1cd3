package ui

import "net/http"

// menu is every page there is, for small screens, whose bar has room for five.
func (u *ui) menu(w http.ResponseWriter, r *http.Request) error {
	u.show(w, r, http.StatusOK, menuPage(u.frame(r, "All pages", "/menu")))
	return nil
}
