package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
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

type analyzeCommand struct {
	Archive string `arg:"" help:"The zip that X gives you under Settings > Your account > Download an archive of your data."`
	Purpose string `help:"The lens: personal_reputation, job_search, career_development, brand_building, influencer, public_office, corporate_communications, academic or visa_application." default:"personal_reputation"`
	Format  string `help:"text, json, html, csv or pdf. Without it the ending of --output decides, else text."`
	Output  string `short:"o" help:"Write the report to this file instead of the screen." placeholder:"FILE"`
	Offline bool   `help:"Never ask a model, even if ANTHROPIC_API_KEY is set."`
}

func (analyzeCommand) Help() string {
	return `Only the account and post files in the archive are opened: never direct messages, contacts or ads.
Nothing leaves this machine unless ANTHROPIC_API_KEY is set; then Claude judges the posts, with handles,
links, contact data, numbers, passwords and the names that can be told as names replaced first.
Other names can remain.

Examples:
  repazoo analyze twitter-2026-11-22.zip
  repazoo analyze twitter-2026-11-22.zip --purpose job_search -o report.html

Exit codes: 0 the report was made, 1 something failed, 2 the archive or an option cannot be used.`
}

func (c analyzeCommand) Run(ctx context.Context) error {
	purpose, err := assess.ParsePurpose(c.Purpose)
	if err != nil {
		return err
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	src, err := archive.Open(c.Archive)
	if err != nil {
		return err
	}
	defer src.Close()
	p, err := c.pipeline(ctx)
	if err != nil {
		return err
	}
	bar := newBar(src.Size())
	r, err := p.Run(ctx, posts(ctx, src, bar), options(src, purpose), nil)
	_ = bar.Exit()
	if err != nil {
		return err
	}
	return c.write(r, format)
}

// format is what was asked for, or what the name of the output says.
func (c analyzeCommand) format() (report.Format, error) {
	name := c.Format
	if name == "" {
		name = strings.TrimPrefix(filepath.Ext(c.Output), ".")
	}
	if name == "" || name == "txt" {
		name = "text"
	}
	return report.ParseFormat(name)
}

func (c analyzeCommand) pipeline(ctx context.Context) (*assess.Pipeline, error) {
	version, _ := app.Version()
	p := &assess.Pipeline{Screen: screen.New(), Now: time.Now, AppVersion: version}
	if c.Offline {
		return p, nil
	}
	m, err := config.LoadClaude(ctx, config.Process())
	if err != nil || !m.APIKey.IsSet() {
		return p, err
	}
	p.Judge = &assess.Judge{
		Client: claude.New(claude.Config{APIKey: m.APIKey.Reveal(), BaseURL: m.BaseURL}),
		Model:  m.ProModel, Prices: assess.DefaultPrices()[m.ProModel], Cache: assess.NewMemoryVerdicts(),
		TalksToModel: func(text string) bool { return p.Screen.Check(text, "").TalksToModel },
	}
	return p, nil
}

func options(src *archive.Archive, purpose assess.Purpose) assess.Options {
	return assess.Options{
		Account: assess.ReportAccount{ID: src.Account().ID, Handle: src.Account().Handle}, Names: []string{src.Account().DisplayName}, Source: assess.SourceArchive, Purpose: purpose,
		NeverRead: []string{"direct messages", "contacts", "advertising data", "likes", "every other file in the archive"},
	}
}

// posts yields the archive's posts and moves the bar.
func posts(ctx context.Context, src *archive.Archive, bar *progressbar.ProgressBar) iter.Seq2[assess.Post, error] {
	return func(yield func(assess.Post, error) bool) {
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
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("Reading your posts"), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

func (c analyzeCommand) write(r *assess.Report, format report.Format) error {
	if c.Output == "" {
		return show(os.Stdout, r, format)
	}
	// Written beside its place and moved there, so that a failure leaves no half a report.
	f, err := os.CreateTemp(filepath.Dir(c.Output), ".repazoo-*")
	if err != nil {
		return fault.ValidationFailed.Saying("The report cannot be written to %s: is the folder there, and may you write to it?", c.Output).Because(err)
	}
	defer os.Remove(f.Name())
	if err := report.Write(f, r, format); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.Output); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "The report is in %s: score %.1f (%s), %d findings in %d posts.\n", c.Output, r.Score, r.Level, len(r.Findings), r.Coverage.PostsAnalysed)
	return nil
}

func show(w *os.File, r *assess.Report, format report.Format) error {
	if format != report.Text {
		return report.Write(w, r, format)
	}
	o := report.TextOptions{Width: 100}
	if fd := int(w.Fd()); term.IsTerminal(fd) {
		o.Color = os.Getenv("NO_COLOR") == ""
		if width, _, err := term.GetSize(fd); err == nil {
			o.Width = width
		}
	}
	return report.WriteText(w, r, o)
}
