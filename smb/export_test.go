package smb

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// AgeHeadcounts makes what was counted of communities old, as of a count that took long.
func AgeHeadcounts(s *Service) {
	s.heads.mu.Lock()
	defer s.heads.mu.Unlock()
	now := fibonacco.RealTime()
	for id, k := range s.heads.kept {
		s.heads.kept[id] = keptHeadcount{k.headcount, now, now.Add(time.Hour)}
	}
}
