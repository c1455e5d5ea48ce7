package console

import (
	"fmt"
	"strings"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/privacy"
)

// question is what people ask, and what is true by the code. A number in an answer is taken from where it is decided.
type question struct {
	ID, Ask string
	Answer  []string
}

// onFront is how many of the questions the front page answers.
const onFront = 6

func questions(v publicView) []question {
	s := v.Site
	return []question{
		{"write", "Can Repazoo post or delete for me?", []string{
			"Not by signing in: that is for reading. Only if you start a clean-up does it ask X for leave to delete, " +
				"after you saw the " +
				"posts and agreed. You can delete by hand instead; a checklist leads to every post.",
		}},
		{"leaves", "What leaves Repazoo?", []string{leavesWords(s)}},
		{"wrong", "What if it reads a joke as a threat?", []string{
			"It will, at times. Dismiss the finding, with a reason if you like: the score is computed again at once, " +
				"and the finding stays " +
				"dismissed in later reports. Where its two readers disagree about something grave, the report says so and " +
				"asks for a person.",
		}},
		{"older", "X shows only my newest posts. What about older ones?", []string{
			fmt.Sprintf(
				"X shows the newest %s posts of an account. Ask X for your archive and upload it: on every plan all posts "+
					"in it are read, whatever "+
					"their age, and it takes none of the posts your plan may read from X. Only posts and your profile are "+
					"taken from the zip.", count(plan.Reach)),
		}},
		{"score", "Where does the score come from?", []string{
			"From published arithmetic: each finding has points that follow from its severity, its certainty, its age " +
				"and what the report is for, " +
				"and the points add up to the score. A language model finds and quotes; it never gives a number.",
		}},
		{"others", "Can I check somebody else?", []string{
			"No. You can read the accounts that you sign in to at X, and archives of those accounts. Findings are " +
				"about posts, never about what " +
				"a person believes, is or suffers from.",
		}},
		{"cost", "What does it cost?", []string{priceWords(v)}},
		{"count", "What counts against my plan?", []string{
			"A report that completes. One that fails, or that you cancel, counts nothing. Reading a report again, " +
				"comparing two, dismissing and " +
				"switching the purpose are free. Posts that are still kept here are not read from X again.",
		}},
		{"few", "How many posts does it need?", []string{
			fmt.Sprintf(
				"At least %d in your own words: fewer say nothing about anybody. Reposts are counted and not judged.",
				assess.MinPosts),
		}},
		{"kept", "How long is everything kept?", []string{keptWords(s)}},
		{"who", "Who can see my report?", []string{
			"You, signed in, until you give it to somebody. Those who run this server can see that you have one and " +
				"how large it is; their pages " +
				"show no post and no report. Somebody with both the database and its keys could read it.",
		}},
		{"leave", "How do I leave?", []string{
			fmt.Sprintf(
				"Under Your data: ask for a package of everything, which can be fetched for %d hours, then erase your "+
					"account. Plan, sessions and the "+
					"leave to read at X end at once, the rest within minutes. What tax law asks for stays: who paid what, and "+
					"when.", privacy.LinkHours),
		}},
	}
}

func leavesWords(s Site) string {
	if !s.Judged {
		return "Nothing about your posts: Repazoo's own word screen reads them here, and no language model is asked."
	}
	return "The words of your posts go to Anthropic's Claude, with handles, links, contact data, numbers, " +
		"passwords, places and the names that can " +
		"be told as names replaced first; other names can remain. Your account's name is not sent. Each report has " +
		"a receipt of what went where."
}

func priceWords(v publicView) string {
	if v.Site.Free {
		return "Nothing here: billing is switched off."
	}
	prices := make([]string, len(v.Plans))
	for i, t := range v.Plans {
		prices[i] = capital(t.Name) + " is " + money(t.MonthlyCents) + " a month. "
	}
	return strings.Join(prices, "") + fmt.Sprintf("You can cancel at any time and keep what is paid for. If a payment "+
		"fails, the "+
		"plan stays open for %s, and your reports stay.",
		counted(plan.GraceDays, "day"))
}

func keptWords(s Site) string {
	words := fmt.Sprintf("Posts and archives: sealed, for at most %s; with regular checks, if you agree, until "+
		"two days after the next one. ", counted(s.PostDays, "day"))
	if s.Free {
		return words + "Reports: until you delete them."
	}
	return words + fmt.Sprintf("Reports: as long as you have a plan and %s after it, or until you delete them.",
		counted(s.ReportDays, "day"))
}
