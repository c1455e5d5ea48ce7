package assess

import (
	"cmp"
	"context"
	"slices"
)

const (
	maxGroupBytes  = 100_000 // of text in one call: far below the prompt size from which tokens cost more
	maxRepairs     = 2       // further asks after an answer that cannot be read
	maxAsksInBatch = 60      // whatever the model does, a batch costs no more calls; the posts left are unjudged
)

// question is one text to ask about.
type question struct {
	key     string
	text    string
	aliased aliasedText
	talks   bool // known to talk to the model
}

// batchRun is one call of Batch.
type batchRun struct {
	judge    *Judge
	verdicts map[string]Judgement // by content key, without post ids
	rejected int
	asks     int
}

// remember takes what the cache knows.
func (b *batchRun) remember(ctx context.Context, keys []string) error {
	if b.judge.Cache == nil {
		return nil
	}
	known, err := b.judge.Cache.Get(ctx, keys)
	if err != nil {
		return err
	}
	cached := 0
	for _, k := range keys {
		if v, ok := known[k]; ok {
			b.verdicts[k] = v
			cached++
		}
	}
	b.judge.mu.Lock()
	defer b.judge.mu.Unlock()
	b.judge.use.CachedVerdicts += cached
	return nil
}

// groups are the texts to ask about, as they are asked about together: a text that talks to the model is alone.
func (b *batchRun) groups(posts []Post, keys []string) [][]question {
	var groups, alone [][]question
	seen := map[string]bool{}
	size := cmp.Or(b.judge.BatchSize, judgeBatch)
	var group []question
	bytes := 0
	for i, p := range posts {
		if _, known := b.verdicts[keys[i]]; known || seen[keys[i]] {
			continue
		}
		seen[keys[i]] = true
		q := question{key: keys[i], text: p.Text, aliased: alias(p.Text), talks: b.judge.TalksToModel != nil && b.judge.TalksToModel(p.Text)}
		if q.talks {
			alone = append(alone, []question{q})
			continue
		}
		if len(group) == size || len(group) > 0 && bytes+len(p.Text) > maxGroupBytes {
			groups, group, bytes = append(groups, group), nil, 0
		}
		group, bytes = append(group, q), bytes+len(p.Text)
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return append(groups, alone...)
}

// settle asks about a group until each text has a verdict or the model has shown that it gives none.
func (b *batchRun) settle(ctx context.Context, group []question) error {
	answers, ok, err := b.ask(ctx, group)
	if err != nil {
		return err
	}
	if !ok {
		if len(group) == 1 {
			return nil
		}
		half := len(group) / 2
		return b.settleAll(ctx, group[:half], group[half:])
	}
	talking, others := partTalking(group, answers)
	if len(group) > 1 && len(talking) > 0 {
		// A text that gives orders was read beside others: what was said of any of them may be its doing.
		rest := make([][]question, 0, len(talking)+1)
		for _, q := range talking {
			rest = append(rest, []question{q})
		}
		if len(others) > 0 {
			rest = append(rest, others)
		}
		return b.settleAll(ctx, rest...)
	}
	return b.keep(ctx, group, answers)
}

func (b *batchRun) settleAll(ctx context.Context, groups ...[]question) error {
	for _, g := range groups {
		if err := b.settle(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// partTalking parts the texts the model says are addressed to it from the others.
func partTalking(group []question, answers []answeredPost) (talking, others []question) {
	for i, q := range group {
		if *answers[i].AddressesModel {
			talking = append(talking, q)
		} else {
			others = append(others, q)
		}
	}
	return talking, others
}

// ask asks about a group, again while the answer cannot be read. It is not ok if no usable answer came.
func (b *batchRun) ask(ctx context.Context, group []question) (answers []answeredPost, ok bool, err error) {
	problem := ""
	for range 1 + maxRepairs {
		if b.asks == maxAsksInBatch {
			return nil, false, nil
		}
		b.asks++
		answer, err := b.judge.once(ctx, group, problem)
		if err != nil || answer.Stop != "end_turn" {
			return nil, false, err
		}
		var strangers int
		if answers, strangers, problem = readAnswer(answer.Text, len(group)); problem == "" {
			b.rejected += strangers
			return answers, true, nil
		}
	}
	return nil, false, nil
}

// keep verifies the answers and stores the verdicts at once, so that a run that dies later has not paid in vain.
func (b *batchRun) keep(ctx context.Context, group []question, answers []answeredPost) error {
	fresh := make(map[string]Judgement, len(group))
	for i, q := range group {
		fresh[q.key] = q.judgement(answers[i])
		b.verdicts[q.key] = fresh[q.key]
	}
	if b.judge.Cache == nil {
		return nil
	}
	return b.judge.Cache.Put(ctx, fresh)
}

// result gives each post the verdict on its text.
func (b *batchRun) result(posts []Post, keys []string) BatchResult {
	out := BatchResult{Judgements: make([]Judgement, 0, len(posts)), Rejected: b.rejected}
	for i, p := range posts {
		v, ok := b.verdicts[keys[i]]
		if !ok {
			out.Unjudged = append(out.Unjudged, p.ID)
			continue
		}
		v.PostID = p.ID
		v.Claims, v.Themes = slices.Clone(v.Claims), slices.Clone(v.Themes)
		for k := range v.Claims {
			v.Claims[k].PostID = p.ID
		}
		out.Judgements = append(out.Judgements, v)
	}
	return out
}
