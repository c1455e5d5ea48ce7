package assess

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/words"
)

// MinPosts is how many posts in their own words somebody must have: fewer say nothing about anybody.
const MinPosts = 10

// XReadMicroUSD is what X charges for reading one post, in millionths of a US dollar.
const XReadMicroUSD = 5_000

// XUserReadMicroUSD is what X charges for reading a profile.
const XUserReadMicroUSD = 10_000

const (
	maxFindings   = 5_000 // a report is for reading; the rest is counted
	judgeInFlight = 16    // of one run; how many the provider bears at once, all runs together, is claude's business
	notKept       = "not kept"
)

// Pipeline turns posts into a report. It holds no state between runs, but a [Judge] counts
// for one run: make a Pipeline for each run that has one.
type Pipeline struct {
	Screen     *screen.Screener
	Judge      *Judge // nil: the screen alone
	Now        func() time.Time
	AppVersion string
}

// Options are what one run needs to know besides the posts.
type Options struct {
	Account ReportAccount
	Names   []string // the account's display name and others it goes by, replaced before a post leaves
	Source  string   // SourceX or SourceArchive
	Purpose Purpose
	// the model reads so many own posts, chosen by doubt (choose.go); 0: all. The screen reads all.
	MaxPosts   int
	MinPosts   int             // fewer own posts are refused; 0: 10
	OutOfReach []words.Message // what the source could not give
	Unread     func() Unread   // asked once the posts were read: what of the source could not be; nil: nothing
	Gaps       []Gap           // the same, with dates
	PostsGone  int             // posts that were deleted at X since the last report
	XReads     int             // posts that X charged for
	ModelCost  int64           // µUSD that the model has cost in earlier tries of this run
	// the ceiling of the run in cents, as the report names it; 0: none. Judge.MaxMicroUSD keeps to it.
	MaxCost     int
	Batched     ModelUse          // what the model did in a batch of this run (batched.go); its cost is in ModelCost
	XUserReads  int               // profiles that X charged for
	NeverRead   []string          // parts of the source that were not opened
	KeptUntil   string            // RFC 3339; "": the posts are not kept
	Dismissed   map[string]string // finding id → why, from earlier reports
	Concurrency int               // batches with the judge at once; 0: 16

	// Parents finds the posts that own posts answer or quote, the most wanted first; nil: there is no way to (parent.go).
	Parents func(ctx context.Context, ids []string) (Parents, error)
}

// Run reads the posts, in any order, and makes the report. Reposts are counted, not judged.
//
// progress, if not nil, is called from one goroutine at a time and must return quickly.
// Run stops at the first error of posts, of the judge, or of ctx, and returns it as it is.
// Too few posts are a fault that says so, and nothing was spent on them.
func (p *Pipeline) Run(ctx context.Context, posts iter.Seq2[Post, error], o Options,
	progress func(Progress),
) (*Report, error) {
	r := newRun(p, o, progress)
	own := atLeast(r.own(posts), cmp.Or(o.MinPosts, MinPosts))
	read := r.all
	if p.Judge != nil && o.MaxPosts > 0 {
		read = r.judgeChosen
	}
	if err := read(ctx, own); err != nil {
		return nil, err
	}
	if err := r.hearAgain(ctx); err != nil {
		return nil, err
	}
	return r.report(), nil
}

// run is one run: its settings and everything it has gathered.
type run struct {
	*Pipeline
	o        Options
	progress func(Progress)
	now      time.Time
	expected int // own posts to come, 0 while unknown

	total, reposts, others, quoting int          // written while collecting
	choice                          *ModelChoice // where the model read only some posts
	parentsRead                     int          // posts by others that the model was shown
	gone                            Gone
	tally
}

func newRun(p *Pipeline, o Options, progress func(Progress)) *run {
	if progress == nil {
		progress = func(Progress) {}
	}
	o.Purpose = cmp.Or(o.Purpose, PersonalReputation)
	if p.Judge != nil {
		p.Judge.names = append([]string{o.Account.Handle}, o.Names...)
	}
	at := p.Now().UTC()
	return &run{Pipeline: p, o: o, progress: progress, now: at, tally: newTally(o, at)}
}

func (r *run) tell(stage Stage, done, total int) {
	r.progress(Progress{Stage: stage, Done: done, Total: total, Findings: r.findings.kept + r.findings.leftOut.Findings})
}

// workers is how many chunks are examined at once: as many as the judge takes, or one a
// core for the screen alone.
func (r *run) workers() int {
	if r.Judge != nil {
		return cmp.Or(r.o.Concurrency, judgeInFlight)
	}
	return runtime.GOMAXPROCS(0)
}

// report puts together what was gathered.
func (r *run) report() *Report {
	n := r.analysed
	r.tell(StageVerify, n, n)
	out := &Report{
		CreatedAt: r.now, ScoredAt: r.now,
		Account: r.o.Account, Source: r.o.Source, Purpose: r.o.Purpose,
		Coverage:       r.coverage(),
		Findings:       r.keptFindings(),
		LeftOut:        r.findings.leftOut,
		ReadAsHarmless: r.acquitted,
		RejectedClaims: r.rejected,
		GuardedWords:   r.guarded,
		Sentiment:      r.sentiment.result(),
		Themes:         r.themes.result(),
		Engagement:     r.engagement.result(r.dated),
		RiskByYear:     r.years(),
		Models:         []ModelUse{},
		Cost:           r.xCost(),
		Versions:       Versions{Screen: screen.Version, Policy: PolicyVersion, Score: ScoreVersion, App: r.AppVersion},
		Privacy: Privacy{
			SentToModel: []string{}, AliasedFirst: []string{}, RecipientHosts: []string{},
			Read: r.partsRead(), NeverRead: append([]string{}, r.o.NeverRead...), KeptUntil: cmp.Or(r.o.KeptUntil, notKept),
		},
	}
	r.addModel(out)
	out.Cost.TotalMicroUSD = out.Cost.XMicroDollars + out.Cost.ModelMicroUSD
	r.tell(StageScore, n, n)
	out.conclude()
	r.tell(StageRecommend, n, n)
	return out
}

func (r *run) xCost() Cost {
	return Cost{
		XReads: r.o.XReads, XUserReads: r.o.XUserReads,
		XMicroDollars: int64(r.o.XReads)*XReadMicroUSD + int64(r.o.XUserReads)*XUserReadMicroUSD,
	}
}

// partsRead are what the receipt says was read.
func (r *run) partsRead() []string {
	parts := []string{"posts", "the descriptions (alt texts) of their pictures"}
	if r.profileRead {
		parts = append(parts, "the profile: display name, bio, location and link")
	}
	return parts
}

// addModel states what the model did and what it was shown.
func (r *run) addModel(out *Report) {
	if r.Judge == nil {
		return
	}
	use := r.Judge.Use()
	if batched := r.o.Batched; batched.Model == use.Model || batched.Calls == 0 {
		out.Models = append(out.Models, use.with(batched))
	} else { // the model was replaced while its batch was under way
		batched.Host = use.Host
		out.Models = append(out.Models, use, batched)
	}
	out.Cost.ModelMicroUSD = r.o.ModelCost + r.Judge.CostMicroUSD()
	out.Cost.PricesPerMTokIn = r.Judge.Prices.InputMicroUSD
	out.Cost.PricesPerMTokOu = r.Judge.Prices.OutputMicroUSD
	out.Versions.Prompt = PromptVersion
	out.Privacy.SentToModel = append(out.Privacy.SentToModel, "text of own posts", "descriptions of their pictures")
	if r.profileJudged {
		out.Privacy.SentToModel = append(out.Privacy.SentToModel, "bio of the profile")
	}
	if r.parentsRead > 0 {
		out.Privacy.SentToModel = append(out.Privacy.SentToModel, parentsSent)
	}
	out.Privacy.AliasedFirst = append(out.Privacy.AliasedFirst, aliasedFirst...)
	out.Privacy.RecipientHosts = append(out.Privacy.RecipientHosts, use.Host)
}

// aliasedFirst is what the receipt says was replaced. The corpus of package personal shows that it is.
var aliasedFirst = []string{
	"handles", "e-mail addresses", "phone numbers", "links", "postal addresses", "locations", "dates of birth",
	"card, account, identity, passport and other long numbers", "number plates", "passwords, codes and keys", "post ids",
	"your display name where it is known, and names that can be told as names (other names can remain)",
}

func (r *run) coverage() Coverage {
	c := Coverage{
		PostsTotal: r.total, PostsAnalysed: r.analysed, Reposts: r.reposts, OthersWords: r.others, Quoting: r.quoting,
		PostsSkipped: r.reposts + r.others + r.gone.Count, AlreadyGone: r.gone, ModelChoice: r.choice,
		PostsJudged: r.judged, PostsUnjudged: r.unjudged, PostsOverCost: r.overCost, TalkToModel: r.talking,
		NotEnglish:   r.notEnglish,
		FindingsLost: r.findings.leftOut.Findings, Unread: slices.Clone(r.o.OutOfReach),
		Gaps: append([]Gap{}, r.o.Gaps...), PostsGone: r.o.PostsGone, ParentsRead: r.parentsRead,
	}
	if r.Judge != nil {
		c.ModelUnusable = r.Judge.Unusable() || r.judged == 0 && r.unjudged > r.overCost
	}
	if r.overCost > 0 {
		c.Unread = append(c.Unread, words.M("unread.over_cost", "n", r.overCost, "ceiling", microUSD(r.o.MaxCost)))
	}
	if r.o.Unread != nil {
		u := r.o.Unread()
		c.EntriesLost, c.Outdated = u.Entries, u.Outdated
		c.Unread = append(c.Unread, u.notes()...)
	}
	c.OutOfReach = Sentences(words.For(words.English), c.Unread)
	if r.dated > 0 {
		c.From, c.To = new(r.engagement.first.UTC()), new(r.engagement.last.UTC())
	}
	return c
}

// keptFindings are the findings, with earlier dismissals applied.
func (r *run) keptFindings() []Finding {
	out := r.findings.all()
	for i := range out {
		why, dismissed := r.o.Dismissed[out[i].ID]
		out[i].Why, out[i].Dismissed = why, dismissed
	}
	return out
}

// years are the years of the posts, oldest first; their scores follow from the findings.
func (r *run) years() []YearRisk {
	out := []YearRisk{}
	for _, year := range slices.Sorted(maps.Keys(r.postsByYear)) {
		out = append(out, YearRisk{Year: year, Posts: r.postsByYear[year]})
	}
	return out
}

// tooFew refuses an account that has not said enough.
func tooFew(n, atLeast int) error {
	return fault.ValidationFailed.Saying(
		"An analysis needs at least %d posts in your own words, and only %d could be read. Reposts do not count. Post "+
			"more, or upload your X archive if it holds older posts.",
		atLeast, n)
}
