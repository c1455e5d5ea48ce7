package assess

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/repazoo/repazoo/internal/archive"
	"github.com/repazoo/repazoo/internal/words"
)

// A report says everything in the language of its reader, from the catalogue in package words: what follows from its
// numbers is made anew for each reader (lens.go), and what was found while it was made is kept as a message, or by the
// name of its reason. What the model wrote stays in the language that it wrote in, and the report says which that is.

// words are those of the report's language.
func (r *Report) words() *words.Language { return words.For(r.Language) }

// title is the category as a heading.
func title(l *words.Language, c Category) string { return l.Say("category." + string(c)) }

// within are the names of categories as they stand in a sentence.
func within(l *words.Language, groups []categoryFindings) []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = l.Within(title(l, g.category))
	}
	return names
}

// Sentences say what could not be read.
func Sentences(l *words.Language, notes []words.Message) []string {
	out := make([]string, 0, len(notes))
	for _, n := range notes {
		out = append(out, sentence(l, n))
	}
	return out
}

// noteGap is a part of the account that was not read: its sentence has a second one, which says how to close it.
const noteGap = "unread.gap"

func sentence(l *words.Language, n words.Message) string {
	if reason := n.Args["reason"]; l.Has(reason) { // of an entry that was skipped
		n.Args = maps.Clone(n.Args)
		n.Args["reason"] = l.Say(reason)
	}
	if n.Key != noteGap {
		return l.Render(n)
	}
	return l.Render(n) + " " + l.Say("unread.remedy", "reason", n.Args["reason"])
}

// verbatim is a sentence that there is in English alone.
func verbatim(s string) words.Message { return words.M("unread.verbatim", "sentence", s) }

// noteOf is what an archive says of entries that were skipped.
func noteOf(s archive.Skip) words.Message {
	reason := s.Reason
	if key, known := words.For(words.English).KeyOf("skip.", reason); known {
		reason = key
	}
	switch posts := strings.Join(s.Posts, ", "); {
	case s.Count == 0:
		return words.M("unread.cut", "file", s.File, "reason", reason)
	case posts == "":
		return words.M("unread.skipped", "n", s.Count, "file", s.File, "reason", reason)
	case s.Count > len(s.Posts):
		return words.M("unread.skipped_more", "n", s.Count, "file", s.File, "reason", reason, "posts", posts)
	default:
		return words.M("unread.skipped_posts", "n", s.Count, "file", s.File, "reason", reason, "posts", posts)
	}
}

// translate says in the report's language what was said when it was made.
func (r *Report) translate() {
	l := r.words()
	if len(r.Coverage.Unread) == len(r.Coverage.OutOfReach) {
		r.Coverage.OutOfReach = Sentences(l, r.Coverage.Unread)
	}
	r.Coverage.Gaps = slices.Clone(r.Coverage.Gaps)
	for i, g := range r.Coverage.Gaps {
		r.Coverage.Gaps[i].Remedy = retold(l, g.Remedy, l.Say("unread.remedy", "reason", g.Reason))
	}
	p := &r.Privacy
	for _, list := range []*[]string{&p.SentToModel, &p.AliasedFirst, &p.Read, &p.NeverRead} {
		*list = slices.Clone(*list)
		for i, s := range *list {
			(*list)[i] = translated(l, "data.", s)
		}
	}
	p.KeptUntil = translated(l, "data.", p.KeptUntil)
	for i := range r.Findings {
		r.Findings[i].translate(l)
	}
	r.ReadAsHarmless.Findings = slices.Clone(r.ReadAsHarmless.Findings)
	for i := range r.ReadAsHarmless.Findings {
		r.ReadAsHarmless.Findings[i].translate(l)
	}
}

// retold is a sentence in a language: as it is where it is English and English is wanted.
func retold(l *words.Language, stored, said string) string {
	if l.Tag == words.English {
		return stored
	}
	return said
}

// translated is a text of the English catalogue in another language; any other text stays.
func translated(l *words.Language, prefix, text string) string {
	if key, ok := words.For(words.English).KeyOf(prefix, text); ok {
		return l.Say(key)
	}
	return text
}

// translate says the reason in a language, if somebody but the model gave it.
func (f *Finding) translate(l *words.Language) {
	if cmp.Or(f.ReasonLang, words.English) == l.Tag {
		return
	}
	key := f.ReasonCode
	if key == "" { // of a report from before reasons had codes
		for _, prefix := range []string{"screen.", "own."} {
			if found, ok := words.For(words.English).KeyOf(prefix, f.Reason); ok {
				key = found
			}
		}
	}
	if key != "" && l.Has(key) {
		f.Reason, f.ReasonLang, f.ReasonCode = l.Say(key), l.Tag, key
		if l.Tag == words.English {
			f.ReasonLang = ""
		}
	}
}

// WholeReason is why something is a finding, where it stands if that is not the text of the post, and what became of
// the post that this one answers, if the model asked for it.
func (f Finding) WholeReason(l *words.Language) string {
	out := f.Reason
	if f.Item == ItemAltText {
		out += " " + l.Say("context.picture")
	}
	if f.Context != "" {
		out += " " + f.Context.Words(l)
	}
	return out
}

// Foreign reports whether the reason is in another language than the report.
func (f Finding) Foreign(r *Report) (lang string, foreign bool) {
	lang = cmp.Or(f.ReasonLang, words.English)
	return lang, lang != cmp.Or(r.Language, words.English)
}

// places says where findings stand: "in 3 posts", "in the profile", "in 3 posts and the profile".
func places(l *words.Language, findings []Finding) string {
	posts, profile := len(postsOf(findings)), len(inProfile(findings)) > 0
	return Places(l, posts, profile)
}

// Places says where findings stand: in so many posts, in the profile, or in both.
func Places(l *words.Language, posts int, profile bool) string {
	switch {
	case !profile:
		return l.Say("in.posts", "n", posts)
	case posts == 0:
		return l.Say("in.profile")
	}
	return l.Say("in.both", "n", posts)
}

// Note adds to a report that is made something that could not be read or used.
func (r *Report) Note(n words.Message) {
	if len(r.Coverage.Unread) == len(r.Coverage.OutOfReach) {
		r.Coverage.Unread = append(r.Coverage.Unread, n)
	}
	r.Coverage.OutOfReach = append(r.Coverage.OutOfReach, sentence(r.words(), n))
}
