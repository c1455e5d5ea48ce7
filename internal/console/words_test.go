package console_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/fault"
)

func TestPurposes_AllHaveWords(t *testing.T) {
	t.Parallel()
	for _, p := range assess.Purposes {
		if words := console.PurposeWords(p); words == "look."+string(p) {
			t.Errorf("%s has none", p)
		}
	}
}

func TestSteps_MarkTheStageTheAnalysisIsIn(t *testing.T) {
	t.Parallel()
	a := analysis.Analysis{Model: "claude", Progress: assess.Progress{Stage: assess.StageJudge}}
	var got string
	for _, s := range console.Steps(a) {
		got += string(s.Stage) + ":" + s.State + " "
	}
	want := "queued:done collect:done screen:done judge:now verify:todo score:todo recommend:todo save:todo "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	a.Model = ""
	if n := len(console.Steps(a)); n != 7 {
		t.Errorf("%d steps without a model, want 7", n)
	}
}

func TestSignInTrouble_TellsCodesApart(t *testing.T) {
	t.Parallel()
	unknown := console.SignInTrouble("no_such_code")
	for _, f := range []*fault.Fault{
		fault.Unauthenticated, fault.SessionRevoked, fault.ValidationFailed, fault.Forbidden, fault.ScopeMissing,
		fault.AlreadyLinked,
		fault.Conflict, fault.XUnavailable, fault.RateLimited, fault.DependencyDown,
	} {
		if got := console.SignInTrouble(f.Code); got == unknown || got == "" {
			t.Errorf("%s says %q", f.Code, got)
		}
	}
}

func TestSentence_KeepsWhatAServiceSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    *fault.Fault
		want string
	}{
		{fault.SubscriptionRequired, "This needs a plan. Choose one, and you can start right after."},
		{fault.SubscriptionRequired.Saying("Your plan is paused."), "Your plan is paused."},
		{fault.QuotaExceeded, fault.QuotaExceeded.Message},
	} {
		if got := console.Sentence(c.f); got != c.want {
			t.Errorf("%s: %q, want %q", c.f.Message, got, c.want)
		}
	}
}

func TestDevice_NamesBrowsersAndSystems(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 " +
			"Edg/150.0": "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile " +
			"Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 " +
			"Firefox/145.0": "Firefox on Linux",
		"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/150.0 Mobile " +
			"Safari/537.36": "Chrome on Android",
		"curl/8.20":      "curl",
		"Unknown device": "Unknown device",
	} {
		if got := console.Device(agent); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
}

func TestSandboxWords_NameWhatIsNotReal(t *testing.T) {
	t.Parallel()
	for want, standIns := range map[string][]string{
		"": nil,
		"This is a sandbox: no real model is used.":                     {"Claude"},
		"This is a sandbox: no real X account or money is used.":        {"Stripe", "X"},
		"This is a sandbox: no real X account, money or model is used.": {"Claude", "Stripe", "X"},
	} {
		if got := console.SandboxWords(standIns); got != want {
			t.Errorf("%v: %q, want %q", standIns, got, want)
		}
	}
}

func TestNumbers_AreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1_000: "1,000", 10_000: "10,000", 1_234_567: "1,234,567"} {
		if got := console.Count(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for cents, want := range map[int]string{900: "$9", 950: "$9.50", 2_905: "$29.05", 0: "$0"} {
		if got := console.Money(cents); got != want {
			t.Errorf("%d: %q, want %q", cents, got, want)
		}
	}
}

func TestInitials_AreAtMostTwoWholeCharacters(t *testing.T) {
	t.Parallel()
	if got := console.Initials("ada lovelace of fernhill"); got != "AL" {
		t.Errorf("got %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if got := console.Initials(name); !utf8.ValidString(got) || utf8.RuneCountInString(got) > 2 {
			t.Fatalf("%q gives %q", name, got)
		}
	})
}
