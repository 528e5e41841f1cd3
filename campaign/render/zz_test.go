package render_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
)

func TestZZ(t *testing.T) {
	raw, _ := os.ReadFile("../../library/HOOK-001.md")
	_, rest, _ := strings.Cut(string(raw), "# Email\n")
	body, _, _ := strings.Cut(rest, "# Article\n")
	s, _ := fibonacco.NewSigner(strings.Repeat("k", 32))
	set := render.Settings{PublicURL: "https://portavery.example", FromName: "Sarah at Port Avery Local", FromEmail: "sarah@portavery.example", CompanyName: "Port Avery Local", PostalAddress: "200 Market Street, Port Avery, NY 14099", Signer: s}
	rec := render.Recipient{SendID: 1, SMBID: 2, UUID: "0190b5a0-0000-7000-8000-000000000001", Email: "m@x.example", At: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), Fields: template.Fields{FirstName: "Marisol", BusinessName: "Marisol Hair Studio", Community: "Port Avery", Category: "hair salon"}}
	for name, c := range map[string]fibonacco.Campaign{
		"hook": {ID: "HOOK-001", Day: 1, Title: "A page you control", Subject: "A page for {{ business_name }}, if you want it", Preheader: "Hours, phone, what you do: one place. Nothing is public until you confirm.", ServiceType: "listing_claim", ApprovalButtonText: "Set up my page", BodyMarkdown: body},
		"rich": {ID: "X", Day: 29, Title: "How local search chooses {{ business_name }}", Subject: "S", Preheader: "P", LearningButton: "See the three factors", BodyMarkdown: "Hello {{ first_name }},\n\nSome *text* with `code` and a [link](https://example.com/a?b=c&d=e).\n\n## A heading\n\n> **Try this tonight, it costs nothing**\n>\n> After closing, search for your own shop on your phone as a stranger would. Count the taps.\n\n1. One\n2. Two is a longer line that needs to be wrapped on a phone because it is so long\n   - nested one\n   - nested two\n\n- **Front:** is this the place?\n- **Inside:** what is it like?\n\n---\n\n{% if category %}\n\nOnly for {{ category }}.\n\n{% endif %}\n\nSarah\nAI account manager\n"},
	} {
		m, err := render.Compile(c, set)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Preview(rec)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile("/tmp/pv/"+name+".html", []byte(p.HTML), 0o644)
		os.WriteFile("/tmp/pv/"+name+".txt", []byte(p.Text), 0o644)
		e, _ := m.Render(nil, rec)
		os.WriteFile("/tmp/pv/"+name+".eml", e, 0o644)
	}
}
