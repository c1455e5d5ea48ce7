package assess

import "context"

// A faulty model must cost neither the person's time nor the operator's money. The breaker holds the two bounds of a
// run. Further questions about the same posts are at most as many as first questions (twelve in a short run), so that
// the calls of a long run stay within twice the normal number. And a model whose answers cannot be used three groups in
// a row is not asked any more. Second questions (second.go) are part of the normal number and have a bound of their
// own, so that one post which the model refuses does not take them from all others.

const (
	// further questions allowed before a run has shown how long it is: enough to find one post of forty
	repeatsAtFirst = 12
	unusableGroups = 3 // in a row end the model's part
	probes         = 4 // groups in flight until one got a verdict: a model that is of no use costs no more at once
)

// breaker counts for one run. Its methods lock the Judge that holds it.
type breaker struct {
	first, repeats int // questions so far
	seconds        int // second questions so far
	unusable       int // groups in a row of which no post got a verdict
	inHand         int // groups that are being asked about
	proven         bool
	changed        chan struct{} // closed when inHand or proven has changed; nil while nobody waits
}

// mayBegin counts a first question about a group, unless the model's part has ended. While the model has not shown that
// its answers are of use, it waits until few groups are in hand. Call settled when it is true.
func (j *Judge) mayBegin(ctx context.Context) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for !j.proven && j.inHand >= probes && j.unusable < unusableGroups {
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		if err := j.await(ctx, j.changed); err != nil {
			return false, err
		}
	}
	if j.unusable >= unusableGroups {
		return false, nil
	}
	j.first++
	j.inHand++
	return true, nil
}

// await lets go of the lock until a channel is closed.
func (j *Judge) await(ctx context.Context, closed <-chan struct{}) error {
	j.mu.Unlock()
	defer j.mu.Lock()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

// settled notes that a group is done with, and whether it got any verdict. What the ceiling left tells nothing.
func (j *Judge) settled(usable, left bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.inHand--
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
	switch {
	case j.unusable >= unusableGroups: // it stays ended, whatever questions under way bring
	case usable:
		j.unusable, j.proven = 0, true
	case !left:
		j.unusable++
	}
}

// Unusable reports whether the model's part was ended because its answers could not be used.
func (j *Judge) Unusable() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.unusable >= unusableGroups
}
