package account

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
)

// KeyPattern is what every API key looks like, for scanners that look for leaked ones:
//
//	rpz_ | 32 characters, which are 160 random bits | 7 characters, which are a CRC-32 of everything before them
//
// The checksum tells a key from what only resembles one, and a typing mistake from a guess, without asking the
// database.
const KeyPattern = `rpz_[A-Z2-7]{39}`

const (
	keyPrefix   = "rpz_"
	keyRandom   = 20 // bytes
	keyBodyLen  = len(keyPrefix) + 32
	keyLen      = keyBodyLen + 7
	hintLen     = 4
	keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // has no 0 and 1, which are taken for O and I
)

// newKeySecret makes a key that nobody can guess.
func newKeySecret() string {
	b := make([]byte, keyRandom)
	rand.Read(b) // never fails
	body := keyPrefix + encode(b)
	return body + checksum(body)
}

func encode(b []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

func checksum(body string) string {
	return encode(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// IsKey tells an API key from an access token by how it begins. It need not be a good one.
func IsKey(bearer string) bool { return strings.HasPrefix(bearer, keyPrefix) }

// keyHash is how a key is stored. It refuses what no key of ours can be.
func keyHash(key string) (string, bool) {
	if len(key) != keyLen || !IsKey(key) || strings.Trim(key[len(keyPrefix):], keyAlphabet) != "" ||
		checksum(key[:keyBodyLen]) != key[keyBodyLen:] {
		return "", false
	}
	return hash(key), true
}

// Format hides the secret from every verb of fmt.
func (NewKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "NewKey"+dots) }

// LogValue hides the secret from slog.
func (NewKey) LogValue() slog.Value { return slog.StringValue("NewKey" + dots) }
