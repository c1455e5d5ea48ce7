package tone

// The weights, chosen on one half of a labelled set, as the manual says.
const (
	strengthen  = 0.25 // what "very" adds, less with each word between
	weaken      = 0.3
	fade        = 0.8
	turnedGood  = -0.55 // "not good"
	turnedBad   = -0.35 // "not bad"
	capsBoost   = 1.25  // if not everything is in capitals
	longBoost   = 1.15
	nameDamp    = 0.6
	beforeBut   = 0.6
	afterBut    = 1.3
	denies      = -0.35 // a negation by itself
	mostDenials = 3
	bang        = 0.5 // each exclamation mark, in the direction of the sum
	mostBangs   = 3
	ask         = -0.15 // each question mark
	mostAsks    = 2
)

// sum adds up what the tokens say.
func (s *scan) sum() float64 {
	s.phrases()
	turn := s.turningPoint()
	total, denials := 0.0, 0
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.marks&not != 0 && t.marks&valued == 0 {
			denials++
		}
		if t.marks&valued == 0 || t.strength == 0 {
			continue
		}
		v := s.valence(i)
		if turn >= 0 && t.marks&sign == 0 {
			if i < turn {
				v *= beforeBut
			} else {
				v *= afterBut
			}
		}
		total += v
	}
	total += denies * float64(min(denials, mostDenials))
	return total + s.punctuation(total)
}

// phrases gives the first word of each phrase the phrase's strength, and takes the others' away.
func (s *scan) phrases() {
	for i := 0; i < len(s.tokens); i++ {
		if s.tokens[i].marks&starts == 0 {
			continue
		}
		key, last := s.tokens[i].hash, 0
		var found entry
		for k := 1; k < maxPhrase && i+k < len(s.tokens) && !s.tokens[i+k].fresh; k++ {
			key = join(key, s.tokens[i+k].hash)
			s.looked++
			if e, ok := s.lex.words.Find(key); ok && e.marks&^starts != 0 {
				found, last = e, k
			}
		}
		if last == 0 {
			continue
		}
		t := &s.tokens[i]
		t.strength, t.marks, t.title = found.strength, found.marks&^starts, false
		for k := 1; k <= last; k++ {
			s.tokens[i+k].strength, s.tokens[i+k].marks = 0, 0
			t.upper = t.upper && s.tokens[i+k].upper
		}
		i += last
	}
}

// turningPoint is the place of the first "but", -1 if there is none.
func (s *scan) turningPoint() int {
	for i := range s.tokens {
		if s.tokens[i].marks&but != 0 && i > 0 {
			return i
		}
	}
	return -1
}

// valence is what token i says in its place.
func (s *scan) valence(i int) float64 {
	t := &s.tokens[i]
	v := float64(t.strength)
	if t.marks&sign != 0 {
		if t.long {
			v *= longBoost
		}
		return v
	}
	if t.upper && s.plain > 0 {
		v *= capsBoost
	}
	if t.title {
		v *= nameDamp
	}
	if t.long {
		v *= longBoost
	}
	turned := s.turnedAfter(i)
	near := 1.0
	for k := i - 1; k >= 0 && k >= i-s.lex.reach && !s.tokens[k+1].fresh; k-- {
		m := s.tokens[k].marks
		switch {
		case m&more != 0:
			v *= 1 + strengthen*near
		case m&less != 0:
			v *= 1 - weaken*near
		}
		turned = turned || m&not != 0
		near *= fade
	}
	switch {
	case turned && v > 0:
		return v * turnedGood
	case turned:
		return v * turnedBad
	}
	return v
}

// turnedAfter looks for a negation behind word i: "gefällt mir nicht".
func (s *scan) turnedAfter(i int) bool {
	for k := i + 1; k < len(s.tokens) && k <= i+2 && !s.tokens[k].fresh; k++ {
		if s.tokens[k].marks&after != 0 {
			return true
		}
	}
	return false
}

// punctuation is what exclamation and question marks add.
func (s *scan) punctuation(total float64) float64 {
	p := ask * float64(min(s.asks, mostAsks))
	bangs := bang * float64(min(s.bangs, mostBangs))
	switch {
	case total < 0:
		return p - bangs
	case total == 0:
		return p + bangs/2 // exclamation marks alone are hardly a tone
	}
	return p + bangs
}
