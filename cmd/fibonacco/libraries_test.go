package main

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/library"
)

// A library that comes by the interface is reported whole, stored once, and not at all with an error.
func TestImportLibrary(t *testing.T) {
	dir := t.TempDir()
	settings, err := config.Read(config.Options{Environ: []string{}, Dir: dir, Set: []string{"data_dir=" + dir}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := wire(t.Context(), settings, wiring{migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.close() }()
	names, err := fs.Glob(library.FS, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	shipped := len(names)
	foreign := `{"campaign":{"id":"hook_7","type":"hook","day":45,"title":"Reviews","subject":"Hello [Business Name]"},
		"landing_page":{"slug":"reviews"},"slides":[],"emails":{"first":{"subject":"Hello","body":"Hello [Community Name], read on.\n[READ →]"}}}`
	for _, tc := range []struct {
		name                       string
		files                      fs.FS
		dry                        bool
		campaigns, errors, changed int
	}{
		{"nothing", fstest.MapFS{"notes.txt": {Data: []byte("x")}}, false, 0, 1, 0},
		{"a dry run", library.FS, true, shipped, 0, 0},
		{"the shipped library", library.FS, false, shipped, 0, shipped},
		{"again", library.FS, false, shipped, 0, 0},
		{"another maker's", fstest.MapFS{"hook_7.json": {Data: []byte(foreign)}}, false, 1, 0, 1},
		{"with a broken file", fstest.MapFS{"hook_8.json": {Data: []byte(foreign)}, "x.json": {Data: []byte("{")}}, false, 1, 1, 0},
	} {
		got, err := libraries{a}.ImportLibrary(t.Context(), tc.files, tc.dry)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if got.Campaigns != tc.campaigns || got.Errors != tc.errors || got.Changed != tc.changed || got.DryRun != tc.dry {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}
