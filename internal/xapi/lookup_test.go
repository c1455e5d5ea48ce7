package xapi_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/xapi"
)

func TestLookup_TellsWhatIsGoneAndWhatWasEdited(t *testing.T) {
	t.Parallel()
	for _, spelling := range []bool{false, true} {
		w := newWorld(t, x.Config{NewSpelling: spelling})
		tok := w.signIn(t, "gravelpit_gus", readScopes...)
		all := w.X().Posts("gravelpit_gus")
		kept, gone, old := all[0].ID, all[1].ID, all[2].ID
		w.X().DeletePost("gravelpit_gus", gone)
		edited := w.X().EditPost("gravelpit_gus", old, "Another text.")
		found, err := w.Lookup(t.Context(), tok.Access, []string{kept, gone, old, "17"})
		if err != nil || found.Reads != 2 || !slices.Equal(found.Gone, []string{gone, "17"}) {
			t.Fatalf("%+v, %v", found, err)
		}
		if p := found.Posts[0]; p.ID != kept || p.Versions != nil {
			t.Errorf("never edited: %+v", p)
		}
		if p := found.Posts[1]; p.ID != old || !slices.Equal(p.Versions, []string{old, edited}) {
			t.Errorf("edited: %+v", p)
		}
		if refused := w.X().Refusals(); len(refused) != 0 {
			t.Error(refused)
		}
	}
}

// The posts of a protected account are hidden from everybody but its owner, and are neither shown nor gone.
func TestLookup_WhatAProtectedAccountHidesIsNeitherShownNorGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	w.X().Protect("gravelpit_gus")
	theirs := w.X().Posts("gravelpit_gus")[0].ID
	for who, want := range map[string]int{"ada_fernhill": 0, "gravelpit_gus": 1} {
		tok := w.signIn(t, who, readScopes...)
		found, err := w.Lookup(t.Context(), tok.Access, []string{theirs})
		if err != nil || found.Reads != want || len(found.Gone) != 0 {
			t.Errorf("%s: %+v, %v", who, found, err)
		}
	}
}

// A post that X withholds is not deleted, and what X does not name is not either.
func TestLookup_OnlyWhatXCallsNotFoundIsGone(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"errors":[{"type":"https://api.twitter.com/2/problems/resource-not-found","value":"1"}]}`:                          {"1"},
		`{"errors":[{"type":"https://api.x.com/2/problems/resource-not-found","resource_id":"2","value":"2"}]}`:              {"2"},
		`{"errors":[{"type":"https://api.twitter.com/2/problems/not-authorized-for-resource","value":"1"}]}`:                 nil,
		`{"errors":[{"type":"https://api.twitter.com/2/problems/resource-not-found","value":"99"}]}`:                         nil,
		`{"data":[{"id":"1","text":"a"}],"errors":[{"type":"https://api.x.com/2/problems/resource-not-found","value":"2"}]}`: {"2"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(body)) }))
		c := xapi.New(xapi.Config{HTTP: srv.Client(), APIURL: srv.URL})
		if found, err := c.Lookup(t.Context(), "t", []string{"1", "2"}); err != nil || !slices.Equal(found.Gone, want) {
			t.Errorf("%s: %+v, %v", body, found, err)
		}
		srv.Close()
	}
}

func TestPosts_AsksBeforeEachPageWhatItMayCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok, id := w.signIn(t, "gravelpit_gus", readScopes...), personID(w, "gravelpit_gus")
	var asked, got []int
	q := xapi.Query{Max: 203, Before: func(n int) (int, error) {
		asked = append(asked, n)
		return min(n, 60), nil
	}}
	beyond := 0
	for page, err := range w.Posts(t.Context(), tok.Access, id, q) {
		if err != nil {
			t.Fatal(err)
		}
		got, beyond = append(got, page.Reads), beyond+len(page.Beyond)
	}
	if !slices.Equal(asked, []int{100, 100, 83, 23}) || !slices.Equal(got, []int{60, 60, 60, 23}) || beyond != 0 {
		t.Errorf("asked for %v, got %v", asked, got)
	}
	for page, err := range w.Posts(t.Context(), tok.Access, id, xapi.Query{Max: 2}) {
		if err != nil || len(page.Posts) != 2 || len(page.Beyond) != 3 || page.Reads != 5 {
			t.Errorf("the smallest page: %d posts, %d beyond, %d reads, %v", len(page.Posts), len(page.Beyond), page.Reads, err)
		}
	}
}
