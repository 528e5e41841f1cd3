package public

import "github.com/a-h/templ"

// linked is an object of JSON-LD.
type linked map[string]any

// put adds what is known.
func (l linked) put(name, value string) {
	if value != "" {
		l[name] = value
	}
}

// structured is the page's facts for search engines, as schema.org calls them: what the page shows, and
// nothing else. The script that holds it is data, which runs nothing; encoding/json escapes every < in it.
func (v window) structured() templ.Component {
	business := linked{"@type": "LocalBusiness", "@id": v.URL + "#business", "name": v.Name, "url": v.URL}
	business.put("description", v.About)
	business.put("telephone", v.Phone)
	business.put("email", v.Email)
	business.put("keywords", v.Category)
	if v.Website != "" {
		business["sameAs"] = []string{v.Website}
	}
	address := linked{"@type": "PostalAddress", "addressCountry": "US"}
	address.put("streetAddress", v.Street)
	address.put("addressLocality", v.City)
	address.put("addressRegion", v.State)
	address.put("postalCode", v.ZIP)
	if len(address) > 2 {
		business["address"] = address
	}
	if v.Latitude != nil && v.Longitude != nil {
		business["geo"] = linked{"@type": "GeoCoordinates", "latitude": *v.Latitude, "longitude": *v.Longitude}
	}
	var images []string
	for _, p := range v.Photos {
		images = append(images, p.URL)
	}
	if images != nil {
		business["image"] = images
	}
	if hours := v.structuredHours(); hours != nil {
		business["openingHoursSpecification"] = hours
	}
	var offers []linked
	for _, one := range v.Services {
		offers = append(offers, linked{"@type": "Offer", "itemOffered": linked{"@type": "Service", "name": one}})
	}
	if offers != nil {
		business["makesOffer"] = offers
	}
	graph := []linked{business}
	var questions []linked
	for _, q := range v.Questions {
		questions = append(questions, linked{"@type": "Question", "name": q.Question, "acceptedAnswer": linked{"@type": "Answer", "text": q.Answer}})
	}
	if questions != nil {
		graph = append(graph, linked{"@type": "FAQPage", "@id": v.URL + "#questions", "mainEntity": questions})
	}
	return templ.JSONScript("facts", linked{"@context": "https://schema.org", "@graph": graph}).WithType("application/ld+json")
}

// structuredHours: a span that closes before it opens ends on the next day there too; a whole day is
// written as 00:00 to 23:59.
func (v window) structuredHours() (out []linked) {
	for _, h := range v.Hours {
		closes := h.Closes
		if closes == "24:00" {
			closes = "00:00"
			if h.Opens == "00:00" {
				closes = "23:59"
			}
		}
		out = append(out, linked{"@type": "OpeningHoursSpecification", "dayOfWeek": "https://schema.org/" + h.Day.String(), "opens": h.Opens, "closes": closes})
	}
	return out
}
