package assess

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/screen"
)

func draftPipeline() *Pipeline {
	return &Pipeline{Screen: screen.New(), Now: func() time.Time { return today }}
}

func TestCheckDraft_SaysWhatIsARiskAndWhere(t *testing.T) {
	t.Parallel()
	text := "Schöner Tag. I will kill you tomorrow."
	d, err := draftPipeline().CheckDraft(t.Context(), text, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Level != High || len(d.Findings) != 1 || d.Findings[0].Category != Violence || len(d.Models) != 0 {
		t.Fatalf("got %+v", d)
	}
	f := d.Findings[0]
	if got := string([]rune(text)[f.QuoteStart:f.QuoteEnd]); got != f.Quote || got != "I will kill you" {
		t.Errorf("quote %q at %d to %d is %q", f.Quote, f.QuoteStart, f.QuoteEnd, got)
	}
	if f.Points != d.Score {
		t.Errorf("%v points of a score of %v", f.Points, d.Score)
	}
}

func TestCheckDraft_AdvisesByTheWorstPassage(t *testing.T) {
	t.Parallel()
	for text, advice := range map[string]string{
		"The river was quiet this morning.":  "Nothing was found",
		"What a shitty morning.":             "You can post it",
		"You are a worthless piece of shit.": "Change what is quoted below",
		"I will kill you tomorrow.":          "Let somebody you trust read it",
		"RT @a: I will kill you tomorrow.":   "These are somebody else's words",
	} {
		d, err := draftPipeline().CheckDraft(t.Context(), text, Options{})
		if err != nil || !strings.HasPrefix(d.Advice, advice) {
			t.Errorf("%q: %q, %v; want %q", text, d.Advice, err, advice)
		}
	}
}

func TestCheckDraft_RefusesWhatCannotBeAPost(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": " \n\u3000", "too long": strings.Repeat("é", MaxPostLength+1), "not UTF-8": "abc\xff",
	} {
		if _, err := draftPipeline().CheckDraft(t.Context(), text, Options{}); !errors.Is(err, fault.ValidationFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := draftPipeline().CheckDraft(t.Context(), strings.Repeat("é", MaxPostLength), Options{}); err != nil {
		t.Errorf("the longest post: %v", err)
	}
}

func TestCheckDraft_AsksTheModelAndShowsWhatItCleared(t *testing.T) {
	t.Parallel()
	p := draftPipeline()
	p.Judge, _ = newTestJudge(t)
	d, err := p.CheckDraft(t.Context(), "You absolute clown, Bob.", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Models) != 1 || d.Models[0].Calls == 0 || len(d.Findings) != 0 || len(d.ReadAsHarmless) != 1 {
		t.Errorf("got %+v", d)
	}
}
