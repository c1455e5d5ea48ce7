package assess

import (
	"cmp"
	"context"
	"slices"

	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/words"
)

// The model may answer a second question with "needs context": the post cannot be judged without the one that it
// answers or quotes. Such posts wait until all others are counted. Then their parents are found, all at once, and the
// question is asked again, once, with the parent beside the post. Whatever comes of it is the answer.
//
// A parent is most often somebody else's post. What identifies people is replaced in it as in the author's own, it is
// never screened or judged, it is in no finding, and it is forgotten with the run.

const (
	maxWaiting  = 100   // posts of a run whose parents are looked for: X gives as many at once
	parentRunes = 1_000 // of a parent that the model is shown
	parentsSent = "text of the posts that yours answer or quote, where the model needed it (not kept)"
)

// Parent is the post that an own post answers or quotes.
type Parent struct{ Text, Lang string }

// Parents are the posts that were found by their ids, and why the others were not.
type Parents struct {
	Found   map[string]Parent
	Missing map[string]Context // ids that are in neither map were not looked for
	XReads  int                // posts that X charged for
}

// Context says what became of the post that another one answers or quotes, where the model asked for it.
type Context string

// What can become of it. Without any of these nothing was asked for.
const (
	ContextRead    Context = "read"    // the model has read it
	ContextGone    Context = "gone"    // it was deleted
	ContextHidden  Context = "hidden"  // X does not show it: its author is protected, or it is withheld
	ContextLimit   Context = "limit"   // the plan, the analysis or its ceiling allows no further read
	ContextSilent  Context = "silent"  // X did not answer
	ContextArchive Context = "archive" // it is in no archive: X is not asked in an analysis of an archive
	ContextUnfit   Context = "unfit"   // it talks to the model, or has no words
	ContextUnknown Context = "unknown" // which one it is, or whether there is one, is not known
)

// Words is a sentence that says it to the author; "" where there is nothing to say.
func (c Context) Words(l *words.Language) string {
	if c == "" || !l.Has("context."+string(c)) {
		return ""
	}
	return l.Say("context." + string(c))
}

// contextOf is what is known of the context of claims that are one finding.
func contextOf(group []Claim) Context {
	for _, c := range group {
		if c.Context != "" {
			return c.Context
		}
	}
	return ""
}

// heard is the answer to a second question, and what became of the context that it needed.
type heard struct {
	Opinion
	context Context
}

// waiting is a post whose findings wait for its parent.
type waiting struct {
	post     Post
	seen     screen.Result
	verdict  Judgement
	opinions map[string]heard
}

// wait holds a post back whose parent is to be looked for, and reports whether it did. Where it is not, the opinions
// say why.
func (t *tally) wait(p Post, seen screen.Result, verdict Judgement, opinions map[string]heard) bool {
	if len(opinions) == 0 {
		return false
	}
	var keys []string
	for _, c := range screenClaims(p, seen) {
		if key := opinionKey(c); opinions[key].Opinion == OpinionNeedsContext {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return false
	}
	if t.mayAsk && p.Answers != "" && len(t.waiting) < maxWaiting {
		t.waiting = append(t.waiting, waiting{p, seen, verdict, opinions})
		return true
	}
	why := ContextUnknown
	if t.mayAsk && p.Answers != "" {
		why = ContextLimit
	}
	for _, key := range keys {
		opinions[key] = heard{OpinionNeedsContext, why}
	}
	return false
}

// hearAgain finds the parents of the posts that wait, asks about these posts once more, and counts them.
func (r *run) hearAgain(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	r.tell(StageVerify, r.analysed, r.expected)
	slices.SortStableFunc(r.waiting, func(a, b waiting) int { return cmp.Compare(b.worst(), a.worst()) })
	var doubts []doubt
	for _, w := range r.waiting {
		doubts = append(doubts, w.doubts()...)
	}
	if err := r.settleDoubts(ctx, doubts); err != nil {
		return err
	}
	for _, w := range r.waiting {
		r.addFindings(w.post, w.seen, w.verdict, true, w.opinions)
	}
	return nil
}

// worst is how grave the gravest finding is that waits.
func (w waiting) worst() (rank int) {
	for _, d := range w.doubts() {
		rank = max(rank, d.claim.Severity.Rank())
	}
	return rank
}

// doubts are the findings of a post on which the model wants to read more.
func (w waiting) doubts() []doubt {
	all := doubtsOf(w.post, screenClaims(w.post, w.seen), w.verdict)
	return slices.DeleteFunc(all,
		func(d doubt) bool { return w.opinions[opinionKey(d.claim)].Opinion != OpinionNeedsContext })
}

// settleDoubts gives each doubt its last opinion. What an earlier run has heard needs neither the parent nor the model.
func (r *run) settleDoubts(ctx context.Context, doubts []doubt) error {
	for i := range doubts {
		doubts[i].parent = &Parent{}
	}
	opinions, open, err := r.Judge.knownOpinions(ctx, doubts)
	if err != nil {
		return err
	}
	contexts := make([]Context, len(doubts))
	for i := range doubts {
		contexts[i] = ContextRead
	}
	if len(open) > 0 {
		if err := r.askWithParents(ctx, doubts, open, opinions, contexts); err != nil {
			return err
		}
	}
	for i, d := range doubts {
		r.heard(d, heard{cmp.Or(opinions[i], OpinionNeedsContext), contexts[i]})
	}
	return nil
}

// heard writes down the last opinion on a doubt.
func (r *run) heard(d doubt, h heard) {
	for _, w := range r.waiting {
		if w.post.ID == d.post.ID {
			w.opinions[opinionKey(d.claim)] = h
		}
	}
}

// askWithParents finds the parents of open doubts and asks about those that it found.
func (r *run) askWithParents(ctx context.Context, doubts []doubt, open []int, opinions []Opinion,
	contexts []Context,
) error {
	found, err := r.findParents(ctx, doubts, open)
	if err != nil {
		return err
	}
	var ready []int
	for _, i := range open {
		id := doubts[i].post.Answers
		parent, ok := found.Found[id]
		switch {
		case !ok:
			contexts[i] = cmp.Or(found.Missing[id], ContextLimit)
		case parent.Text == "" || r.Screen.Check(parent.Text, "").TalksToModel:
			contexts[i] = ContextUnfit
		default:
			doubts[i].parent = &Parent{firstRunes(parent.Text, parentRunes), parent.Lang}
			ready = append(ready, i)
		}
	}
	shown := map[string]bool{}
	for some := range slices.Chunk(ready, judgeBatch) {
		group := make([]doubt, len(some))
		for k, i := range some {
			group[k] = doubts[i]
		}
		answers, err := r.Judge.second(ctx, group)
		if err != nil {
			return err
		}
		for k, i := range some {
			if opinions[i] = answers[k]; answers[k] == noOpinion && r.Judge.Capped() {
				contexts[i] = ContextLimit // the question did not fit below the ceiling
				continue
			}
			shown[doubts[i].post.Answers] = true
		}
	}
	r.parentsRead = len(shown)
	return nil
}

// findParents asks for the parents of open doubts, each once, unless the model would not be asked about them any more.
func (r *run) findParents(ctx context.Context, doubts []doubt, open []int) (Parents, error) {
	if r.Judge.Capped() || r.Judge.Unusable() {
		return Parents{}, nil
	}
	var ids []string
	for _, i := range open {
		if id := doubts[i].post.Answers; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	found, err := r.o.Parents(ctx, ids)
	r.o.XReads += found.XReads
	r.Judge.spentElsewhere(int64(found.XReads) * XReadMicroUSD)
	return found, err
}
