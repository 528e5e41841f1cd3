package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A business is exported and erased, and nobody reaches it again by importing the same list.
func TestFromExportToErasure(t *testing.T) {
	dir := house(t)
	list, dnc, archive := filepath.Join(dir, "list.csv"), filepath.Join(dir, "dnc.txt"), filepath.Join(dir, "one.zip")
	for path, text := range map[string]string{
		list: "Business Name,Email,Phone\nPIZZA,owner@pizza.example,(718) 555-0142\nLAUNDRY,owner@laundry.example,\n",
		dnc:  "718,5550142\n347,5550100\n999,1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []struct {
		args []string
		code int
		want string // a pattern of the last line of output, or of the errors
	}{
		{[]string{"community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York"}, 0, `^Added`},
		{[]string{"import", list, "--community", "red-hook"}, 0, `2 created`},
		{[]string{"suppress", "import", dnc}, 2, `source`},
		{[]string{"suppress", "import", dnc, "--source", "registry", "--reason", "because"}, 2, `reason`},
		{[]string{"suppress", "import", dnc + ".missing", "--source", "registry"}, 2, `cannot open`},
		{[]string{"suppress", "import", dnc, "--source", "registry", "--json"}, 3, `"total":3,"added":2,"known":0,"failed":1,"errors":\[\{"line":3,.*"reached":1`},
		{[]string{"suppress", "import", dnc, "--source", "registry"}, 3, `^Read 3 addresses and numbers: 0 suppressed, 2 known already, 1 failed`},
		{[]string{"smb", "export", "owner@pizza.example", archive}, 0, `^Wrote everything about business 1 `},
		{[]string{"smb", "export", "1", archive}, 2, `is there already`},
		{[]string{"smb", "export", "77", archive + "2"}, 1, `no such business`},
		{[]string{"smb", "erase", "1", "--reason", "they asked"}, 2, `cannot be undone: say --yes`},
		{[]string{"smb", "erase", "owner@pizza.example", "--reason", "they asked", "--yes"}, 0, `^Erased business 1\.`},
		{[]string{"smb", "erase", "1", "--reason", "they asked", "--yes"}, 1, `erased already`},
		{[]string{"smb", "export", "1", archive + "3"}, 0, `business 1 `},
		{[]string{"import", list, "--community", "red-hook"}, 0, `1 created, 0 updated, 1 skipped`},
		{[]string{"programme", "start", "--community", "red-hook", "--json"}, 0, `"matched":2,"changed":2,"refused":0,"planned":1,"skipped":1`},
		{[]string{"explain", "owner@pizza.example"}, 0, `the address is suppressed`},
	} {
		code, out, errOut := do(t, s.args...)
		said := last(out)
		if s.code == 1 || s.code == 2 {
			said = errOut
		}
		if code != s.code || !regexp.MustCompile(s.want).MatchString(said) {
			t.Errorf("fibonacco %s\n  exit %d, want %d\n  said %s, want %s\n  errors %s", strings.Join(s.args, " "), code, s.code, said, s.want, errOut)
		}
	}
	for path, known := range map[string]bool{archive: true, archive + "3": false} {
		text := unzipped(t, path)
		if strings.Contains(text, "owner@pizza.example") != known || strings.Contains(text, "laundry") {
			t.Errorf("%s tells of the business: want %v", filepath.Base(path), known)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".fibonacco-export-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
