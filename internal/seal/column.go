package seal

import "encoding/hex"

// Column is a place in the database where boxes are kept.
type Column struct {
	Table, Name string
	Key         []string // the columns that name a row; their values are read as text

	// Bound is the associated data of the box in the row with this key.
	Bound func(key []string) []byte
	// Moved is the key a row has under the current secret. It is nil where keys do
	// not depend on a secret.
	Moved func(s *Sealer, key []string, plain []byte) ([]string, error)
}

// PrefixSize is how many bytes of a box tell which key sealed it.
const PrefixSize = header

// Prefix is what every box begins with that is sealed now, [PrefixSize] bytes.
// Databases compare it, so that finding old boxes opens none.
func (s *Sealer) Prefix() []byte { return append([]byte{version}, s.keys()[0].id[:]...) }

// PrefixID is [KeyID] of the first [PrefixSize] bytes of a box.
func PrefixID(prefix []byte) string {
	if len(prefix) != PrefixSize || prefix[0] != version {
		return ""
	}
	return hex.EncodeToString(prefix[1:])
}
