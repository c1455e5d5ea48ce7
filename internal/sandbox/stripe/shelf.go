package stripe

import (
	"crypto/rand"
	"time"
)

// shelf keeps objects of one kind, oldest first.
type shelf[T any] struct {
	byID map[string]*T
	list []*T
}

func (s *shelf[T]) put(id string, v *T) {
	if s.byID == nil {
		s.byID = map[string]*T{}
	}
	s.byID[id] = v
	s.list = append(s.list, v)
}

func newID(kind string) string { return kind + "_" + rand.Text()[:24] }

// clip drops the part of a second that Stripe's times do not have.
func clip(t time.Time) int64 { return t.Unix() }
