package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fibonacco/fibonacco"
)

// authenticator is a passkey as a device keeps it: ES256, attestation "none", and what a browser
// adds. Its fields may be bent to see what is refused.
type authenticator struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte // of the user it was made for

	origin string
	rpID   string
	flags  byte
	count  uint32
}

// What authenticator data says about itself.
const (
	userPresent    = 0x01
	userVerified   = 0x04
	backupEligible = 0x08
	backedUp       = 0x10
	hasCredential  = 0x40
)

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &authenticator{t: t, key: key, id: id, origin: publicURL, rpID: "crm.example.com", flags: userPresent | userVerified}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// cborHead begins an item of CBOR: its kind and a number below 65,536.
func cborHead(kind byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{kind<<5 | byte(n)}
	case n < 256:
		return []byte{kind<<5 | 24, byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{kind<<5 | 25}, uint16(n))
}

func cborBytes(b []byte) []byte { return append(cborHead(2, len(b)), b...) }
func cborText(s string) []byte  { return append(cborHead(3, len(s)), s...) }
func cborUint(n int) []byte     { return cborHead(0, n) }
func cborNegative(n int) []byte { return cborHead(1, -1-n) }
func joined(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func (a *authenticator) authData(extra []byte) []byte {
	hash := sha256.Sum256([]byte(a.rpID))
	flags := a.flags
	if extra != nil {
		flags |= hasCredential
	}
	return joined(hash[:], []byte{flags}, binary.BigEndian.AppendUint32(nil, a.count), extra)
}

func (a *authenticator) clientData(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	must(a.t, err)
	return text
}

// create answers the options of a registration.
func (a *authenticator) create(options json.RawMessage) json.RawMessage {
	a.t.Helper()
	var o struct {
		Challenge string
		User      struct{ ID string }
		RP        struct{ ID string }
	}
	must(a.t, json.Unmarshal(options, &o))
	var err error
	a.handle, err = base64.RawURLEncoding.DecodeString(o.User.ID)
	must(a.t, err)
	point, err := a.key.PublicKey.Bytes() // 4, X, Y
	must(a.t, err)
	cose := joined(cborHead(5, 5), cborUint(1), cborUint(2), cborUint(3), cborNegative(-7), cborNegative(-1), cborUint(1),
		cborNegative(-2), cborBytes(point[1:33]), cborNegative(-3), cborBytes(point[33:]))
	data := a.authData(joined(make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(a.id))), a.id, cose))
	object := joined(cborHead(5, 3), cborText("fmt"), cborText("none"), cborText("attStmt"), cborHead(5, 0), cborText("authData"), cborBytes(data))
	return a.answer(map[string]any{
		"clientDataJSON": b64(a.clientData("webauthn.create", o.Challenge)), "attestationObject": b64(object), "transports": []string{"internal"},
	})
}

// get answers the options of a sign-in.
func (a *authenticator) get(options json.RawMessage) json.RawMessage {
	a.t.Helper()
	var o struct{ Challenge string }
	must(a.t, json.Unmarshal(options, &o))
	data, client := a.authData(nil), a.clientData("webauthn.get", o.Challenge)
	clientHash := sha256.Sum256(client)
	digest := sha256.Sum256(joined(data, clientHash[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	must(a.t, err)
	return a.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(a.handle),
	})
}

func (a *authenticator) answer(response map[string]any) json.RawMessage {
	text, err := json.Marshal(map[string]any{
		"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
	must(a.t, err)
	return text
}

// register adds the passkey to a user's account.
func (h *house) register(u *fibonacco.User, a *authenticator, name string) (*fibonacco.Passkey, error) {
	h.t.Helper()
	ctx := h.as(u)
	c, err := h.BeginNewPasskey(ctx)
	must(h.t, err)
	return h.AddPasskey(ctx, c.ID, name, a.create(c.Options))
}

// signInBy signs in with the passkey.
func (h *house) signInBy(a *authenticator) (*fibonacco.SignedIn, error) {
	h.t.Helper()
	c, err := h.BeginPasskey(h.ctx())
	must(h.t, err)
	a.count++
	return h.FinishPasskey(h.ctx(), c.ID, a.get(c.Options))
}
