package claude

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/repazoo/repazoo/internal/sandbox/web"
)

// Batches as https://platform.claude.com/docs/en/build-with-claude/batch-processing describes them: up to 100,000
// requests and 256 MB, processed within a day by the sandbox's clock, results as JSONL in an order of their own for 29
// days. What a request holds is checked when it is processed, so that a wrong one ends as errored and its neighbours
// do not.

const (
	maxBatchBody     = 256 << 20
	maxBatchRequests = 100_000
	batchLives       = 24 * time.Hour
	resultsLive      = 29 * 24 * time.Hour
	cancelTakes      = 5 * time.Second
	usualBatch       = 2 * time.Minute
)

var customID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// batch is a batch that was accepted. What its requests give is known at once and shown when it has ended.
type batch struct {
	id        string
	created   time.Time
	takes     time.Duration
	cancelled time.Time // when that was asked for; zero if never
	stuck     bool
	results   []batchResult
}

type batchResult struct {
	customID string
	result   map[string]any // of type succeeded or errored
	expires  bool           // it is not processed within the day
	lines    Kind           // how its line is spoiled
}

// bodyLimit is how many bytes a request to a path may have.
func bodyLimit(path string) int64 {
	if path == "/v1/messages/batches" {
		return maxBatchBody
	}
	return maxBody
}

type batchRequest struct {
	CustomID string          `json:"custom_id"`
	Params   json.RawMessage `json:"params"`
}

func (c *Server) createBatch(w http.ResponseWriter, r *http.Request) {
	requests, refusal := readBatch(r)
	if refusal == nil {
		refusal = c.takeFault(nil, Kind.ofAnyCall).refusal()
	}
	if refusal != nil {
		c.refuse(w, refusal)
		return
	}
	b := &batch{id: c.nextID("msgbatch"), created: c.now(), takes: c.cfg.BatchTakes}
	if b.takes == 0 {
		b.takes = usualBatch
	}
	unanswered := false
	for _, one := range requests {
		result, kind := c.process(one)
		b.stuck = b.stuck || kind == BatchStuck
		unanswered = unanswered || kind == BatchUnanswered
		b.results = append(b.results, result)
	}
	c.mu.Lock()
	c.batches = append(c.batches, b)
	c.mu.Unlock()
	if unanswered {
		panic(http.ErrAbortHandler)
	}
	web.JSON(w, http.StatusOK, b.show(c.now()))
}

// readBatch applies the rules for a batch as a whole.
func readBatch(r *http.Request) ([]batchRequest, *apiError) {
	var body struct {
		Requests []batchRequest `json:"requests"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, &apiError{http.StatusRequestEntityTooLarge, "request_too_large", "Request exceeds the maximum size", ""}
		}
		return nil, badRequest("The request body is not a valid batch")
	}
	if n := len(body.Requests); n == 0 || n > maxBatchRequests {
		return nil, badRequest("requests: should have between 1 and %d items, not %d", maxBatchRequests, n)
	}
	seen := map[string]bool{}
	for i, one := range body.Requests {
		switch {
		case !customID.MatchString(one.CustomID):
			return nil, badRequest("requests.%d.custom_id: String should match pattern '%s'", i, customID)
		case seen[one.CustomID]:
			return nil, badRequest("requests.%d.custom_id: must be unique within the batch", i)
		case len(one.Params) == 0 || one.Params[0] != '{':
			return nil, badRequest("requests.%d.params: Field required", i)
		}
		seen[one.CustomID] = true
	}
	return body.Requests, nil
}

// process answers one request as a direct call would be answered, and tells which fault it met.
func (c *Server) process(one batchRequest) (batchResult, Kind) {
	out := batchResult{customID: one.CustomID}
	req, refusal := parseClaude(one.Params)
	if refusal == nil {
		refusal = c.checkModel(req.Model)
	}
	kind := honest
	if refusal == nil {
		posts := postsIn(req.userText())
		kind = c.takeFault(posts, Kind.ofRequests)
		if refusal = kind.refusal(); refusal == nil {
			out.result = map[string]any{"type": "succeeded", "message": c.message(req, kind.say(posts), "batch")}
		}
	}
	if refusal != nil {
		out.result = map[string]any{"type": "errored", "error": refusal.body(c.nextID("req"))}
	}
	switch kind {
	case BatchExpired:
		out.expires = true
	case BatchStranger, BatchDoubled, BatchBroken:
		out.lines = kind
	}
	return out, kind
}

// ends is when the processing is over, and how many of the requests are processed by then.
func (b *batch) ends() (at time.Time, processed int) {
	at, processed = b.created.Add(b.takes), len(b.results)
	expires := b.created.Add(batchLives)
	if at.After(expires) || slices.ContainsFunc(b.results, func(r batchResult) bool { return r.expires }) {
		at = expires
	}
	if b.stuck {
		at = b.created.Add(1000 * batchLives)
	}
	if !b.cancelled.IsZero() && b.cancelled.Add(cancelTakes).Before(at) {
		at = b.cancelled.Add(cancelTakes)
	}
	if worked := at.Sub(b.created); worked < b.takes {
		processed = int(float64(len(b.results)) * worked.Seconds() / b.takes.Seconds())
	}
	return at, processed
}

func (b *batch) ended(now time.Time) bool {
	at, _ := b.ends()
	return !now.Before(at)
}

// outcome is what became of a request, once the batch has ended.
func (b *batch) outcome(i int) map[string]any {
	_, processed := b.ends()
	if i < processed && !b.results[i].expires {
		return b.results[i].result
	}
	if !b.cancelled.IsZero() {
		return map[string]any{"type": "canceled"}
	}
	return map[string]any{"type": "expired"}
}

// show is the batch as it travels.
func (b *batch) show(now time.Time) map[string]any {
	counts := map[string]int{"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
	at, _ := b.ends()
	out := map[string]any{
		"id": b.id, "type": "message_batch", "processing_status": "in_progress", "request_counts": counts,
		"created_at": stamp(b.created), "expires_at": stamp(b.created.Add(batchLives)),
		"ended_at": nil, "archived_at": nil, "cancel_initiated_at": nil, "results_url": nil,
	}
	if !b.cancelled.IsZero() {
		out["processing_status"], out["cancel_initiated_at"] = "canceling", stamp(b.cancelled)
	}
	if !b.ended(now) {
		counts["processing"] = len(b.results)
		return out
	}
	for i := range b.results {
		counts[b.outcome(i)["type"].(string)]++
	}
	out["processing_status"], out["ended_at"] = "ended", stamp(at)
	if b.archived(now) {
		out["archived_at"] = stamp(b.created.Add(resultsLive))
	} else {
		out["results_url"] = "https://api.anthropic.com/v1/messages/batches/" + b.id + "/results"
	}
	return out
}

func (b *batch) archived(now time.Time) bool { return !now.Before(b.created.Add(resultsLive)) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// onBatch looks the batch of the path up.
func (c *Server) onBatch(do func(w http.ResponseWriter, b *batch)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		i := slices.IndexFunc(c.batches, func(b *batch) bool { return b.id == r.PathValue("id") })
		var b *batch
		if i >= 0 {
			b = c.batches[i]
		}
		c.mu.Unlock()
		if b == nil {
			c.refuse(w, &apiError{http.StatusNotFound, "not_found_error", "Message Batch not found", ""})
			return
		}
		if refusal := c.takeFault(nil, Kind.ofAnyCall).refusal(); refusal != nil {
			c.refuse(w, refusal)
			return
		}
		do(w, b)
	}
}

func (c *Server) showBatch(w http.ResponseWriter, b *batch) {
	c.mu.Lock()
	shown := b.show(c.now())
	c.mu.Unlock()
	web.JSON(w, http.StatusOK, shown)
}

// showResults writes the lines, the last request first: nobody may count on an order.
func (c *Server) showResults(w http.ResponseWriter, b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch now := c.now(); {
	case !b.ended(now):
		c.refuse(w, badRequest("The Message Batch has not ended, so it has no results yet"))
		return
	case b.archived(now):
		c.refuse(w, &apiError{
			http.StatusNotFound, "not_found_error",
			"The results of this Message Batch are no longer available", "",
		})
		return
	}
	w.Header().Set("Content-Type", "application/x-jsonl")
	for i := range slices.Backward(b.results) {
		b.writeLine(w, i)
	}
}

// writeLine writes the line of a request, spoiled as its fault says.
func (b *batch) writeLine(w http.ResponseWriter, i int) {
	id := b.results[i].customID
	if b.results[i].lines == BatchStranger {
		id = "nobody-sent-this"
	}
	line, err := json.Marshal(map[string]any{"custom_id": id, "result": b.outcome(i)})
	if err != nil {
		panic(err) // maps of strings, numbers and maps always marshal
	}
	text := string(line) + "\n"
	switch b.results[i].lines {
	case BatchDoubled:
		text += text
	case BatchBroken:
		text = text[:len(text)/2] + "\n"
	}
	_, _ = w.Write([]byte(text))
}

func (c *Server) cancelBatch(w http.ResponseWriter, b *batch) {
	c.mu.Lock()
	now := c.now()
	if b.cancelled.IsZero() && !b.ended(now) {
		b.cancelled = now
	}
	shown := b.show(now)
	c.mu.Unlock()
	web.JSON(w, http.StatusOK, shown)
}

func (c *Server) deleteBatch(w http.ResponseWriter, b *batch) {
	c.mu.Lock()
	ended := b.ended(c.now())
	if ended {
		c.batches = slices.DeleteFunc(c.batches, func(one *batch) bool { return one == b })
	}
	c.mu.Unlock()
	if !ended {
		c.refuse(w, badRequest("A Message Batch can only be deleted once it has finished processing"))
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"id": b.id, "type": "message_batch_deleted"})
}

// listBatches lists the newest first.
func (c *Server) listBatches(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit := 20
	for name, values := range query {
		n, err := strconv.Atoi(values[0])
		switch {
		case name == "limit" && (err != nil || n < 1 || n > 1000):
			c.refuse(w, badRequest("limit: Input should be between 1 and 1000"))
			return
		case name == "limit":
			limit = n
		case name != "after_id":
			c.refuse(w, badRequest("%s: not offered by the sandbox", name))
			return
		}
	}
	c.mu.Lock()
	now, all := c.now(), slices.Clone(c.batches)
	slices.Reverse(all)
	data, more := []map[string]any{}, false
	if after := query.Get("after_id"); after != "" {
		i := slices.IndexFunc(all, func(b *batch) bool { return b.id == after })
		all = all[i+1:]
	}
	for _, b := range all {
		if more = len(data) == limit; more {
			break
		}
		data = append(data, b.show(now))
	}
	c.mu.Unlock()
	page := map[string]any{"data": data, "has_more": more, "first_id": nil, "last_id": nil}
	if len(data) > 0 {
		page["first_id"], page["last_id"] = data[0]["id"], data[len(data)-1]["id"]
	}
	web.JSON(w, http.StatusOK, page)
}

// Batches are the ids of the batches that exist, the oldest first.
func (c *Server) Batches() (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.batches {
		ids = append(ids, b.id)
	}
	return ids
}
