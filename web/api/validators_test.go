package api_test

import (
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/fibonacco/fibonacco/web/api"
)

// specification is the document as it is served.
func specification(t *testing.T, a *api.API) []byte {
	t.Helper()
	w := record(a, http.MethodGet, "/api/openapi.json")
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// Two validators that know nothing of huma, nor of each other, find nothing wrong; kin-openapi
// also holds every example against its schema.
func TestTwoValidatorsFindNothing(t *testing.T) {
	t.Parallel()
	text := specification(t, api.New(api.Options{PublicURL: "https://crm.example"}))
	t.Run("kin-openapi", func(t *testing.T) {
		t.Parallel()
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Validate(t.Context(), openapi3.EnableSchemaFormatValidation(), openapi3.EnableExamplesValidation()); err != nil {
			t.Error(err)
		}
	})
	t.Run("libopenapi", func(t *testing.T) {
		t.Parallel()
		doc, err := libopenapi.NewDocument(text)
		if err != nil {
			t.Fatal(err)
		}
		v, errs := validator.NewValidator(doc)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		ok, found := v.ValidateDocument()
		for _, e := range found {
			t.Errorf("%s: %s", e.Message, e.Reason)
			for _, s := range e.SchemaValidationErrors {
				t.Errorf("  %s", s.Reason)
			}
		}
		if !ok && len(found) == 0 {
			t.Error("refused without a reason")
		}
	})
}
