package public

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// businessRoutes are the pages of businesses, for anybody:
//
//	GET /b/{slug}             what a business says of itself
//	GET /b/{slug}/photo/{id}  one of its photos
func (s *site) businessRoutes() routes {
	return routes{
		"GET /b/{slug}":            s.business,
		"GET /b/{slug}/photo/{id}": s.businessPhoto,
		"/b/":                      s.notFound,
	}
}

// business shows a published page, to people and to search engines. The address of one that became part
// of another leads there.
func (s *site) business(w http.ResponseWriter, r *http.Request) {
	p, err := s.Business.PublicPage(r.Context(), r.PathValue("slug"))
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		s.noBusiness(w, r)
		return
	}
	if err != nil {
		s.refuse(w, r, "business page", err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	if p.Slug != r.PathValue("slug") {
		http.Redirect(w, r, "/b/"+p.Slug, http.StatusMovedPermanently)
		return
	}
	w.Header().Del("X-Robots-Tag")
	s.show(w, r, http.StatusOK, s.businessPage(s.windowOf(p)))
}

func (s *site) noBusiness(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, s.message("There is no page here",
		"The business may have taken its page down, or part of the address is missing.",
		"If it is your business and you want your page back, reply to any of our emails: a person reads it."))
}

// businessPhoto is a photo of a published page. What it shows never changes: another photo is another
// address.
func (s *site) businessPhoto(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.notFound(w, r)
		return
	}
	jpeg, err := s.Business.PublicPhoto(r.Context(), r.PathValue("slug"), id)
	if err != nil {
		s.refuse(w, r, "business photo", err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Del("X-Robots-Tag")
	w.Header().Set("ETag", fmt.Sprintf(`"photo-%d"`, id))
	servePhoto(w, r, jpeg)
}

func servePhoto(w http.ResponseWriter, r *http.Request, jpeg []byte) {
	w.Header().Set("Content-Type", "image/jpeg")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(jpeg))
}

// window is a business's page as it is shown at a moment.
type window struct {
	*fibonacco.BusinessProfile
	URL    string // its own, absolute
	Photos []photo
	Owner  string // token of the owner who looks at it before others can; "" in public
	Now    time.Time
	zone   *time.Location
}

// photo is a picture with where it is.
type photo struct {
	fibonacco.ProfilePhoto
	Path string
	URL  string // absolute, for those who come from elsewhere
}

func (s *site) windowOf(p *fibonacco.BusinessProfile) window {
	zone, err := fibonacco.LoadZone(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	v := window{BusinessProfile: p, URL: s.PublicURL + "/b/" + p.Slug, zone: zone, Now: s.Clock.Now().In(zone)}
	for _, one := range p.Photos {
		path := fmt.Sprintf("/b/%s/photo/%d", p.Slug, one.ID)
		v.Photos = append(v.Photos, photo{one, path, s.PublicURL + path})
	}
	return v
}

// previewOf is windowOf for the owner, whose link opens the photos.
func (s *site) previewOf(p *fibonacco.BusinessProfile, token string) window {
	shown := *p
	if p.HideStreet {
		shown.Street, shown.Latitude, shown.Longitude = "", nil, nil
	}
	v := s.windowOf(&shown)
	v.Owner = token
	for i := range v.Photos {
		v.Photos[i].Path = fmt.Sprintf("/my/%s/page/photo/%d", token, v.Photos[i].ID)
	}
	return v
}

// place is where the business is, in one line; "" when nobody said.
func (v window) place() string {
	region := strings.TrimSpace(v.State + " " + v.ZIP)
	return joined(", ", v.Street, v.City, region)
}

// eyebrow is what it is, and where.
func (v window) eyebrow() string { return joined(" in ", v.Category, v.City) }

// summary is one or two lines for search engines and for those who are sent the address.
func (v window) summary() string {
	about, _, _ := strings.Cut(v.About, "\n")
	if about == "" {
		about = joined(". ", v.Name, v.eyebrow(), v.place())
	}
	if r := []rune(about); len(r) > 200 {
		about = strings.TrimSpace(string(r[:199])) + "…"
	}
	return about
}

func (v window) paragraphs() []string { return paragraphs(v.About) }

func paragraphs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n\n")
}

// mapURL is where the place is on a map of OpenStreetMap; "" when the street is hidden or unknown.
func (v window) mapURL() string {
	if v.Street == "" {
		return ""
	}
	if v.Latitude != nil && v.Longitude != nil {
		lat, lon := strconv.FormatFloat(*v.Latitude, 'f', 5, 64), strconv.FormatFloat(*v.Longitude, 'f', 5, 64)
		return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=18/" + lat + "/" + lon
	}
	return "https://www.openstreetmap.org/search?" + url.Values{"query": {v.place()}}.Encode()
}

func joined(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// phoneText is a number as people write it: "(718) 555-0142".
func phoneText(e164 string) string {
	if rest, ok := strings.CutPrefix(e164, "+1"); ok && len(rest) == 10 && strings.Trim(rest, "0123456789") == "" {
		return "(" + rest[:3] + ") " + rest[3:6] + "-" + rest[6:]
	}
	return e164
}

// siteText is an address of a website as people say it: "www.example.com".
func siteText(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
	return strings.TrimSuffix(address, "/")
}

// loading lets a browser leave photos for later that nobody sees at once.
func loading(i int) string {
	if i == 0 {
		return "eager"
	}
	return "lazy"
}
