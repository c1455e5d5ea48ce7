// Package client is Repazoo's API for Go programs.
//
// Its operations are made from the contract that every server shows at /openapi.json, one method
// for each, named for method and path: GET /api/v1/users/me is GetUsersMeWithResponse, and
// GET /auth/sessions is GetAuthSessionsWithResponse. Deprecated addresses are left out.
//
// A program that runs by itself has an API key, made on the page of your account or with
// POST /api/v1/api-keys, with the scopes that its operations name:
//
//	c, err := client.New("https://dash.repazoo.com", key)
//	usage, err := c.GetUsageWithResponse(ctx)
//	if err := client.Check(usage, err); err != nil {
//		return err
//	}
//	fmt.Println(usage.JSON200.Analyses.Remaining)
//
// An answer has its body under its status: JSON200, JSON201, JSON202. A refusal is a [*Problem]; [Check] makes an error
// of it:
//
//	if p, ok := errors.AsType[*client.Problem](err); ok && p.Code == "quota_exceeded" { … }
//
// Codes are stable, sentences are not. With 429 and 503 the header Retry-After says how long to wait. A request that
// starts an analysis or a plan may be sent again with the same Idempotency-Key, and has its effect once.
//
// [Client.Wait] follows an analysis to its end.
package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

//go:generate make -C .. typescript
//go:generate go test -run TestGenerated -update .

// New makes a client of the server at address. The credential is an API key or an access token; with "" only what is
// open to everybody is answered. A call ends when its context does, and waits two minutes for an answer to begin.
func New(address, credential string, options ...ClientOption) (*ClientWithResponses, error) {
	bearer := func(_ context.Context, r *http.Request) error {
		if credential != "" {
			r.Header.Set("Authorization", "Bearer "+credential)
		}
		r.Header.Set("Accept", "application/json")
		return nil
	}
	return NewClientWithResponses(strings.TrimSuffix(address, "/"),
		append([]ClientOption{WithHTTPClient(plain()), WithRequestEditorFn(bearer)}, options...)...)
}

// plain follows no redirect, which a credential would go along with. It bounds the wait for an answer and not the
// answer itself, for a stream may take as long as the analysis that it follows.
func plain() *http.Client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 2 * time.Minute, IdleConnTimeout: 90 * time.Second,
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Error is the code and the sentence.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// Answer is what every operation gives.
type Answer interface {
	StatusCode() int
	GetBody() []byte
}

// Check makes an error of an answer that is none of success: err if there was no answer, else the [*Problem] in it.
func Check(a Answer, err error) error {
	if err != nil {
		return err
	}
	if a.StatusCode() < http.StatusBadRequest {
		return nil
	}
	return refusal(a.StatusCode(), a.GetBody())
}

func refusal(status int, body []byte) error {
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return fmt.Errorf("the server answered %d, and not as Repazoo does", status)
	}
	return &p
}

// maxEvent bounds one event of a stream, in bytes.
const maxEvent = 1 << 20

// Wait follows an analysis until it has completed, failed or was cancelled, or ctx ends. each, if it is not nil, is
// called with every change. A stream that breaks off is an error; Wait may be called again.
func (c *ClientWithResponses) Wait(ctx context.Context, id string, each func(AnalysisBody)) (AnalysisBody, error) {
	r, err := c.GetAnalysesIDEvents(ctx, id, nil)
	if err != nil {
		return AnalysisBody{}, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent))
		if err != nil {
			return AnalysisBody{}, err
		}
		return AnalysisBody{}, refusal(r.StatusCode, body)
	}
	var last AnalysisBody
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(data), &last); err != nil {
			return AnalysisBody{}, fmt.Errorf("an event cannot be read: %w", err)
		}
		if each != nil {
			each(last)
		}
	}
	if err := lines.Err(); err != nil {
		return AnalysisBody{}, err
	}
	if last.FinishedAt == nil {
		return AnalysisBody{}, io.ErrUnexpectedEOF
	}
	return last, nil
}
