package screen

// class marks words that change what the words around them mean.
type class uint8

const (
	filler   class = 1 << iota // may stand inside a pattern
	negation                   // turns what follows around
	report                     // what follows is somebody else's
	spares                     // hyphened to a word, makes it harmless: idiot-proof
	common                     // speaks for English
	denial                     // turns a claim before it around
	secret                     // personal data may follow
)

// contextClasses are the word classes with a meaning of their own.
var contextClasses = map[string]class{"filler": filler, "not": negation, "report": report, "proof": spares, "common": common, "denial": denial, "secret": secret}

// How far before a pattern its excuse may stand, in words.
const (
	negationReach = 3
	reportReach   = 4
	denialReach   = 4 // after it
)

// excused reports whether the words around a match take its sense away.
func (r *rule) excused(w *words, m match) bool {
	if m.to < len(w.list) && w.list[m.to].hyphen && w.is(m.to, spares) {
		return true
	}
	if r.always {
		return false
	}
	if w.list[m.from].quoted && w.outside {
		return true // a quotation inside a text of one's own
	}
	for i := m.from; i > 0 && m.from-i < reportReach && !w.list[i].fresh; i-- {
		if w.is(i-1, report) || m.from-i < negationReach && w.is(i-1, negation) {
			return true
		}
	}
	if r.category == misinformation {
		for i := m.to; i < len(w.list) && i < m.to+denialReach && !w.list[i].fresh; i++ {
			if w.is(i, denial) {
				return true
			}
		}
	}
	return false
}

func (w *words) is(i int, c class) bool { return w.t.entries[w.list[i].entry].class&c != 0 }
