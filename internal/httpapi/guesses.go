package httpapi

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"time"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/limit"
)

// guessWindows is how many different bad keys may come from one network. One that is sent again and again counts once
// an hour, so that a forgotten program does not shut its neighbours out.
func guessWindows() []limit.Window {
	return []limit.Window{{Name: "minute", Limit: 10, Per: time.Minute}, {Name: "hour", Limit: 100, Per: time.Hour}}
}

// byKey finds who bears an API key. Where too many bad ones came from, only keys that were seen a moment ago go on: a
// guess that happened to be right must not be confirmed.
//
// Keys that are not known yet are looked up one at a time for each network, so that each look-up sees what the one
// before it came to: a flood gets no more guesses than a trickle, and good keys that arrive together are all let in.
// Each further replica that the flood reaches at the same moment may look up one more.
func (a *API) byKey(r *http.Request, key string) (account.Principal, error) {
	ctx, guesses := r.Context(), a.LimitKey("guess "+network(r))
	if a.Accounts.RemembersKey(key) {
		return a.Accounts.AuthenticateKey(ctx, key)
	}
	if err := a.mayGuess(ctx, guesses); err != nil { // a flood that is over its limit does not queue
		return account.Principal{}, err
	}
	leave, err := a.gates.enter(ctx, guesses)
	if err != nil {
		return account.Principal{}, err
	}
	defer leave()
	if !a.Accounts.RemembersKey(key) { // else another request with this key was faster
		if err := a.mayGuess(ctx, guesses); err != nil {
			return account.Principal{}, err
		}
		return a.guess(ctx, key, guesses)
	}
	return a.Accounts.AuthenticateKey(ctx, key)
}

// guess looks a key up and counts it if it is bad.
func (a *API) guess(ctx context.Context, key, guesses string) (account.Principal, error) {
	p, err := a.Accounts.AuthenticateKey(ctx, key)
	if errors.Is(err, fault.Unauthenticated) {
		if _, uncounted := a.Limiter.Take(context.WithoutCancel(ctx), guesses, guessWindows()); uncounted != nil {
			return account.Principal{}, uncounted
		}
	}
	return p, err
}

func (a *API) mayGuess(ctx context.Context, guesses string) error {
	d, err := a.Limiter.Look(ctx, guesses, guessWindows())
	if err == nil && !d.Allowed {
		err = fault.RateLimited.Saying("Too many API keys that are not good came from your network. Wait for the time in " +
			"Retry-After.").After(d.RetryAfter)
	}
	return err
}

// gateWait is how long a request waits for those of its network before it.
const gateWait = 5 * time.Second

// gates let one request in at a time for each name. There are few, so names share them, which costs a moment and no
// more.
type gates struct {
	seed maphash.Seed
	open [64]chan struct{}
}

func newGates() *gates {
	g := &gates{seed: maphash.MakeSeed()}
	for i := range g.open {
		g.open[i] = make(chan struct{}, 1)
	}
	return g
}

// enter waits for its turn; call leave when done. Error: overloaded.
func (g *gates) enter(ctx context.Context, name string) (leave func(), err error) {
	gate := g.open[maphash.String(g.seed, name)%uint64(len(g.open))]
	ctx, cancel := context.WithTimeout(ctx, gateWait)
	defer cancel()
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, fault.Overloaded.Because(ctx.Err()).After(gateWait)
	}
}
