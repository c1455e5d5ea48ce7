package eval

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/screen"
)

//go:generate go test -vet=off -run TestSamples_ -update .

var update = flag.Bool("update", false, "write testdata/figures.json and docs/quality.md anew")

const (
	samplesFile  = "testdata/samples.tsv"
	figuresFile  = "testdata/figures.json"
	measuredFile = "testdata/measured.tsv"
	qualityPage  = "../../docs/quality.md"
)

// figures are what CI holds the screen to, on the samples of this project.
type figures struct {
	Screen    string                `json:"screen"`
	Harmless  HarmlessRate          `json:"harmless"`
	Risks     RiskRate              `json:"risks"`
	Languages map[string]GroupRates `json:"languages"`
	Kinds     map[string]GroupRates `json:"kinds"`
}

func measure(t *testing.T) figures {
	t.Helper()
	r, err := Run(t.Context(), Screen(screen.New()), Input{Task: Findings, Cases: samplesFile})
	if err != nil {
		t.Fatal(err)
	}
	if r.Skipped.N > 0 {
		t.Fatalf("%+v cannot be used", r.Skipped.First)
	}
	return figures{screen.Version, *r.Harmless, *r.Risks, r.Languages, r.Kinds}
}

func committed(t *testing.T) (f figures) {
	t.Helper()
	raw, err := os.ReadFile(figuresFile)
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// halfAPoint is how far a figure may fall. Where a group is small, one post is more than that.
const halfAPoint = 0.005

// falls lists what got worse between two measurements of one group. spare is how many posts
// may change sides.
func falls(name string, before, now GroupRates, spare float64) (out []string) {
	check := func(what string, was, is float64, n int, worse func(was, is float64) float64) {
		if d := worse(was, is); d > max(halfAPoint, spare/float64(max(n, 1))+1e-9) {
			out = append(out, fmt.Sprintf("%s: %s was %s and is %s", name, what, percent(was), percent(is)))
		}
	}
	up := func(was, is float64) float64 { return is - was }
	down := func(was, is float64) float64 { return was - is }
	if b, n := before.Harmless, now.Harmless; b != nil && n != nil {
		check("harmless posts flagged", b.Flagged, n.Flagged, n.N, up)
		check("harmless posts flagged as high or critical", b.High, n.High, n.N, up)
	}
	if b, n := before.Risks, now.Risks; b != nil && n != nil {
		check("risks in the right category", b.Right, n.Right, n.N, down)
		check("risks found at all", b.Any, n.Any, n.N, down)
	}
	return out
}

func TestSamples_NoFigureFallsByMoreThanHalfAPoint(t *testing.T) {
	t.Parallel()
	now := measure(t)
	if *update {
		write(t, now)
	}
	before := committed(t)
	worse := falls("all samples", GroupRates{&before.Harmless, &before.Risks}, GroupRates{&now.Harmless, &now.Risks}, 0)
	for lang, was := range before.Languages {
		worse = append(worse, falls("language "+lang, was, now.Languages[lang], 1)...)
	}
	for _, w := range worse {
		t.Error(w)
	}
	if len(worse) > 0 {
		t.Log("Mend the rules. If it is meant, run `go generate ./internal/eval` and say in the commit why the figure may " +
			"fall.")
	}
}

func TestFalls_HalfAPointIsSparedAndNoMore(t *testing.T) {
	t.Parallel()
	rates := func(flagged, right float64) GroupRates {
		return GroupRates{&HarmlessRate{flagged, 0, 1000}, &RiskRate{right, right, 1000}}
	}
	for _, tt := range []struct {
		now  GroupRates
		want int
	}{{rates(0.1, 0.7), 0}, {rates(0.105, 0.7), 0}, {rates(0.106, 0.7), 1}, {rates(0.1, 0.694), 2}, {rates(0, 1), 0}} {
		if got := falls("x", rates(0.1, 0.7), tt.now, 0); len(got) != tt.want {
			t.Errorf("%+v: %q", tt.now, got)
		}
	}
}

// fifteen are the languages of the samples.
var fifteen = strings.Fields("ar de en es fr hi id it ja nl pl pt ru tr zh")

func TestSamples_CoverEveryCategoryAndLanguageWithAReasonForEach(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(samplesFile)
	if err != nil {
		t.Fatal(err)
	}
	harmlessIn, risksIn, risksOf, seen := map[string]int{}, map[string]int{}, map[string]int{}, map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || column[0] == "kind" {
			continue
		}
		if len(column) != 5 || strings.TrimSpace(column[4]) == "" || seen[column[3]] {
			t.Errorf("%q has no reason, or is there twice", line)
			continue
		}
		seen[column[3]] = true
		if column[1] == harmless {
			harmlessIn[column[2]]++
		} else {
			risksIn[column[2]]++
			risksOf[column[1]]++
		}
	}
	for _, lang := range fifteen {
		if harmlessIn[lang] < 20 || risksIn[lang] < 20 {
			t.Errorf("%s has %d harmless posts and %d risks", lang, harmlessIn[lang], risksIn[lang])
		}
	}
	for _, c := range categories {
		if risksOf[c] < 15 {
			t.Errorf("%s has %d risks", c, risksOf[c])
		}
	}
	if all := sum(harmlessIn); all < 400 {
		t.Errorf("there are %d harmless posts", all)
	}
	if all := sum(risksIn); all < 400 {
		t.Errorf("there are %d risks", all)
	}
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func TestSamples_ThePageOfQualityShowsTheCommittedFigures(t *testing.T) {
	t.Parallel()
	if *update {
		return // the page is being written
	}
	page, err := os.ReadFile(qualityPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte(ownFigures(committed(t)))) {
		t.Error("docs/quality.md does not show testdata/figures.json: run `go generate ./internal/eval`")
	}
}

func write(t *testing.T, f figures) {
	t.Helper()
	raw, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		err = os.WriteFile(figuresFile, append(raw, '\n'), 0o644)
	}
	if err == nil {
		err = os.WriteFile(qualityPage, []byte(qualityHead+publicFigures(t)+ownFigures(f)+qualityTail), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const qualityHead = `# How often the screen is right

The screen is the part of Repazoo that judges posts without asking anybody. This page is made by
` + "`go generate ./internal/eval`" + ` and holds what was measured last. The model is not part of it.

`

const qualityTail = `
## How to repeat it

Our own samples are in the repository; a test runs them and fails when a figure falls by more than half a point
(or, for one language, by more than one post):

    go test ./internal/eval
    repazoo eval --task findings --cases internal/eval/testdata/samples.tsv

The public sets are not in the repository. TweetEval (github.com/cardiffnlp/tweeteval) and HateCheck
(github.com/paul-rottger/hatecheck-data, and Multilingual HateCheck) can be had from their authors:

    repazoo eval --task offensive --texts val_text.txt --labels val_labels.txt
    repazoo eval --task hatecheck --cases de.csv --lang de

What counts as a yes in each task is written at the top of ` + "`internal/eval/eval.go`" + `. ` + "`--format json`" + ` prints every
class, function, kind and language.
`

// publicFigures is the table of measuredFile, whose sets are not in the repository.
func publicFigures(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(measuredFile)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("## Public sets, in percent\n\nThe halves that rules may be developed on; measured by hand, so the " +
		"dates are in `internal/eval/testdata/measured.tsv`.\n\n| set | figure | before | now |\n|---|---|---|---|\n")
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString("| " + strings.ReplaceAll(strings.TrimSpace(line), "\t", " | ") + " |\n")
		}
	}
	return b.String() + "\n"
}

// ownFigures is the part of the page that the committed figures make.
func ownFigures(f figures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## Our own samples\n\n%d harmless look-alikes and %d risks in fifteen languages, written for this "+
		"project; screen version %s.\n\n",
		f.Harmless.N, f.Risks.N, f.Screen)
	b.WriteString("| figure | before the screen was rebuilt | now | goal |\n|---|---|---|---|\n")
	fmt.Fprintf(&b, "| harmless flagged | 4.4 %% | %s | at most 12 %% |\n", percent(f.Harmless.Flagged))
	fmt.Fprintf(&b, "| harmless flagged high or critical | 2.2 %% | %s | at most 2 %% |\n", percent(f.Harmless.High))
	fmt.Fprintf(&b, "| risks in the right category | 20.0 %% | %s | at least 65 %% |\n", percent(f.Risks.Right))
	fmt.Fprintf(&b, "| risks found in any category | 20.7 %% | %s | |\n", percent(f.Risks.Any))
	for _, part := range []struct {
		name  string
		rates map[string]GroupRates
	}{{"language", f.Languages}, {"kind of post", f.Kinds}} {
		fmt.Fprintf(&b, "\n| %s | harmless | flagged | high | risks | right | any |\n|---|---|---|---|---|---|---|\n",
			part.name)
		for _, name := range slices.Sorted(maps.Keys(part.rates)) {
			fmt.Fprintf(&b, "| %s | %s |\n", name, strings.ReplaceAll(part.rates[name].row(), "\t", " | "))
		}
	}
	return b.String()
}
