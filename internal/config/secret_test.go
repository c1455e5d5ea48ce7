package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/config"
)

func TestSecret_PrintsAsDotsEverywhere(t *testing.T) {
	t.Parallel()
	secret := config.NewSecret("hunter2")
	holder := struct {
		Shown  config.Secret
		hidden config.Secret
		List   config.Secrets
	}{secret, secret, config.Secrets{secret}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", secret, &secret, holder)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "s", secret, "h", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", secret, "h", holder)
	encoded, err := json.Marshal(map[string]any{"s": secret, "h": holder})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%d", []byte("hunter2"))} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q leaked:\n%s", leak, out.String())
		}
	}
	if secret.Reveal() != "hunter2" || !secret.IsSet() || config.NewSecret("").IsSet() ||
		config.NewSecret("").String() != "" {
		t.Error("a secret does not know its value")
	}
}

func TestConfig_PrintsNoSecret(t *testing.T) {
	t.Parallel()
	c := load(t, hosted("ai"))
	var out strings.Builder
	fmt.Fprintf(&out, "%v %+v %#v", c, *c, *c)
	for _, value := range c.All() {
		fmt.Fprintln(&out, value)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, leak := range []string{jwtKey, encryptionKey, "hunter2", "sk_live_x", "whsec_x"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q leaked", leak)
		}
	}
}
