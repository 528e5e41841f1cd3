package pdf

// Links are the links of an article's text, and how much text there is.
func (p *Press) Links(html string) (links []string, bytes int) {
	var all []run
	for _, b := range parseProse(html, p.absolute) {
		all = append(all, b.runs...)
		for _, row := range b.rows {
			for _, c := range row {
				all = append(all, c.runs...)
			}
		}
	}
	for _, r := range all {
		bytes += len(r.text)
		if r.link != "" {
			links = append(links, r.link)
		}
	}
	return links, bytes
}
