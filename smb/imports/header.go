package imports

import (
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// field is something a column can hold.
type field int

// The fields. Up to zip they are columns of smbs as they are; the others make up one or two.
const (
	businessName field = iota
	dbaName
	businessType
	category
	contactName
	email
	phone
	address
	city
	state
	zip
	stored // how many fields are columns of smbs

	longitude = field(iota - 1)
	latitude  = field(iota - 1)
	firstName = field(iota - 1)
	lastName  = field(iota - 1)
	building  = field(iota - 1)
	street    = field(iota - 1)
	unit      = field(iota - 1)
	pair      = field(iota - 1) // both coordinates in one

	// Consents: one for each of fibonacco.Channels, in that order, and what goes with all of them.
	emailConsent   = field(iota - 1)
	smsConsent     = field(iota - 1)
	rvmConsent     = field(iota - 1)
	phoneConsent   = field(iota - 1)
	consentDate    = field(iota - 1)
	consentSource  = field(iota - 1)
	consentWording = field(iota - 1)
	consentIP      = field(iota - 1)
	fields         = iota - 1 // how many there are
)

// values is one row, by field.
type values [fields]string

// spec is what a field is called here and in files.
type spec struct {
	name     string   // as in ImportRequest.Mapping
	most     int      // characters, for stored fields
	synonyms []string // letters and digits of column names in lower case, the surest first
}

var specs = [fields]spec{
	businessName: {"business_name", 255, []string{
		"businessname", "legalbusinessname", "companyname", "business", "company", "organizationname", "organisationname",
		"organization", "organisation", "merchantname", "storename", "shopname", "accountname", "legalname", "entityname",
		"restaurantname", "firmname", "firm", "merchant", "store", "vendor", "vendorname", "account", "customername", "name",
	}},
	dbaName: {"dba_name", 255, []string{
		"dbaname", "dba", "doingbusinessas", "doingbusinessasname", "tradename", "tradingname", "tradingas", "businessname2",
		"dbatradename", "alternatename", "alias", "aka", "storename",
	}},
	businessType: {"business_type", 100, []string{
		"businesstype", "entitytype", "companytype", "organizationtype", "legalform", "legalstructure", "type",
	}},
	category: {"category", 100, []string{
		"category", "businesscategory", "primarycategory", "maincategory", "industry", "industryname", "sector", "vertical",
		"niche", "licensecategory", "naicsdescription", "sicdescription", "classification", "trade",
	}},
	contactName: {"primary_contact_name", 255, []string{
		"primarycontactname", "primarycontact", "contactname", "contactperson", "contactfullname", "contact", "ownername",
		"owner", "businessowner", "fullname", "principalname", "principal", "managername", "manager", "decisionmaker", "attn",
		"attention", "name",
	}},
	email: {"primary_email", 255, []string{
		"primaryemail", "email", "emailaddress", "contactemail", "businessemail", "primaryemailaddress", "contactemailaddress",
		"owneremail", "companyemail", "workemail", "email1", "emailaddress1", "emailid", "mail", "mailaddress",
	}},
	phone: {"primary_phone", 50, []string{
		"primaryphone", "phone", "phonenumber", "contactphonenumber", "contactphone", "businessphone", "businessphonenumber",
		"primaryphonenumber", "telephone", "telephonenumber", "companyphone", "mainphone", "workphone", "officephone", "phone1",
		"phoneno", "tel", "mobile", "mobilephone", "mobilenumber", "cellphone", "cell",
	}},
	address: {"address", 255, []string{
		"address", "streetaddress", "businessaddress", "physicaladdress", "address1", "addressline1", "addressline", "address01",
		"street", "street1", "addr", "addr1", "mailingaddress",
	}},
	city: {"city", 100, []string{
		"city", "addresscity", "businesscity", "town", "cityname", "mailingcity", "municipality", "locality",
	}},
	state: {"state", 2, []string{
		"state", "addressstate", "businessstate", "statecode", "stateprovince", "stateabbreviation", "mailingstate", "st",
		"province", "region",
	}},
	zip: {"zip", 10, []string{
		"zip", "zipcode", "addresszip", "addresszipcode", "postalcode", "postcode", "zip5", "businesszip", "businesszipcode",
		"zippostalcode", "zippostcode", "mailingzip", "mailingzipcode", "postal",
	}},
	longitude: {"longitude", 0, []string{"longitude", "lon", "lng", "long", "geolongitude"}},
	latitude:  {"latitude", 0, []string{"latitude", "lat", "geolatitude"}},
	firstName: {"contact_first_name", 0, []string{"contactfirstname", "ownerfirstname", "firstname", "givenname", "fname", "first"}},
	lastName:  {"contact_last_name", 0, []string{"contactlastname", "ownerlastname", "lastname", "surname", "familyname", "lname", "last"}},
	building: {"address_building", 0, []string{
		"addressbuilding", "addressbuildingnumber", "buildingnumber", "housenumber", "streetnumber", "addressnumber", "streetno",
		"houseno", "building",
	}},
	street: {"address_street", 0, []string{"addressstreet", "addressstreetname", "streetname", "roadname"}},
	unit: {"address_unit", 0, []string{
		"addressunit", "address2", "addressline2", "street2", "addr2", "suite", "unit", "apartment", "apt", "addresssuite",
	}},
	pair: {"coordinates", 0, []string{"coordinates", "latlong", "latlng", "latlon", "geolocation", "geopoint", "georeference"}},
	emailConsent: {"email_consent", 0, []string{
		"emailconsent", "emailoptin", "emailoptedin", "optinemail", "emailpermission", "acceptsemail", "acceptsemailmarketing",
		"emailsubscribed", "emailmarketingconsent",
	}},
	smsConsent: {"sms_consent", 0, []string{
		"smsconsent", "smsoptin", "smsoptedin", "optinsms", "textconsent", "textoptin", "acceptssms", "acceptssmsmarketing", "smspermission",
	}},
	rvmConsent: {"rvm_consent", 0, []string{
		"rvmconsent", "rvmoptin", "rvmoptedin", "voicemailconsent", "voicemailoptin", "ringlessvoicemailconsent",
	}},
	phoneConsent: {"phone_consent", 0, []string{
		"phoneconsent", "phoneoptin", "phoneoptedin", "callconsent", "calloptin", "optinphone", "acceptscalls", "phonepermission",
	}},
	consentDate: {"consent_date", 0, []string{
		"consentdate", "consenttime", "consentat", "consenttimestamp", "optindate", "optintime", "optedinat", "dateofconsent", "subscribedat",
	}},
	consentSource:  {"consent_source", 100, []string{"consentsource", "optinsource", "sourceofconsent"}},
	consentWording: {"consent_wording", 2000, []string{"consentwording", "consenttext", "consentlanguage", "optintext"}},
	consentIP:      {"consent_ip", 0, []string{"consentip", "consentipaddress", "optinip", "optinipaddress"}},
}

// Fields is what ImportRequest.Mapping can name: the columns of a business, the parts that make up
// its contact's name (contact_first_name, contact_last_name) and its address (address_building,
// address_street, address_unit), and consents with what proves them.
func Fields() []string {
	names := make([]string, fields)
	for i, s := range specs {
		names[i] = s.name
	}
	return names
}

// sound is a column's name as synonyms are written.
func sound(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// recognised is how many names of a header some field goes by, or the mapping asks for.
func recognised(names []string, mapping map[string]string) int {
	n := 0
	for _, name := range names {
		known := func(s spec) bool { return slices.Contains(s.synonyms, sound(name)) }
		if slices.ContainsFunc(specs[:], known) {
			n++
			continue
		}
		for _, column := range mapping {
			if column != "" && strings.EqualFold(text(column), name) {
				n++
				break
			}
		}
	}
	return n
}

// column is one column that is read.
type column struct {
	index int
	field field
}

// plan is which columns are read for which fields.
type plan struct {
	columns []column
	unread  []string // names of the columns that are not
}

// planColumns decides what is read from a header: what the mapping names, and a guess for every
// field that it does not name. A field mapped to "" is not read. It returns Invalid for fields
// that there are not, and for columns; the latter not for a lenient plan, because any JSON object
// may leave out any key.
func planColumns(names []string, mapping map[string]string, lenient bool) (plan, error) {
	used := make([]bool, len(names))
	taken := [fields]bool{}
	var p plan
	read := func(f field, i int) {
		taken[f], used[i] = true, true
		p.columns = append(p.columns, column{i, f})
	}
	if err := checkMapping(mapping); err != nil {
		return p, err
	}
	var bad []fibonacco.FieldError
	for f := range field(fields) {
		wanted, named := mapping[specs[f].name]
		if !named {
			continue
		}
		taken[f] = true
		if wanted == "" {
			continue
		}
		i := slices.Index(names, text(wanted))
		if i < 0 {
			i = slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, text(wanted)) })
		}
		if i < 0 {
			bad = append(bad, fibonacco.FieldError{Field: "mapping." + specs[f].name, Reason: "names the column " + wanted + ", which the file has not"})
			continue
		}
		read(f, i)
	}
	if bad != nil && !lenient {
		return p, fibonacco.InvalidFields("the columns do not fit the file", bad)
	}
	if taken[address] { // parts would be added to what was asked for
		for _, part := range []field{building, street, unit} {
			taken[part] = true
		}
	}
	if taken[contactName] {
		taken[firstName], taken[lastName] = true, true
	}
	for f := range field(fields) {
		if taken[f] {
			continue
		}
		if i := bestColumn(names, used, f); i >= 0 {
			read(f, i)
		}
	}
	p.dropLoneProof(used, mapping)
	for i, name := range names {
		if !used[i] && name != "" {
			p.unread = append(p.unread, name)
		}
	}
	return p, nil
}

// dropLoneProof takes the columns that would prove a consent out again when there is no consent:
// a bad date in one of them must not cost a row. What the mapping names stays.
func (p *plan) dropLoneProof(used []bool, mapping map[string]string) {
	if p.has(emailConsent) || p.has(smsConsent) || p.has(rvmConsent) || p.has(phoneConsent) {
		return
	}
	p.columns = slices.DeleteFunc(p.columns, func(c column) bool {
		drop := c.field >= consentDate && c.field <= consentIP && mapping[specs[c.field].name] == ""
		if drop {
			used[c.index] = false
		}
		return drop
	})
}

// has reports whether a plan reads a field.
func (p *plan) has(f field) bool {
	return slices.ContainsFunc(p.columns, func(c column) bool { return c.field == f })
}

// mapping is a plan as ImportRequest.Mapping has it.
func (p *plan) mapping(names []string) map[string]string {
	m := make(map[string]string, len(p.columns))
	for _, c := range p.columns {
		m[specs[c.field].name] = names[c.index]
	}
	return m
}

// bestColumn is the unused column that goes by the surest synonym of f, the leftmost of several;
// -1 when there is none.
func bestColumn(names []string, used []bool, f field) int {
	best, rank := -1, len(specs[f].synonyms)
	for i, name := range names {
		if used[i] {
			continue
		}
		if r := slices.Index(specs[f].synonyms, sound(name)); r >= 0 && r < rank {
			best, rank = i, r
		}
	}
	return best
}

// checkMapping returns Invalid naming each field of the mapping that there is not.
func checkMapping(mapping map[string]string) error {
	var bad []fibonacco.FieldError
	for name := range mapping {
		if !slices.Contains(Fields(), name) {
			bad = append(bad, fibonacco.FieldError{Field: "mapping." + name, Reason: "is not a field of a business"})
		}
	}
	slices.SortFunc(bad, func(a, b fibonacco.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return fibonacco.InvalidFields("the columns cannot be mapped", bad)
}

// list is names for a message, the first twenty.
func list(names []string) string {
	shown := names[:min(len(names), 20)]
	out := strings.ReplaceAll(strings.Join(shown, ", "), "\x00", "")
	if len(shown) < len(names) {
		out += ", …"
	}
	if r := []rune(out); len(r) > 500 {
		out = string(r[:500]) + "…"
	}
	return out
}
