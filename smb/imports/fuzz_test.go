package imports_test

import (
	"bytes"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/imports"
)

// Whatever a file holds, reading it ends, without a panic, and lines are counted upwards.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		one, "[{\"name\":\"A\",\"zip\":1},{\"name\":{}}]", "{\"name\":\"A\"}\n{\"name\":\n{\"x\":[1,{}]}\n", "sep=;\nName;Phone\n\"a\n;1\n",
		"\xff\xfeN\x00a\x00m\x00e\x00\n\x00A\x00", "\xef\xbb\xbfname\n\x80\x00", "[", "{", "[{}]", "[{\"name\":\"\\ud800\"}]",
	} {
		f.Add([]byte(seed))
	}
	f.Add(workbook(f, [][]string{{"Title"}, {"Name", "Email"}, {"A", "=1+1"}, {"=#REF!", "a@a.example"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, good, err := imports.ReadAll(bytes.NewReader(data))
		if code := fibonacco.CodeOf(err); err != nil && code != fibonacco.Invalid && code != fibonacco.Malformed {
			t.Fatalf("%v of %q", err, data)
		}
		if good > len(lines) {
			t.Fatalf("%d good rows of %d", good, len(lines))
		}
		before := 1
		for _, line := range lines {
			if line < before {
				t.Fatalf("line %d after line %d in %q", line, before, data)
			}
			before = line
		}
	})
}
