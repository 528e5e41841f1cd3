package fibonacco_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestSealedTextsOpenOnlyAsTheyWereSealed(t *testing.T) {
	s, other := signer(t, keyA), signer(t, keyB)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		sealed := s.Seal("answers", text)
		if got, ok := s.Open("answers", sealed); !ok || !bytes.Equal(got, text) {
			t.Fatalf("opened %x %v, want %x", got, ok, text)
		}
		if _, ok := s.Open("codes", sealed); ok {
			t.Fatal("another purpose opens it")
		}
		if _, ok := other.Open("answers", sealed); ok {
			t.Fatal("another key opens it")
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		altered := bytes.Clone(sealed)
		altered[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, ok := s.Open("answers", altered); ok {
			t.Fatalf("byte %d changed, and it opens", at)
		}
		if _, ok := s.Open("answers", sealed[:at]); ok {
			t.Fatalf("%d bytes of it open", at)
		}
	})
}

// A text hides, the same text twice too, and a key that was replaced still opens.
func TestSealing(t *testing.T) {
	old := signer(t, keyA)
	text := []byte("fib_0123456789ABCDEFGHIJ")
	first, second := old.Seal("answers", text), old.Seal("answers", text)
	if bytes.Contains(first, text) || bytes.Equal(first, second) {
		t.Errorf("%x and %x", first, second)
	}
	rotated := signer(t, keyB+","+keyA)
	if got, ok := rotated.Open("answers", first); !ok || !bytes.Equal(got, text) {
		t.Errorf("after rotation: %q %v", got, ok)
	}
	if _, ok := old.Open("answers", rotated.Seal("answers", text)); ok {
		t.Error("the old key opens what the new one sealed")
	}
	if _, ok := old.Open("answers", nil); ok {
		t.Error("nothing opens")
	}
}
