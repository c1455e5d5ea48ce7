package assess

// A faulty model must cost neither the person's time nor the operator's money. The breaker holds the two bounds of a
// run. Further questions about the same posts are at most as many as first questions (twelve in a short run), so that
// the calls of a long run stay within twice the normal number. And a model whose answers cannot be used three groups in
// a row is not asked any more. Second questions (second.go) are part of the normal number and have a bound of their own, so
// that one post which the model refuses does not take them from all others.

const (
	repeatsAtFirst = 12 // further questions allowed before a run has shown how long it is: enough to find one post of forty
	unusableGroups = 3  // in a row end the model's part
)

// breaker counts for one run. Its methods lock the Judge that holds it.
type breaker struct {
	first, repeats int // questions so far
	seconds        int // second questions so far
	unusable       int // groups in a row of which no post got a verdict
}

// mayBegin counts a first question about a group, unless the model's part has ended.
func (j *Judge) mayBegin() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.unusable >= unusableGroups {
		return false
	}
	j.first++
	return true
}

// mayRepeat counts a further question, if the run allows one.
func (j *Judge) mayRepeat() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.repeats >= max(repeatsAtFirst, j.first) {
		return false
	}
	j.repeats++
	return true
}

// maySecond counts a second question, if the run allows one: as many as first questions.
func (j *Judge) maySecond() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seconds >= max(repeatsAtFirst, j.first) {
		return false
	}
	j.seconds++
	return true
}

// settled notes whether a group got any verdict.
func (j *Judge) settled(usable bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.unusable >= unusableGroups: // it stays ended, whatever questions under way bring
	case usable:
		j.unusable = 0
	default:
		j.unusable++
	}
}

// Unusable reports whether the model's part was ended because its answers could not be used.
func (j *Judge) Unusable() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.unusable >= unusableGroups
}
