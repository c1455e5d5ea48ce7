package eval

import (
	"slices"
	"time"
)

// Result is what was measured. All rates are between 0 and 1.
type Result struct {
	Task  Task `json:"task"`
	Posts int  `json:"posts"`

	// Tasks with classes. Macro figures are plain means over the classes.
	Accuracy    *float64            `json:"accuracy,omitempty"`
	MacroF1     *float64            `json:"macro_f1,omitempty"`
	MacroRecall *float64            `json:"macro_recall,omitempty"`
	Classes     map[string]Class    `json:"classes,omitempty"`
	Functions   map[string]Function `json:"functions,omitempty"` // hatecheck

	// The task findings.
	Harmless  *HarmlessRate         `json:"harmless,omitempty"`
	Risks     *RiskRate             `json:"risks,omitempty"`
	Kinds     map[string]GroupRates `json:"kinds,omitempty"`
	Languages map[string]GroupRates `json:"languages,omitempty"`

	MicrosPerPost float64 `json:"us_per_post"` // processor time in the witness alone
	Skipped       skipped `json:"skipped"`
}

// Class are the figures of one class; N is how many posts have it by their label.
type Class struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	N         int     `json:"n"`
}

// Function is how many cases of one hatecheck function were right, of N.
type Function struct {
	Right int `json:"right"`
	N     int `json:"n"`
}

// HarmlessRate says how many harmless posts were flagged, and how many as high or critical.
type HarmlessRate struct {
	Flagged float64 `json:"flagged_rate"`
	High    float64 `json:"high_rate"`
	N       int     `json:"n"`
}

// RiskRate says how many risks were found with the right category, and how many with any.
type RiskRate struct {
	Right float64 `json:"right_rate"`
	Any   float64 `json:"any_rate"`
	N     int     `json:"n"`
}

// GroupRates are the figures of one kind or one language.
type GroupRates struct {
	Harmless *HarmlessRate `json:"harmless,omitempty"`
	Risks    *RiskRate     `json:"risks,omitempty"`
}

// tally counts while the posts pass.
type tally struct {
	task      Task
	posts     int
	spent     time.Duration
	skipped   skipped
	said      map[[2]string]int // by the label and what the witness said
	functions map[string]*Function
	all       *group
	kinds     map[string]*group
	languages map[string]*group
}

// group counts the task findings.
type group struct{ harmless, flagged, high, risks, right, any int }

func newTally(task Task) *tally {
	return &tally{
		task: task, said: map[[2]string]int{}, functions: map[string]*Function{},
		all: &group{}, kinds: map[string]*group{}, languages: map[string]*group{},
	}
}

func (t *tally) add(c oneCase, v Verdict) {
	t.posts++
	if t.task == Findings {
		for _, g := range []*group{t.all, at(t.kinds, c.group), at(t.languages, c.lang)} {
			g.add(c.gold, v)
		}
		return
	}
	said := v.class(t.task)
	t.said[[2]string{c.gold, said}]++
	if t.task == HateCheck {
		f := at(t.functions, c.group)
		f.N++
		f.Right += number(said == c.gold)
	}
}

// maxGroups bounds what a file with a new name on every line takes; the rest shares one.
const maxGroups = 1000

func at[T any](m map[string]*T, name string) *T {
	if m[name] == nil && len(m) >= maxGroups {
		name = "(others)"
	}
	if m[name] == nil {
		m[name] = new(T)
	}
	return m[name]
}

func (g *group) add(expected string, v Verdict) {
	flagged := number(len(v.Hits) > 0)
	if expected == harmless {
		g.harmless++
		g.flagged += flagged
		g.high += number(slices.ContainsFunc(v.Hits, Hit.grave))
		return
	}
	g.risks++
	g.any += flagged
	g.right += number(v.has(expected))
}

func (g *group) rates() GroupRates {
	var out GroupRates
	if g.harmless > 0 {
		out.Harmless = &HarmlessRate{share(g.flagged, g.harmless), share(g.high, g.harmless), g.harmless}
	}
	if g.risks > 0 {
		out.Risks = &RiskRate{share(g.right, g.risks), share(g.any, g.risks), g.risks}
	}
	return out
}

func (t *tally) result() *Result {
	r := &Result{
		Task: t.task, Posts: t.posts, Skipped: t.skipped,
		MicrosPerPost: float64(t.spent.Nanoseconds()) / 1000 / float64(max(t.posts, 1)),
	}
	if t.task == Findings {
		all := t.all.rates()
		r.Harmless, r.Risks = all.Harmless, all.Risks
		r.Kinds, r.Languages = ratesOf(t.kinds), ratesOf(t.languages)
		return r
	}
	t.classify(r)
	if t.task == HateCheck {
		r.Functions = map[string]Function{}
		for name, f := range t.functions {
			r.Functions[name] = *f
		}
	}
	return r
}

func ratesOf(groups map[string]*group) map[string]GroupRates {
	out := make(map[string]GroupRates, len(groups))
	for name, g := range groups {
		out[name] = g.rates()
	}
	return out
}

// classify works out the figures of the classes. A class that no post has counts in the
// means like any other, with nothing found.
func (t *tally) classify(r *Result) {
	all := classes(t.task)
	r.Classes = map[string]Class{}
	right, f1, recall := 0, 0.0, 0.0
	for _, class := range all {
		c := t.class(class)
		r.Classes[class] = c
		right += t.said[[2]string{class, class}]
		f1 += c.F1
		recall += c.Recall
	}
	n := float64(len(all))
	r.Accuracy, r.MacroF1, r.MacroRecall = new(share(right, t.posts)), new(f1/n), new(recall/n)
}

func (t *tally) class(name string) Class {
	hit, gold, said := 0, 0, 0
	for pair, n := range t.said {
		if pair[0] == name {
			gold += n
		}
		if pair[1] == name {
			said += n
		}
		if pair == [2]string{name, name} {
			hit = n
		}
	}
	c := Class{Precision: share(hit, said), Recall: share(hit, gold), N: gold}
	if c.Precision+c.Recall > 0 {
		c.F1 = 2 * c.Precision * c.Recall / (c.Precision + c.Recall)
	}
	return c
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
