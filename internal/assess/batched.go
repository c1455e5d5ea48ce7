package assess

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/metrics"
)

// Somebody who can wait a day has the first questions of a run answered as a batch of the provider, for half the price:
//
//	Pipeline.PlanBatch  chooses the posts and makes the groups as Run does, and asks nothing
//	BatchPlan.Items     the questions as they leave: the bytes of a direct call, but for the random delimiters
//	Pipeline.TakeBatch  checks the answers as those of direct calls and puts the verdicts into the cache
//	Pipeline.Run        finds the verdicts there, and asks directly only what is still missing
//
// So a report is the same whichever way the model was asked, and whatever a batch lacks (a request that errored or
// expired, an answer that cannot be used, a post that talks to the model) is asked again under the rules of every run:
// the breaker, the ceiling, and halves. Second questions and those with parents stay direct calls: they depend on the
// first answers, they are few, and a second batch for them could take another day.

// BatchFrom is from how many texts on a batch is worth it: ten calls. Less is done in a minute, and half of its price
// is cents.
const BatchFrom = 400

// BatchPlan is what a batch asks. It holds no text of a post, so that it may be kept for as long as the batch takes;
// the names are the account's own.
type BatchPlan struct {
	Model  string     `json:"model"`
	Prefix string     `json:"prefix"` // of the id of each request, random, so that no other batch has the same
	Names  []string   `json:"names"`  // that were replaced
	Groups [][]string `json:"groups"` // content keys of the texts of each request, in their order
}

// Texts is how many texts the batch asks about.
func (b BatchPlan) Texts() (n int) {
	for _, g := range b.Groups {
		n += len(g)
	}
	return n
}

// id names a request.
func (b BatchPlan) id(i int) string { return fmt.Sprintf("%s-%d", b.Prefix, i) }

// Owns tells whether a result belongs to the batch. It is how a batch is recognised of which only the end is known.
func (b BatchPlan) Owns(r claude.BatchResult) bool {
	return !r.Broken && b.group(r.ID) >= 0
}

// group is the place of the request with an id, or -1.
func (b BatchPlan) group(id string) int {
	var i int
	if n, err := fmt.Sscanf(id, b.Prefix+"-%d", &i); n != 1 || err != nil || i < 0 || i >= len(b.Groups) || b.id(i) != id {
		return -1
	}
	return i
}

// PlanBatch tells what Run would ask in first questions, as the requests of a batch. Only so many requests are planned
// as stay below the ceiling if every answer has its greatest length, because all are under way at once; Run asks the
// rest.
func (p *Pipeline) PlanBatch(
	ctx context.Context, posts iter.Seq2[Post, error], o Options,
) (BatchPlan, []claude.BatchItem, error) {
	r := newRun(p, o, nil)
	prefix, err := p.Judge.nonce()
	if err != nil {
		return BatchPlan{}, nil, err
	}
	plan := &planning{judge: p.Judge}
	plan.BatchPlan = BatchPlan{Model: p.Judge.Model, Prefix: "rz-" + prefix, Names: p.Judge.names}
	seen := map[string]bool{}
	err = r.forModel(ctx, r.own(posts), plan.ask, func(*chunk) {}, func(c *chunk) {
		for _, g := range c.groups {
			g = slices.DeleteFunc(g, func(q question) bool { return seen[q.key] })
			for _, q := range g {
				seen[q.key] = true
			}
			if len(g) > 0 && plan.err == nil {
				plan.err = plan.add(g)
			}
		}
	})
	return plan.BatchPlan, plan.items, errors.Join(err, plan.err)
}

// planning is a plan under way.
type planning struct {
	BatchPlan
	judge *Judge
	items []claude.BatchItem
	bytes int
	worst int64 // what the requests cost together at the worst, in millionths of a µUSD
	full  bool
	err   error
}

// ask makes the groups of a chunk.
func (p *planning) ask(ctx context.Context, c *chunk) (err error) {
	b := batchRun{judge: p.judge, verdicts: map[string]Judgement{}}
	keys := make([]string, len(c.posts))
	for i, post := range c.posts {
		keys[i] = ContentKey(post, p.judge.Model)
	}
	if _, err := b.remember(ctx, keys); err != nil {
		return err
	}
	c.groups, err = b.groups(ctx, c.posts, keys)
	return err
}

// roomPerRequest is what a request has around its texts, in bytes, beside the rubric and the schema.
const roomPerRequest = 1_000

// add plans a request, unless the ceiling or the bounds of a batch leave it to a direct call.
func (p *planning) add(group []question) error {
	request, err := p.judge.firstRequest(group, "")
	if err != nil {
		return err
	}
	bytes := len(request.System) + len(request.User)*2 + schemaBytes() + roomPerRequest // JSON escapes
	worst := p.judge.worstInBatch(len(request.System) + len(request.User))
	over := p.judge.MaxMicroUSD != nil && p.worst+worst > *p.judge.MaxMicroUSD*1_000_000
	p.full = p.full || over || len(p.items) == claude.MaxBatchItems || p.bytes+bytes > claude.MaxBatchBytes
	if p.full {
		return nil
	}
	keys := make([]string, len(group))
	for i, q := range group {
		keys[i] = q.key
	}
	p.bytes, p.worst, p.Groups = p.bytes+bytes, p.worst+worst, append(p.Groups, keys)
	p.items = append(p.items, claude.BatchItem{ID: p.id(len(p.items)), Request: request})
	return nil
}

// worstInBatch is what a first question of so many bytes can cost at most in a batch, in millionths of a µUSD.
func (j *Judge) worstInBatch(bytes int) int64 {
	return BatchCost(j.Prices, claude.Usage{CacheWrite: int64(bytes + schemaBytes()), Output: maxAnswer})
}

// BatchOutcome is what became of the requests of a batch.
type BatchOutcome struct {
	Use          ModelUse
	CostMicroUSD int64
	Failed       map[string]int // requests without an answer, by the reason
	Strangers    int            // lines that belong to no request, come twice, or cannot be read
	Posts        int            // texts that got a verdict
}

// TakeBatch puts the verdicts of a batch into the cache. Posts that are gone since it was sent are left out, and a
// second result under the same id is ignored. It may be called again with the same results. The prices are those of the
// plan's model. Where another model has taken its place since, the verdicts are kept under the old one's name, and Run
// asks the new one about all posts: the verdicts of one report are those of one model.
func (p *Pipeline) TakeBatch(
	ctx context.Context, posts iter.Seq2[Post, error], o Options, plan BatchPlan, prices Prices,
	results []claude.BatchResult,
) (BatchOutcome, error) {
	r := newRun(p, o, nil)
	p.Judge.names = plan.Names
	asked, err := r.askedIn(ctx, posts, plan)
	if err != nil {
		return BatchOutcome{}, err
	}
	out, answers := sortBatch(plan, prices, results)
	for _, i := range slices.Sorted(maps.Keys(answers)) {
		if err := out.keep(ctx, p.Judge, plan.Groups[i], asked, answers[i]); err != nil {
			return BatchOutcome{}, err
		}
	}
	return out, nil
}

// CountBatch is what a batch has used and cost, of which nobody wants the verdicts any more.
func CountBatch(plan BatchPlan, prices Prices, results []claude.BatchResult) BatchOutcome {
	out, _ := sortBatch(plan, prices, results)
	return out
}

// sortBatch counts results, and gives the answers by the places of their requests.
func sortBatch(plan BatchPlan, prices Prices, results []claude.BatchResult) (BatchOutcome, map[int]claude.Answer) {
	out := BatchOutcome{Use: ModelUse{Model: plan.Model}, Failed: map[string]int{}}
	seen, answers := map[int]bool{}, map[int]claude.Answer{}
	cost := int64(0)
	for _, result := range results {
		i := plan.group(result.ID)
		if result.Broken || i < 0 || seen[i] {
			out.Strangers++
			continue
		}
		seen[i] = true
		if result.Answer.Stop == "" {
			out.Failed[result.Reason()]++
			continue
		}
		answers[i] = result.Answer
		out.count(result.Answer)
		cost += BatchCost(prices, result.Answer.Usage)
	}
	if missing := len(plan.Groups) - len(seen); missing > 0 {
		out.Failed["missing"] = missing
	}
	out.CostMicroUSD = (cost + 999_999) / 1_000_000
	return out, answers
}

// askedIn are the posts that a plan asks about, by their keys.
func (r *run) askedIn(ctx context.Context, posts sequence, plan BatchPlan) (map[string]question, error) {
	wanted := map[string]bool{}
	for _, g := range plan.Groups {
		for _, key := range g {
			wanted[key] = true
		}
	}
	asked := map[string]question{}
	for post, err := range r.own(posts) {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		key := ContentKey(post, plan.Model)
		if _, known := asked[key]; wanted[key] && !known {
			asked[key] = r.Judge.questionOf(post, key)
		}
	}
	return asked, nil
}

// count adds an answer.
func (o *BatchOutcome) count(a claude.Answer) {
	o.Use = o.Use.with(ModelUse{
		Calls: 1, BatchedCalls: 1, InputTokens: a.Usage.Input, OutputTokens: a.Usage.Output,
		CacheReadTokens: a.Usage.CacheRead, CacheWriteTokens: a.Usage.CacheWrite,
	})
	if a.Stop == "refusal" {
		o.Use.Refusals++
	}
}

// BatchCost is what an answer in a batch costs, in millionths of a µUSD.
func BatchCost(p Prices, u claude.Usage) int64 { return p.of(u) * claude.BatchPercent / 100 }

// keep stores the verdicts of one answer. Where a text gave the model orders beside others, nothing that was said of
// any of them is believed: Run asks about each again, that one alone.
func (o *BatchOutcome) keep(
	ctx context.Context, j *Judge, keys []string, asked map[string]question, a claude.Answer,
) error {
	if a.Stop != "end_turn" && a.Stop != "max_tokens" {
		return nil
	}
	group := make([]question, len(keys))
	for i, key := range keys {
		group[i] = asked[key]
	}
	read := readAnswer(a.Text, len(group))
	if talking, _ := partTalking(group, read.posts); len(group) > 1 && len(talking) > 0 {
		return nil
	}
	for i, q := range group {
		if q.key == "" { // the post is gone
			read.posts[i] = nil
		}
	}
	b := batchRun{judge: j, verdicts: map[string]Judgement{}}
	err := b.keep(ctx, group, read.posts)
	o.Posts += len(b.verdicts)
	return err
}

// Count tells the figures of an outcome, once.
func (o BatchOutcome) Count(m *metrics.Metrics, model string) {
	if o.Use.Calls > 0 {
		m.Model(model, metrics.Tokens{
			Input: o.Use.InputTokens, Output: o.Use.OutputTokens,
			CacheRead: o.Use.CacheReadTokens, CacheWrite: o.Use.CacheWriteTokens,
		}, float64(o.CostMicroUSD)/1e6)
	}
	for _, why := range slices.Sorted(maps.Keys(o.Failed)) {
		m.Unbatched(why, o.Failed[why])
	}
}

// with is what two parts of a run did together.
func (u ModelUse) with(other ModelUse) ModelUse {
	u.Calls += other.Calls
	u.BatchedCalls += other.BatchedCalls
	u.InputTokens += other.InputTokens
	u.OutputTokens += other.OutputTokens
	u.CacheReadTokens += other.CacheReadTokens
	u.CacheWriteTokens += other.CacheWriteTokens
	u.Refusals += other.Refusals
	return u
}
