package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

const dots = "(••••)"

// Format hides the tokens from every verb of fmt.
func (Tokens) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Tokens"+dots) }

// LogValue hides the tokens from slog.
func (Tokens) LogValue() slog.Value { return slog.StringValue("Tokens" + dots) }

// Format hides the state and the browser's secret from every verb of fmt.
func (Authorization) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Authorization"+dots) }

// LogValue hides the state and the browser's secret from slog.
func (Authorization) LogValue() slog.Value { return slog.StringValue("Authorization" + dots) }

// Format hides state, code and secret from every verb of fmt.
func (Callback) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Callback"+dots) }

// LogValue hides state, code and secret from slog.
func (Callback) LogValue() slog.Value { return slog.StringValue("Callback" + dots) }

// Format hides the tokens of X from every verb of fmt.
func (pair) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "pair"+dots) }

// newSecret is 32 random bytes as 43 characters that fit into a URL and a cookie.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// hash is how a secret of ours is stored: 32 random bytes need no slow hash.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
