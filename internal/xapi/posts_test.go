package xapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/sandbox"
	"github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/xapi"
)

func TestPosts_ReadsAllThatXReaches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok, id := w.signIn(t, "daily_dorian", readScopes...), personID(w, "daily_dorian")
	all := w.X().Posts("daily_dorian")
	posts, pages, err := w.read(t, tok, id, xapi.Query{})
	if err != nil || len(posts) != 3200 || pages != 32 {
		t.Fatalf("got %d posts on %d pages, %v", len(posts), pages, err)
	}
	for i, p := range posts {
		same(t, p, all[i])
	}
	posts, pages, err = w.read(t, tok, id, xapi.Query{ExcludeReplies: true})
	if err != nil || len(posts) != 800 || pages != 8 || slices.ContainsFunc(posts,
		func(p xapi.Post) bool { return p.Reply }) {
		t.Fatalf("without replies: %d posts on %d pages, %v", len(posts), pages, err)
	}
}

// same compares what arrived with what the stand-in holds, field by field.
func same(t *testing.T, got xapi.Post, want x.Post) {
	t.Helper()
	text := want.Text
	if want.RepostOf != "" && len([]rune(text)) > 280 {
		text = got.Text // X cuts reposts
	}
	m := got.Metrics
	numbers := [...]int{*m.Likes, *m.Reposts, *m.Replies, *m.Quotes, *m.Bookmarks, *m.Impressions}
	if !slices.Equal(got.AltTexts, want.AltTexts) {
		t.Fatalf("descriptions %q, want %q", got.AltTexts, want.AltTexts)
	}
	if got.ID != want.ID || got.Text != text || got.Lang != want.Lang || !got.PostedAt.Equal(want.At) ||
		got.Media != want.Media ||
		got.ReplyToID != want.ReplyTo || got.Repost != (want.RepostOf != "") || got.Quote != (want.QuoteOf != "") ||
		got.Reply != (want.ReplyTo != "") ||
		numbers != [...]int{want.Likes, want.Reposts, want.Replies, want.Quotes, want.Bookmarks, want.Views} {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}

func TestPosts_BothSpellingsSayTheSame(t *testing.T) {
	t.Parallel()
	read := func(spelling bool) []xapi.Post {
		w := newWorld(t, x.Config{NewSpelling: spelling})
		posts, _, err := w.read(t, w.signIn(t, "daily_dorian", readScopes...), personID(w, "daily_dorian"),
			xapi.Query{Max: 300})
		if err != nil {
			t.Fatal(err)
		}
		return posts
	}
	before, after := read(false), read(true)
	if !reflect.DeepEqual(before, after) {
		t.Fatal("the new spelling reads differently")
	}
	for name, has := range map[string]func(xapi.Post) bool{
		"a repost": func(p xapi.Post) bool { return p.Repost }, "a reply": func(p xapi.Post) bool { return p.Reply },
		"a quote":       func(p xapi.Post) bool { return p.Quote },
		"a long post":   func(p xapi.Post) bool { return len([]rune(p.Text)) > 280 },
		"a description": func(p xapi.Post) bool { return len(p.AltTexts) > 0 },
		"media":         func(p xapi.Post) bool { return p.Media > 0 },
		"a hashtag":     func(p xapi.Post) bool { return len(p.Hashtags) > 0 },
	} {
		if !slices.ContainsFunc(after, has) {
			t.Errorf("the sample holds no %s, so it proves nothing of it", name)
		}
	}
}

func TestPosts_StopsAtMax(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok, id := w.signIn(t, "gravelpit_gus", readScopes...), personID(w, "gravelpit_gus")
	for _, c := range []struct{ max, posts, pages, reads int }{
		{1, 1, 1, 5},
		{5, 5, 1, 5},
		{100, 100, 1, 100},
		{102, 102, 2, 105},
		{9999, 400, 4, 400},
	} {
		var posts, pages, reads int
		for page, err := range w.Posts(t.Context(), tok.Access, id, xapi.Query{Max: c.max}) {
			if err != nil {
				t.Fatal(err)
			}
			posts, pages, reads = posts+len(page.Posts), pages+1, reads+page.Reads
		}
		if posts != c.posts || pages != c.pages || reads != c.reads {
			t.Errorf("max %d: %d posts, %d pages, %d reads", c.max, posts, pages, reads)
		}
	}
}

func TestPosts_StopsAskingWhenTheReaderStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "daily_dorian", readScopes...)
	for range w.Posts(t.Context(), tok.Access, personID(w, "daily_dorian"), xapi.Query{}) {
		break
	}
	if n := w.calls("/x/2/users/*/tweets"); n != 1 {
		t.Fatalf("%d calls", n)
	}
}

func TestPosts_BoundsByIDAndTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok, id := w.signIn(t, "gravelpit_gus", readScopes...), personID(w, "gravelpit_gus")
	all := w.X().Posts("gravelpit_gus")
	for name, c := range map[string]struct {
		q    xapi.Query
		want []x.Post
	}{
		"since": {xapi.Query{SinceID: all[150].ID}, all[:150]},
		"until": {xapi.Query{UntilID: all[250].ID}, all[251:]},
		"start": {xapi.Query{Start: all[120].At}, all[:121]},
	} {
		posts, _, err := w.read(t, tok, id, c.q)
		if err != nil || len(posts) != len(c.want) || posts[0].ID != c.want[0].ID ||
			posts[len(posts)-1].ID != c.want[len(c.want)-1].ID {
			t.Errorf("%s: %d posts, want %d, %v", name, len(posts), len(c.want), err)
		}
	}
	newID := w.X().AddPost("gravelpit_gus", x.Post{Text: "a < b & c > d", Lang: "en"})
	posts, _, err := w.read(t, tok, id, xapi.Query{SinceID: all[0].ID})
	if err != nil || len(posts) != 1 || posts[0].ID != newID || posts[0].Text != "a < b & c > d" {
		t.Fatalf("since the newest: %+v, %v", posts, err)
	}
}

func TestPosts_RateLimitIsReturnedWithItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "fresh_finn", readScopes...)
	for range 75 {
		if _, err := w.Me(t.Context(), tok.Access); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Me(t.Context(), tok.Access)
	r, ok := errors.AsType[*xapi.RateLimited](err)
	mustBe(t, err, fault.XUnavailable)
	if left := r.Reset.Sub(w.Now()); !ok || r.MonthlyCap || left < 14*time.Minute || left > 15*time.Minute {
		t.Fatalf("got %v, %v left", err, left)
	}
	if got := fault.From(err).Retry; got < 14*time.Minute || got > 15*time.Minute {
		t.Fatalf("the user is told to wait %v", got)
	}
	if n := w.calls("/x/2/users/me"); n != 76 {
		t.Fatalf("a 429 was tried again: %d calls", n)
	}
	w.Advance(15 * time.Minute)
	if _, err := w.Me(t.Context(), tok.Access); err != nil {
		t.Fatalf("after the window: %v", err)
	}
}

func TestPosts_MonthlyCapIsNotAWindow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 22, 9, 0, 0, 0, time.UTC)
	c, _ := answering(t, now, http.StatusTooManyRequests,
		`{"title":"UsageCapExceeded","type":"https://api.x.com/2/problems/usage-capped"}`)
	_, err := c.Me(t.Context(), "a")
	r, ok := errors.AsType[*xapi.RateLimited](err)
	if !ok || !r.MonthlyCap || !r.Reset.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("got %+v", r)
	}
}

// answering is a client whose every call gets these answers, the last one for ever, and a counter of calls.
func answering(t *testing.T, now time.Time, status int, bodies ...string) (*xapi.Client, *int) {
	calls := new(int)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := bodies[min(*calls, len(bodies)-1)]
		*calls++
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return xapi.New(xapi.Config{ClientID: "c", APIURL: srv.URL, Now: func() time.Time { return now }}), calls
}

func TestPosts_StopsWhenCreditsAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok, other := w.signIn(t, "ada_fernhill", readScopes...), w.signIn(t, "daily_dorian", readScopes...)
	w.Fail(sandbox.Fault{
		Path: "/x/2/users/*/tweets", Status: http.StatusPaymentRequired,
		Body: `{"type":"https://api.x.com/2/problems/credits-depleted"}`,
	})
	_, _, err := w.read(t, tok, personID(w, "ada_fernhill"), xapi.Query{})
	mustBe(t, err, xapi.ErrCreditsGone)
	_, _, err = w.read(t, other, personID(w, "daily_dorian"), xapi.Query{})
	mustBe(t, err, xapi.ErrCreditsGone)
	if n := w.calls("/x/2/users/**"); n != 1 {
		t.Fatalf("X was asked %d times", n)
	}
	if _, err := w.Me(t.Context(), other.Access); err != nil { // else nobody could sign in
		t.Fatalf("a sign-in was stopped too: %v", err)
	}
	if _, err := w.Refresh(t.Context(), tok.Refresh); err != nil {
		t.Fatalf("a refresh costs no credits and must go on: %v", err)
	}
	w.Advance(10 * time.Minute)
	if _, err := w.Me(t.Context(), other.Access); err != nil {
		t.Fatalf("after the cool-down: %v", err)
	}
}

func TestReads_AreTriedThreeTimesAtMost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sandbox.Fault
		calls int
		works bool
	}{
		"two server errors":      {sandbox.Fault{Status: 502, Times: 2}, 3, true},
		"server errors for ever": {sandbox.Fault{Status: 500, Times: -1}, 3, false},
		"one dropped connection": {sandbox.Fault{Drop: true}, 2, true},
		"one truncated body":     {sandbox.Fault{Truncate: true}, 2, true},
		"one timeout":            {sandbox.Fault{Delay: time.Hour}, 2, true},
		"timeouts for ever":      {sandbox.Fault{Delay: time.Hour, Times: -1}, 3, false},
		"a body that is no JSON": {sandbox.Fault{Malformed: true}, 1, false},
		"a refusal":              {sandbox.Fault{Status: 404}, 1, false},
		"a redirect": {sandbox.Fault{
			Status: 302,
			Header: map[string]string{"Location": "http://sandbox/x/2/users/me"},
		}, 1, false},
		"a rate limit":             {sandbox.Fault{Status: 429}, 1, false},
		"a success with no object": {sandbox.Fault{Status: 200, Body: `{}`}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newQuietWorld()
				tok := w.signIn(t, "ada_fernhill", readScopes...)
				c.fault.Path = "/x/2/users/me"
				w.Fail(c.fault)
				begin := time.Now()
				_, err := w.Me(t.Context(), tok.Access)
				if got := w.calls("/x/2/users/me"); got != c.calls || (err == nil) != c.works {
					t.Fatalf("%d calls, want %d; %v", got, c.calls, err)
				}
				if took := time.Since(begin); took > 65*time.Second {
					t.Fatalf("it took %v", took)
				}
				if err != nil {
					mustBe(t, err, fault.XUnavailable)
				}
			})
		})
	}
}

func TestReads_EndWithTheirCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newQuietWorld()
		tok := w.signIn(t, "ada_fernhill", readScopes...)
		w.Fail(sandbox.Fault{Path: "/x/2/users/me", Status: 500, Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // shorter than the pause before the second try
		defer cancel()
		_, err := w.Me(ctx, tok.Access)
		mustBe(t, err, context.DeadlineExceeded)
		if n := w.calls("/x/2/users/me"); n != 1 {
			t.Fatalf("%d calls", n)
		}
	})
}

func TestDelete_IsTriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "ada_fernhill", allScopes...)
	w.Fail(sandbox.Fault{Method: "DELETE", Path: "/x/2/tweets/*", Status: 503, Times: -1})
	_, err := w.DeletePost(t.Context(), tok.Access, "12345")
	r, ok := errors.AsType[*xapi.Refused](err)
	if n := w.calls("/x/2/tweets/*"); !ok || r.Status != 503 || n != 1 {
		t.Fatalf("%d calls, %v", n, err)
	}
}

func TestPosts_OddPages(t *testing.T) {
	t.Parallel()
	empty := `{"meta":{"result_count":0,"next_token":"%"}}`
	for name, c := range map[string]struct {
		bodies       []string
		posts, pages int
		errors       int
		cause        string
	}{
		"an empty timeline": {[]string{`{"meta":{"result_count":0}}`}, 0, 1, 0, ""},
		"an empty page before a full one": {[]string{
			strings.ReplaceAll(empty, "%", "a"),
			`{"data":[{"id":"1","text":"x"}],"meta":{}}`,
		}, 1, 2, 0, ""},
		"the same token twice": {[]string{strings.ReplaceAll(empty, "%", "a")}, 0, 1, 0, "same page token"},
		"data and errors together": {[]string{
			`{"data":[{"id":"1","text":"x"}],"errors":[{"type":"t"},{"type":"t"}],"meta":{}}`,
		}, 1, 1, 2, ""},
		"one post that is no post": {[]string{
			`{"data":[{"id":"1","text":"x"},{"id":"../2"},{"id":3},null,7],"meta":{}}`,
		}, 1, 1, 4, ""},
		"errors and nothing else": {[]string{
			`{"errors":[{"type":"https://api.twitter.com/2/problems/resource-not-found"}]}`,
		}, 0, 0, 0, "200 resource-not-found"},
		"an object of no use":   {[]string{`{"hello":1}`}, 0, 0, 0, "could not be understood"},
		"data of another shape": {[]string{`{"data":"none"}`}, 0, 0, 0, "could not be understood"},
		"nothing":               {[]string{``}, 0, 0, 0, "could not be understood"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := answering(t, time.Now(), 200, c.bodies...)
			var posts, pages, errs int
			var last error
			for page, err := range client.Posts(t.Context(), "a", "1", xapi.Query{}) {
				if last = err; err == nil {
					posts, pages, errs = posts+len(page.Posts), pages+1, errs+page.Errors
				}
			}
			if posts != c.posts || pages != c.pages || errs != c.errors || (last == nil) != (c.cause == "") {
				t.Fatalf("%d posts, %d pages, %d errors, %v", posts, pages, errs, last)
			}
			if last != nil && !strings.Contains(last.Error(), c.cause) {
				t.Fatalf("got %v, want %q", last, c.cause)
			}
		})
	}
}

func TestPosts_GivesUpAfterFortyEmptyPages(t *testing.T) {
	t.Parallel()
	var bodies []string
	for i := range 100 {
		bodies = append(bodies, `{"meta":{"next_token":"t`+strings.Repeat("x", i)+`"}}`)
	}
	c, calls := answering(t, time.Now(), 200, bodies...)
	var last error
	for _, err := range c.Posts(t.Context(), "a", "1", xapi.Query{}) {
		last = err
	}
	if *calls != 40 || last == nil {
		t.Fatalf("%d calls, %v", *calls, last)
	}
}

func TestReads_RefuseABodyWithoutEnd(t *testing.T) {
	t.Parallel()
	c, calls := answering(t, time.Now(), 200, strings.Repeat(" ", 8<<20)+"{}")
	_, err := c.Me(t.Context(), "a")
	if err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") || *calls != 1 {
		t.Fatalf("%d calls, %v", *calls, err)
	}
}

func TestPosts_RefusesAnIDThatIsNoNumber(t *testing.T) {
	t.Parallel()
	c, calls := answering(t, time.Now(), 200, `{}`)
	for _, id := range []string{"", "me", "1/../2", "1?x=2", strings.Repeat("1", 20), "١"} {
		for _, err := range c.Posts(t.Context(), "a", id, xapi.Query{}) {
			mustBe(t, err, fault.XUnavailable)
		}
		_, err := c.DeletePost(t.Context(), "a", id)
		mustBe(t, err, fault.XUnavailable)
	}
	if *calls != 0 {
		t.Fatalf("%d calls left the client", *calls)
	}
}

func TestDecode_TakesTheWholeTextAndKnownNumbersOnly(t *testing.T) {
	t.Parallel()
	p, err := xapi.DecodePage([]byte(`{"data":[{"id":"7","text":"short…","note_post":{"text":"long &amp; whole &lt;3","entities":{"hashtags":[{"tag":"b"},{"tag":"a"}]}},
		"entities":{"hashtags":[{"tag":"a"}]},"public_metrics":{"like_count":0,"repost_count":3,"quote_count":-1}}],"meta":{"next_token":"n"}}`))
	if err != nil || len(p.Posts) != 1 {
		t.Fatal(p, err)
	}
	got := p.Posts[0]
	if got.Text != "long & whole <3" || !slices.Equal(got.Hashtags, []string{"a", "b"}) || p.Next != "n" ||
		!got.PostedAt.IsZero() {
		t.Fatalf("got %+v", got)
	}
	if m := got.Metrics; *m.Likes != 0 || *m.Reposts != 3 || m.Quotes != nil || m.Replies != nil {
		t.Fatalf("got %+v", m)
	}
}

func TestDecode_EveryPostIsEitherReadOrCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		good := rapid.SliceOf(rapid.Bool()).Draw(t, "good")
		var items []string
		want := 0
		for _, g := range good {
			if g {
				want++
				items = append(items, `{"id":"`+rapid.StringMatching(`[0-9]{1,19}`).Draw(t, "id")+`","text":"x"}`)
			} else {
				items = append(items, rapid.SampledFrom([]string{
					`{}`, `null`, `[]`, `{"id":1}`, `{"id":"x"}`,
					`{"id":"1","created_at":"soon"}`,
				}).Draw(t, "bad"))
			}
		}
		p, err := xapi.DecodePage([]byte(`{"data":[` + strings.Join(items, ",") + `],"meta":{}}`))
		if err != nil || len(p.Posts) != want || p.Errors != len(good)-want || p.Reads != len(good) {
			t.Fatalf("%d posts, %d errors, %d reads of %v: %v", len(p.Posts), p.Errors, p.Reads, good, err)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"1","text":"RT @a: x","created_at":"2026-01-02T03:04:05.000Z","referenced_tweets":[{"type":"quoted","id":"2"}]}],"meta":{"next_token":"t"}}`))
	f.Add([]byte(`{"data":[{"id":"1","note_tweet":{"text":"&amp;"},"public_metrics":{"like_count":1}}],"errors":[{"type":"a/b"}]}`))
	f.Add([]byte(`{"errors":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := xapi.DecodePage(body)
		if err != nil {
			return
		}
		if p.Reads > len(body) || len(p.Posts) > p.Reads || len(p.Posts)+p.Errors < p.Reads {
			t.Fatalf("%d posts, %d errors, %d reads", len(p.Posts), p.Errors, p.Reads)
		}
		for _, post := range p.Posts {
			if strings.Trim(post.ID, "0123456789") != "" || post.ID == "" || len(post.Hashtags) > 100 {
				t.Fatalf("got %+v", post)
			}
		}
	})
}
