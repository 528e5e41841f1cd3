package chat

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// linksOf are an answer's links as the facts have them now. What the facts do not have is left out.
func linksOf(kinds []Link, f fibonacco.AssistantFacts) (links []fibonacco.ChatLink) {
	add := func(label, address string) {
		links = append(links, fibonacco.ChatLink{Label: label, URL: address})
	}
	p := f.Profile
	for _, k := range kinds {
		switch {
		case k == BookingLink && f.Booking != "":
			add("See free times", f.Booking)
		case k == DirectionsLink && p.Street != "" && !p.HideStreet:
			add("Open the map", "https://www.google.com/maps/search/?api=1&query="+url.QueryEscape(strings.Join([]string{p.Name, p.Street, p.City, p.State, p.ZIP}, " ")))
		case k == PhoneLink && p.Phone != "":
			add("Call "+phoneWords(p.Phone), "tel:"+digits(p.Phone))
		case k == EmailLink && fibonacco.ValidEmail(p.Email):
			add("Write an email", "mailto:"+url.PathEscape(p.Email))
		case k == WebsiteLink && webAddress(p.Website):
			add("Open the website", p.Website)
		}
	}
	return links
}

// webAddress reports whether a browser may be led there.
func webAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, phone)
}

// phoneWords is a number as Americans write it: (718) 555-0142.
func phoneWords(phone string) string {
	if d, ok := strings.CutPrefix(phone, "+1"); ok && len(d) == 10 && digits(d) == d {
		return "(" + d[:3] + ") " + d[3:6] + "-" + d[6:]
	}
	return phone
}

// cut is at most so many characters of a text, with dots where it was cut.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return strings.TrimRight(string(runes[:most-1]), " ") + "…"
}
