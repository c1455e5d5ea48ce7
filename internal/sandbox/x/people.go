package x

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Person is one of the invented people who can sign in at the stand-in of X.
type Person struct {
	ID        string
	Handle    string
	Name      string
	Line      string // what their timeline is like, for the consent page
	Email     string // most have none, as on X
	CreatedAt time.Time
	Verified  bool
	Followers int
	Profile
}

// Profile is what a person wrote on top of their page, besides the name.
type Profile struct{ Bio, Location, Link string }

// Post is a post as the stand-in keeps it. Text is whole and not escaped.
type Post struct {
	ID, Text, Lang             string
	At                         time.Time
	ReplyTo, QuoteOf, RepostOf string // ids of other posts
	Earlier                    string // ids of the versions before its edits, the oldest first, with spaces between
	Media                      int
	AltTexts                   []string // descriptions of the first pictures
	Likes, Reposts, Replies    int
	Quotes, Bookmarks, Views   int
}

func (p Post) number() uint64 {
	n, _ := strconv.ParseUint(p.ID, 10, 64) // ids are made here
	return n
}

// account is a person with what has happened to their posts in this sandbox.
type account struct {
	Person
	made []Post // shared by all sandboxes, never written to

	mu      sync.Mutex
	added   []Post // newest first
	deleted map[string]bool
	profile *Profile // as they have changed it; nil: as they were invented

	protected bool // nobody else may see the posts
}

// top is what stands on top of the person's page now.
func (a *account) top() Profile {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.profile != nil {
		return *a.profile
	}
	return a.Profile
}

// SetProfile changes what stands on top of a person's page; it reports false for an unknown handle.
func (x *Server) SetProfile(handle string, p Profile) bool {
	a := x.account(handle)
	if a == nil {
		return false
	}
	a.mu.Lock()
	a.profile = &p
	a.mu.Unlock()
	x.store.Changed()
	_ = x.store.Save() // after a failure the next call tries again
	return true
}

// timeline is every post that still stands, newest first, in a slice of its own.
func (a *account) timeline() []Post {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := slices.Concat(a.added, a.made)
	slices.SortStableFunc(all, func(x, y Post) int { return cmp.Compare(y.number(), x.number()) })
	return slices.DeleteFunc(all, func(p Post) bool { return a.deleted[p.ID] })
}

func (a *account) count() int { return len(a.timeline()) }

func (a *account) has(id string) bool {
	return slices.ContainsFunc(a.timeline(), func(p Post) bool { return p.ID == id })
}

// remove deletes a post; it reports false when there is none.
func (a *account) remove(id string) bool {
	if !a.has(id) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deleted[id] = true
	return true
}

func newAccounts() map[string]*account {
	people := map[string]*account{}
	for i, c := range characters {
		people[c.Handle] = &account{Person: c.Person, made: timelines()[i], deleted: map[string]bool{}}
	}
	return people
}

func (x *Server) account(handle string) *account {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.people[handle]
}

func (x *Server) accountByID(id string) *account {
	return x.find(func(a *account) bool { return a.ID == id })
}

func (x *Server) ownerOf(post string) *account {
	return x.find(func(a *account) bool { return a.has(post) })
}

func (x *Server) find(is func(*account) bool) *account {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, a := range x.people {
		if is(a) {
			return a
		}
	}
	return nil
}

// People lists who can sign in, in the order the consent page shows them.
func (x *Server) People() []Person {
	all := make([]Person, len(characters))
	for i, c := range characters {
		all[i] = c.Person
	}
	return all
}

// Posts lists a person's posts that still stand, newest first; nil for an unknown handle.
func (x *Server) Posts(handle string) []Post {
	if a := x.account(handle); a != nil {
		return a.timeline()
	}
	return nil
}

// AddPost posts p in the name of a person. A zero At means now; the id is made from it. It returns the id, or "" for an
// unknown handle.
func (x *Server) AddPost(handle string, p Post) string {
	a := x.account(handle)
	if a == nil {
		return ""
	}
	if p.At.IsZero() {
		p.At = x.store.Now()
	}
	id := a.add(p)
	x.store.Changed()
	_ = x.store.Save() // after a failure the next call tries again
	return id
}

func (a *account) add(p Post) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	p.ID = snowflake(p.At, 63, len(a.added))
	a.added = append(a.added, p)
	return p.ID
}

// snowflake makes an id as X does: milliseconds since November 2010, then where and which.
func snowflake(at time.Time, who, seq int) string {
	const epoch = 1288834974657
	return strconv.FormatUint(uint64(at.UnixMilli()-epoch)<<22|uint64(who&63)<<16|uint64(seq&0xffff), 10)
}

// newest is when the newest made post was posted. It is fixed, so that a restart finds the same posts under the same
// ids.
var newest = time.Date(2026, 11, 15, 19, 30, 0, 0, time.UTC)

// timelines makes every character's posts, once per process: the same texts, times and numbers each time.
var timelines = sync.OnceValue(func() [][]Post {
	all := make([][]Post, len(characters))
	for i, c := range characters {
		all[i] = c.timeline(i)
	}
	return all
})

// character is a person and the way they write.
type character struct {
	Person
	posts      int
	years      float64  // how long they have been writing
	hour       int      // of the day, UTC, when they mostly write
	replies    int      // per cent of posts that answer somebody
	reposts    int      // per cent of posts that repeat somebody
	long       int      // per cent of posts beyond 280 characters
	once       []string // posts that appear exactly once, spread over the timeline
	voices     []voice
	paragraphs []string
}

// voice is a share of a timeline in one language.
type voice struct {
	weight int
	lang   string
	texts  []string // with {slots}, filled from slots
}

func (c character) timeline(who int) []Post {
	rnd := rand.New( //nolint:gosec // posts must be the same every time
		rand.NewPCG(uint64(who), 20261115))
	every := c.posts
	if len(c.once) > 0 {
		every = c.posts / len(c.once)
	}
	posts := make([]Post, c.posts)
	for i := range posts {
		posts[i] = c.post(rnd)
		if k := i / every; i%every == every/2 && k < len(c.once) {
			posts[i] = Post{Text: c.once[k], Lang: "en"}
		}
		posts[i].At = c.time(rnd, i)
		c.numbers(rnd, &posts[i])
	}
	slices.SortStableFunc(posts, func(a, b Post) int { return b.At.Compare(a.At) })
	for i := range posts {
		posts[i].ID = snowflake(posts[i].At, who, c.posts-i)
	}
	return posts
}

// time is when the i-th post from now was written.
func (c character) time(rnd *rand.Rand, i int) time.Time {
	span := c.years * 365 * 24 * float64(time.Hour)
	day := newest.Add(-time.Duration(span * (float64(i) + rnd.Float64()) / float64(c.posts))).Truncate(24 * time.Hour)
	hour := float64(c.hour) + rnd.NormFloat64()*2.5
	at := day.Add(time.Duration(hour * float64(time.Hour))).Truncate(time.Second)
	if at.After(newest) {
		at = at.Add(-24 * time.Hour)
	}
	return at
}

// post writes one post of the usual kind.
func (c character) post(rnd *rand.Rand) Post {
	v := c.voice(rnd)
	p := Post{Text: fill(rnd, pickOne(rnd, v.texts)), Lang: v.lang}
	switch n := rnd.IntN(100); {
	case n < c.reposts:
		p.RepostOf = foreignID(rnd)
		p.Text = "RT @" + pickOne(rnd, slots["handle"]) + ": " + p.Text
	case n < c.reposts+c.replies:
		p.ReplyTo = foreignID(rnd)
		p.Text = "@" + pickOne(rnd, slots["handle"]) + " " + p.Text
	case n < c.reposts+c.replies+c.long:
		for i := rnd.IntN(len(c.paragraphs)); len([]rune(p.Text)) <= shortText; i++ {
			p.Text += "\n\n" + fill(rnd, c.paragraphs[i%len(c.paragraphs)])
		}
	case n > 96:
		p.QuoteOf = foreignID(rnd)
	case n > 90:
		p.Media = 1 + rnd.IntN(3)
		p.AltTexts = []string{pictures[len(p.Text)%len(pictures)]}
	}
	return p
}

// pictures describe what the invented people photograph.
var pictures = []string{
	"A wet street in the evening, with bicycles.", "Two cups of coffee on a wooden table.",
	"A cat that looks out of a window.",
	"Hills under low clouds.", "A crowded platform, seen from above.",
}

func (c character) voice(rnd *rand.Rand) voice {
	total := 0
	for _, v := range c.voices {
		total += v.weight
	}
	n := rnd.IntN(total)
	for _, v := range c.voices {
		if n -= v.weight; n < 0 {
			return v
		}
	}
	return c.voices[0]
}

// numbers gives a post an audience that fits the person's followers.
func (c character) numbers(rnd *rand.Rand, p *Post) {
	if p.RepostOf != "" {
		p.Reposts = rnd.IntN(900)
		return
	}
	p.Views = int(float64(c.Followers+40) * (0.05 + 0.6*rnd.Float64()*rnd.Float64()))
	p.Likes = int(float64(p.Views) * 0.05 * rnd.Float64())
	p.Reposts, p.Replies = p.Likes/(4+rnd.IntN(8)), p.Likes/(3+rnd.IntN(6))
	p.Quotes, p.Bookmarks = p.Reposts/6, p.Likes/10
}

// foreignID is a post of nobody in particular.
func foreignID(rnd *rand.Rand) string {
	return snowflake(newest.Add(-time.Duration(rnd.Int64N(int64(9*365*24*time.Hour)))), 40+rnd.IntN(20), rnd.IntN(60000))
}

func pickOne(rnd *rand.Rand, from []string) string { return from[rnd.IntN(len(from))] }

// fill puts words into the {slots} of a text. A text that begins with a slot begins with a capital.
func fill(rnd *rand.Rand, text string) string {
	atStart := strings.HasPrefix(text, "{")
	for {
		before, rest, found := strings.Cut(text, "{")
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		value := fmt.Sprint(2 + rnd.IntN(28))
		if name != "n" {
			value = pickOne(rnd, slots[name])
		}
		text = before + value + after
	}
	if atStart {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}
