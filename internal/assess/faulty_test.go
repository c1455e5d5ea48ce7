package assess

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/fault"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// faultyPage is made by this test, so that it stays true.
const faultyPage = "../../docs/faulty-models.md"

const faultyHead = `# What a faulty model costs, and what the person reads

This page is made by ` + "`go test ./internal/assess -run FaultyModels -update`" + `, and a test fails when it is not true. Each line is
one analysis of 175 posts, every seventh of which holds something grave, by the sandbox's Claude, which misbehaves as the first column
says. A call asks about up to 40 posts; the first line is a model without a fault. The cost is by the prices of
` + "`claude-haiku-5-5`" + `. Posts that the model does not judge keep what the word screen found in them.

| the model | calls | cost, µ$ | posts judged | what the person reads |
|---|---|---|---|---|
`

// faultyModels are the ways in which a model can fail, in words and in the sandbox.
var faultyModels = []struct {
	words string
	claudesandbox.Fault
}{
	{"answers as asked", claudesandbox.Fault{}},
	{
		"wraps JSON in prose and a fence, with fields nobody asked for",
		claudesandbox.Fault{Kind: claudesandbox.Local, Times: -1},
	},
	{"leaves out the last post of every answer", claudesandbox.Fault{Kind: claudesandbox.Forgetful, Times: -1}},
	{"is cut in every answer", claudesandbox.Fault{Kind: claudesandbox.MaxTokens, Times: -1}},
	{"is cut in its first answer", claudesandbox.Fault{Kind: claudesandbox.MaxTokens}},
	{"refuses everything", claudesandbox.Fault{Kind: claudesandbox.Refuses, Times: -1}},
	{"refuses whatever stands beside one post", claudesandbox.Fault{
		Kind: claudesandbox.Refuses, Times: -1,
		Containing: "number 76 ",
	}},
	{"the provider's filter stops one post", claudesandbox.Fault{
		Kind: claudesandbox.Filtered, Times: -1,
		Containing: "number 76 ",
	}},
	{"finds the prompt too long", claudesandbox.Fault{Kind: claudesandbox.Context, Times: -1}},
	{"never writes JSON", claudesandbox.Fault{Kind: claudesandbox.Malformed, Times: -1}},
	{"writes no JSON once", claudesandbox.Fault{Kind: claudesandbox.Malformed}},
	{"quotes what nobody wrote", claudesandbox.Fault{Kind: claudesandbox.Invents, Times: -1}},
	{"speaks of posts that were not sent", claudesandbox.Fault{Kind: claudesandbox.UnknownPost, Times: -1}},
	{"invents a category", claudesandbox.Fault{Kind: claudesandbox.UnknownLabel, Times: -1}},
	{"names traits of the author", claudesandbox.Fault{Kind: claudesandbox.Labels, Times: -1}},
	{"has no credit left", claudesandbox.Fault{Kind: claudesandbox.NoCredit, Times: -1}},
	{"has reached the operator's spending limit", claudesandbox.Fault{Kind: claudesandbox.SpendLimit, Times: -1}},
	{"is overloaded", claudesandbox.Fault{Kind: claudesandbox.Overloaded, Times: -1}},
}

// faultyPosts are plain posts, and a grave one among seven.
func faultyPosts() []Post {
	posts := make([]Post, 175)
	for i := range posts {
		text := fmt.Sprintf("Post number %d is about the garden.", i)
		if i%7 == 0 {
			text = fmt.Sprintf("Post number %d: %s", i, grave)
		}
		posts[i] = Post{ID: fmt.Sprint(1000 + i), Text: text, Lang: "en", PostedAt: today.AddDate(0, 0, -i)}
	}
	return posts
}

func TestFaultyModels_ThePageSaysWhatTheyCostAndWhatThePersonReads(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(faultyHead)
	normal := 0
	for _, m := range faultyModels {
		j, s := newTestJudge(t)
		if m.Kind != "" {
			s.Claude().Fail(m.Fault)
		}
		p := offline()
		p.Judge = j
		o := Options{Source: SourceX, Concurrency: 1}
		r, err := p.Run(t.Context(), withoutErrors(slices.Values(faultyPosts())), o, nil)
		calls := len(asks(s))
		if m.Kind == "" {
			normal = calls
		}
		if calls > 2*normal+repeatsAtFirst {
			t.Errorf("%s: %d calls, a good model has %d", m.words, calls, normal)
		}
		judged, cost := 0, j.CostMicroUSD()
		if err == nil {
			judged = r.Coverage.PostsJudged
		}
		fmt.Fprintf(&page, "| %s | %d | %d | %d | %s |\n", m.words, calls, cost, judged, whatIsRead(t, r, err))
	}
	batchedPage(t, &page)
	samePage(t, faultyPage, page.String())
}

// whatIsRead is what a report says of its model, or the refusal of an analysis that failed.
func whatIsRead(t *testing.T, r *Report, err error) string {
	t.Helper()
	if err != nil {
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok {
			t.Fatal(err)
		}
		return "The analysis ends, or is tried again: “" + f.Message + "”"
	}
	c := r.Coverage
	said := []string{fmt.Sprintf("%d findings, %d read as harmless.", len(r.Findings), r.ReadAsHarmless.Count)}
	if c.ModelUnusable {
		said = append(said, "“"+screenAlone(r)[0]+"”")
	} else if c.PostsUnjudged > 0 {
		said = append(said, fmt.Sprintf("“Read by a language model: %d”, and %d without an answer.", c.PostsJudged,
			c.PostsUnjudged))
	}
	if r.RejectedClaims > 0 {
		said = append(said, fmt.Sprintf("%d claims dropped.", r.RejectedClaims))
	}
	if r.GuardedWords > 0 {
		said = append(said, fmt.Sprintf("%d reasons or themes replaced.", r.GuardedWords))
	}
	return strings.Join(said, " ")
}

// samePage compares a page with what it must say, or writes it with -update.
func samePage(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // a page of the documentation
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s is not true any more; run the test with -update and look at it:\n%s", path, diff)
	}
}
