package fibonacco_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
)

func signer(t testing.TB, secrets string) *fibonacco.Signer {
	t.Helper()
	s, err := fibonacco.NewSigner(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	keyA = strings.Repeat("a", 32)
	keyB = strings.Repeat("5e", 32) // hex
)

func TestSendTokenRoundTrip(t *testing.T) {
	s := signer(t, keyA)
	rapid.Check(t, func(t *rapid.T) {
		want := fibonacco.SendClaim{SendID: rapid.Int64().Draw(t, "send"), SMBID: rapid.Int64().Draw(t, "smb"), LinkID: rapid.Int64().Draw(t, "link")}
		token := s.SignSend(fibonacco.TrackToken, want)
		got, ok := s.VerifySend(fibonacco.TrackToken, token)
		if !ok || got != want {
			t.Fatalf("%s → %+v %v, want %+v", token, got, ok, want)
		}
		if _, ok := s.VerifySend(fibonacco.UnsubscribeToken, token); ok {
			t.Fatal("a token of one kind opens another's door")
		}
	})
}

func TestIDToken(t *testing.T) {
	s := signer(t, keyA)
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64().Draw(t, "confirmation")
		token := s.SignID(fibonacco.ConfirmToken, want)
		if got, ok := s.VerifyID(fibonacco.ConfirmToken, token); !ok || got != want {
			t.Fatalf("%s → %d %v, want %d", token, got, ok, want)
		}
		if _, ok := s.VerifySend(fibonacco.UnsubscribeToken, token); ok {
			t.Fatal("a token of one kind opens another's door")
		}
		send := s.SignSend(fibonacco.UnsubscribeToken, fibonacco.SendClaim{SendID: want, SMBID: 7})
		if _, ok := s.VerifyID(fibonacco.ConfirmToken, send); ok {
			t.Fatal("the way out is a way in")
		}
	})
}

// Whatever single character of a token is changed, it proves nothing.
func TestAlteredTokensProveNothing(t *testing.T) {
	s := signer(t, keyA)
	token := s.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 12345, SMBID: 678, LinkID: 1})
	for i := range token {
		for _, c := range "AbZ09-_" {
			altered := token[:i] + string(c) + token[i+1:]
			if altered == token {
				continue
			}
			if _, ok := s.VerifySend(fibonacco.TrackToken, altered); ok {
				t.Fatalf("%s passes for %s", altered, token)
			}
		}
	}
	for _, bad := range []string{"", "A", token + "A", token[1:], token + "=", strings.Repeat("A", 5000)} {
		if _, ok := s.VerifySend(fibonacco.TrackToken, bad); ok {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	old := signer(t, keyA).SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 1})
	both := signer(t, keyB+", "+keyA)
	if _, ok := both.VerifySend(fibonacco.TrackToken, old); !ok {
		t.Error("a token of the old key no longer opens anything")
	}
	fresh := both.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 1})
	if _, ok := signer(t, keyA).VerifySend(fibonacco.TrackToken, fresh); ok {
		t.Error("the old key signs after a new one was put in front")
	}
	if _, ok := signer(t, keyB).VerifySend(fibonacco.TrackToken, fresh); !ok {
		t.Error("the new key does not sign")
	}
	for _, short := range []string{"", "secret", keyA + ","} {
		if _, err := fibonacco.NewSigner(short); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("NewSigner(%q) = %v, want Invalid", short, err)
		}
	}
}

func TestApprovalToken(t *testing.T) {
	s := signer(t, keyA)
	want := fibonacco.ApprovalClaim{SMBID: 9, ServiceType: "listing_claim", SourceID: "HOOK-001", Expires: time.Unix(1_800_000_000, 0).UTC()}
	got, ok := s.VerifyApproval(s.SignApproval(want))
	if !ok || got != want {
		t.Errorf("got %+v %v, want %+v", got, ok, want)
	}
}

func FuzzVerify(f *testing.F) {
	s := signer(f, keyA)
	f.Add(s.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 1, SMBID: 2, LinkID: 3}))
	f.Add(s.SignApproval(fibonacco.ApprovalClaim{SMBID: 1}))
	f.Add("")
	known := map[string]bool{s.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 1, SMBID: 2, LinkID: 3}): true}
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok := s.VerifySend(fibonacco.TrackToken, token); ok && !known[token] {
			t.Errorf("%q passes, and nobody signed it", token)
		}
		s.VerifyApproval(token)
	})
}

func BenchmarkAppendSend(b *testing.B) {
	s := signer(b, keyA)
	buf := make([]byte, 0, 128)
	for b.Loop() {
		buf = s.AppendSend(buf[:0], fibonacco.TrackToken, fibonacco.SendClaim{SendID: 123456, SMBID: 98765, LinkID: 2})
	}
}

func TestOwnerToken(t *testing.T) {
	s := signer(t, keyA)
	rapid.Check(t, func(t *rapid.T) {
		want := fibonacco.OwnerClaim{SMBID: rapid.Int64Min(1).Draw(t, "smb"), Expires: time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "expires"), 0).UTC()}
		token := s.SignOwner(want)
		if got, ok := s.VerifyOwner(token); !ok || got != want {
			t.Fatalf("%s → %v %v, want %v", token, got, ok, want)
		}
		if _, ok := s.VerifyID(fibonacco.BookingToken, token); ok {
			t.Fatal("an owner's token opens a booking")
		}
		if _, ok := s.VerifyOwner(s.SignID(fibonacco.OwnerToken, want.SMBID)); ok {
			t.Fatal("an id alone is an owner's token")
		}
	})
}
