package access

// Hashed is how many passwords were hashed or checked so far.
func (s *Service) Hashed() int64 { return s.hashed.Load() }
