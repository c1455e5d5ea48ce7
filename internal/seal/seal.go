// Package seal encrypts the secrets that Repazoo stores: provider tokens,
// sign-in verifiers and kept posts.
//
// A [Sealer] is made from the configured secrets. The first seals; all of them
// open, which is how keys are rotated: put the new secret in front, let every
// box whose [KeyID] is not [Sealer.KeyID] be opened and sealed again, then
// drop the old secret. [Sealer.Adopt] does the first and the last step while
// the program runs.
//
//	sealer, err := seal.New(newSecret, oldSecret)
//	box := sealer.Seal(token, rowID)        // rowID is not stored in the box
//	token, err := sealer.Open(box, rowID)   // ErrTampered for another row's box
//
// Every box is bound to its place by associated data, usually the row's id, so
// that a box copied to another row does not open.
//
// Whoever stores boxes describes where in [Column] values, which is what lets
// package keyring find and seal all of them again.
//
// The cipher is Tink's XChaCha20-Poly1305, whose random nonces are long enough
// for any number of boxes under one key. Keys are derived from the secrets with
// HKDF-SHA256. A box is
//
//	version (1 byte, 1) | key id (8 bytes) | nonce (24) | ciphertext and tag (len+16)
package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// MinSecret is the length in bytes below which [New] refuses a secret.
const MinSecret = 32

// Overhead is how many bytes longer a box is than what it holds.
const Overhead = header + 24 + 16

var (
	// ErrUnknownKey says that a box was sealed with a secret this Sealer does not have.
	ErrUnknownKey = errors.New("seal: sealed with a key that is not configured")
	// ErrTampered says that a box was changed, cut, or belongs to other associated data.
	ErrTampered = errors.New("seal: changed, cut short, or bound to something else")
)

const (
	version = 1
	idSize  = 8
	header  = 1 + idSize
)

// Sealer seals and opens. It is safe for concurrent use and prints no key.
type Sealer struct {
	held atomic.Pointer[[]key] // the first seals
}

func (s *Sealer) keys() []key { return *s.held.Load() }

// Adopt replaces the keys of s by those of other while s is in use. Whatever s
// does uses either all of the former keys or all of the new ones.
func (s *Sealer) Adopt(other *Sealer) { s.held.Store(other.held.Load()) }

type key struct {
	id     [idSize]byte
	cipher *subtle.XChaCha20Poly1305
	mac    []byte
}

// New makes a Sealer from secrets of at least [MinSecret] bytes each, the
// current one first. Its errors name a secret by its position, never by value.
func New(secrets ...string) (*Sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("seal: no secret given")
	}
	var keys []key
	for i, secret := range secrets {
		if len(secret) < MinSecret {
			return nil, fmt.Errorf("seal: secret %d is %d bytes long, it needs at least %d", i+1, len(secret), MinSecret)
		}
		k, err := derive(secret)
		if err != nil {
			return nil, err
		}
		if _, ok := find(keys, k.id); ok {
			return nil, fmt.Errorf("seal: secret %d is given twice", i+1)
		}
		keys = append(keys, k)
	}
	s := &Sealer{}
	s.held.Store(&keys)
	return s, nil
}

// derive expands one secret into three values that tell nothing about each other.
func derive(secret string) (key, error) {
	var k key
	extracted, err := hkdf.Extract(sha256.New, []byte(secret), []byte("repazoo/seal/v1"))
	if err != nil {
		return key{}, err
	}
	expand := func(info string, size int) (out []byte) {
		if err == nil {
			out, err = hkdf.Expand(sha256.New, extracted, info, size)
		}
		return out
	}
	id, aead, mac := expand("id", idSize), expand("xchacha20-poly1305", 32), expand("hmac-sha256", 32)
	if err != nil {
		return key{}, err
	}
	copy(k.id[:], id)
	k.mac = mac
	k.cipher, err = subtle.NewXChaCha20Poly1305(aead)
	return k, err
}

// Seal encrypts plain under the first secret, bound to associated.
func (s *Sealer) Seal(plain, associated []byte) []byte {
	k := s.keys()[0]
	ciphertext, err := k.cipher.Encrypt(plain, associated)
	if err != nil {
		panic(err) // only for input near the size of the address space
	}
	box := make([]byte, 0, header+len(ciphertext))
	box = append(append(box, version), k.id[:]...)
	return append(box, ciphertext...)
}

// Open decrypts a box that [Sealer.Seal] made with the same associated data.
// It fails with [ErrUnknownKey] or [ErrTampered].
func (s *Sealer) Open(box, associated []byte) ([]byte, error) {
	id, ok := idOf(box)
	if !ok {
		return nil, ErrTampered
	}
	k, ok := find(s.keys(), id)
	if !ok {
		return nil, ErrUnknownKey
	}
	plain, err := k.cipher.Decrypt(box[header:], associated)
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}

// KeyID returns the name of the key that sealed box as 16 hex digits, or ""
// when box is not one. It tells nothing about the key.
func KeyID(box []byte) string {
	id, ok := idOf(box)
	if !ok {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// KeyID returns the name of the key that seals now, as [KeyID] spells it.
func (s *Sealer) KeyID() string { return hex.EncodeToString(s.keys()[0].id[:]) }

// KeyIDs returns the names of all keys, the one that seals first.
func (s *Sealer) KeyIDs() []string {
	keys := s.keys()
	ids := make([]string, 0, len(keys))
	for _, k := range keys {
		ids = append(ids, hex.EncodeToString(k.id[:]))
	}
	return ids
}

// MAC returns a keyed hash of data (32 bytes) under the first secret, for
// looking up or counting by values that must not be readable where they are
// kept. Hashes for different purposes have nothing in common.
func (s *Sealer) MAC(purpose string, data []byte) []byte {
	return s.keys()[0].sum(purpose, data)
}

// MACs returns the [Sealer.MAC] under each secret, the current one first: a
// lookup that must still find what was stored before a rotation tries them all.
func (s *Sealer) MACs(purpose string, data []byte) [][]byte {
	keys := s.keys()
	sums := make([][]byte, 0, len(keys))
	for _, k := range keys {
		sums = append(sums, k.sum(purpose, data))
	}
	return sums
}

// Format prints the ids of the keys whatever the verb, so that no log can hold a key.
func (s *Sealer) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, "seal.Sealer")
	for _, k := range s.keys() {
		fmt.Fprintf(f, " %x", k.id)
	}
}

// sum hashes the purpose's length first, so that no two pairs are the same bytes.
func (k key) sum(purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(purpose))))
	h.Write([]byte(purpose))
	h.Write(data)
	return h.Sum(nil)
}

func find(keys []key, id [idSize]byte) (key, bool) {
	for _, k := range keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}

func idOf(box []byte) (id [idSize]byte, ok bool) {
	if len(box) < Overhead || box[0] != version {
		return id, false
	}
	return [idSize]byte(box[1:header]), true
}
