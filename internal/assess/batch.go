package assess

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

const (
	maxGroupBytes = 100_000 // of text in one call: far below the prompt size from which tokens cost more
)

// question is one text to ask about.
type question struct {
	key     string
	kind    string // "profile", or nothing for a post
	text    string
	aliased aliasedText
	talks   bool // known to talk to the model
}

// batchRun is one call of Batch.
type batchRun struct {
	judge    *Judge
	posts    []Post               // that it is about
	verdicts map[string]Judgement // by content key, without post ids
	rejected int
	left     map[string]bool // content keys that the ceiling left without a question
}

// remember takes what the cache knows, and tells of how many keys.
func (b *batchRun) remember(ctx context.Context, keys []string) (cached int, err error) {
	if b.judge.Cache == nil {
		return 0, nil
	}
	known, err := b.judge.Cache.Get(ctx, keys)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if v, ok := known[k]; ok {
			b.verdicts[k] = v
			cached++
		}
	}
	return cached, nil
}

// groups are the texts to ask about, as they are asked about together: a text that talks to the model is alone.
// Replacing names in the longest posts takes some hundredths of a second each, so ctx is looked at before each.
func (b *batchRun) groups(ctx context.Context, posts []Post, keys []string) (groups [][]question, err error) {
	var alone [][]question
	seen := map[string]bool{}
	size := cmp.Or(b.judge.BatchSize, judgeBatch)
	var group []question
	bytes := 0
	for i, p := range posts {
		if _, known := b.verdicts[keys[i]]; known || seen[keys[i]] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		seen[keys[i]] = true
		q := b.judge.questionOf(p, keys[i])
		if q.kind == kindProfile && strings.TrimSpace(q.aliased.Text) == "" {
			continue // a profile without a bio: there is nothing to show
		}
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
	return append(groups, alone...), nil
}

// questionOf is a post as it is asked about.
func (j *Judge) questionOf(p Post, key string) question {
	return question{
		key: key, kind: p.kind(), text: p.Text, aliased: p.aliased(j.names),
		talks: j.TalksToModel != nil && j.TalksToModel(p.Text),
	}
}

// settle asks about a group until each text has a verdict or the model has shown that it gives none. Whatever of an
// answer can be used is kept at once; only the rest is asked about again, first with the reason, then in halves.
func (b *batchRun) settle(ctx context.Context, group []question) error {
	if b.judge.Capped() {
		b.leave(group)
		return nil
	}
	if ok, err := b.judge.mayBegin(ctx); !ok {
		return err
	}
	had := len(b.verdicts)
	err := b.askAbout(ctx, group, "")
	capped := b.judge.Capped()
	if capped {
		b.leave(b.unanswered(group))
	}
	b.judge.settled(len(b.verdicts) > had, capped)
	return err
}

// leave notes texts that the ceiling leaves without a verdict.
func (b *batchRun) leave(group []question) {
	if b.left == nil {
		b.left = map[string]bool{}
	}
	for _, q := range group {
		b.left[q.key] = true
	}
}

func (b *batchRun) askAbout(ctx context.Context, group []question, problem string) error {
	open := b.unanswered(group)
	answer, err := b.judge.once(ctx, group, problem)
	if errors.Is(err, errCeiling) {
		return nil
	}
	if err != nil {
		return err
	}
	read := reading{posts: make([]*answeredPost, len(group))}
	if answer.Stop == "end_turn" || answer.Stop == "max_tokens" {
		read = readAnswer(answer.Text, len(group))
	}
	b.rejected += read.strangers
	if talking, others := partTalking(group, read.posts); len(group) > 1 && len(talking) > 0 {
		// A text that gives orders was read beside others: what was said of any of them may be its doing.
		groups := make([][]question, 0, len(talking)+1)
		for _, q := range talking {
			groups = append(groups, []question{q})
		}
		return b.askAgain(ctx, "", append(groups, b.unanswered(others))...)
	}
	if err := b.keep(ctx, group, read.posts); err != nil {
		return err
	}
	left := b.unanswered(group)
	switch {
	case len(left) == 0:
		return nil
	case len(left) < len(open): // each time fewer, so this ends
		return b.askAgain(ctx, "", b.between(group, left))
	case answer.Stop == "end_turn" && problem == "" && len(group) == 1 && len(b.neighbours(group[0])) > 0:
		beside := b.neighbours(group[0])
		return b.askAgain(ctx, read.problem, slices.Concat(beside[:1], group, beside[1:]))
	case answer.Stop == "end_turn" && problem == "":
		return b.askAgain(ctx, cmp.Or(read.problem, "it was not usable"), group)
	case len(left) == 1:
		return nil
	}
	half := len(left) / 2
	return b.askAgain(ctx, "", left[:half], left[half:])
}

// unanswered are the questions of a group without a verdict.
func (b *batchRun) unanswered(group []question) []question {
	return slices.DeleteFunc(slices.Clone(group), func(q question) bool {
		_, known := b.verdicts[q.key]
		return known
	})
}

// between puts what an answer lacked between two texts of the group that it did not lack. Some models leave out one
// entry of every answer, the first or the last, and would never answer a text that stands alone.
func (b *batchRun) between(group, left []question) []question {
	known := slices.DeleteFunc(slices.Clone(group), func(q question) bool { return slices.ContainsFunc(left, q.is) })
	return slices.Concat(known[:1], left, known[len(known)-1:])
}

// neighbours are two texts that have a verdict and do not talk to the model, for one that the model did not answer
// alone: where the others of its group are known from before, between has nothing to put it between.
func (b *batchRun) neighbours(q question) (beside []question) {
	for _, p := range b.posts {
		key := ContentKey(p, b.judge.Model)
		v, known := b.verdicts[key]
		if q.talks || !known || v.AddressesModel || p.isProfile() {
			continue
		}
		if beside = append(beside, b.judge.questionOf(p, key)); len(beside) == 2 {
			return beside
		}
	}
	return nil
}

// askAgain asks further questions about texts that were asked about already, while the run allows it.
func (b *batchRun) askAgain(ctx context.Context, problem string, groups ...[]question) error {
	for _, g := range groups {
		if len(g) == 0 || !b.judge.mayRepeat() {
			continue
		}
		if err := b.askAbout(ctx, g, problem); err != nil {
			return err
		}
	}
	return nil
}

// partTalking parts the texts the model says are addressed to it from the others.
func partTalking(group []question, answers []*answeredPost) (talking, others []question) {
	for i, q := range group {
		if answers[i] != nil && answers[i].AddressesModel {
			talking = append(talking, q)
		} else {
			others = append(others, q)
		}
	}
	return talking, others
}

func (q question) is(other question) bool { return q.key == other.key }

// keep verifies the answers and stores the verdicts at once, so that a run that dies later has not paid in vain.
func (b *batchRun) keep(ctx context.Context, group []question, answers []*answeredPost) error {
	fresh := make(map[string]Judgement, len(group))
	for i, q := range group {
		if _, known := b.verdicts[q.key]; known || answers[i] == nil {
			continue
		}
		fresh[q.key] = q.judgement(*answers[i])
		b.verdicts[q.key] = fresh[q.key]
	}
	if b.judge.Cache == nil || len(fresh) == 0 {
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
			if b.left[keys[i]] && !p.isProfile() {
				out.OverCost++
			}
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
