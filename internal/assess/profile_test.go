package assess

import (
	std "cmp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/repazoo/repazoo/internal/archive"
)

// withProfile is a timeline with a profile before its posts.
func withProfile(t *testing.T, posts []Post, p Profile) []Post {
	t.Helper()
	item, ok := p.Post()
	if !ok {
		t.Fatal("the profile is blank")
	}
	return append([]Post{item}, posts...)
}

var rude = Profile{
	Name: "Anna", Bio: "I hate all Sikhs, they are vermin", Location: "Ghent",
	Link: "https://anna.example",
}

func TestProfile_IsFoundBesideThePostsWithItsOwnWords(t *testing.T) {
	t.Parallel()
	r := mustRun(t, withProfile(t, timeline(20), rude), Options{Account: ReportAccount{ID: "9", Handle: "anna"}})
	found := inProfile(r.Findings)
	if len(found) == 0 {
		t.Fatal("nothing was found in the profile")
	}
	f := found[0]
	if f.PostID != ProfileID || f.URL != "https://x.com/anna" || !f.PostedAt.IsZero() ||
		f.Suggestion != SuggestContext || f.Category != HateSpeech {
		t.Errorf("finding %+v", f)
	}
	if rec := r.Recommendations[0]; rec.Title != "Change your profile" || rec.Posts != nil || *rec.ScoreAfter >= r.Score {
		t.Errorf("first recommendation %+v at a score of %v", rec, r.Score)
	}
	for _, rec := range r.Recommendations {
		if slices.Contains(rec.Posts, ProfileID) {
			t.Errorf("%q names the profile as a post", rec.Title)
		}
	}
	if !strings.Contains(r.Summary, "posts and the profile, led by") {
		t.Errorf("summary %q", r.Summary)
	}
	if key := r.KeyFindings[0]; !strings.HasPrefix(key, "Hate speech in the profile; the heaviest is ") ||
		!strings.Contains(key, ", in the profile: “") {
		t.Errorf("key finding %q", key)
	}
	if !slices.Contains(r.Privacy.Read, "the profile: display name, bio, location and link") {
		t.Errorf("receipt %q", r.Privacy.Read)
	}
}

func TestProfile_CountsAsNoPost(t *testing.T) {
	t.Parallel()
	o := Options{Account: ReportAccount{ID: "9", Handle: "anna"}}
	with, without := mustRun(t, withProfile(t, timeline(20), rude), o), mustRun(t, timeline(20), o)
	type counts struct {
		Coverage   Coverage
		Engagement Engagement
		Sentiment  Sentiment
		Themes     []Theme
	}
	of := func(r *Report) counts { return counts{r.Coverage, r.Engagement, r.Sentiment, r.Themes} }
	if diff := cmp.Diff(of(without), of(with)); diff != "" {
		t.Error(diff)
	}
	for i, y := range with.RiskByYear {
		if y.Posts != without.RiskByYear[i].Posts || y.Score != without.RiskByYear[i].Score {
			t.Errorf("year %+v, want %+v", y, without.RiskByYear[i])
		}
	}
	if _, err := offline().Run(t.Context(), source(withProfile(t, timeline(9), rude)), o, nil); err == nil {
		t.Error("nine posts and a profile were enough")
	}
}

func TestProfile_IsNoPostToDelete(t *testing.T) {
	t.Parallel()
	p := Profile{Name: "Anna", Bio: "you are a fucking worthless kike. My card is 4111 1111 1111 1112, mail " +
		"anna.smith@gmail.com"}
	r := mustRun(t, withProfile(t, calm(20), p), Options{Account: ReportAccount{Handle: "anna"}})
	for _, f := range r.Findings {
		if f.Suggestion != SuggestContext {
			t.Errorf("%s: %s", f.Quote, f.Suggestion)
		}
	}
	var titles []string
	for _, rec := range r.Recommendations {
		if rec.ScoreAfter != nil {
			titles = append(titles, rec.Title)
		}
	}
	for _, title := range titles {
		if title != "Change your profile" && !strings.HasPrefix(title, "Have a person look at") {
			t.Errorf("advice %q", title)
		}
	}
	if len(titles) == 0 {
		t.Error("no advice on the profile")
	}
}

// calm is a timeline in which nothing is found.
func calm(n int) []Post {
	return slices.DeleteFunc(timeline(2*n), func(p Post) bool { return strings.Contains(p.Text, "printer") })[:n]
}

func TestProfile_TheModelReadsItWhateverTheLimit(t *testing.T) {
	t.Parallel()
	judge, _ := newTestJudge(t)
	p := offline()
	p.Judge = judge
	r, err := p.Run(t.Context(), source(withProfile(t, timeline(30), rude)), Options{Source: SourceX, MaxPosts: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Coverage; c.PostsJudged != 10 || c.PostsAnalysed != 30 || c.ModelChoice.Of != 30 ||
		c.ModelChoice.ByDoubt+c.ModelChoice.ByNewest != 10 {
		t.Errorf("coverage %+v, choice %+v", c, c.ModelChoice)
	}
	if !slices.Contains(r.Privacy.SentToModel, "bio of the profile") {
		t.Errorf("sent %q", r.Privacy.SentToModel)
	}
}

func TestProfile_IsInNoCountOfAForecast(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 10} {
		judge, _ := newTestJudge(t)
		p := offline()
		p.Judge = judge
		f, err := p.Forecast(t.Context(), source(withProfile(t, timeline(30), rude)), Options{MaxPosts: limit})
		if chosen := std.Or(limit, 30); err != nil || f.Own != 30 || f.Total != 30 || f.Chosen != chosen ||
			f.Texts != chosen+1 {
			t.Errorf("limit %d: %+v, %v", limit, f, err)
		}
	}
}

func TestProfile_WhatTheModelWasNotShownItCannotClear(t *testing.T) {
	t.Parallel()
	p, _ := Profile{Name: "kill all Sikhs", Bio: "A gardener."}.Post()
	inName := Claim{PostID: ProfileID, Category: HateSpeech, Severity: Medium, Start: p.Aside, End: len(p.Text)}
	inBio := Claim{PostID: ProfileID, Category: HateSpeech, Severity: Medium, Start: 0, End: 5}
	stand, cleared := acquit(p, []Claim{inName, inBio}, Judgement{PostID: ProfileID}, nil)
	if len(stand) != 1 || stand[0] != inName || len(cleared) != 1 || cleared[0] != inBio {
		t.Errorf("%+v stand, %+v are cleared", stand, cleared)
	}
}

func TestProfile_TwoAccountsHaveTwoFindings(t *testing.T) {
	t.Parallel()
	id := func(account string) string {
		r := mustRun(t, withProfile(t, calm(10), rude), Options{Account: ReportAccount{ID: account}})
		return inProfile(r.Findings)[0].ID
	}
	if id("9") == id("10") {
		t.Error("a finding in a profile is not named by its account")
	}
}

func TestProfile_Text(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile Profile
		text    string
		aside   int
	}{
		{Profile{}, "", 0},
		{Profile{Name: " \n"}, "", 0},
		{Profile{Bio: "Gardener."}, "Gardener.", 0},
		{Profile{Name: "Anna"}, "\nAnna", 1},
		{Profile{Name: "Anna", Bio: "Gardener.", Link: "https://a.example"}, "Gardener.\nAnna\nhttps://a.example", 10},
	} {
		p, ok := c.profile.Post()
		if p.Text != c.text || p.Aside != c.aside || ok != (c.text != "") {
			t.Errorf("%+v: %q, %d, %v", c.profile, p.Text, p.Aside, ok)
		}
	}
}

func TestAltText_IsTheAuthorsOwnAndAFindingSaysWhereItStands(t *testing.T) {
	t.Parallel()
	others := "“you are a worthless clown and nobody likes you”"
	quoting := FromArchive(archive.Post{
		ID: "1", Text: others,
		AltTexts: []string{"a fine tree", "I hate all Sikhs, they are vermin"},
	})
	said := FromArchive(archive.Post{
		ID: "2", Text: "I hate all Sikhs, they are vermin",
		AltTexts: []string{"a fine tree"},
	})
	repost := FromArchive(archive.Post{
		ID: "3", Text: "RT @a: look", Repost: true,
		AltTexts: []string{"I hate all Sikhs, they are vermin"},
	})
	r := mustRun(t, append(calm(10), quoting, said, repost), Options{})
	items := map[string]string{}
	for _, f := range r.Findings {
		items[f.PostID+" "+string(f.Category)] = f.Item
	}
	if diff := cmp.Diff(map[string]string{"1 hate_speech": ItemAltText, "2 hate_speech": ""}, items); diff != "" {
		t.Error(diff)
	}
	if c := r.Coverage; c.Quoting != 1 || c.OthersWords != 0 || c.Reposts != 1 {
		t.Errorf("coverage %+v", c)
	}
}

func TestAltText_InvalidBytesLeaveTheBorderInItsPlace(t *testing.T) {
	t.Parallel()
	p := FromArchive(archive.Post{ID: "1", Text: "a\xff\xffb", AltTexts: []string{"c\xffd"}}).valid()
	if p.words() != "a\uFFFDb" || p.Text[p.Aside:] != "c\uFFFDd" {
		t.Errorf("%q, %q", p.words(), p.Text[p.Aside:])
	}
}

func TestProfile_OnlyItsBioLeavesAsOneAndWithoutTheNamePlaceAndLink(t *testing.T) {
	t.Parallel()
	j, s := newTestJudge(t)
	p := offline()
	p.Judge = j
	me := Profile{
		Name: "Zyx Quill", Bio: "Zyx Quill of Ghent. Gardener, see quill.dev", Location: "Ghent",
		Link: "quill.dev",
	}
	r, err := p.Run(t.Context(), source(withProfile(t, calm(12), me)), Options{Source: SourceX}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, user, _ := sentTexts(t, asks(s)[0])
	if !strings.Contains(user, `"kind":"profile","text":"`) || strings.Count(user, `"kind"`) != 1 ||
		!strings.Contains(user, "Gardener") {
		t.Errorf("sent %s", user)
	}
	for _, own := range []string{"Zyx", "Quill", "Ghent", "quill.dev"} {
		if strings.Contains(user, own) {
			t.Errorf("%s left: %s", own, user)
		}
	}
	if !slices.Contains(r.Privacy.SentToModel, "bio of the profile") {
		t.Errorf("%q", r.Privacy.SentToModel)
	}
}

func TestProfile_WithoutABioIsNotSent(t *testing.T) {
	t.Parallel()
	j, s := newTestJudge(t)
	p := offline()
	p.Judge = j
	posts := withProfile(t, calm(12), Profile{Name: "Zyx Quill"})
	r, err := p.Run(t.Context(), source(posts), Options{Source: SourceX}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, user, _ := sentTexts(t, asks(s)[0])
	if strings.Contains(user, `"kind"`) || slices.Contains(r.Privacy.SentToModel, "bio of the profile") {
		t.Errorf("sent %s, %q", user, r.Privacy.SentToModel)
	}
}
