package claude

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A batch holds many questions that the provider answers within a day, for half the price
// (https://platform.claude.com/docs/en/build-with-claude/batch-processing):
//
//	CreateBatch   sends the questions, each under a custom_id that returns with its answer
//	Batch         tells whether it has ended; every question has then succeeded, errored, been cancelled or expired
//	BatchResults  the answers, in any order
//	CancelBatch   stops it; what was answered by then is charged and stays
//	DeleteBatch   removes questions and answers at the provider, which would keep them for 29 days
//
// Nothing makes the creation idempotent, and nothing that a batch shows before its end tells whose it is. So
// CreateBatch is tried once only; [Unsure] tells whether the provider may have taken the batch all the same, and
// [Client.Batches] is where to look for it.

// The bounds of a batch.
const (
	MaxBatchItems = 100_000
	MaxBatchBytes = 256 << 20
	BatchLives    = 24 * time.Hour      // after that, what is not answered has expired
	ResultsLive   = 29 * 24 * time.Hour // after that the provider has deleted a batch, from its creation on
)

// BatchPercent is what an answer of a batch costs, of the price of the same direct answer.
const BatchPercent = 50

const maxResultBytes = MaxBatchBytes // of all lines together

// BatchItem is one question of a batch. ID is up to 64 letters, digits, "-" and "_", and no other of the batch has it.
type BatchItem struct {
	ID string
	Request
}

// Batch is a batch as the provider tells of it.
type Batch struct {
	ID        string
	Ended     bool
	Cancelled bool // somebody has asked for that
	CreatedAt time.Time
	ExpiresAt time.Time
	Requests  int // of all outcomes together
}

// BatchResult is what became of one question. Exactly one of Answer and Why is set, unless the line could not be read.
type BatchResult struct {
	ID     string
	Answer Answer // where Stop is set
	Why    string // "errored", "canceled" or "expired"
	Failed *Failure
	Broken bool // the line is not what a result looks like, so that not even ID is known
}

// HasBatches tells whether the server that is asked offers batches: Anthropic and the stand-in do, servers of one's
// own do not.
func (c *Client) HasBatches() bool { return c.TellsModels() }

// Unsure tells of an error of [Client.CreateBatch] that the provider may have created the batch: no answer came, or
// one that says nothing of it.
func Unsure(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return err != nil
	}
	const overloaded = 529
	return f.Status == 0 || f.Status >= http.StatusInternalServerError && f.Status != overloaded
}

// Declined tells of an error of [Client.CreateBatch] that the provider takes no such batch and never will, which says
// nothing of direct questions: it is too large, has a form that is not liked, or batches are not for this key. A key
// that is refused and an account without credit or with its limit reached are no such errors: they keep every question
// away.
func Declined(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	if !ok || !f.Permanent || f.Code == spendLimit || f.Code == noCredit {
		return false
	}
	return f.Status >= http.StatusBadRequest && f.Status != http.StatusUnauthorized &&
		f.Status != http.StatusPaymentRequired
}

// CreateBatch sends questions. It is tried once: see [Unsure].
func (c *Client) CreateBatch(ctx context.Context, items []BatchItem) (Batch, error) {
	var in batchParams
	for _, item := range items {
		in.Requests = append(in.Requests, batchParam{item.ID, newParams(item.Request)})
	}
	var out batchWire
	err := c.call(ctx, http.MethodPost, "/v1/messages/batches", in, &out)
	if err == nil && out.ID == "" {
		err = errUnreadable
	}
	if err != nil {
		return Batch{}, asFault(failure(err))
	}
	return out.batch(), nil
}

// Batch looks a batch up. An unknown one is a permanent failure, see [Unknown].
func (c *Client) Batch(ctx context.Context, id string) (Batch, error) {
	return c.onBatch(ctx, http.MethodGet, id, "")
}

// CancelBatch asks for the end of a batch. One that has ended stays as it is.
func (c *Client) CancelBatch(ctx context.Context, id string) (Batch, error) {
	return c.onBatch(ctx, http.MethodPost, id, "/cancel")
}

func (c *Client) onBatch(ctx context.Context, method, id, act string) (Batch, error) {
	return retry(ctx, c, func(ctx context.Context) (Batch, error) {
		var out batchWire
		if err := c.call(ctx, method, batchPath(id)+act, nil, &out); err != nil {
			return Batch{}, err
		}
		if out.ID == "" {
			return Batch{}, errUnreadable
		}
		return out.batch(), nil
	})
}

// DeleteBatch removes a batch that has ended, with its questions and answers. One that is gone already is no failure.
func (c *Client) DeleteBatch(ctx context.Context, id string) error {
	_, err := retry(ctx, c, func(ctx context.Context) (struct{}, error) {
		var out batchWire
		return struct{}{}, c.call(ctx, http.MethodDelete, batchPath(id), nil, &out)
	})
	if Unknown(err) {
		return nil
	}
	return err
}

// Batches are the batches of the key's workspace that were created since a moment, the newest first. At most a
// thousand are looked at.
func (c *Client) Batches(ctx context.Context, since time.Time) ([]Batch, error) {
	return retry(ctx, c, func(ctx context.Context) (all []Batch, err error) {
		var page struct {
			Data []batchWire `json:"data"`
		}
		if err := c.call(ctx, http.MethodGet, "/v1/messages/batches?limit=1000", nil, &page); err != nil {
			return nil, err
		}
		for _, one := range page.Data {
			if !one.CreatedAt.Before(since) {
				all = append(all, one.batch())
			}
		}
		return all, nil
	})
}

// BatchResults are the results of a batch that has ended. The provider's address of them is not followed: it would be
// told the key, wherever it is.
func (c *Client) BatchResults(ctx context.Context, id string) ([]BatchResult, error) {
	return retry(ctx, c, func(ctx context.Context) (all []BatchResult, err error) {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		req, err := c.request(ctx, http.MethodGet, batchPath(id)+"/results", nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/x-jsonl")
		res, err := c.http.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
			return nil, &refusedCall{res.StatusCode, res.Header, body, nil}
		}
		return readResults(io.LimitReader(res.Body, maxResultBytes))
	})
}

func batchPath(id string) string { return "/v1/messages/batches/" + url.PathEscape(id) }

// readResults reads JSONL. A line that cannot be understood is a result that is broken; a stream that breaks is an
// error.
func readResults(r io.Reader) (all []BatchResult, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxAnswerBytes)
	for lines.Scan() {
		if len(lines.Bytes()) > 0 {
			all = append(all, readResult(lines.Bytes()))
		}
	}
	return all, lines.Err()
}

func readResult(line []byte) BatchResult {
	broken := BatchResult{Broken: true}
	var in resultWire
	if json.Unmarshal(line, &in) != nil || in.CustomID == "" {
		return broken
	}
	out := BatchResult{ID: in.CustomID, Why: in.Result.Type}
	switch in.Result.Type {
	case "canceled", "expired":
		return out
	case "errored":
		out.Failed = in.Result.failure()
		if out.Failed.Code == filtered { // as of a direct call: it concerns what was asked and nothing else
			return BatchResult{ID: in.CustomID, Answer: Answer{Stop: "refusal"}}
		}
		return out
	case "succeeded":
		answer, err := in.Result.Message.answer()
		if err != nil {
			return broken
		}
		return BatchResult{ID: in.CustomID, Answer: answer}
	}
	return broken
}

// The batches as they travel.

type batchParams struct {
	Requests []batchParam `json:"requests"`
}

type batchParam struct {
	CustomID string `json:"custom_id"`
	Params   params `json:"params"`
}

type batchWire struct {
	ID          string         `json:"id"`
	Status      string         `json:"processing_status"`
	CreatedAt   time.Time      `json:"created_at"`
	ExpiresAt   time.Time      `json:"expires_at"`
	CancelledAt *time.Time     `json:"cancel_initiated_at"`
	Counts      map[string]int `json:"request_counts"`
}

func (w batchWire) batch() Batch {
	b := Batch{
		ID: w.ID, Ended: w.Status == "ended", Cancelled: w.CancelledAt != nil, CreatedAt: w.CreatedAt, ExpiresAt: w.ExpiresAt,
	}
	for _, n := range w.Counts {
		b.Requests += n
	}
	return b
}

type resultWire struct {
	CustomID string        `json:"custom_id"`
	Result   outcomeOfLine `json:"result"`
}

type outcomeOfLine struct {
	Type    string          `json:"type"`
	Message message         `json:"message"`
	Error   json.RawMessage `json:"error"`
}

// statuses are what the provider answers to direct calls with the same type of error.
var statuses = map[string]int{
	"invalid_request_error": http.StatusBadRequest, "authentication_error": http.StatusUnauthorized,
	"billing_error": http.StatusPaymentRequired, "permission_error": http.StatusForbidden,
	"not_found_error":   http.StatusNotFound,
	"request_too_large": http.StatusRequestEntityTooLarge, "rate_limit_error": http.StatusTooManyRequests,
	"timeout_error": http.StatusGatewayTimeout, "overloaded_error": 529,
}

// failure is why a question errored, as the same refusal of a direct call would be. The provider's words are left out,
// because they may quote the question, which is not here any more.
func (o outcomeOfLine) failure() *Failure {
	status := statuses[readEnvelope(o.Error).Error.Type]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	f := failure(&refusedCall{status: status, header: http.Header{}, body: o.Error})
	f.Said = ""
	return f
}

// Name is the name under which the figures count a failure.
func (f *Failure) Name() string { return nameOf(f.Status, f.Code) }

// Reason names why a question has no answer: that of its failure, canceled or expired.
func (r BatchResult) Reason() string {
	if r.Failed != nil {
		return r.Failed.Name()
	}
	return r.Why
}
