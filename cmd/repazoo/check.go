package main

import (
	"context"
	"encoding/json"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/report"
)

// maxDraft is in bytes: no text that X takes has more.
const maxDraft = 4 * assess.MaxPostLength

// checking is `repazoo check`.
type checking struct {
	text    string
	purpose string
	format  string
	offline bool
}

func checkCommand() *cobra.Command {
	var c checking
	cmd := &cobra.Command{
		Use: "check TEXT", Short: "Check a text before you post it.", Args: takes("TEXT"),
		Long: `TEXT is what you want to post; with - it is read from standard input.

The same witnesses as in a report look at it: the word screen and, when ANTHROPIC_API_KEY or
ANTHROPIC_AUTH_TOKEN is set, a model, which is sent the text with handles, links, contact data,
numbers and passwords replaced. Nothing is kept.`,
		Example: `  repazoo check "My boss is a complete idiot." --purpose job_search
  repazoo check - < draft.txt`,
		Annotations: exits("0 the text was checked, 1 something failed, 2 the text or an option cannot be used."),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.text = args[0]
			return c.run(cmd.Context(), cmd.InOrStdin())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.purpose, "purpose", "personal_reputation", "the lens, as for analyze")
	f.StringVar(&c.format, "format", "text", "text or json")
	f.BoolVar(&c.offline, "offline", false, "never ask a model, even if a key or token is set")
	return cmd
}

func (c checking) run(ctx context.Context, stdin io.Reader) error {
	purpose, err := assess.ParsePurpose(c.purpose)
	if err != nil {
		return err
	}
	if c.format != "text" && c.format != "json" {
		return fault.ValidationFailed.Saying("There is no format %q here: choose text or json.", c.format)
	}
	if c.text == "-" {
		read, err := io.ReadAll(io.LimitReader(stdin, maxDraft+1))
		if err != nil {
			return fault.ValidationFailed.Saying("Standard input cannot be read.").Because(err)
		}
		c.text = string(read)
	}
	p, err := newPipeline(ctx, c.offline)
	if err != nil {
		return err
	}
	d, err := p.CheckDraft(ctx, c.text, assess.Options{Purpose: purpose})
	if err != nil {
		return err
	}
	if c.format == "json" {
		out := json.NewEncoder(os.Stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		return out.Encode(d)
	}
	return report.WriteDraft(os.Stdout, d, textOptions(os.Stdout))
}
