package account

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The example of RFC 7515, appendix A.1, and its key.
const (
	rfc7515Header  = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
	rfc7515Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	rfc7515MAC     = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfc7515Key     = "AyM1SysPpbyDfgZld3umj1qzKObwVMko" + "qQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
)

func TestVerify_ReadsTheExampleOfRFC7515(t *testing.T) {
	t.Parallel()
	key, err := base64.RawURLEncoding.DecodeString(rfc7515Key)
	if err != nil {
		t.Fatal(err)
	}
	read := func(token string) (jwt.MapClaims, error) {
		c := jwt.MapClaims{}
		before := func() time.Time { return time.Unix(1300819379, 0) }
		_, err := jwt.NewParser(strict(before)...).ParseWithClaims(token, c,
			func(*jwt.Token) (any, error) { return key, nil })
		return c, err
	}
	c, err := read(rfc7515Header + "." + rfc7515Payload + "." + rfc7515MAC)
	if err != nil || c["iss"] != "joe" || c["http://example.com/is_root"] != true {
		t.Fatalf("got %v, %v", c, err)
	}
	if _, err := read(rfc7515Header + "." + rfc7515Payload + "." +
		strings.Replace(rfc7515MAC, "dB", "dC", 1)); err == nil {
		t.Fatal("a changed signature was accepted")
	}
}

// disputed are vectors whose verdict is not taken over.
var disputed = map[int]string{
	367: "is to the letter vector 357, which is valid",
	370: "is to the letter vector 357, which is valid",
	372: "has a character in the header that is not of base64url; called valid for readers who skip it",
	373: "has a character in the payload that is not of base64url; called valid for readers who skip it",
}

func TestVerify_DecidesLikeTheHS256VectorsOfWycheproof(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, g := range vectors(t) {
		if g.Private.Type != "oct" || g.Private.Algorithm != "HS256" {
			continue
		}
		key, err := base64.RawURLEncoding.DecodeString(g.Private.Key)
		if err != nil {
			t.Fatal(err)
		}
		set := keySet{keys: []signingKey{{g.Private.ID, key}}}
		for _, v := range g.Tests {
			seen++
			want := v.Result == "valid"
			if disputed[v.ID] != "" {
				want = !want
			}
			if err := checkMAC(set, string(v.JWS)); (err == nil) != want {
				t.Errorf("vector %d (%s): got %v, want accepted to be %v", v.ID, v.Comment, err, want)
			}
		}
	}
	if seen != 40 {
		t.Fatalf("%d vectors were found instead of 40", seen)
	}
}

// checkMAC is what the parser does with a token but for reading claims: the payloads of the
// vectors are no JSON.
func checkMAC(set keySet, token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return jwt.ErrTokenMalformed
	}
	parser := jwt.NewParser(strict(time.Now)...)
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = parser.DecodeSegment(part); err != nil {
			return err
		}
	}
	var header struct {
		Algorithm string `json:"alg"`
		ID        string `json:"kid"`
	}
	if err := json.Unmarshal(decoded[0], &header); err != nil {
		return err
	}
	key := set.find(header.ID)
	if header.Algorithm != "HS256" || key == nil {
		return jwt.ErrTokenUnverifiable
	}
	return jwt.SigningMethodHS256.Verify(parts[0]+"."+parts[1], decoded[2], key)
}

type vectorGroup struct {
	Private struct {
		Type      string `json:"kty"`
		Algorithm string `json:"alg"`
		ID        string `json:"kid"`
		Key       string `json:"k"`
	} `json:"private"`
	Tests []struct {
		ID      int       `json:"tcId"`
		Comment string    `json:"comment"`
		JWS     anyString `json:"jws"`
		Result  string    `json:"result"`
	} `json:"tests"`
}

// anyString takes a token that the file has as an object for its text.
type anyString string

func (s *anyString) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil {
		text = string(b)
	}
	*s = anyString(text)
	return nil
}

func vectors(t *testing.T) []vectorGroup {
	t.Helper()
	text, err := os.ReadFile("testdata/wycheproof/hs256.json") // see the README beside it
	var file struct {
		Groups []vectorGroup `json:"testGroups"`
	}
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("the vectors: %w", err))
	}
	return file.Groups
}
