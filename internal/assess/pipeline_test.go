package assess

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/archive"
	"github.com/repazoo/repazoo/internal/fault"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
	"github.com/repazoo/repazoo/internal/screen"
	"github.com/repazoo/repazoo/internal/words"
)

// timeline is n invented posts, one a day, the newest last; every seventh swears.
func timeline(n int) []Post {
	posts := make([]Post, n)
	for i := range posts {
		text := fmt.Sprintf("Day %d in the garden, and the solar panels hum along nicely.", i)
		if i%7 == 0 {
			text = fmt.Sprintf("What the fuck is wrong with this fucking printer, attempt %d", i)
		}
		posts[i] = Post{
			ID: strconv.Itoa(1000 + i), Text: text, Lang: "en", PostedAt: today.AddDate(0, 0, i-n),
			Metrics: Metrics{Likes: new(i % 5), Reposts: new(0)},
		}
	}
	return posts
}

func source(posts []Post) iter.Seq2[Post, error] { return withoutErrors(slices.Values(posts)) }

// testScreen is built once: its tables take longer than most tests.
var testScreen = sync.OnceValue(screen.New)

func offline() *Pipeline {
	return &Pipeline{Screen: testScreen(), Now: func() time.Time { return today }, AppVersion: "test"}
}

func mustRun(t interface {
	Helper()
	Fatal(...any)
}, posts []Post, o Options,
) *Report {
	t.Helper()
	o.Source = SourceArchive
	r, err := offline().Run(context.Background(), source(posts), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun_FindsWhatTheScreenSeesAndSaysThatNoModelRead(t *testing.T) {
	t.Parallel()
	r := mustRun(t, timeline(70), Options{Account: ReportAccount{ID: "9", Handle: "anna"}})
	swearing := only(r.Findings, func(f Finding) bool { return f.Category == Profanity })
	if got := len(postsOf(swearing)); got != 10 {
		t.Errorf("swearing found in %d posts, want 10", got)
	}
	want := Coverage{
		PostsTotal: 70, PostsAnalysed: 70, From: new(today.AddDate(0, 0, -70)),
		To: new(today.AddDate(0, 0, -1)), OutOfReach: []string{}, Gaps: []Gap{},
	}
	if diff := cmp.Diff(want, r.Coverage); diff != "" {
		t.Error(diff)
	}
	if len(r.Models) != 0 || r.Cost != (Cost{}) || len(r.Privacy.RecipientHosts) != 0 ||
		r.Privacy.KeptUntil != "not kept" {
		t.Errorf("claims that a model was used or something kept: %+v %+v %+v", r.Models, r.Cost, r.Privacy)
	}
	if r.Score <= 0 || r.Level != LevelOf(r.Score) || r.Versions.Screen != screen.Version {
		t.Errorf("score %v level %v versions %+v", r.Score, r.Level, r.Versions)
	}
}

func TestRun_LetsBothWitnessesSpeakAndAccountsForTheModel(t *testing.T) {
	t.Parallel()
	judge, _ := newTestJudge(t)
	p := offline()
	p.Judge = judge
	posts := timeline(90)
	r, err := p.Run(t.Context(), source(posts), Options{Source: SourceX, XReads: 90}, nil)
	if err != nil {
		t.Fatal(err)
	}
	both := only(r.Findings, func(f Finding) bool { return f.Category == Profanity && f.Confidence == bothConfidence })
	if len(both) == 0 {
		t.Error("no finding has both witnesses")
	}
	if c := r.Coverage; c.PostsJudged != 90 || c.PostsUnjudged != 0 {
		t.Errorf("coverage %+v", c)
	}
	if use := r.Models[0]; use.Calls != 3 || use.InputTokens == 0 { // batches of 40, 40 and 10
		t.Errorf("use %+v", use)
	}
	if c := r.Cost; c.XMicroDollars != 450_000 || c.ModelMicroUSD <= 0 ||
		c.TotalMicroUSD != c.XMicroDollars+c.ModelMicroUSD {
		t.Errorf("cost %+v", c)
	}
	if r.Versions.Prompt != PromptVersion || len(r.Privacy.RecipientHosts) != 1 || len(r.Privacy.SentToModel) == 0 {
		t.Errorf("receipt %+v %+v", r.Versions, r.Privacy)
	}
}

func TestRun_FailsWhenTheModelIsOutRatherThanReportHalf(t *testing.T) {
	t.Parallel()
	judge, s := newTestJudge(t)
	s.Claude().Fail(claudesandbox.Fault{Kind: claudesandbox.Overloaded, Times: -1})
	p := offline()
	p.Judge = judge
	if r, err := p.Run(t.Context(), source(timeline(60)), Options{Source: SourceX}, nil); !errors.Is(err,
		fault.ModelUnavailable) || r != nil {
		t.Fatalf("got %v", err)
	}
}

func TestRun_SaysHowManyPostsAreNotInEnglish(t *testing.T) {
	t.Parallel()
	posts := timeline(20)
	for i := range 5 {
		posts[i].Text, posts[i].Lang = "Der Garten ist heute sehr still", "de"
	}
	r := mustRun(t, posts, Options{})
	if r.Coverage.NotEnglish != 5 || r.Sentiment.Measured != 20 ||
		!strings.HasSuffix(r.Summary, "5 posts are not in English, where it knows fewer words.") {
		t.Fatalf("%+v, %d measured: %s", r.Coverage, r.Sentiment.Measured, r.Summary)
	}
}

func TestRun_RefusesFewerThanTenOwnPosts(t *testing.T) {
	t.Parallel()
	posts := timeline(20)
	for i := range 11 {
		posts[i].Repost = true
	}
	_, err := offline().Run(t.Context(), source(posts), Options{Source: SourceX}, nil)
	if !errors.Is(err, fault.ValidationFailed) {
		t.Fatalf("9 own posts: got %v", err)
	}
	posts[0].Repost = false
	if _, err := offline().Run(t.Context(), source(posts), Options{Source: SourceX}, nil); err != nil {
		t.Fatalf("10 own posts: %v", err)
	}
}

func TestRun_CountsRepostsButDoesNotJudgeThem(t *testing.T) {
	t.Parallel()
	posts := timeline(30)
	for i := range 15 {
		posts[i].Repost = true
	}
	r := mustRun(t, posts, Options{})
	if c := r.Coverage; c.PostsTotal != 30 || c.Reposts != 15 || c.PostsSkipped != 15 || c.PostsAnalysed != 15 {
		t.Fatalf("got %+v", c)
	}
	if got := postsOf(r.Findings); slices.Contains(got, "1000") || !slices.Contains(got, "1021") {
		t.Fatalf("findings in %v", got)
	}
}

func TestRun_TheScreenReadsEveryPostAndTheModelTheDoubtfulOnesFirst(t *testing.T) {
	t.Parallel()
	posts := timeline(70) // every seventh swears
	posts[3].Reply = true
	run := func(posts []Post) *Report {
		judge, _ := newTestJudge(t)
		p := offline()
		p.Judge = judge
		r, err := p.Run(t.Context(), source(posts), Options{Source: SourceArchive, MaxPosts: 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run(posts)
	if got := len(postsOf(only(r.Findings, func(f Finding) bool { return f.Category == Profanity }))); got != 10 {
		t.Errorf("swearing found in %d posts, want 10", got)
	}
	c := r.Coverage
	want := &ModelChoice{Limit: 20, Of: 70, ByDoubt: 11, ByNewest: 9}
	if c.PostsAnalysed != 70 || c.PostsJudged != 20 || c.PostsSkipped != 0 || c.PostsUnjudged != 0 {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff(want, c.ModelChoice); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.Summary,
		"the model 20 of 70: 11 for what was seen in them or because they answer others, then the newest 9") {
		t.Error(r.Summary)
	}
	slices.Reverse(posts)
	if diff := cmp.Diff(r.Findings, run(posts).Findings); diff != "" {
		t.Errorf("the order of the source matters: %s", diff)
	}
	if r := mustRun(t, posts, Options{MaxPosts: 20}); r.Coverage.PostsAnalysed != 70 || r.Coverage.ModelChoice != nil {
		t.Errorf("without a model: %+v", r.Coverage)
	}
}

func TestRun_SaysTheSameWhateverTheOrderOfPosts(t *testing.T) {
	t.Parallel()
	posts := timeline(40)
	want := mustRun(t, posts, Options{Purpose: JobSearch})
	rapid.Check(t, func(t *rapid.T) {
		got := mustRun(t, rapid.Permutation(posts).Draw(t, "order"), Options{Purpose: JobSearch})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestThrough_GivesWhatARunForThatPurposeWouldHaveGiven(t *testing.T) {
	t.Parallel()
	posts := timeline(40)
	before := mustRun(t, posts, Options{})
	dismissed := map[string]string{before.Findings[0].ID: "a joke"}
	for _, p := range Purposes {
		made := mustRun(t, posts, Options{Purpose: p})
		want := through(t, made, Lens{Dismissed: dismissed})
		got := through(t, before, Lens{Purpose: p, Dismissed: dismissed})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", p, diff)
		}
		if got.Score != made.Score || got.Now.Score != mustRun(t, posts, Options{Purpose: p, Dismissed: dismissed}).Score {
			t.Errorf("%s: made with %v, now %v", p, got.Score, got.Now)
		}
	}
}

func TestRun_KeepsEarlierDismissalsWithTheirReason(t *testing.T) {
	t.Parallel()
	id := mustRun(t, timeline(30), Options{}).Findings[0].ID
	r := mustRun(t, timeline(30), Options{Dismissed: map[string]string{id: "It was a quotation."}})
	at := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.ID == id })
	if f := r.Findings[at]; !f.Dismissed || f.Why != "It was a quotation." || f.Points != 0 {
		t.Fatalf("got %+v", f)
	}
}

func TestRun_StopsAtTheFirstErrorOfTheSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("the third part is cut off")
	for _, limit := range []int{0, 5} {
		posts := func(yield func(Post, error) bool) {
			for p := range slices.Values(timeline(600)) {
				if !yield(p, nil) {
					return
				}
			}
			yield(Post{}, broken)
		}
		if _, err := offline().Run(t.Context(), posts, Options{Source: SourceX, MaxPosts: limit}, nil); !errors.Is(err,
			broken) {
			t.Errorf("at most %d: got %v", limit, err)
		}
	}
}

func TestRun_StopsWhenItsContextDoes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	endless := func(yield func(Post, error) bool) {
		for i := 0; yield(Post{ID: strconv.Itoa(i), Text: "on and on"}, nil); i++ {
			if i == 5000 {
				cancel()
			}
		}
	}
	if _, err := offline().Run(ctx, endless, Options{Source: SourceX}, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestRun_ReportsProgressInOrderAndNeverBackwards(t *testing.T) {
	t.Parallel()
	var stages []Stage
	done := map[Stage]int{}
	_, err := offline().Run(t.Context(), source(timeline(1200)), Options{Source: SourceX, MaxPosts: 1100},
		func(p Progress) {
			if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
				stages = append(stages, p.Stage)
			}
			if p.Done < done[p.Stage] || p.Total > 0 && p.Done > p.Total {
				t.Errorf("%+v after %d", p, done[p.Stage])
			}
			done[p.Stage] = p.Done
		})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Stage{StageScreen, StageVerify, StageScore, StageRecommend}, stages); diff != "" {
		t.Error(diff)
	}
	if done[StageScreen] != 1200 {
		t.Errorf("got %v", done)
	}
}

func TestRun_CopesWithPostsThatStateNothing(t *testing.T) {
	t.Parallel()
	posts := make([]Post, 12)
	for i := range posts {
		posts[i] = Post{ID: strconv.Itoa(i), Text: "\xff\xfe\x00"}
	}
	r := mustRun(t, posts, Options{})
	if r.Coverage.From != nil || r.Engagement.Known || len(r.RiskByYear) != 0 || r.Engagement.PostsPerWeek != nil {
		t.Fatalf("dates or numbers out of nothing: %+v %+v", r.Coverage, r.Engagement)
	}
}

func TestRun_DoesNotHoldThePosts(t *testing.T) { // alone, not parallel: it measures the heap
	const posts, size = 32_000, 1 << 10 // 32 MB in all
	long := string(make([]byte, size))
	endless := func(yield func(Post, error) bool) {
		for i := range posts {
			if !yield(Post{ID: strconv.Itoa(i), Text: strconv.Itoa(i) + long, Lang: "en", PostedAt: today}, nil) {
				return
			}
		}
	}
	pipeline := offline()
	pipeline.Screen.Check("words", "en") // the first post loads the words of its language
	before, most := heapInUse(), uint64(0)
	_, err := pipeline.Run(t.Context(), endless, Options{Source: SourceX}, func(p Progress) {
		if p.Done%(10*screenChunk) == 0 {
			most = max(most, heapInUse())
		}
	})
	// Half of what went through is room for the chunks in flight and the screen's scratch space, which the race
	// detector makes larger: it lets a sync.Pool forget at random.
	if err != nil || most == 0 || most > before+posts*size/2 {
		t.Fatalf("%d KiB more in use than before, %v", (most-before)>>10, err)
	}
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkRun(b *testing.B) {
	posts := timeline(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := offline().Run(b.Context(), source(posts), Options{Source: SourceX}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(posts)), "ns/post")
}

func TestRun_JudgesNobodyByTheWordsOfOthersOrByWhatIsGone(t *testing.T) {
	t.Parallel()
	posts := timeline(40)
	for i := range posts {
		posts[i].Text = fmt.Sprintf("A quiet walk by the river, number %d", i)
	}
	const abuse = "you are a worthless idiot, nobody likes you"
	for i, text := range []string{
		"RT: @bo " + abuse, "MT @bo: " + abuse, "“" + abuse + "”", // others' words alone
		"so true! RT @bo: " + abuse, "“@bo: " + abuse + "” she is right", // with words of one's own
		"RT @anna: " + abuse, // one's own, repeated
	} {
		posts[i].Text = text
	}
	posts[6].Text, posts[6].Deleted = abuse, true
	unread := func() Unread { return Unread{Entries: 2, Outdated: 1, Sentences: []string{"2 entries were skipped."}} }
	r := mustRun(t, posts, Options{Account: ReportAccount{Handle: "anna"}, Unread: unread})
	if got := postsOf(r.Findings); !slices.Equal(got, []string{"1005"}) {
		t.Errorf("findings in %v", got)
	}
	c := r.Coverage
	c.From, c.To = nil, nil
	want := Coverage{
		PostsTotal: 40, PostsAnalysed: 36, PostsSkipped: 4, OthersWords: 3, Quoting: 2,
		AlreadyGone: Gone{Count: 1, Posts: []string{"1006"}}, Outdated: 1, EntriesLost: 2,
		OutOfReach: []string{"2 entries were skipped."}, Unread: []words.Message{verbatim("2 entries were skipped.")},
		Gaps: []Gap{},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.Summary, "; 3 posts in others' words are counted but not judged; 1 post was deleted already.") {
		t.Error(r.Summary)
	}
}

func TestFromArchive_DescriptionsOfPicturesAreTheAuthorsWords(t *testing.T) {
	t.Parallel()
	p := FromArchive(archive.Post{ID: "1", Text: "look", AltTexts: []string{"my fucking printer", "on fire"}})
	if p.Text != "look\nmy fucking printer\non fire" {
		t.Errorf("got %q", p.Text)
	}
	if p := FromArchive(archive.Post{ID: "1", Text: "look"}); p.Text != "look" {
		t.Errorf("without one: %q", p.Text)
	}
}
