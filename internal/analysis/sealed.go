package analysis

import (
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/seal"
)

// A box opens only in its own place: the associated data names the table and the row.

func place(parts ...string) []byte { return []byte(strings.Join(parts, "/")) }

// sealJSON seals v so that it opens only in its own place.
func (s *Service) sealJSON(v any, parts ...string) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.c.Seal.Seal(plain, place(parts...)), nil
}

func (s *Service) openJSON(v any, sealed []byte, parts ...string) error {
	plain, err := s.c.Seal.Open(sealed, place(parts...))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// SealedColumns is where this package keeps boxes, for package keyring.
func SealedColumns() []seal.Column {
	in := func(what string) func([]string) []byte {
		return func(key []string) []byte { return place(what, key[0], key[1]) }
	}
	return []seal.Column{
		{Table: "reports", Name: "sealed", Key: []string{"user_id", "analysis_id"}, Bound: in("report")},
		{Table: "posts", Name: "sealed", Key: []string{"collection_id", "post_id"}, Bound: in("post")},
		{
			Table: "model_batches", Name: "sealed", Key: []string{"analysis_id"},
			Bound: func(key []string) []byte { return place("batch", key[0]) },
		},
		{Table: "verdicts", Name: "sealed", Key: []string{"user_id", "key"}, Bound: in("verdict"), Moved: moveVerdict},
	}
}

// keptVerdict is what is sealed in verdicts. The row's key is a keyed hash of Content, so
// that the table alone does not tell whether a text was posted; Content lets a row move to
// the hash under another secret.
type keptVerdict struct {
	Content   string           `json:"content"`
	Judgement assess.Judgement `json:"judgement"`
}

// verdictKeys are the keys a verdict may be kept under, the current one first.
func verdictKeys(s *seal.Sealer, userID, content string) []string {
	var keys []string
	for _, sum := range s.MACs("verdict", []byte(userID+"/"+content)) {
		keys = append(keys, hex.EncodeToString(sum))
	}
	return keys
}

func moveVerdict(s *seal.Sealer, key []string, plain []byte) ([]string, error) {
	var v keptVerdict
	if err := json.Unmarshal(plain, &v); err != nil {
		return nil, err
	}
	return []string{key[0], verdictKeys(s, key[0], v.Content)[0]}, nil
}
