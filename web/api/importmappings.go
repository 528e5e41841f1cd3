package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

const mappingsPath = "/import-mappings"

func (a *API) importMappings() {
	registerList(a, operation{
		method: http.MethodGet, path: mappingsPath, id: "list-import-mappings", tag: tagImports,
		summary: "Mappings that are kept for files with the same header",
		response: list[fibonacco.ImportMapping]{
			Data: []fibonacco.ImportMapping{exampleMapping}, Page: pageInfo{Size: pageSizeDefault},
		},
	}, fibonacco.ImportMappingListing, a.listImportMappings)
	register(a, operation{
		method: http.MethodPost, path: mappingsPath, id: "save-import-mapping", tag: tagImports, status: http.StatusCreated, errors: ofBody,
		summary: "Keep a mapping for files with the same header",
		description: "Imports and previews that name no mapping take it whenever the header has these columns, whatever their order and case; a community's own goes before one for all. " +
			"One that is kept for the same header and community is replaced.",
		request: mappingInput{
			Name: exampleMapping.Name, CommunityID: exampleMapping.CommunityID, Columns: exampleMapping.Columns, Mapping: exampleMapping.Mapping,
		},
		response: exampleMapping,
	}, a.saveImportMapping)
	register(a, operation{
		method: http.MethodGet, path: mappingsPath + "/{uuid}", id: "get-import-mapping", tag: tagImports,
		summary: "One kept mapping", errors: ofThing, response: exampleMapping,
	}, a.getImportMapping)
	register(a, operation{
		method: http.MethodDelete, path: mappingsPath + "/{uuid}", id: "delete-import-mapping", tag: tagImports,
		summary: "Forget a mapping", errors: ofThing,
		description: "Imports that were started with it go on with it. One for all communities takes somebody who sees all.",
	}, a.deleteImportMapping)
}

var exampleMapping = fibonacco.ImportMapping{
	ID: 3, UUID: "0193c2f0-cccc-7ddd-8eee-0e0f10111213", Name: "City licence list", CommunityID: &exampleUser, Columns: []string{"Company", "Kontakt", "Licence"},
	Mapping: map[string]string{"business_name": "Company", "primary_email": "Kontakt"}, CreatedBy: &exampleUser, CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

// mappingInput is what a caller says about a mapping.
type mappingInput struct {
	Name        string            `json:"name" minLength:"1" maxLength:"255" doc:"For people."`
	CommunityID *int64            `json:"community_id,omitempty" doc:"Only for imports there; left out, for all. Who sees one community need not name it."`
	Columns     []string          `json:"columns" minItems:"1" maxItems:"16384" doc:"The header that it is for: the columns of a preview."`
	Mapping     map[string]string `json:"mapping" doc:"Field → column; an empty column leaves the field out."`
}

type mappingUUID struct {
	UUID string `path:"uuid" example:"0193c2f0-cccc-7ddd-8eee-0e0f10111213"`
}

func (a *API) listImportMappings(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.ImportMapping], err error) {
	if a.o.Importer == nil {
		return page, moduleAbsent("SMB CRM")
	}
	return a.o.Importer.ListImportMappings(ctx, q.ListQuery)
}

func (a *API) saveImportMapping(ctx context.Context, in *struct{ Body mappingInput }) (*created[fibonacco.ImportMapping], error) {
	if a.o.Importer == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	b := in.Body
	m, err := a.o.Importer.SaveImportMapping(ctx, fibonacco.ImportMapping{Name: b.Name, CommunityID: b.CommunityID, Columns: b.Columns, Mapping: b.Mapping})
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.ImportMapping]{Location: Prefix + mappingsPath + "/" + m.UUID, Body: *m}, nil
}

func (a *API) getImportMapping(ctx context.Context, in *mappingUUID) (*body[fibonacco.ImportMapping], error) {
	if a.o.Importer == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if !isUUID(in.UUID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such saved mapping")
	}
	m, err := a.o.Importer.ImportMapping(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.ImportMapping]{*m}, nil
}

func (a *API) deleteImportMapping(ctx context.Context, in *mappingUUID) (*none, error) {
	if a.o.Importer == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if !isUUID(in.UUID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such saved mapping")
	}
	return nil, a.o.Importer.DeleteImportMapping(ctx, in.UUID)
}
