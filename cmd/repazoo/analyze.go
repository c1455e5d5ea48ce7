package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/app"
	"github.com/repazoo/repazoo/internal/archive"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/config"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/report"
	"github.com/repazoo/repazoo/internal/screen"
)

// analyzing is what `repazoo analyze` was asked for.
type analyzing struct {
	archive, purpose, format, output, handle string
	offline, dryRun                          bool
}

func analyzeCommand() *cobra.Command {
	var c analyzing
	cmd := &cobra.Command{
		Use: "analyze ARCHIVE", Short: "Read an X data archive on this machine and print a report.", Args: takes("ARCHIVE"),
		Long: `ARCHIVE is the zip that X gives you under Settings > Your account > Download an archive of your data,
or the folder it was unzipped to. Where X gave several parts, put them into one folder and give that.
What cannot be read is skipped and told in the report. Read are the posts, the descriptions (alt texts) of their
pictures, and the profile: display name, bio, location and link.

Only the account, profile and post files in the archive are opened: never direct messages, contacts or ads.
Nothing leaves this machine unless ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN is set; then a model
judges the posts, with handles, links, contact data, numbers, passwords and the names that can be
told as names replaced first. Other names can remain. Where a post cannot be judged without the one
that it answers, that one is shown too if the archive holds it.

The model is asked at once, for the full price. The cheaper way that takes up to a day is for a server,
which waits for the answers: upload the archive there and choose "Cheaper, within a day".`,
		Example: `  repazoo analyze twitter-2026-11-22.zip
  repazoo analyze twitter-2026-11-22.zip --purpose job_search -o report.html
  repazoo analyze twitter-2026-11-22.zip --dry-run`,
		Annotations: exits("0 the report was made, 1 something failed, 2 the archive or an option cannot be used."),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.archive = args[0]
			return c.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.purpose, "purpose", "personal_reputation",
		"the lens: personal_reputation, job_search, career_development, "+
			"brand_building, influencer, public_office, corporate_communications, academic or visa_application")
	f.StringVar(&c.format, "format", "",
		"text, json, html, csv or pdf; without it the ending of --output decides, else text")
	f.StringVarP(&c.output, "output", "o", "", "write the report to this `FILE` instead of the screen")
	f.StringVar(&c.handle, "handle", "", "whose archive it is, where it does not say so itself")
	f.BoolVar(&c.dryRun, "dry-run", false,
		"say what would be read and what a model would cost, and make no report: nothing leaves this machine")
	f.BoolVar(&c.offline, "offline", false, "never ask a model, even if a key or token is set")
	return cmd
}

func (c analyzing) run(ctx context.Context) error {
	collectOften()
	purpose, err := assess.ParsePurpose(c.purpose)
	if err != nil {
		return err
	}
	format, err := c.chosenFormat()
	if err != nil {
		return err
	}
	src, err := archive.Open(c.archive)
	if err != nil {
		return err
	}
	defer src.Close()
	whose, err := c.whose(src)
	if err != nil {
		return err
	}
	p, err := newPipeline(ctx, c.offline)
	if err != nil {
		return err
	}
	bar := newBar(src.Size())
	if c.dryRun {
		f, err := p.Forecast(ctx, posts(ctx, src, bar), options(src, whose, purpose))
		_ = bar.Exit()
		if err == nil {
			foretell(os.Stdout, f, p.Judge)
		}
		return err
	}
	o := options(src, whose, purpose)
	if p.Judge != nil {
		o.Parents = c.parents
	}
	r, err := p.Run(ctx, posts(ctx, src, bar), o, nil)
	_ = bar.Exit()
	if err != nil {
		return err
	}
	return c.write(r, format)
}

// collectOften lets memory grow by a quarter before garbage is collected, unless GOGC says by how much. An archive
// keeps little alive, so this costs hardly any time. bench/README.md says how much memory an archive of 2 GB takes.
func collectOften() {
	const usual = 100
	if before := debug.SetGCPercent(usual / 4); before != usual {
		debug.SetGCPercent(before)
	}
}

// whose is the account of the archive. One that does not say whose it is needs --handle, for the links of the report
// and because a repost of one's own words is one's own.
func (c analyzing) whose(src *archive.Archive) (assess.ReportAccount, error) {
	a := src.Account()
	given := strings.TrimPrefix(c.handle, "@")
	switch {
	case a.Handle == "" && given == "":
		return assess.ReportAccount{}, fault.ValidationFailed.Saying(
			"This archive does not say whose it is (data/account.js is missing). Add --handle with the name of the account.")
	case a.Handle != "" && given != "" && !strings.EqualFold(a.Handle, given):
		return assess.ReportAccount{}, fault.ValidationFailed.Saying("This archive belongs to @%s, not to @%s.", a.Handle,
			given)
	}
	return assess.ReportAccount{ID: a.ID, Handle: cmp.Or(a.Handle, given)}, nil
}

// chosenFormat is what was asked for, or what the name of the output says.
func (c analyzing) chosenFormat() (report.Format, error) {
	name := c.format
	if name == "" {
		name = strings.TrimPrefix(filepath.Ext(c.output), ".")
	}
	if name == "" || name == "txt" {
		name = "text"
	}
	return report.ParseFormat(name)
}

// newPipeline asks the model that is configured, unless nothing may leave this machine.
func newPipeline(ctx context.Context, offline bool) (*assess.Pipeline, error) {
	version, _ := app.Version()
	p := &assess.Pipeline{Screen: screen.New(), Now: time.Now, AppVersion: version}
	if offline {
		return p, nil
	}
	m, err := config.LoadClaude(ctx, config.Process())
	if err != nil || !m.IsSet() {
		return p, err
	}
	p.Judge = &assess.Judge{
		Client: claude.New(claude.Config{
			APIKey: m.APIKey.Reveal(), Token: m.AuthToken.Reveal(), BaseURL: m.BaseURL, MaxInFlight: m.InFlight,
		}),
		Model: m.ProModel, Prices: assess.DefaultPrices()[m.ProModel], Cache: assess.NewMemoryVerdicts(),
		TalksToModel: func(text string) bool { return p.Screen.Check(text, "").TalksToModel },
	}
	return p, nil
}

func options(src *archive.Archive, whose assess.ReportAccount, purpose assess.Purpose) assess.Options {
	return assess.Options{
		Account: whose, Names: []string{src.Account().DisplayName}, Source: assess.SourceArchive, Purpose: purpose,
		Unread:    func() assess.Unread { return assess.UnreadOf(src) },
		NeverRead: []string{"direct messages", "contacts", "advertising data", "likes", "every other file in the archive"},
	}
}

// parents finds posts that others answer in the archive itself, which holds the author's own alone. It is read once
// more for that, by another reader, so that nothing of it counts twice.
func (c analyzing) parents(ctx context.Context, ids []string) (assess.Parents, error) {
	out := assess.Parents{Found: map[string]assess.Parent{}, Missing: map[string]assess.Context{}}
	for _, id := range ids {
		out.Missing[id] = assess.ContextArchive
	}
	src, err := archive.Open(c.archive)
	if err != nil {
		return out, err
	}
	defer src.Close()
	for p, err := range src.Posts(ctx) {
		if err != nil {
			return out, err
		}
		if _, wanted := out.Missing[p.ID]; wanted {
			out.Found[p.ID] = assess.Parent{Text: p.Text, Lang: p.Lang}
			delete(out.Missing, p.ID)
		}
	}
	return out, nil
}

// foretell writes what an analysis would ask of the model.
func foretell(w io.Writer, f assess.Forecast, judge *assess.Judge) {
	fmt.Fprintf(w, "%s, %s in your own words: the word screen reads all of them.\n", assess.Counting(f.Total, "post"),
		assess.Thousands(f.Own))
	if judge == nil {
		fmt.Fprintln(w, "No model is asked: nothing leaves this machine, and it costs nothing.")
		return
	}
	fmt.Fprintf(w, "%s would get %s in %s: about %s tokens of questions and %s of answers, about $%.2f, about %s.\n",
		judge.Model, assess.Counting(f.Texts, "text"), assess.Counting(f.Calls, "call"),
		assess.Thousands(f.InputTokens), assess.Thousands(f.OutputTokens), float64(f.CostMicroUSD)/1e6, f.Took)
	if judge.Client.HasBatches() && f.Texts >= assess.BatchFrom {
		fmt.Fprintf(w, "A server can have them read within a day for about $%.2f; this command asks at once.\n",
			float64(f.BatchMicroUSD(judge))/1e6)
	}
	fmt.Fprintln(w, "Second questions about grave findings come on top. Nothing was sent.")
}

// posts yields the archive's profile and posts and moves the bar.
func posts(ctx context.Context, src *archive.Archive, bar *progressbar.ProgressBar) iter.Seq2[assess.Post, error] {
	return func(yield func(assess.Post, error) bool) {
		if profile, ok := assess.ProfileOf(src).Post(); ok && !yield(profile, nil) {
			return
		}
		for p, err := range src.Posts(ctx) {
			_ = bar.Set64(src.Progress())
			if !yield(assess.FromArchive(p), err) || err != nil {
				return
			}
		}
	}
}

// newBar shows progress on a terminal and nothing elsewhere.
func newBar(size int64) *progressbar.ProgressBar {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return progressbar.DefaultBytesSilent(size)
	}
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("Reading your posts"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

func (c analyzing) write(r *assess.Report, format report.Format) error {
	if c.output == "" {
		return show(os.Stdout, r, format)
	}
	// Written beside its place and moved there, so that a failure leaves no half a report.
	f, err := os.CreateTemp(filepath.Dir(c.output), ".repazoo-*")
	if err != nil {
		return fault.ValidationFailed.Saying("The report cannot be written to %s: is the folder there, and may you write "+
			"to it?", c.output).Because(err)
	}
	defer os.Remove(f.Name())
	if err := report.Write(f, r, format); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.output); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "The report is in %s: score %.1f (%s), %d findings in %d posts.\n", c.output, r.Score,
		r.Level, len(r.Findings), r.Coverage.PostsAnalysed)
	return nil
}

func show(w *os.File, r *assess.Report, format report.Format) error {
	if format != report.Text {
		return report.Write(w, r, format)
	}
	return report.WriteText(w, r, textOptions(w))
}

// textOptions suit the terminal at w, if there is one.
func textOptions(w *os.File) report.TextOptions {
	o := report.TextOptions{Width: 100}
	if fd := int(w.Fd()); term.IsTerminal(fd) {
		o.Color = os.Getenv("NO_COLOR") == ""
		if width, _, err := term.GetSize(fd); err == nil {
			o.Width = width
		}
	}
	return o
}
