package xapi_test

import (
	"testing"

	"github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/xapi"
)

func TestProfile_SaysWhatStandsOnThePageWithLinksAsTheyLeadOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, x.Config{})
	tok := w.signIn(t, "ada_fernhill", readScopes...)
	for want, set := range map[xapi.Profile]x.Profile{
		{Name: "Ada Fernhill", Bio: "Bridges & bread <3", Location: "Leeds & York", Link: "https://ada.example/a?b=1&c=2"}: {
			Bio: "Bridges & bread <3", Location: "Leeds & York", Link: "https://ada.example/a?b=1&c=2",
		},
		{Name: "Ada Fernhill", Bio: "Only this."}: {Bio: "Only this."},
	} {
		w.X().SetProfile("ada_fernhill", set)
		got, err := w.Profile(t.Context(), tok.Access)
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if refused := w.X().Refusals(); len(refused) > 0 {
		t.Errorf("X does not know: %q", refused)
	}
}
