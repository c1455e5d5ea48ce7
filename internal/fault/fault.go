// Package fault is the one shape of an error that may reach a person.
//
// A [Fault] says three things to three readers: a Kind and a stable Code for
// programs, a Message that tells the user what to do next, and a Cause that
// only the log sees. The refusals Repazoo can give are listed in catalogue.go;
// packages start from one of those and add what they know:
//
//	return fault.NotFound.Saying("There is no analysis with this id.")
//	return fault.XUnavailable.Because(err)
//
// Any other error is treated as [Internal] by [From], so a forgotten case can
// never leak its text. Compare with [errors.Is], which matches by code.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the class of a fault. The HTTP layer alone turns it into a status.
type Kind uint8

// The kinds, in the order of the statuses they become.
const (
	KindInternal Kind = iota
	KindUnauthenticated
	KindPaymentRequired
	KindForbidden
	KindNotFound
	KindConflict
	KindTooLarge
	KindInvalid
	KindTooMany
	KindUpstream
	KindUnavailable
)

// Fault is an error with a code for machines, a sentence for people and a cause for the log.
type Fault struct {
	Kind    Kind
	Code    string        // stable, lower snake case
	Message string        // a sentence that tells the user what to do; never holds a secret or a post's text
	Fields  []Field       // what exactly was invalid, when that is known
	Retry   time.Duration // how long to wait before trying again; 0 means unknown
	Cause   error         // for the log only
}

// Field names one invalid input by where it stood, such as "body.purpose".
type Field struct {
	Location string
	Message  string
}

// Error is for logs: code, sentence and cause.
func (f *Fault) Error() string {
	if f.Cause == nil {
		return f.Code + ": " + f.Message
	}
	return f.Code + ": " + f.Message + " (" + f.Cause.Error() + ")"
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// Is matches faults by their code, so a fault with added detail still equals its catalogue entry.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Because returns a copy that keeps err as its cause.
func (f *Fault) Because(err error) *Fault {
	c := *f
	c.Cause = err
	return &c
}

// Saying returns a copy with another sentence for the user.
func (f *Fault) Saying(format string, args ...any) *Fault {
	c := *f
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// After returns a copy that tells the caller when to try again.
func (f *Fault) After(d time.Duration) *Fault {
	c := *f
	c.Retry = d
	return &c
}

// At returns a copy that names an invalid input.
func (f *Fault) At(location, message string) *Fault {
	c := *f
	c.Fields = append(append([]Field(nil), f.Fields...), Field{location, message})
	return &c
}

// From finds the fault inside err, or wraps err as [Internal]. It returns nil for nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Internal.Because(err)
}
