package cleanup

import (
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/repazoo/repazoo/internal/removal"
	"github.com/repazoo/repazoo/internal/seal"
)

func place(parts ...string) []byte { return []byte(strings.Join(parts, "/")) }

// sealPost seals a post so that it opens only in its own row.
func (s *Service) sealPost(cleanupID string, p removal.Post) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return s.c.Seal.Seal(plain, place("cleanup_post", cleanupID, p.ID)), nil
}

// open gives an item with what is kept of its post; without a box it is the id alone.
func (s *Service) open(cleanupID string, r itemRow) (Item, error) {
	if r.sealed == nil {
		return r.Item, nil
	}
	plain, err := s.c.Seal.Open(r.sealed, place("cleanup_post", cleanupID, r.ID))
	if err != nil {
		return r.Item, err
	}
	r.kept = true
	return r.Item, json.Unmarshal(plain, &r.Post)
}

// signature is the keyed hash of a plan.
func (s *Service) sign(p removal.Plan) string {
	return hex.EncodeToString(s.c.Seal.MAC("cleanup plan", p.Canonical()))
}

// signed tells whether a plan is what was signed, with any key that is still in use.
func (s *Service) signed(p removal.Plan, signature string) bool {
	good := 0
	for _, sum := range s.c.Seal.MACs("cleanup plan", p.Canonical()) {
		good |= subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum)), []byte(signature))
	}
	return good == 1
}

// seed is what the key that signs receipts is made of.
func (s *Service) seed() []byte { return s.c.Seal.MAC("cleanup receipt", []byte("ed25519"))[:32] }

// ReceiptKeys are the public keys (Ed25519, base64) that receipts of this Repazoo may be signed with, the current
// first.
func (s *Service) ReceiptKeys() []string {
	var keys []string
	for _, seed := range s.c.Seal.MACs("cleanup receipt", []byte("ed25519")) {
		keys = append(keys, removal.PublicKey(seed[:32]))
	}
	return keys
}

// SealedColumns is where this package keeps boxes, for package keyring.
func SealedColumns() []seal.Column {
	return []seal.Column{
		{Table: "cleanup_posts", Name: "sealed", Key: []string{"cleanup_id", "post_id"}, Bound: func(key []string) []byte {
			return place("cleanup_post", key[0], key[1])
		}},
		{
			Table: "cleanups", Name: "receipt", Key: []string{"id"},
			Bound: func(key []string) []byte { return place("receipt", key[0]) },
		},
	}
}
