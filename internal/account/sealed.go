package account

import "github.com/repazoo/repazoo/internal/seal"

// SealedColumns is where this package keeps boxes, for package keyring.
func SealedColumns() []seal.Column {
	first := func(key []string) []byte { return []byte(key[0]) }
	return []seal.Column{
		{Table: "x_accounts", Name: "tokens", Key: []string{"id"}, Bound: first},
		{
			Table: "x_leaves", Name: "tokens", Key: []string{"account_id"},
			Bound: func(key []string) []byte { return leaveBound(key[0]) },
		},
		{Table: "oauth_states", Name: "verifier", Key: []string{"state_hash"}, Bound: first},
		{Table: "refresh_tokens", Name: "successor", Key: []string{"hash"}, Bound: first},
	}
}
