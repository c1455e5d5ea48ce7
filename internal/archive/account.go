package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"regexp"
	"sync/atomic"
	"time"
)

var handle = regexp.MustCompile(`^\w{0,50}$`)

// readAccount reads the first entry of account.js. The e-mail address beside it is not decoded.
func readAccount(p part) (Account, error) {
	var read atomic.Int64
	for block, err := range p.blocks(context.Background(), &read) {
		if err != nil {
			return Account{}, err
		}
		return decodeAccount(p, block)
	}
	return Account{}, badAccount(p)
}

func decodeAccount(p part, block []byte) (Account, error) {
	var in struct {
		Account struct {
			AccountID          string `json:"accountId"`
			Username           string `json:"username"`
			AccountDisplayName string `json:"accountDisplayName"`
			CreatedAt          string `json:"createdAt"`
		} `json:"account"`
	}
	if err := json.NewDecoder(bytes.NewReader(block)).Decode(&in); err != nil && err != io.EOF {
		return Account{}, badAccount(p)
	}
	a := Account{ID: in.Account.AccountID, Handle: in.Account.Username, DisplayName: in.Account.AccountDisplayName}
	if !digits(a.ID) || !handle.MatchString(a.Handle) {
		return Account{}, badAccount(p)
	}
	if in.Account.CreatedAt == "" {
		return a, nil
	}
	t, err := time.Parse(time.RFC3339, in.Account.CreatedAt)
	if err != nil {
		return Account{}, badDate(p, 0)
	}
	a.CreatedAt = t.UTC()
	return a, nil
}
