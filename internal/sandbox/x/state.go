package x

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// state is what the stand-in of X keeps across a restart.
type state struct {
	PageKey  []byte                 `json:"page_key"`
	Families []familyState          `json:"families"`
	Posts    map[string]changedPost `json:"posts"` // by handle
}

type familyState struct {
	Client  string                `json:"client"`
	Person  string                `json:"person"`
	Scopes  []string              `json:"scopes"`
	Revoked bool                  `json:"revoked"`
	Access  map[string]tokenState `json:"access"`
	Refresh map[string]tokenState `json:"refresh"` // spent ones too: their reuse ends the family
}

type tokenState struct {
	Expires time.Time `json:"expires"`
	Used    bool      `json:"used,omitempty"`
}

type changedPost struct {
	Added   []Post   `json:"added,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
	Profile *Profile `json:"profile,omitempty"`
}

func (x *Server) encode(now time.Time) ([]byte, error) {
	st := state{PageKey: x.key, Families: x.grants.families(now), Posts: map[string]changedPost{}}
	for _, p := range x.People() {
		if c := x.account(p.Handle).changes(); len(c.Added)+len(c.Deleted) > 0 || c.Profile != nil {
			st.Posts[p.Handle] = c
		}
	}
	return json.Marshal(st)
}

// restore continues from what encode wrote. People who are no longer invented are forgotten.
func (x *Server) restore(raw []byte) error {
	var st state
	if err := json.Unmarshal(raw, &st); err != nil {
		return err
	}
	x.key = st.PageKey
	for _, f := range st.Families {
		if x.account(f.Person) != nil {
			x.grants.restore(f)
		}
	}
	for handle, c := range st.Posts {
		if a := x.account(handle); a != nil {
			a.restore(c)
		}
	}
	return nil
}

// families lists the tokens that have not expired, by the code they came from.
func (g *grants) families(now time.Time) []familyState {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := map[*family]*familyState{}
	of := func(f *family) *familyState {
		if known[f] == nil {
			known[f] = &familyState{f.client, f.person, f.scopes, f.revoked, map[string]tokenState{}, map[string]tokenState{}}
		}
		return known[f]
	}
	for name, t := range g.access {
		if now.Before(t.expires) {
			of(t.family).Access[name] = tokenState{t.expires, t.used}
		}
	}
	for name, t := range g.refresh {
		if now.Before(t.expires) {
			of(t.family).Refresh[name] = tokenState{t.expires, t.used}
		}
	}
	all := make([]familyState, 0, len(known))
	for f := range maps.Values(known) {
		all = append(all, *f)
	}
	return all
}

func (g *grants) restore(st familyState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := &family{st.Client, st.Person, st.Scopes, st.Revoked}
	for name, t := range st.Access {
		g.access[name] = &token{f, t.Expires, t.Used}
	}
	for name, t := range st.Refresh {
		g.refresh[name] = &token{f, t.Expires, t.Used}
	}
}

// changes is what has happened to the posts the account was made with.
func (a *account) changes() changedPost {
	a.mu.Lock()
	defer a.mu.Unlock()
	return changedPost{slices.Clone(a.added), slices.Sorted(maps.Keys(a.deleted)), a.profile}
}

func (a *account) restore(c changedPost) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.added, a.profile = c.Added, c.Profile
	for _, id := range c.Deleted {
		a.deleted[id] = true
	}
}
