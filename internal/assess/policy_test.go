package assess

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/words"
)

func TestRuleFor_DeniesWhateverIsNotOnTheList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		category Category
		source   string
		purpose  Purpose
		want     Rule
	}{
		{HateSpeech, SourceX, JobSearch, Allow},
		{GeopoliticalTopic, SourceX, VisaApplication, TopicOnly},
		{ControversialTopic, SourceArchive, PublicOffice, TopicOnly},
		{SubstanceUse, SourceX, PersonalReputation, TopicOnly},
		{SubstanceUse, SourceArchive, PersonalReputation, Allow},
		{"political_affiliation", SourceArchive, PersonalReputation, Deny},
		{"health", SourceX, VisaApplication, Deny},
		{"astrology", SourceX, JobSearch, Deny},
		{HateSpeech, "scraped", JobSearch, Deny},
		{HateSpeech, SourceX, "vetting_a_tenant", Deny},
	} {
		if got, why := RuleFor(c.category, c.source, c.purpose); got != c.want || why == "" {
			t.Errorf("%v: got %v (%q)", c, got, why)
		}
	}
}

func TestRuleFor_IsTheSameForEveryPurpose(t *testing.T) {
	t.Parallel()
	for _, c := range Categories {
		for _, source := range []string{SourceX, SourceArchive} {
			want, _ := RuleFor(c, source, PersonalReputation)
			for _, p := range Purposes {
				if got, _ := RuleFor(c, source, p); got != want {
					t.Errorf("%s from %s for %s: %s, but %s by default; a lens could not switch", c, source, p, got, want)
				}
			}
		}
	}
}

func TestPermitted_CapsATopicAtMediumAndNeverAdvisesDeletion(t *testing.T) {
	t.Parallel()
	f := Finding{Category: GeopoliticalTopic, Severity: Critical, Suggestion: SuggestDelete, Disputed: true}
	got, ok := permitted(f, SourceX, VisaApplication)
	if !ok || got.Severity != Medium || got.Suggestion != SuggestContext || got.Disputed {
		t.Fatalf("got %+v, %v", got, ok)
	}
	if _, ok := permitted(Finding{Category: "religious_belief"}, SourceX, JobSearch); ok {
		t.Fatal("a forbidden trait was reported")
	}
}

func TestPolicyTable_PrintsEveryCategoryAndEveryRefusedTrait(t *testing.T) {
	t.Parallel()
	rows := policyTable(words.For("en"), SourceX, JobSearch)
	if len(rows) != len(Categories)+len(forbiddenTraits) {
		t.Fatalf("%d rows", len(rows))
	}
}

func TestParsePurpose_ReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Purpose{
		"": PersonalReputation, "job_search": JobSearch, " Job-Search ": JobSearch,
		"visa application": VisaApplication,
	} {
		if got, err := ParsePurpose(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func TestParsePurpose_RefusesAnUnknownOneAndListsTheChoices(t *testing.T) {
	t.Parallel()
	_, err := ParsePurpose("dating")
	if !errors.Is(err, fault.ValidationFailed) || !strings.Contains(err.Error(), "personal_reputation, job_search") ||
		strings.Contains(err.Error(), "dating") {
		t.Fatalf("got %v", err)
	}
}

// The table of weights, and the figures of the examples, stand in docs/score.md for people.
func TestScore_IsWhatThePageOfTheScoreSays(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/score.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Categories {
		row := "| " + strings.ReplaceAll(string(c), "_", " ") + " |"
		for _, p := range Purposes {
			row += fmt.Sprintf(" %v |", Weight(p, c))
		}
		if !strings.Contains(string(page), row+"\n") {
			t.Errorf("the page has no row %q", row)
		}
	}
	insult, older := of(High, Harassment), of(High, Harassment)
	older.PostedAt = yearsAgo(3)
	complaint, swearing := of(Medium, ProfessionalConduct), many(40, of(Low, Profanity))
	for words, got := range map[string]float64{
		"One death threat alone is 61.5.":   anyScore([]Finding{of(Critical, Violence)}, PersonalReputation),
		"One mild swear word alone is 2.3.": anyScore(many(1, of(Low, Profanity)), PersonalReputation),
		"260 of them are 20.4.":             anyScore(many(260, of(Low, Profanity)), PersonalReputation),
		"a job search: 23 of 100":           anyScore([]Finding{complaint}, JobSearch),
		"adds its own part: 69.4,": anyScore(append(many(200, of(Low, Profanity)), of(Critical, Violence)),
			PersonalReputation),
		"the threat leaves 20.4.":            anyScore(many(200, of(Low, Profanity)), PersonalReputation),
		"and 40 swear words*: 79.4,":         anyScore(append(swearing, complaint, insult, older), JobSearch),
		"Deleting both insults leaves 42.5.": anyScore(append(swearing, complaint), JobSearch),
	} {
		flat := strings.Join(strings.Fields(string(page)), " ")
		if !strings.Contains(flat, words) || !strings.Contains(words, fmt.Sprint(got)) {
			t.Errorf("%q: computed %v", words, got)
		}
	}
}
