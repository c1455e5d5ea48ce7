package screen

import (
	"cmp"
	"slices"
)

// weigh turns what was found into hits, in their final severity.
func (p *post) weigh(r *Result) {
	swears := 0
	for i := range p.units {
		if p.units[i].roles&play != 0 {
			p.played = append(p.played, p.units[i].sentence)
		}
		if p.units[i].roles&(mild|insult|curseoff|weakslur|slur) != 0 {
			r.Tone++
		}
	}
	for _, s := range p.singles {
		switch {
		case s.kind.name == toModel:
			r.TalksToModel = true
			continue
		case s.kind.category == profanity || s.kind.category == sexualContent:
			swears++
		}
		p.findings = append(p.findings, finding{
			kind: s.kind, frame: p.singleFrame(s), start: p.tokens[s.from].start, end: p.tokens[s.to-1].end,
			sentence: p.tokens[s.from].sentence,
		})
	}
	r.Tone += swears
	grave := p.graveBySentence()
	for _, f := range p.findings {
		if f.kind.name == manner {
			if f.frame == Meant {
				r.Tone++
			}
			continue
		}
		h := f.hit()
		if f.frame == Meant && p.plays(f.sentence) && (f.kind.category == violence || f.kind.category == harassment) {
			h.Frame = Playful
		}
		if h.Frame != Meant {
			r.Framed = append(r.Framed, h)
			continue
		}
		h.confirm(f, grave[f.sentence])
		r.Hits = append(r.Hits, h)
	}
	r.Suspicion = p.suspicion(r)
}

// graveBySentence counts the findings of each sentence that can confirm one another.
func (p *post) graveBySentence() map[int32]int {
	var out map[int32]int
	for _, f := range p.findings {
		if f.frame != Meant || p.plays(f.sentence) {
			continue
		}
		switch f.kind.category {
		case hateSpeech, harassment, violence, extremism:
			if out == nil {
				out = map[int32]int{}
			}
			out[f.sentence]++
		}
	}
	return out
}

// plays reports whether the sentence, or the one after it, is about a game, a joke or a meal.
func (p *post) plays(sentence int32) bool {
	i, found := slices.BinarySearch(p.played, sentence)
	return found || i < len(p.played) && p.played[i] == sentence+1
}

func (f finding) hit() Hit {
	return Hit{
		Category: f.kind.category, Severity: f.kind.severity, Rule: f.kind.name, Reason: f.kind.reason,
		Suggestion: f.kind.suggestion, Start: int(f.start), End: int(f.end), Frame: f.frame, Confirm: f.kind.confirm,
	}
}

// confirm raises what one sign alone leaves at medium, where a second sign stands in the same sentence.
func (h *Hit) confirm(f finding, signs int) {
	if signs < 2 {
		return
	}
	if h.Confirm || h.Category == hateSpeech && h.Severity == medium {
		h.Severity, h.Confirm = high, false
	}
}

// suspicion is how much a model should read the post: what was found, what was framed, and whom it speaks of.
func (p *post) suspicion(r *Result) int {
	n := r.Tone
	for _, h := range r.Hits {
		n += 2 + 3*rank(h.Severity)
	}
	n += 2 * len(r.Framed)
	for i := range p.units {
		if p.units[i].roles&people != 0 {
			n += 2
			break
		}
	}
	return n
}

// rank orders severities.
func rank(severity string) int {
	return slices.Index([]string{low, medium, high, critical}, severity)
}

// merge joins overlapping hits of one category. The gravest, then the longest, gives its name.
func merge(hits []Hit) []Hit {
	if len(hits) < 2 {
		return hits
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Start, b.Start),
			cmp.Compare(b.End, a.End), -cmp.Compare(rank(a.Severity), rank(b.Severity)))
	})
	out := hits[:1]
	for _, h := range hits[1:] {
		last := &out[len(out)-1]
		if h.Category != last.Category || h.Start >= last.End {
			out = append(out, h)
			continue
		}
		start, end := last.Start, max(last.End, h.End)
		if rank(h.Severity) > rank(last.Severity) {
			*last = h
		}
		last.Start, last.End = start, end
	}
	slices.SortStableFunc(out, func(a, b Hit) int { return cmp.Compare(a.Start, b.Start) })
	return out
}
