package imports

import (
	"encoding/binary"
	"errors"
	"slices"
)

// packIDs writes ids as runs of neighbours, the distance to the run before and its length: a batch
// of new businesses has a run or two. The ids are sorted on the way.
func packIDs(ids []int64) []byte {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	out := []byte{}
	last := int64(0)
	for i := 0; i < len(ids); {
		j := i + 1
		for j < len(ids) && ids[j] <= ids[j-1]+1 {
			j++
		}
		out = binary.AppendVarint(out, ids[i]-last)
		out = binary.AppendUvarint(out, uint64(ids[j-1]-ids[i]))
		last, i = ids[j-1], j
	}
	return out
}

var errPacked = errors.New("a stored list of ids is damaged")

// unpackIDs is the reverse of packIDs.
func unpackIDs(b []byte) ([]int64, error) {
	var ids []int64
	last := int64(0)
	for len(b) > 0 {
		gap, n := binary.Varint(b)
		if n <= 0 {
			return nil, errPacked
		}
		length, m := binary.Uvarint(b[n:])
		if m <= 0 || length > 1<<20 {
			return nil, errPacked
		}
		b = b[n+m:]
		first := last + gap
		last = first + int64(length)
		for id := first; id <= last; id++ {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
