// Words takes every sentence that a person reads on a page out of the templates and the Go beside them, and
// writes them into one file, sorted, each with the files it stands in: docs/words.txt. It is for proofreading, for
// giving one thing one name, and for whoever translates the product one day. Run it from the root, by "make words";
// with -check it writes nothing and fails when the file is not current.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folders hold what people read: the staff pages and the public ones.
var folders = []string{"web/ui", "web/public"}

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "fail when the file is not current")
	root := flag.String("root", ".", "the root of the repository")
	name := flag.String("o", "docs/words.txt", "the file, below the root")
	flag.Parse()
	if err := run(*root, *name, *check); err != nil {
		log.Fatal(err)
	}
}

func run(root, name string, check bool) error {
	c := catalogue{}
	for _, folder := range folders {
		if err := c.readFolder(root, folder); err != nil {
			return err
		}
	}
	path := filepath.Join(root, name)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what is there: %w", err)
	}
	text := c.bytes()
	switch {
	case bytes.Equal(old, text):
		return nil
	case check:
		return fmt.Errorf("%s is not current, run 'make words'", name)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write the catalogue: %w", err)
	}
	return nil
}

// catalogue is each sentence with the files it stands in.
type catalogue map[string]map[string]bool

func (c catalogue) add(sentence, file string) {
	if c[sentence] == nil {
		c[sentence] = map[string]bool{}
	}
	c[sentence][file] = true
}

func (c catalogue) readFolder(root, folder string) error {
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		return fmt.Errorf("list %s: %w", folder, err)
	}
	for _, e := range entries {
		file := folder + "/" + e.Name()
		read := c.readGo
		switch {
		case strings.HasSuffix(file, "_test.go"), strings.HasSuffix(file, "_templ.go"):
			continue
		case strings.HasSuffix(file, ".templ"):
			read = c.readTemplate
		case !strings.HasSuffix(file, ".go"):
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if err := read(file, text); err != nil {
			return fmt.Errorf("understand %s: %w", file, err)
		}
	}
	return nil
}

func (c catalogue) bytes() []byte {
	var b bytes.Buffer
	order := slices.SortedFunc(maps.Keys(c), func(x, y string) int {
		return strings.Compare(strings.ToLower(x)+"\x00"+x, strings.ToLower(y)+"\x00"+y)
	})
	for _, sentence := range order {
		fmt.Fprintf(&b, "%s\t%s\n", sentence, strings.Join(slices.Sorted(maps.Keys(c[sentence])), " "))
	}
	return b.Bytes()
}
