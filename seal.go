package fibonacco

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

// sealKind keeps the keys of sealing apart from everything that is signed.
const sealKind TokenKind = 0

// Seal makes a text unreadable for whoever has the database but not the secret key (AES-256-GCM).
// The purpose is part of the key: what was sealed for one opens for no other. It is at most 28
// bytes longer than text, and one for the key's id.
func (s *Signer) Seal(purpose string, text []byte) []byte {
	box := s.keys[0].box(purpose)
	sealed := make([]byte, 1+box.NonceSize(), 1+box.NonceSize()+len(text)+box.Overhead())
	sealed[0] = s.keys[0].id
	_, _ = rand.Read(sealed[1:])                   // never fails
	return box.Seal(sealed, sealed[1:], text, nil) //nolint:gosec // the nonce is random: it was filled in a line above
}

// Open is the text that Seal was given for the same purpose, by any of the keys that are still
// known; false for anything else.
func (s *Signer) Open(purpose string, sealed []byte) (text []byte, ok bool) {
	for _, key := range s.keys {
		if len(sealed) == 0 || key.id != sealed[0] {
			continue
		}
		box := key.box(purpose)
		if len(sealed) < 1+box.NonceSize() {
			return nil, false
		}
		nonce := sealed[1 : 1+box.NonceSize()]
		if text, err := box.Open(nil, nonce, sealed[1+box.NonceSize():], nil); err == nil {
			return text, true
		}
	}
	return nil, false
}

// box is the cipher of a purpose; its key is derived from the secret.
func (k signKey) box(purpose string) cipher.AEAD {
	derived := k.appendMAC(nil, sealKind, append([]byte("1:"), purpose...))
	derived = k.appendMAC(derived, sealKind, append([]byte("2:"), purpose...))
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return box
}
