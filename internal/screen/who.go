package screen

// window bounds every look to the left or right, in units, so that the whole screen is linear.
const window = 14

// people are the roles of whom something can be said.
const people = group | slur | aimed

// nearest looks from unit i in one direction for a role. It stops at the end of the sentence, at the window, and
// after more than gap commas and words that say something of their own. It is -1 if there is none.
func (p *post) nearest(i, step int, want role, gap int) int {
	u := p.units
	for k := i + step; k >= 0 && k < len(u) && k-i <= window && i-k <= window; k += step {
		p.steps++
		if u[k].sentence != u[i].sentence {
			return -1
		}
		if step > 0 && u[k].flags&comma != 0 || step < 0 && u[k+1].flags&comma != 0 {
			gap--
		}
		if gap < 0 {
			return -1
		}
		if u[k].roles&want != 0 {
			return k
		}
		if u[k].heavy {
			gap--
		}
	}
	return -1
}

// has reports whether unit i exists, is in the sentence of unit near, and has one of the roles.
func (p *post) has(i, near int, want role) bool {
	return i >= 0 && i < len(p.units) && p.units[i].sentence == p.units[near].sentence && p.units[i].roles&want != 0
}

// resolve finishes who is meant: "gay" before "people" is a group, "women" before "'s magazines" is none, and
// "them" stands for a group that was named shortly before, or is named by "they are …".
func (p *post) resolve() {
	for i := range p.units {
		p.resolveWord(i)
	}
	p.resolvePronouns()
	p.resolveAddressed()
}

func (p *post) resolveWord(i int) {
	u := &p.units[i]
	if u.roles&clitic != 0 && p.has(i+1, i, hate|harm|remove|avoid|insult) {
		u.roles |= they
	}
	if u.roles&(they|light) == they|light && i+1 < len(p.units) && p.units[i+1].heavy && p.units[i+1].flags&comma == 0 &&
		p.units[i+1].sentence == u.sentence {
		u.roles &^= they // "those weeds"
	}
	if u.roles&adj != 0 && p.meansPeople(i) {
		u.roles |= aimed
	}
	if u.roles&group != 0 && p.ownsThing(i) {
		u.roles &^= group
	}
}

// meansPeople reports whether the adjective at i stands beside people, or a name that people are called.
func (p *post) meansPeople(i int) bool {
	for k := i + 1; k <= i+2 && k < len(p.units) && p.units[k].sentence == p.units[i].sentence && p.units[k].flags&comma == 0; k++ {
		if k == i+1 && p.has(i-1, i, me) && p.units[k].roles&person == 0 { // "my female dog"
			break
		}
		if p.units[k].roles&(person|dehuman|insult|weakslur|slur|group) != 0 {
			return true
		}
		if p.units[k].roles&(adj|mild|contempt) == 0 && (p.units[k].heavy || p.units[k].roles&light == 0) {
			break
		}
	}
	return p.units[i].flags&comma == 0 && p.has(i-1, i, person|group) // "personas negras"
}

// ownsThing reports "women's magazines": the thing is meant, not the group.
func (p *post) ownsThing(i int) bool {
	if i+2 >= len(p.units) || p.units[i+2].sentence != p.units[i].sentence {
		return false
	}
	s := p.units[i+1]
	return s.end-s.start == 1 && p.text[s.start]|0x20 == 's' && s.start-p.units[i].end <= 3 && s.start > p.units[i].end &&
		p.units[i+2].heavy
}

// resolvePronouns makes "they" a group where one was named in this sentence or one of the two before, or is
// named by "they are …" in this one or the next.
func (p *post) resolvePronouns() {
	const far = 2
	last := int32(-far - 1) // sentence of the last group
	for i := range p.units {
		u := &p.units[i]
		if u.roles&people != 0 && u.roles&they == 0 {
			last = u.sentence
		}
		if u.roles&they == 0 {
			continue
		}
		if u.sentence-last <= far {
			u.roles |= aimed
		} else if p.isNamed(i) {
			p.nameEarlier(i)
		}
	}
}

// isNamed reports whether "they" at i is said to be a group: "they are just women".
func (p *post) isNamed(i int) bool {
	b := i // "son" is "they are" in one word
	if p.units[i].roles&be == 0 {
		b = p.nearest(i, 1, be, 0)
	}
	return b >= 0 && p.nearest(b, 1, group|adj, 0) >= 0
}

// nameEarlier makes every "they" of this sentence and the one before a group.
func (p *post) nameEarlier(i int) {
	for k := i; k >= 0 && p.units[i].sentence-p.units[k].sentence <= 1 && i-k <= 2*window; k-- {
		p.steps++
		if p.units[k].roles&they != 0 {
			p.units[k].roles |= aimed
		}
	}
}

// resolveAddressed makes "you" a group in "women like you" and "you women", and in the sentence after.
func (p *post) resolveAddressed() {
	addressed := int32(-2) // sentence in which the reader was counted to a group
	for i := range p.units {
		u := &p.units[i]
		if u.roles&you == 0 || u.flags&handle != 0 {
			continue
		}
		g := p.nearest(i, -1, people, 0)
		if g >= 0 && i-g <= 2 && p.has(i-1, i, be|light) || p.has(i+1, i, people) {
			addressed = u.sentence
			u.roles |= aimed
		} else if u.sentence-addressed <= 1 {
			u.roles |= aimed
		}
	}
}
