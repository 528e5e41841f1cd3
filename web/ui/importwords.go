package ui

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// importFields are what a column of a file can be read as, in words, in the order they are offered.
var importFields = [][2]string{
	{"business_name", "Business name"},
	{"dba_name", "Trading name"},
	{"category", "Category"},
	{"business_type", "Legal form"},
	{"primary_contact_name", "Contact name"},
	{"contact_first_name", "Contact’s first name"},
	{"contact_last_name", "Contact’s last name"},
	{"primary_email", "E-mail"},
	{"primary_phone", "Phone"},
	{"address", "Address, whole"},
	{"address_building", "House number"},
	{"address_street", "Street"},
	{"address_unit", "Unit"},
	{"city", "City"},
	{"state", "State"},
	{"zip", "ZIP"},
	{"latitude", "Latitude"},
	{"longitude", "Longitude"},
	{"coordinates", "Latitude and longitude"},
	{"email_consent", "Consent to e-mail"},
	{"sms_consent", "Consent to text messages"},
	{"rvm_consent", "Consent to voicemail"},
	{"phone_consent", "Consent to calls"},
	{"consent_date", "When they consented"},
	{"consent_source", "Where they consented"},
	{"consent_wording", "What they consented to, word for word"},
	{"consent_ip", "IP address of the consent"},
}

// importFieldWord is a field of a file in words; "" is the whole row.
func importFieldWord(field string) string {
	for _, f := range importFields {
		if f[0] == field {
			return f[1]
		}
	}
	if field == "" {
		return "The row"
	}
	return field
}

func importBadge(j fibonacco.ImportJob) badge {
	switch j.Status {
	case fibonacco.ImportQueued:
		return badge{"open", "Waiting"}
	case fibonacco.ImportRunning:
		return badge{"ink", "Running"}
	case fibonacco.ImportCompleted:
		if j.DryRun {
			return badge{"leaf", "Tried"}
		}
		return badge{"leaf", "Done"}
	case fibonacco.ImportFailed:
		return badge{"brick", "Failed"}
	case fibonacco.ImportCancelled:
		return badge{"", "Stopped"}
	case fibonacco.ImportUndoing:
		return badge{"honey", "Being taken back"}
	case fibonacco.ImportUndone:
		return badge{"", "Taken back"}
	}
	return badge{"open", string(j.Status)}
}

// importName is what an import is called: its file, if it had a name.
func importName(j fibonacco.ImportJob) string {
	if j.Filename == "" {
		return "A file over the interface"
	}
	return j.Filename
}

// importCounts is what an import did, in a line.
func importCounts(j fibonacco.ImportJob) string {
	if j.Total == 0 && !ended(j) {
		return "Not begun"
	}
	s := plural(j.Total, "row", "rows")
	if j.Failed > 0 {
		s += ", " + number(j.Failed) + " refused"
	}
	return s
}

// importPace is how fast an import is, and how long it will take.
func importPace(j fibonacco.ImportJob) string {
	s := number(j.Total) + " rows"
	if j.RowsPerSecond > 0 {
		s += ", " + number(int(j.RowsPerSecond)) + " a second"
	}
	if j.ETASeconds != nil {
		s += ", about " + duration(time.Duration(*j.ETASeconds)*time.Second) + " left"
	}
	return s
}

func createdWord(j fibonacco.ImportJob) string {
	if j.Mode == fibonacco.DoNotContactFile {
		return "Suppressed"
	}
	return "New"
}

// knownBy is what gave a known business away.
func knownBy(d fibonacco.ImportDuplicate) string {
	by := map[string]string{
		"email": "the same e-mail", "phone": "the same number", "name_zip": "the same name and ZIP", "fuzzy_name_zip": "nearly the same name, the same ZIP",
	}[d.By]
	if by == "" {
		by = d.By
	}
	if d.SMBID == nil {
		by += ", further up in the file"
	}
	return capital(by)
}

// changeWords is what a row of a trial would change.
func changeWords(c fibonacco.FieldChange) string {
	if c.Before == "" {
		return importFieldWord(c.Field) + ": " + c.After
	}
	return importFieldWord(c.Field) + ": " + c.Before + " → " + c.After
}
