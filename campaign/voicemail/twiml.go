package voicemail

import (
	"encoding/xml"
	"net/url"
	"strings"
)

// The verbs of TwiML that our answers use. Fields are in the order in which Twilio's documentation
// has them; empty ones are left out.
type (
	response struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []any
	}
	sayVerb struct {
		XMLName xml.Name `xml:"Say"`
		Text    string   `xml:",chardata"`
	}
	gatherVerb struct {
		XMLName   xml.Name `xml:"Gather"`
		Input     string   `xml:"input,attr"`
		Action    string   `xml:"action,attr"`
		Method    string   `xml:"method,attr"`
		NumDigits int      `xml:"numDigits,attr"`
		Timeout   int      `xml:"timeout,attr"`
		Hints     string   `xml:"hints,attr,omitempty"`
		OnEmpty   bool     `xml:"actionOnEmptyResult,attr"`
		Say       sayVerb
	}
	recordVerb struct {
		XMLName     xml.Name `xml:"Record"`
		Action      string   `xml:"action,attr"`
		Method      string   `xml:"method,attr"`
		MaxLength   int      `xml:"maxLength,attr"`
		FinishOnKey string   `xml:"finishOnKey,attr"`
		PlayBeep    bool     `xml:"playBeep,attr"`
	}
	hangupVerb struct {
		XMLName xml.Name `xml:"Hangup"`
	}
)

func speak(text string) sayVerb { return sayVerb{Text: text} }

// twiml writes an answer.
func twiml(verbs ...any) ([]byte, error) {
	text, err := xml.Marshal(response{Verbs: verbs})
	if err != nil {
		return nil, wrap(err, "write TwiML")
	}
	return append([]byte(xml.Header), text...), nil
}

// stepURL is where the answer to a step is posted.
func stepURL(next, step string) string {
	if next == "" {
		next = "?"
	}
	sep := "?"
	if strings.Contains(next, "?") {
		sep = "&"
	}
	if strings.HasSuffix(next, "?") {
		sep = ""
	}
	return next + sep + "step=" + url.QueryEscape(step)
}
