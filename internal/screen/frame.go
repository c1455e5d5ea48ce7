package screen

// Frame is how a post means what it says. What is framed is no hit: somebody else says it, or nobody does.
type Frame string

// The frames.
const (
	Meant     Frame = ""          // said and meant
	Quoted    Frame = "quoted"    // between quotation marks
	Negated   Frame = "negated"   // said not to be so
	Reported  Frame = "reported"  // said by others
	Denounced Frame = "denounced" // rejected by the author
	Reclaimed Frame = "reclaimed" // said of oneself, or among friends
	Asked     Frame = "asked"     // asked, not claimed
	Playful   Frame = "playful"   // a game, a joke, a meal
)

// frameOf tells how the attack at unit what on unit who is meant.
func (p *post) frameOf(a *attack, what, who int) Frame {
	first, last := min(what, who), max(what, who)
	switch {
	case (p.units[what].flags|p.units[who].flags)&quoted != 0:
		return Quoted
	case !a.negation && (p.negated(a, what, who) || a.what == hate && p.deniedLast(what, who)):
		return Negated
	case a.beside && p.has(what-1, what, not) && !p.has(what-1, what, lack):
		return Negated
	case a.what == hate && p.othersHate(what, who):
		return Reported
	case p.ofOneself(who):
		return Reclaimed
	case p.nearest(first, -1, endorse, window) >= 0:
		return Meant
	case p.nearest(first, -1, report, window) >= 0 || p.nearest(last, 1, report, 1) >= 0 || p.between(first, last, report):
		return Reported
	case p.nearest(first, -1, denounce, window) >= 0, p.nearest(last, 1, denounce, window) >= 0,
		p.between(first, last, denounce):
		return Denounced
	}
	return Meant
}

// between reports whether a unit between two others has a role.
func (p *post) between(first, last int, want role) bool {
	for k := first + 1; k < last; k++ {
		p.steps++
		if p.units[k].roles&want != 0 {
			return true
		}
	}
	return false
}

// deniedLast reports whether "not" ends the clause after its target, as in German "ich hasse Frauen nicht".
func (p *post) deniedLast(what, who int) bool {
	n := who + 1
	return who > what && p.has(n, who, not) && p.units[n].flags&comma == 0 &&
		(!p.has(n+1, n, ^role(0)) && !p.startsWord(n+1, n) || p.units[n+1].flags&comma != 0)
}

// startsWord reports whether unit i exists and goes on with the sentence of unit near.
func (p *post) startsWord(i, near int) bool {
	return i < len(p.units) && p.units[i].sentence == p.units[near].sentence
}

// negated looks for "not" shortly before what is said. A call for harm is also negated from farther off.
func (p *post) negated(a *attack, what, who int) bool {
	if p.verbLast() && p.deniedAfter(what, 0) >= 0 {
		return true
	}
	if a.what&(harm|wish|remove|cage) != 0 {
		return p.nearest(what, -1, not, 2) >= 0 || p.has(who-1, who, not)
	}
	if p.has(who-1, who, not) { // "not all women are"
		return true
	}
	const reach = 3
	for k := what - 1; k >= what-reach && p.has(k, what, ^role(0)); k-- {
		p.steps++
		u := &p.units[k]
		if u.roles&not != 0 {
			return true
		}
		if u.heavy || u.roles&(people|you|they) != 0 && k != who {
			return false
		}
	}
	return false
}

// deniedAfter finds the "not" that a language with its verbs last puts behind what it denies, or -1. So many words
// of their own meaning may stand between.
func (p *post) deniedAfter(what, gap int) int {
	const reach = 4
	for k := what + 1; k <= what+reach && p.has(k, what, ^role(0)); k++ {
		p.steps++
		u := &p.units[k]
		if u.flags&comma != 0 {
			break
		}
		if u.roles&not != 0 {
			return k
		}
		if u.heavy {
			gap--
		}
		if gap < 0 || u.roles&(people|you|they|attacks&^right) != 0 {
			break
		}
	}
	return -1
}

// verbLast reports whether the post's own language puts its verbs last.
func (p *post) verbLast() bool {
	own := p.lexicons[ownReader]
	return own != nil && own.verbLast
}

// othersHate reports whether the one who hates is not the author: "people who hate", "why do you hate".
func (p *post) othersHate(what, who int) bool {
	if p.units[what].roles&me != 0 {
		return false // Spanish "odio" is "I hate" in one word
	}
	const subjects = me | you | third | they | person | folk
	s := p.nearest(what, -1, subjects, 2)
	if s == who && p.verbLast() { // it is the target; who hates stands before it
		s = p.nearest(s, -1, subjects, 2)
	}
	return s >= 0 && p.units[s].roles&me == 0
}

// ofOneself reports whether the author counts to the target: "women like me", "we women".
func (p *post) ofOneself(who int) bool {
	g := p.units[who].roles&group != 0 && !p.verbLast() // "I women hate" is not said of women like me
	return p.has(who+1, who, self) || p.has(who, who, self) || g && p.has(who-1, who, self) ||
		g && p.has(who-1, who, me) && p.units[who-1].roles&(hate|intent|be|disgust) == 0
}

// slurFrame tells how a slur that stands alone is meant: of oneself, among friends, reported, or as an attack.
func (p *post) slurFrame(i int) Frame {
	const near = 3
	switch {
	case p.units[i].flags&quoted != 0:
		return Quoted
	case p.aboutSelf(i) || p.nearest(i, -1, warm, near) >= 0 || p.nearest(i, 1, warm, near) >= 0:
		return Reclaimed
	case p.nearest(i, -1, endorse, window) >= 0:
		return Meant
	case p.nearest(i, -1, report, near) >= 0 || p.nearest(i, 1, report, 0) >= 0:
		return Reported
	case p.nearest(i, -1, denounce, window) >= 0 || p.nearest(i, 1, denounce, window) >= 0:
		return Denounced
	case p.has(i-1, i, not) || p.has(i-1, i, light) && p.has(i-2, i, not):
		return Negated
	}
	return Meant
}

// aboutSelf reports "I am a …", "… like me" and "my …".
func (p *post) aboutSelf(i int) bool {
	const reach = 5
	for k := i - 1; k >= i-reach && k >= 0 && p.units[k].sentence == p.units[i].sentence; k-- {
		u := &p.units[k]
		if u.roles&(you|third|they|people) != 0 || u.heavy {
			break
		}
		if u.roles&me != 0 && u.roles&(intent|hate) == 0 {
			return true
		}
	}
	return p.has(i+1, i, self)
}

// singleFrame tells how a word, phrase or pair that is a finding by itself is meant.
func (p *post) singleFrame(s single) Frame {
	first, last := int(p.unitAt[s.from]), int(p.unitAt[s.to-1])
	k := s.kind
	if k.always {
		return Meant
	}
	switch {
	case p.units[first].flags&quoted != 0:
		return Quoted
	case p.nearest(first, -1, not, 1) >= 0 || p.between(first, last, not):
		return Negated
	case k.claim && p.asks(p.units[first].sentence):
		return Asked
	case k.claim && (p.nearest(last, 1, report|denounce|not|mild, 4) >= 0):
		return Denounced
	case k.own && p.ofOthers(first):
		return Reported
	case k.severity == low:
		return Meant // a topic stays one, whoever speaks of it
	case p.nearest(first, -1, endorse, window) >= 0:
		return Meant
	case p.nearest(first, -1, report, window) >= 0 || p.nearest(last, 1, report, 1) >= 0:
		return Reported
	case p.nearest(first, -1, denounce, window) >= 0 || p.nearest(last, 1, denounce, window) >= 0:
		return Denounced
	}
	return Meant
}

// ofOthers reports whether somebody else does what unit i says: the next person before it is not the author.
func (p *post) ofOthers(i int) bool {
	if p.units[i].roles&me != 0 {
		return false
	}
	s := p.nearest(i, -1, me|you|third|they|person|folk|group, window)
	return s >= 0 && p.units[s].roles&me == 0
}
