package consent

import (
	"errors"
	"io"

	"github.com/fibonacco/fibonacco"
)

// ReadFile is all that a do-not-contact file says.
func ReadFile(r io.Reader) (found []string, bad []fibonacco.ImportError, err error) {
	f, err := openFile(r)
	if err != nil {
		return nil, nil, err
	}
	for {
		line, err := f.next()
		if errors.Is(err, io.EOF) {
			return found, bad, nil
		}
		if err != nil {
			return found, bad, err
		}
		for _, t := range line.targets {
			found = append(found, t.value)
		}
		bad = append(bad, line.bad...)
	}
}
