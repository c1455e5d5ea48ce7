package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/eval"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/screen"
)

func evalCommand() *cobra.Command {
	var in eval.Input
	var task, format string
	cmd := &cobra.Command{
		Use: "eval", Short: "Measure how often the screen is right on labelled posts.", Args: takes(),
		Long: `Measures how often the screen is right on posts that people have labelled. No model is asked and
nothing leaves this machine. docs/quality.md holds the last figures and says how to repeat them.`,
		Example: `  repazoo eval --task offensive --texts test_text.txt --labels test_labels.txt
  repazoo eval --task hatecheck --cases de.csv --lang de
  repazoo eval --task findings --cases internal/eval/testdata/samples.tsv --format json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if task == "" {
				return misused(cmd, errors.New("--task is missing"))
			}
			in.Task = eval.Task(task)
			return evaluate(cmd.Context(), in, format)
		},
	}
	f := cmd.Flags()
	f.StringVar(&task, "task", "", "offensive, hate, sentiment, hatecheck or findings")
	f.StringVar(&in.Texts, "texts", "", "for offensive, hate and sentiment: the posts, one a line, in this `FILE`")
	f.StringVar(&in.Labels, "labels", "", "and their labels, one a line, numbered as TweetEval does, in this `FILE`")
	f.StringVar(&in.Cases, "cases", "",
		"for hatecheck a CSV `FILE` with the columns functionality, test_case and label_gold; "+
			"for findings a file with the columns kind, expected category or -, language and text, with tabs between")
	f.StringVar(&in.Lang, "lang", "en", "the language of the posts; findings names one for each")
	f.StringVar(&format, "format", "table", "table or json")
	return cmd
}

func evaluate(ctx context.Context, in eval.Input, format string) error {
	if format != "table" && format != "json" {
		return fault.ValidationFailed.Saying("The format is table or json, not %q.", format)
	}
	r, err := eval.Run(ctx, eval.Screen(screen.New()), in)
	if err != nil {
		return err
	}
	if format == "json" {
		return r.WriteJSON(os.Stdout)
	}
	return r.WriteTable(os.Stdout)
}
