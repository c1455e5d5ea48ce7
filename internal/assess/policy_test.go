package assess

import (
	"errors"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
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
					t.Errorf("%s from %s for %s: %s, but %s by default; Rescore could not switch", c, source, p, got, want)
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
	rows := policyTable(SourceX, JobSearch)
	if len(rows) != len(Categories)+len(forbiddenTraits) {
		t.Fatalf("%d rows", len(rows))
	}
}

func TestParsePurpose_ReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Purpose{"": PersonalReputation, "job_search": JobSearch, " Job-Search ": JobSearch, "visa application": VisaApplication} {
		if got, err := ParsePurpose(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func TestParsePurpose_RefusesAnUnknownOneAndListsTheChoices(t *testing.T) {
	t.Parallel()
	_, err := ParsePurpose("dating")
	if !errors.Is(err, fault.ValidationFailed) || !strings.Contains(err.Error(), "personal_reputation, job_search") || strings.Contains(err.Error(), "dating") {
		t.Fatalf("got %v", err)
	}
}

func TestWeight_IsThePublishedTable(t *testing.T) {
	t.Parallel()
	published := map[Purpose]map[Category]float64{
		JobSearch:       {HateSpeech: 2, Harassment: 2, ProfessionalConduct: 2.5, Profanity: 1.5, Extremism: 1.5, BrandSafety: 2},
		VisaApplication: {Extremism: 2.5, Violence: 2.5, HateSpeech: 2, GeopoliticalTopic: 2.5, Misinformation: 1.5},
		BrandBuilding:   {BrandSafety: 2.5, HateSpeech: 1.8, Profanity: 1.5, SexualContent: 1.5, GeopoliticalTopic: 0.8},
		Influencer:      {BrandSafety: 2.5, HateSpeech: 1.8, Profanity: 1.5, SexualContent: 1.5, GeopoliticalTopic: 0.8},
		PublicOffice:    {Misinformation: 2, HateSpeech: 2, Harassment: 1.8, ControversialTopic: 1.5},
	}
	for _, p := range Purposes {
		for _, c := range Categories {
			want, listed := published[p][c]
			if !listed {
				want = 1
			}
			if got := Weight(p, c); got != want {
				t.Errorf("%s, %s: got %v, want %v", p, c, got, want)
			}
		}
	}
}
