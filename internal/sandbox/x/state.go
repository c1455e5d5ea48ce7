package x

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// xState is what the stand-in of X keeps across a restart.
type xState struct {
	PageKey  []byte                  `json:"page_key"`
	Families []xFamilyState          `json:"families"`
	Posts    map[string]xChangedPost `json:"posts"` // by handle
}

type xFamilyState struct {
	Client  string                 `json:"client"`
	Person  string                 `json:"person"`
	Scopes  []string               `json:"scopes"`
	Revoked bool                   `json:"revoked"`
	Access  map[string]xTokenState `json:"access"`
	Refresh map[string]xTokenState `json:"refresh"` // spent ones too: their reuse ends the family
}

type xTokenState struct {
	Expires time.Time `json:"expires"`
	Used    bool      `json:"used,omitempty"`
}

type xChangedPost struct {
	Added   []Post   `json:"added,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
}

func (x *Server) encode(now time.Time) ([]byte, error) {
	st := xState{PageKey: x.key, Families: x.grants.families(now), Posts: map[string]xChangedPost{}}
	for _, p := range x.People() {
		if c := x.account(p.Handle).changes(); len(c.Added)+len(c.Deleted) > 0 {
			st.Posts[p.Handle] = c
		}
	}
	return json.Marshal(st)
}

// restore continues from what encode wrote. People who are no longer invented are forgotten.
func (x *Server) restore(raw []byte) error {
	var st xState
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
func (g *xGrants) families(now time.Time) []xFamilyState {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := map[*xFamily]*xFamilyState{}
	of := func(f *xFamily) *xFamilyState {
		if known[f] == nil {
			known[f] = &xFamilyState{f.client, f.person, f.scopes, f.revoked, map[string]xTokenState{}, map[string]xTokenState{}}
		}
		return known[f]
	}
	for name, t := range g.access {
		if now.Before(t.expires) {
			of(t.xFamily).Access[name] = xTokenState{t.expires, t.used}
		}
	}
	for name, t := range g.refresh {
		if now.Before(t.expires) {
			of(t.xFamily).Refresh[name] = xTokenState{t.expires, t.used}
		}
	}
	all := make([]xFamilyState, 0, len(known))
	for f := range maps.Values(known) {
		all = append(all, *f)
	}
	return all
}

func (g *xGrants) restore(st xFamilyState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := &xFamily{st.Client, st.Person, st.Scopes, st.Revoked}
	for name, t := range st.Access {
		g.access[name] = &xToken{f, t.Expires, t.Used}
	}
	for name, t := range st.Refresh {
		g.refresh[name] = &xToken{f, t.Expires, t.Used}
	}
}

// changes is what has happened to the posts the account was made with.
func (a *xAccount) changes() xChangedPost {
	a.mu.Lock()
	defer a.mu.Unlock()
	return xChangedPost{slices.Clone(a.added), slices.Sorted(maps.Keys(a.deleted))}
}

func (a *xAccount) restore(c xChangedPost) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.added = c.Added
	for _, id := range c.Deleted {
		a.deleted[id] = true
	}
}
