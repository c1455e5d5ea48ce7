package console

import (
	"testing"

	"github.com/repazoo/repazoo/internal/assess"
)

func TestReport_WordsOnTheProfileAndOnDescriptionsOfPictures(t *testing.T) {
	t.Parallel()
	f := assess.Finding{Item: assess.ItemProfile, Reason: "It insults.", Suggestion: assess.SuggestContext}
	l := english()
	got := []string{placeWords(l, f), removeWords(l, f), f.WholeReason(l.Language), adviceOn(l, f)}
	want := []string{"Profile", "Change it on X", "It insults.", "Change it: it is what people see first."}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
	f.Item = assess.ItemAltText
	if got := besides(l, f); got != "It stands in the description of a picture." ||
		placeWords(l, f) != "date unknown" || removeWords(l, f) != "Delete on X" {
		t.Errorf("%q, %q, %q", got, placeWords(l, f), removeWords(l, f))
	}
}
