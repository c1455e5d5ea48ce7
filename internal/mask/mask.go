// Package mask makes of a report one that can be given to somebody else, such as a coach or a lawyer, who should see
// what was found and cannot find out from it whose posts these are.
//
//	masked, err := mask.Report(r, mask.Options{Own: []string{"ada_fernhill", "Ada Fernhill"}, Quotes: true})
//
// What it does with each part:
//
//   - The account's handle and id, the ids and links of posts, the report's own id: taken out. Findings and posts get
//     numbers ("finding-1", "post-1"), which are the same for the same thing within one report and mean nothing
//     outside it.
//   - Words of posts: whatever package personal detects (handles, names, numbers, addresses, links, e-mail addresses,
//     places, keys …) becomes a placeholder such as [person 1], and so does every number of four digits or more, and
//     the author's own handle and names however they are spelled. The same words get the same placeholder in the
//     whole report. Without Quotes no word of a post is left at all.
//   - Words around a quote that were cut in the middle of a word lose that word: half a handle cannot be told as one.
//   - The profile's words, samples of the tone, hashtags and frequent words among the themes, and what somebody wrote
//     about a dismissal: taken out.
//   - What could not be read: without the ids of entries that were skipped, and every number of six digits in a row or
//     more is [number].
//   - Dates of posts: cut to the day.
//   - Score, points, categories, counts and charts: as they are. What the report says of itself in sentences is made
//     anew from the masked findings, so that no sentence remembers what a finding does not.
//
// A name that looks like any other word cannot be told as a name and stays; so does what a sentence tells by its
// meaning. Whoever can search X for the words of a quote may still find the post. That is why quotes can be left out.
package mask

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
)

// Options say how a report is masked.
type Options struct {
	Own    []string // handles and names of whoever wrote the posts, besides the handle in the report
	Quotes bool     // the words of posts stay, masked
}

// Report gives a masked copy of a report, as it stands. The report itself is not changed.
func Report(r *assess.Report, o Options) (*assess.Report, error) {
	c, err := clone(r)
	if err != nil {
		return nil, err
	}
	w := newWords(append([]string{r.Account.Handle}, o.Own...))
	identities := identities(r)
	c.ID, c.Account = "", assess.ReportAccount{}
	number(c.Findings)
	for i := range c.Findings {
		maskFinding(&c.Findings[i], w, o.Quotes)
	}
	c.Themes = maskThemes(c.Themes, w)
	c.Sentiment.Samples = []assess.Sample{}
	maskUnread(&c.Coverage)
	if c, err = c.Through(assess.Lens{}); err != nil { // sentences and steps follow from the findings
		return nil, err
	}
	c.Masked = true
	strip(c)
	replaceIn(reflect.ValueOf(c).Elem(), identities)
	return c, nil
}

// clone copies a report with all that it points to.
func clone(r *assess.Report) (*assess.Report, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("mask: copy the report: %w", err)
	}
	c := &assess.Report{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("mask: copy the report: %w", err)
	}
	return c, nil
}

// number puts numbers in place of the ids of findings and posts.
func number(findings []assess.Finding) {
	posts := map[string]string{}
	for i := range findings {
		f := &findings[i]
		if f.PostID != assess.ProfileID && posts[f.PostID] == "" {
			posts[f.PostID] = fmt.Sprintf("post-%d", len(posts)+1)
		}
		f.ID = fmt.Sprintf("finding-%d", i+1)
		if f.PostID != assess.ProfileID {
			f.PostID = posts[f.PostID]
		}
	}
}

func maskFinding(f *assess.Finding, w *words, quotes bool) {
	f.URL, f.Why = "", ""
	f.Reason = w.mask(f.Reason)
	if quotes && !f.OfProfile() {
		f.Before, f.Quote, f.After = w.quoted(f.Before, f.Quote, f.After)
	} else {
		f.Before, f.Quote, f.After = "", "", ""
	}
	f.QuoteStart = len([]rune(f.Before)) // of what is shown of the post
	f.QuoteEnd = f.QuoteStart + len([]rune(f.Quote))
}

// maskThemes keeps what the model says the posts are about. A hashtag can be searched for, and a frequent word be a
// name.
func maskThemes(themes []assess.Theme, w *words) []assess.Theme {
	kept := []assess.Theme{}
	for _, t := range themes {
		if t.By == "model" {
			t.Name = w.mask(t.Name)
			kept = append(kept, t)
		}
	}
	return kept
}

// longNumber is a number that may be the id of a post or of an account. Counts are written in groups of three.
var longNumber = regexp.MustCompile(`\p{N}{6,}`)

// maskUnread takes ids out of what the report says it could not read. A step quotes these sentences, so this comes
// before they are said anew. Older reports hold the sentences alone.
func maskUnread(c *assess.Coverage) {
	hide := func(s string) string { return longNumber.ReplaceAllString(s, "[number]") }
	for i := range c.Unread {
		m := &c.Unread[i]
		for name, value := range m.Args {
			if _, err := strconv.ParseFloat(value, 64); err != nil { // a count stays
				m.Args[name] = hide(value)
			}
		}
		if m.Key == "unread.skipped_posts" || m.Key == "unread.skipped_more" {
			m.Key = "unread.skipped"
			delete(m.Args, "posts")
		}
	}
	for i, sentence := range c.OutOfReach {
		c.OutOfReach[i] = hide(sentence)
	}
}

// strip takes out what would lead to a post. It comes last: what a report says of itself counts what goes here.
func strip(c *assess.Report) {
	c.Findings = slices.DeleteFunc(c.Findings, func(f assess.Finding) bool { return f.Dismissed })
	for i := range c.Findings {
		c.Findings[i].PostedAt = day(c.Findings[i].PostedAt)
	}
	for i := range c.Recommendations {
		c.Recommendations[i].Posts = nil
	}
	c.Engagement.Hours = nil
	c.Coverage.AlreadyGone.Posts = nil
	c.Coverage.Unread = nil // its sentences stay
	c.Coverage.From, c.Coverage.To = dayOf(c.Coverage.From), dayOf(c.Coverage.To)
	for i := range c.Coverage.Gaps {
		g := &c.Coverage.Gaps[i]
		g.From, g.To = dayOf(g.From), dayOf(g.To)
	}
	c.ReadAsHarmless.Findings = []assess.Finding{}
}

func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}

func dayOf(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(day(*t))
}

// shortestID is how long an id is that is replaced wherever it stands: a shorter one is a number like any other.
const shortestID = 6

// identities replace what names the account and its posts in any sentence of the report.
func identities(r *assess.Report) *strings.Replacer {
	var pairs []string
	add := func(what, by string) {
		if len(what) >= shortestID {
			pairs = append(pairs, what, by)
		}
	}
	if h := r.Account.Handle; h != "" {
		pairs = append(pairs, "@"+h, author)
	}
	for _, f := range r.Findings {
		if f.PostID != assess.ProfileID {
			add(f.PostID, "a post")
		}
	}
	add(r.Account.ID, author)
	add(r.ID, "this report")
	return strings.NewReplacer(pairs...)
}

// replaceIn replaces in every text that a value holds.
func replaceIn(v reflect.Value, by *strings.Replacer) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(by.Replace(v.String()))
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem() != reflect.TypeFor[time.Time]() {
			replaceIn(v.Elem(), by)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceIn(v.Index(i), by)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			replaceIn(field, by)
		}
	}
}
