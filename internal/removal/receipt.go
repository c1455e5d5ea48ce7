package removal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"time"
)

// Receipt says what became of each post of a plan. It holds no text.
type Receipt struct {
	Format    string         `json:"format"` // ReceiptFormat
	ID        string         `json:"id"`
	Account   string         `json:"account"` // X's id
	Handle    string         `json:"handle"`
	Began     *time.Time     `json:"began"` // when the first deletion was allowed; null where all were done by hand
	Ended     time.Time      `json:"ended"`
	Consent   string         `json:"consent_version,omitempty"`
	Before    *float64       `json:"score_before"`
	After     *float64       `json:"score_after"`
	Counts    map[string]int `json:"counts"` // by outcome
	Posts     []ReceiptPost  `json:"posts"`
	Key       string         `json:"key"`       // the public key (Ed25519, base64) that Signature is of
	Signature string         `json:"signature"` // over this document with an empty signature, as compact JSON
}

// ReceiptFormat names the form of a receipt.
const ReceiptFormat = "repazoo-receipt-1"

// ReceiptPost is one line of a receipt.
type ReceiptPost struct {
	ID      string     `json:"id"`
	Hash    string     `json:"sha256,omitempty"` // of the text; "" where X has not shown it
	Outcome Outcome    `json:"outcome"`
	AskedAt *time.Time `json:"asked_at"` // when X was asked to delete it; null where it was not
	At      *time.Time `json:"at"`       // when the outcome was known
}

var errReceipt = errors.New("removal: this is no receipt, or it was changed")

// Sign signs a receipt with the key made of a seed of 32 bytes.
func (r Receipt) Sign(seed []byte) ([]byte, error) {
	key := ed25519.NewKeyFromSeed(seed)
	r.Key, r.Signature = PublicKey(seed), ""
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	r.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, body))
	return json.Marshal(r)
}

// PublicKey is what a receipt that was signed with a seed is checked with.
func PublicKey(seed []byte) string {
	public, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	return base64.StdEncoding.EncodeToString(public)
}

// ended tells whether nothing stands behind the document: what was added is not signed.
func ended(d *json.Decoder) bool {
	_, err := d.Token()
	return errors.Is(err, io.EOF)
}

// Verify reads a receipt and checks that one of these keys signed it as it is.
func Verify(file []byte, keys ...string) (r Receipt, err error) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if d.Decode(&r) != nil || r.Format != ReceiptFormat || !ended(d) {
		return Receipt{}, errReceipt
	}
	signature, err := base64.StdEncoding.DecodeString(r.Signature)
	bare := r
	bare.Signature = ""
	body, err2 := json.Marshal(bare)
	if err != nil || err2 != nil {
		return Receipt{}, errReceipt
	}
	for _, k := range keys {
		public, err := base64.StdEncoding.DecodeString(k)
		if err == nil && k == r.Key && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, body, signature) {
			return r, nil
		}
	}
	return Receipt{}, errReceipt
}
