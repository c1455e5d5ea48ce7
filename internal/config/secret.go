package config

import (
	"fmt"
	"log/slog"
	"strings"
)

const dots = "•••••"

// Secret is a value that prints as dots wherever it goes: fmt, JSON, logs. It
// is read with [Secret.Reveal] alone.
type Secret struct {
	value *string // a pointer, so that not even an unexported field of another struct prints it
}

// NewSecret makes a Secret; an empty one is not set.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value, or "" when it is not set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != nil }

// String returns dots, or "" when it is not set.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return dots
}

// GoString is [Secret.String].
func (s Secret) GoString() string { return s.String() }

// Format prints [Secret.String] whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue is [Secret.String].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is [Secret.String]; JSON uses it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// EnvDecode takes the value of a variable.
func (s *Secret) EnvDecode(value string) error {
	*s = NewSecret(value)
	return nil
}

// Secrets are several values of one variable, comma separated, the current one first.
type Secrets []Secret

// Reveal returns the values.
func (s Secrets) Reveal() []string {
	values := make([]string, 0, len(s))
	for _, secret := range s {
		values = append(values, secret.Reveal())
	}
	return values
}

// EnvDecode splits the value of a variable.
func (s *Secrets) EnvDecode(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*s = append(*s, NewSecret(part))
		}
	}
	return nil
}
