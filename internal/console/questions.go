package console

import (
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

func questions(l tongue, v publicView) []question {
	var all []question
	for _, q := range []struct{ id, answer string }{
		{"write", l.Say("q.write.a")},
		{"leaves", leavesWords(l, v.Site)},
		{"wrong", l.Say("q.wrong.a")},
		{"older", l.Say("q.older.a", "n", plan.Reach)},
		{"score", l.Say("q.score.a")},
		{"others", l.Say("q.others.a")},
		{"cost", priceWords(l, v)},
		{"count", l.Say("q.count.a")},
		{"few", l.Say("q.few.a", "n", assess.MinPosts)},
		{"kept", keptWords(l, v.Site)},
		{"who", l.Say("q.who.a")},
		{"leave", l.Say("q.leave.a", "n", int(privacy.LinkHours))},
	} {
		all = append(all, question{q.id, l.Say("q." + q.id), []string{q.answer}})
	}
	return all
}

func leavesWords(l tongue, s Site) string {
	if !s.Judged {
		return l.Say("q.nothing_leaves")
	}
	return l.Say("q.words_leave")
}

func priceWords(l tongue, v publicView) string {
	if v.Site.Free {
		return l.Say("q.no_price")
	}
	var all []string
	for _, t := range v.Plans {
		all = append(all, l.Say("q.price", "plan", capital(t.Name), "price", l.money(t.MonthlyCents)))
	}
	return strings.Join(append(all, l.Say("q.price_more", "n", int(plan.GraceDays))), " ")
}

func keptWords(l tongue, s Site) string {
	posts := l.Say("q.kept_posts", "n", s.PostDays) + " "
	if s.Free {
		return posts + l.Say("q.kept_free")
	}
	return posts + l.Say("q.kept_reports", "n", s.ReportDays)
}
