package notice

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// Compose is compose, for tests.
func (s *Service) Compose(n *fibonacco.Notice, id string, at time.Time) ([]byte, error) {
	return s.compose(n, id, at)
}
