package removal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Plan is what is frozen and signed: whose posts, and which of them with which words.
type Plan struct {
	ID      string // of the clean-up
	UserID  string
	Account string // X's id of the account whose posts these are
	Posts   []Post // in the order in which they go
}

// Canonical is the one form of a plan that is signed. Every part stands with its length, so that no two plans look
// alike.
func (p Plan) Canonical() []byte {
	var b bytes.Buffer
	part := func(s string) {
		b.WriteString(strconv.Itoa(len(s)))
		b.WriteByte(':')
		b.WriteString(s)
	}
	for _, s := range []string{"repazoo-cleanup-1", p.ID, p.UserID, p.Account, strconv.Itoa(len(p.Posts))} {
		part(s)
	}
	for _, post := range p.Posts {
		part(post.ID)
		part(post.Hash)
	}
	return b.Bytes()
}

// Hash is the fingerprint of a text, as in the plan, the backup and the receipt.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
