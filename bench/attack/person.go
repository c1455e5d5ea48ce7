//go:build linux

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// person is somebody with a plan and a linked account, at the stand-ins.
type person struct {
	base, account string

	mu     sync.Mutex
	tokens tokens
}

// tokens are what a sign-in is answered with, and each renewal.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// access is the present access token.
func (p *person) access() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens.Access
}

// renew exchanges the refresh token, unless somebody else has renewed what was refused.
func (p *person) renew(ctx context.Context, refused string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens.Access != refused {
		return nil
	}
	body, err := json.Marshal(map[string]string{"refresh_token": p.tokens.Refresh})
	if err != nil {
		return err
	}
	status, answer, err := p.ask(ctx, http.MethodPost, "/auth/token/refresh", string(body), "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the token was not renewed: %d %s", status, answer)
	}
	return cmp.Or(err, json.Unmarshal(answer, &p.tokens))
}

// call sends a request and reads its whole answer. An access token that has expired is renewed first.
func (p *person) call(ctx context.Context, method, path, body string, header ...string) (int, []byte, error) {
	token := p.access()
	status, answer, err := p.ask(ctx, method, path, body, token, header...)
	if err != nil || status != http.StatusUnauthorized || p.renew(ctx, token) != nil {
		return status, answer, err
	}
	return p.ask(ctx, method, path, body, p.access(), header...)
}

func (p *person) ask(ctx context.Context, method, path, body, token string, header ...string) (
	status int, answer []byte, err error,
) {
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 16<<20))
	return res.StatusCode, answer, err
}

// get reads an answer of 200 into v.
func (p *person) get(ctx context.Context, path string, v any) error {
	status, answer, err := p.call(ctx, http.MethodGet, path, "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: %d %s", path, status, answer)
	}
	return cmp.Or(err, json.Unmarshal(answer, v))
}

// signIn signs in with the stand-in of X and pays for a plan.
func signIn(ctx context.Context, base string) (*person, error) {
	jar, _ := cookiejar.New(nil)
	c := &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ask := func(method, address string, form url.Values, v any) (http.Header, error) {
		req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := c.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if v == nil {
			return res.Header, nil
		}
		return res.Header, json.NewDecoder(res.Body).Decode(v)
	}
	var begun struct {
		URL string `json:"authorization_url"`
	}
	_, err := ask(http.MethodGet, base+"/auth/x/login", nil, &begun)
	if err != nil {
		return nil, err
	}
	back, err := ask(http.MethodPost, begun.URL, url.Values{"person": {"gravelpit_gus"}, "decision": {"allow"}}, nil)
	if err != nil {
		return nil, err
	}
	var in struct {
		tokens

		Account struct {
			ID string `json:"id"`
		} `json:"account"`
	}
	if _, err = ask(http.MethodGet, back.Get("Location"), nil, &in); err != nil {
		return nil, err
	}
	p := &person{base: base, account: in.Account.ID, tokens: in.tokens}
	status, answer, err := p.call(ctx, http.MethodPost, "/api/v1/subscriptions",
		`{"tier":"pro","payment_method_id":"pm_card_visa"}`)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("the plan was answered %d: %s", status, answer)
	}
	return p, err
}

// operation is one of the contract's.
type operation struct {
	method, path string
	parameters   []string // in the query
}

// contract reads the operations that a random request may ask for: all but those that end what the attack needs.
func (p *person) contract(ctx context.Context) ([]operation, error) {
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	if err := p.get(ctx, "/openapi.json", &doc); err != nil {
		return nil, err
	}
	var all []operation
	for path, methods := range doc.Paths {
		if slices.ContainsFunc([]string{"/auth/", "/users/me", "/subscriptions", "/events", "/consents", "/billing"},
			func(part string) bool { return strings.Contains(path, part) }) {
			continue
		}
		for method, op := range methods {
			o := operation{method: strings.ToUpper(method), path: path}
			if o.method == http.MethodPost && path == "/api/v1/analyses" {
				continue // these are counted
			}
			for _, parameter := range op.Parameters {
				if parameter.In == "query" {
					o.parameters = append(o.parameters, parameter.Name)
				}
			}
			all = append(all, o)
		}
	}
	if len(all) < 20 {
		return nil, errors.New("the contract has hardly any operation")
	}
	slices.SortFunc(all, func(a, b operation) int { return cmp.Compare(a.path+a.method, b.path+b.method) })
	return all, nil
}
