package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// A list comes in, is looked at, and is taken back.
func TestImportsFromTheCommandLine(t *testing.T) {
	dir := house(t)
	list := filepath.Join(dir, "list.csv")
	const rows = "Firma,Kontakt,Phone\nPIZZA INC,owner@pizza.example,(718) 555-0142\nLAUNDRY,not an address,\nNAILS,n@nails.example,718-555-0143\n"
	if err := os.WriteFile(list, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	step := func(code int, want string, args ...string) string {
		t.Helper()
		got, out, errOut := do(t, args...)
		if said := out + errOut; got != code || !strings.Contains(said, want) {
			t.Fatalf("fibonacco %s: exit %d, want %d\n%s\nwant %s", strings.Join(args, " "), got, code, said, want)
		}
		return out
	}
	step(0, "Added", "community", "create", "--name", "Red Hook", "--slug", "red-hook", "--state", "NY", "--timezone", "America/New_York")
	imports := []string{"import", list, "--community", "red-hook", "--map", "business_name=Firma", "--map", "primary_email=Kontakt"}
	with := func(more ...string) []string { return append(append([]string{}, imports...), more...) }
	step(2, "--policy", with("--policy", "city")...)
	step(2, "match", with("--match", "looks")...)
	step(2, "policy.shoe_size", with("--policy", "shoe_size=fill")...)
	step(3, "3 rows: 2 created", with("--match", "email,phone")...)
	step(3, "line 2 is known by email, and would change nothing", with("--dry-run")...)
	step(3, `line 2 is known by email, and would change business_name "PIZZA INC" → "Pizza"`, strings.Split(strings.ReplaceAll(strings.Join(with("--dry-run", "--policy", "business_name=overwrite"), "|"),
		list, write(t, dir, "other.csv", strings.Replace(rows, "PIZZA INC", "Pizza", 1))), "|")...)
	var job fibonacco.ImportJob
	if err := json.Unmarshal([]byte(last(step(0, "completed", "imports", "list", "--json"))), &job); err != nil {
		t.Fatal(err)
	}
	step(0, "list.csv: 3 rows, 2 created", "imports", "list", "--status", "completed")
	step(2, "must be one of", "imports", "list", "--status", "over")
	step(0, "3,primary_email,is not an e-mail address,not an address", "imports", "errors", job.UUID)
	step(0, "", "imports", "errors", job.UUID, "--out", filepath.Join(dir, "errors.csv"))
	step(2, "cannot write", "imports", "errors", job.UUID, "--out", filepath.Join(dir, "errors.csv"))
	step(1, "has ended", "imports", "cancel", job.UUID)
	step(0, `"removed":2`, "imports", "undo", job.UUID, "--json")
	step(1, "undone already", "imports", "undo", job.UUID)
	step(1, "no such import", "imports", "undo", "x")
	step(0, "taken back: 2 removed", "imports", "list")
	step(3, "2 rows: 1 suppressed, 0 blocked", "import", write(t, dir, "dnc.csv", "Email\nowner@pizza.example\nbad\n"), "--community", "red-hook", "--do-not-contact")
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	res := fibonacco.ImportResult{Total: 5000, Failed: 3}
	for want, got := range map[string]string{
		"5000 rows, 2500 rows/s, 3 failed":                progressLine(res, 0, 0, 2*time.Second, true),
		"5000 rows, 2500 rows/s, 25 %, 6s left, 3 failed": progressLine(res, 100, 400, 2*time.Second, false),
		"[███████░░░░░░░░░░░░░░░░░░░░░░░] 5000 rows, 2500 rows/s, 25 %, 6s left, 3 failed":  progressLine(res, 100, 400, 2*time.Second, true),
		"[██████████████████████████████] 5000 rows, 5000 rows/s, 100 %, 0s left, 3 failed": progressLine(res, 410, 400, time.Second, true),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
