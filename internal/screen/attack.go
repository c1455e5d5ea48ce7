package screen

import "cmp"

// side is where the target stands, seen from what is said of it.
type side int

const (
	before side = 1 << iota
	after
	around = before | after
)

// attack composes what is said with whom it is said of. Aimed at a group it is hate speech, aimed at the reader
// or another person it may be harassment or violence.
type attack struct {
	what     role
	side     side
	gap      int    // words of their own meaning that may stand between
	needs    role   // must stand near in the same sentence
	beside   bool   // the target is whom that stands beside
	link     bool   // "are" or the like must join target and attack, unless they touch
	negation bool   // the attack is a negation itself: "not human"
	done     bool   // who did it is looked for, behind "by": "killed by illegals"
	whom     role   // of whom it can be said, if not of all people
	group    string // the kind of finding when it is aimed at a group, at the reader, at somebody else; "" is none
	reader   string
	other    string
}

// attackRules are all attacks that are composed. The first that fits a unit wins.
var attackRules = []attack{
	{what: harm | crime, side: around, gap: 1, done: true, whom: slur | label, group: "hate.blame"},
	{
		what: harm, side: around, gap: 2, needs: intent,
		group: "hate.threat", reader: "violence.threat", other: "violence.other",
	},
	{what: harm, side: around, gap: 2, needs: ought, group: "hate.harm", reader: "violence.call", other: "violence.call"},
	{what: wish, side: around, gap: 2, group: "hate.harm", reader: "harassment.wish", other: "violence.wish"},
	{what: right, side: around, gap: 2, needs: not, negation: true, group: "hate.rights"},
	{
		what: dehuman, side: around, gap: 1, link: true,
		group: "hate.dehumanise", reader: "harassment.dehumanise", other: "harassment.third",
	},
	{what: remove, side: around, gap: 1, group: "hate.exclude"},
	{what: better, side: around, gap: 4, needs: lack, beside: true, negation: true, group: "hate.exclude"},
	{what: cage, side: around, gap: 3, needs: ought, group: "hate.dehumanise"},
	{what: hate, side: after, gap: 1, group: "hate.hatred", reader: "harassment.hatred"},
	{what: disgust, side: before, gap: 2, group: "hate.hatred", reader: "harassment.hatred"},
	{what: contempt, side: around, gap: 1, link: true, group: "hate.contempt", reader: "harassment.insult", other: manner},
	{
		what: insult, side: around, gap: 1, link: true,
		group: "hate.contempt", reader: "harassment.insult", other: "harassment.third",
	},
	{what: mild | poor, side: around, gap: 1, link: true, group: "hate.contempt", reader: manner, other: manner},
	{what: blame, side: before, gap: 3, group: "hate.blame"},
	{what: crime | blame, side: before, gap: 1, whom: slur | label, group: "hate.blame"},
	{what: avoid, side: after, gap: 4, group: "hate.rights"},
	{what: lesser, side: after, gap: 3, group: "hate.dehumanise"},
	{what: curse, side: after, gap: 0, group: "hate.curse", reader: "harassment.curse"},
	{what: curseoff, side: before, gap: 1, group: "hate.curse", reader: "harassment.curse"},
}

// attackAt tries the rules at unit i: first aimed at a group, then at a person.
func (p *post) attackAt(i int) {
	for k := range attackRules {
		a := &attackRules[k]
		if p.units[i].roles&a.what == 0 {
			continue
		}
		need := p.needed(a, i)
		if need < 0 {
			continue
		}
		if who := p.targetGroup(a, i, need); who >= 0 {
			p.found(kinds[a.group], a, i, who, need)
			return
		}
		if a.reader != "" {
			if who := p.target(a, i, you); who >= 0 {
				p.found(kinds[a.reader], a, i, who, need)
				return
			}
		}
		if a.other != "" {
			if who := p.target(a, i, third|they|folk); who >= 0 {
				p.found(kinds[a.other], a, i, who, need)
				return
			}
		}
	}
	p.slurAt(i)
}

// targetGroup finds the group that the attack at unit i is aimed at, or -1.
func (p *post) targetGroup(a *attack, i, need int) int {
	if a.beside {
		return p.neighbour(need)
	}
	return p.target(a, i, cmp.Or(a.whom, people))
}

// target finds whom the attack at unit i is aimed at, or -1.
func (p *post) target(a *attack, i int, want role) int {
	u := &p.units[i]
	whole := a.what == wish || u.roles&(they|you|third) != 0 || u.roles&people&want != 0 && u.roles&slur == 0
	if u.roles&want != 0 && whole {
		return i // the target is in the word: Spanish "matarlos", German "Drecksjude"
	}
	if i > 0 && p.has(i-1, i, clitic) && p.units[i-1].roles&want != 0 {
		return i - 1
	}
	person := want&people == 0
	side := a.side
	if p.verbLast() {
		side |= before
	}
	if side&after != 0 && !(person && a.link) { // "his stupid car" is not said of him
		w := p.nearest(i, 1, want|opener|denounce|me, a.gap)
		if w >= 0 && p.fits(a, i, w, want) {
			return w
		}
		if w == i+1 && a.what == harm && p.units[w].roles&me != 0 {
			return -1 // "my boss is going to kill me"
		}
	}
	if side&before != 0 {
		stop := role(0)
		if person { // "@bo she is …" is not said of bo
			stop = third | they | folk | people | me | you
		}
		w := p.nearest(i, -1, want|stop, a.gap)
		far := w >= 0 && p.units[w].flags&handle != 0 && w < i-1 // "@bo …" begins most answers
		if w >= 0 && !far && p.fits(a, i, w, want) {
			return w
		}
	}
	if person && want&you != 0 && a.link && p.calledBy(i) >= 0 {
		return p.calledBy(i)
	}
	return -1
}

// fits reports whether unit w, which is near the attack at unit i, is the one it is said of. Who kills is not whom
// the author wants killed: "killed by".
func (p *post) fits(a *attack, i, w int, want role) bool {
	named := p.units[w].roles & want
	switch {
	case named == 0, named == label && !p.isNoun(w):
		return false
	case a.done:
		return p.isDoer(w) && (w > i && !(named == label && p.has(w+1, w, harm|crime)) || w < i && p.doneBefore(i, w))
	case a.what&crime != 0: // not "illegals robbed by smugglers"
		return !p.isDoer(w) && !p.has(i+1, i, by)
	}
	return (a.what != harm || w < i || !p.isDoer(w)) && p.linked(a, i, w)
}

// doneBefore reports whether the doer at unit w stands before what was done, as in "von Illegalen getötet". It does
// not in "killed by an illegal bomb", where two harms are named, nor in "diese Art von Leuten gehört getötet".
func (p *post) doneBefore(i, w int) bool {
	return p.nearest(w, -1, harm|crime, 0) < 0 &&
		p.nearest(i, -1, ought|intent, window) < 0 && p.nearest(i, 1, ought|intent, window) < 0
}

// isDoer reports whether unit w is who did something: "by illegals", "von den Illegalen".
func (p *post) isDoer(w int) bool {
	return p.has(w, w, by) || p.has(w-1, w, by) || p.has(w-1, w, light|clitic|adj) && p.has(w-2, w, by)
}

// isNoun reports whether the label at unit w names people, and no word beside it that it would be the adjective of:
// "illegale Rennen", "carreras ilegales".
func (p *post) isNoun(w int) bool {
	for _, k := range []int{w - 1, w + 1} {
		if k < 0 || k >= len(p.units) || p.units[k].sentence != p.units[w].sentence {
			continue
		}
		noun := p.units[k].roles&(group|person|folk|adj) != 0
		if p.units[k].heavy || noun {
			return false
		}
	}
	return !p.has(w-1, w, be) || p.has(w-1, w, light)
}

// calledBy finds the reader who is called a name without a verb: "you idiot", "@bo idiot", "idiot @bo".
func (p *post) calledBy(i int) int {
	if p.has(i-1, i, you) {
		return i - 1
	}
	if p.has(i-1, i, light|mild|poor) && p.has(i-2, i, you) && p.units[i-1].flags&comma == 0 {
		return i - 2
	}
	if i+1 < len(p.units) && p.units[i+1].flags&handle != 0 && p.units[i+1].sentence == p.units[i].sentence {
		return i + 1
	}
	return -1
}

// needed finds what the attack needs near unit i, or -1. It is i itself where the attack needs nothing.
func (p *post) needed(a *attack, i int) int {
	const between = 5
	if a.needs == 0 || p.units[i].roles&a.needs != 0 {
		return i
	}
	if k := p.nearest(i, -1, a.needs, between); k >= 0 || a.needs == not && !p.verbLast() {
		return k
	}
	if a.needs == not {
		return p.deniedAfter(i, 1)
	}
	return p.nearest(i, 1, a.needs, between)
}

// linked reports whether the two touch, or a linking word stands between or next to them: before, as in "it's typical
// of women to be so stupid", or after, where a verb ends its clause.
func (p *post) linked(a *attack, i, who int) bool {
	from, to := min(i, who), max(i, who)
	if !a.link || to-from == 1 && p.units[to].flags&comma == 0 {
		return true
	}
	own := p.lexicons[ownReader]
	for k := max(0, from-2); k <= min(len(p.units)-1, to+1); k++ {
		if p.has(k, i, be) || k > from && k <= to && p.units[k].flags&dash != 0 && own.dashJoins {
			return true
		}
	}
	return false
}

// neighbour finds whom the role at unit k stands beside, with nothing but little words between, or -1: "without all
// these women", but not "without the hatred of women".
func (p *post) neighbour(k int) int {
	const reach = 4
	for _, step := range [...]int{1, -1} {
		for i := k + step; i != k+step*reach && p.has(i, k, ^role(0)); i += step {
			p.steps++
			if p.units[i].roles&people != 0 {
				return i
			}
			if p.units[i].heavy || p.units[i].roles&^(light|clitic|adj|they|not|person|opener) != 0 {
				break
			}
		}
	}
	return -1
}

// slurAt judges a slur that no rule has used. A weak one needs somebody whom it is said of.
func (p *post) slurAt(i int) {
	const near = 2
	u := &p.units[i]
	switch {
	case u.roles&slur != 0:
		p.foundSlur(kinds["hate.slur"], i)
	case u.roles&weakslur == 0:
	case p.nearest(i, -1, people|they, near) >= 0 || p.nearest(i, 1, people, near) >= 0,
		p.isSubject(i), p.isPredicate(i):
		p.foundSlur(kinds["hate.abuse"], i)
	case p.nearest(i, -1, you, near) >= 0 || p.nearest(i, 1, you, 0) >= 0:
		p.foundSlur(kinds["hate.abuse"], i)
		p.foundSlur(kinds["harassment.insult"], i)
	case p.nearest(i, -1, third, near) >= 0:
		p.foundSlur(kinds["harassment.third"], i)
	}
}

// isSubject reports whether unit i begins its sentence, perhaps after an article, and something is said of it.
func (p *post) isSubject(i int) bool {
	first := func(k int) bool { return k == 0 || p.units[k-1].sentence != p.units[i].sentence }
	return (first(i) || p.units[i-1].roles&^(light|clitic) == 0 && first(i-1)) &&
		i+1 < len(p.units) &&
		p.units[i+1].sentence == p.units[i].sentence && p.units[i+1].flags&comma == 0
}

// isPredicate reports whether the words before unit i in its sentence only lead to it: "Typical …", "These … again".
func (p *post) isPredicate(i int) bool {
	const few = 4
	k := i - 1
	for ; k >= 0 && k >= i-few && p.units[k].sentence == p.units[i].sentence; k-- {
		if p.units[k].roles&(be|they|clitic|light) == 0 || p.units[k].roles&(me|third) != 0 {
			return false
		}
	}
	return k < i-1 && p.has(i-1, i, be|they)
}

// finding is one composed attack, with the frame it stands in.
type finding struct {
	kind       *kind
	frame      Frame
	start, end int32
	sentence   int32
}

func (p *post) found(k *kind, a *attack, what, who, need int) {
	if k == nil {
		return
	}
	w, t, n := &p.units[what], &p.units[who], &p.units[need]
	p.findings = append(p.findings, finding{
		kind: k, frame: p.frameOf(a, what, who), start: min(w.start, t.start, n.start), end: max(w.end, t.end, n.end),
		sentence: w.sentence,
	})
}

func (p *post) foundSlur(k *kind, i int) {
	u := &p.units[i]
	p.findings = append(p.findings, finding{
		kind: k, frame: p.slurFrame(i), start: u.start, end: u.end, sentence: u.sentence,
	})
}
