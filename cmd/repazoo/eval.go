package main

import (
	"context"
	"os"

	"github.com/repazoo/repazoo/internal/eval"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/screen"
)

type evalCommand struct {
	Task   string `required:"" help:"offensive, hate, sentiment, hatecheck or findings."`
	Texts  string `help:"For offensive, hate and sentiment: the posts, one a line." placeholder:"FILE"`
	Labels string `help:"And their labels, one a line, numbered as TweetEval does." placeholder:"FILE"`
	Cases  string `help:"For hatecheck a CSV file with the columns functionality, test_case and label_gold; for findings a file with the columns kind, expected category or -, language and text, with tabs between." placeholder:"FILE"`
	Lang   string `help:"The language of the posts; findings names one for each." default:"en"`
	Format string `help:"table or json." default:"table"`
}

func (evalCommand) Help() string {
	return `Measures how often the screen is right on posts that people have labelled. No model is asked and
nothing leaves this machine. docs/quality.md holds the last figures and says how to repeat them.

Examples:
  repazoo eval --task offensive --texts test_text.txt --labels test_labels.txt
  repazoo eval --task hatecheck --cases de.csv --lang de
  repazoo eval --task findings --cases internal/eval/testdata/samples.tsv --format json`
}

func (c evalCommand) Run(ctx context.Context) error {
	if c.Format != "table" && c.Format != "json" {
		return fault.ValidationFailed.Saying("The format is table or json, not %q.", c.Format)
	}
	in := eval.Input{Task: eval.Task(c.Task), Texts: c.Texts, Labels: c.Labels, Cases: c.Cases, Lang: c.Lang}
	r, err := eval.Run(ctx, eval.Screen(screen.New()), in)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return r.WriteJSON(os.Stdout)
	}
	return r.WriteTable(os.Stdout)
}
