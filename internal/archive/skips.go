package archive

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Skip is a part of the archive that was not read, and why. One bad entry costs nothing but itself.
type Skip struct {
	File   string   `json:"file"`   // such as "tweets.js"
	Reason string   `json:"reason"` // ends a sentence, such as "their date cannot be read"
	Count  int      `json:"count"`  // entries; 0 for the file, or for what was left of it
	Posts  []string `json:"posts"`  // ids of the first few, where they have one
}

const (
	maxSkips    = 200 // kinds of skips that are told apart
	maxSkipped  = 5   // ids named of each
	otherFiles  = "other files"
	otherReason = "they cannot be read"
)

// String says what was skipped, in one sentence. Pages read these sentences back, each as a whole.
func (s Skip) String() string {
	posts := strings.Join(s.Posts, ", ")
	switch {
	case s.Count == 0:
		return fmt.Sprintf("%s was not read to its end: %s.", s.File, s.Reason)
	case s.Count == 1 && posts == "":
		return fmt.Sprintf("1 entry of %s was skipped: %s.", s.File, s.Reason)
	case s.Count == 1:
		return fmt.Sprintf("1 entry of %s was skipped: %s (post %s).", s.File, s.Reason, posts)
	case posts == "":
		return fmt.Sprintf("%d entries of %s were skipped: %s.", s.Count, s.File, s.Reason)
	case s.Count > len(s.Posts):
		return fmt.Sprintf("%d entries of %s were skipped: %s (post %s and others).", s.Count, s.File, s.Reason, posts)
	}
	return fmt.Sprintf("%d entries of %s were skipped: %s (post %s).", s.Count, s.File, s.Reason, posts)
}

// skips gathers what was skipped. Its size is bounded, whatever it is told.
type skips struct {
	mu   sync.Mutex
	list []Skip
}

// add counts a skip to its like.
func (s *skips) add(k Skip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := func(o Skip) bool { return o.File == k.File && o.Reason == k.Reason && (o.Count == 0) == (k.Count == 0) }
	at := slices.IndexFunc(s.list, same)
	if at < 0 && len(s.list) >= maxSkips {
		k.File, k.Reason, k.Count, k.Posts = otherFiles, otherReason, max(k.Count, 1), nil
		at = slices.IndexFunc(s.list, same)
	}
	if at < 0 {
		s.list = append(s.list, k)
		return
	}
	into := &s.list[at]
	into.Count += k.Count
	if len(into.Posts) < maxSkipped {
		into.Posts = append(into.Posts, k.Posts...)
	}
}

func (s *skips) all() []Skip {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.list)
	slices.SortFunc(out, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Count, b.Count))
	})
	return out
}

// cut forgets what was added after the first n.
func (s *skips) cut(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = s.list[:min(n, len(s.list))]
}

// The reasons for which one entry is skipped.
const (
	reasonJSON  = "broken JSON"
	reasonLong  = "larger than any post of X"
	reasonID    = "no numeric id"
	reasonDate  = "a date that cannot be read"
	reasonWhose = "it lies in a folder that does not say whose posts they are"
	reasonName  = "a file name that points outside of the archive"
)

// skipped is one entry of a part that is not read.
func skipped(p part, reason, id string) Skip {
	k := Skip{File: p.base(), Reason: reason, Count: 1}
	if id != "" {
		k.Posts = []string{id}
	}
	return k
}

func skipZip(it item, reason string) Skip {
	return Skip{File: it.base(), Reason: strings.TrimSuffix(reason, ".")}
}

// skipRest is a part that could not be read to its end, for the reason of err.
func skipRest(p part, err error) Skip {
	return Skip{File: p.base(), Reason: because(err)}
}
