// Package eval measures the screen: it reads posts that people have labelled, lets a
// witness look at each, and counts how often it was right.
//
//	r, err := eval.Run(ctx, witness, eval.Input{Task: eval.HateCheck, Cases: "de.csv", Lang: "de"})
//	err = r.WriteTable(os.Stdout)
//
// There are five tasks. Three read a file of texts and a file of labels, one a line,
// numbered as TweetEval numbers them; hatecheck reads a CSV file with the columns
// functionality, test_case and label_gold; findings reads lines of kind, expected
// category (or "-" for harmless), language and text, with tabs between.
//
// A witness answers with categories and a tone, so each task needs a rule for what
// counts as a yes (see verdict.go):
//
//   - hate, hatecheck: any finding of hate_speech.
//   - offensive: rude words, or a finding of hate_speech, harassment, violence or
//     profanity, or of sexual_content of at least medium severity. The task defines
//     offensive as insults, threats and any profanity, whoever they are said of.
//   - sentiment: the tone above +0.05 is positive, below -0.05 negative, and whatever
//     is between, or has no known tone, is neutral. These are VADER's own borders.
//   - findings: any finding flags a harmless post; a risk is right when one finding has
//     the expected category.
//
// Files are read as streams and only counts are kept, so memory does not grow with the
// file. A line that cannot be used is counted and named, and the rest is measured; a file
// that cannot be used at all is a fault that says what to do.
package eval

import (
	"context"
	"fmt"
	"strings"

	"github.com/repazoo/repazoo/internal/fault"
)

// Task is what is measured.
type Task string

// The tasks.
const (
	Offensive Task = "offensive"
	Hate      Task = "hate"
	Sentiment Task = "sentiment"
	HateCheck Task = "hatecheck"
	Findings  Task = "findings"
)

// Input is what to measure, and on which files.
type Input struct {
	Task   Task
	Texts  string // offensive, hate and sentiment: a file with one text a line
	Labels string // and the file with their labels
	Cases  string // hatecheck and findings: the file of cases
	Lang   string // the language the witness is told; "": English. findings names one for each case.
}

// Witness looks at one post. It must be quick: us_per_post is the time spent in it.
type Witness func(text, lang string) Verdict

// Verdict is what a witness says of one post.
type Verdict struct {
	Hits []Hit
	Tone float64 // from -1, bad, to 1, good; 0 when it is not known
	Rude bool    // the post has rude words, findings or not
}

// Hit is one finding of a witness.
type Hit struct{ Category, Severity string }

// Run measures the witness on the input.
func Run(ctx context.Context, witness Witness, in Input) (*Result, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	in.Lang = strings.TrimSpace(in.Lang)
	if in.Lang == "" {
		in.Lang = "en"
	}
	witness(warmUp, in.Lang)
	t := newTally(in.Task)
	err := in.read(ctx, &t.skipped, func(c oneCase) { t.add(c, t.ask(witness, c)) })
	if err != nil {
		return nil, err
	}
	if t.posts == 0 {
		return nil, fault.ValidationFailed.Saying("There is nothing to measure in %s: no line of it can be used.%s",
			in.main(), t.skipped.sentence())
	}
	return t.result(), nil
}

// warmUp is a post that makes the witness build what it builds once, which is no part of the
// time of a post.
const warmUp = "My first post, born 5 May, call 12345678 or write to someone@example.com"

// ask times the witness alone.
func (t *tally) ask(witness Witness, c oneCase) Verdict {
	start := processorTime()
	v := witness(c.text, c.lang)
	t.spent += processorTime() - start
	return v
}

// main is the file that the posts are in.
func (in Input) main() string {
	if in.Task == HateCheck || in.Task == Findings {
		return in.Cases
	}
	return in.Texts
}

// check refuses a task that does not exist and files that are not named.
func (in Input) check() error {
	switch in.Task {
	case Offensive, Hate, Sentiment:
		return needs(in.Task, named{"--texts", in.Texts, true}, named{"--labels", in.Labels, true},
			named{"--cases", in.Cases, false})
	case HateCheck, Findings:
		return needs(in.Task, named{"--cases", in.Cases, true}, named{"--texts", in.Texts, false},
			named{"--labels", in.Labels, false})
	}
	return fault.ValidationFailed.Saying(
		"%q is no task. The tasks are offensive, hate, sentiment, hatecheck and findings.", string(in.Task))
}

// named is a file that a task wants, or has no use for.
type named struct {
	flag, path string
	wanted     bool
}

func needs(task Task, files ...named) error {
	for _, f := range files {
		switch {
		case f.wanted && f.path == "":
			return fault.ValidationFailed.Saying("The task %s needs %s FILE.", task, f.flag)
		case !f.wanted && f.path != "":
			return fault.ValidationFailed.Saying("The task %s has no use for %s.", task, f.flag)
		}
	}
	return nil
}

// skipped counts the lines that could not be used, and names the first of them.
type skipped struct {
	N     int       `json:"n"`
	First []badLine `json:"first,omitempty"`
}

// badLine is one of them.
type badLine struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

const maxNamed = 20

func (s *skipped) add(file string, line int, why string) {
	s.N++
	if len(s.First) < maxNamed {
		s.First = append(s.First, badLine{file, line, why})
	}
}

// sentence names the first bad line, for a fault.
func (s *skipped) sentence() string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf(" Line %d: %s.", s.First[0].Line, s.First[0].Why)
}
