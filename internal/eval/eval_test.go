package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/fault"
)

// parrot says what the post tells it to say: words such as "violence:high" or "tone:-0.4".
func parrot(text, _ string) Verdict {
	var v Verdict
	for word := range strings.FieldsSeq(text) {
		category, severity, ok := strings.Cut(word, ":")
		switch {
		case !ok:
		case category == "tone":
			_ = json.Unmarshal([]byte(severity), &v.Tone)
		default:
			v.Hits = append(v.Hits, Hit{category, severity})
		}
	}
	return v
}

// file writes lines to a file of the test.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "set")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, in Input) *Result {
	t.Helper()
	r, err := Run(t.Context(), parrot, in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestRun_FiguresOfClassesAreThoseWorkedOutByHand(t *testing.T) {
	t.Parallel()
	r := run(t, Input{
		Task: Hate,
		// found, missed, missed, left alone, false alarm
		Texts:  file(t, "hate_speech:low\nplain\nharassment:high\nprofanity:low\nhate_speech:high\n"),
		Labels: file(t, "1\n1\n1\n0\n0\n"),
	})
	near(t, "accuracy", *r.Accuracy, 0.4)
	hate, not := r.Classes["hate"], r.Classes["not-hate"]
	near(t, "precision of hate", hate.Precision, 1.0/2)
	near(t, "recall of hate", hate.Recall, 1.0/3)
	near(t, "F1 of hate", hate.F1, 0.4)
	near(t, "F1 of the rest", not.F1, 0.4)
	near(t, "macro F1", *r.MacroF1, 0.4)
	near(t, "macro recall", *r.MacroRecall, (1.0/3+0.5)/2)
	if hate.N != 3 || not.N != 2 || r.Posts != 5 {
		t.Errorf("counts are %d, %d and %d", hate.N, not.N, r.Posts)
	}
}

func TestRun_SaysYesAsTheTaskMeansIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		task        Task
		text, class string
	}{
		{Offensive, "harassment:low", "offensive"},
		{Offensive, "profanity:low", "offensive"},
		{Offensive, "sexual_content:low", "not-offensive"},
		{Offensive, "sexual_content:medium", "offensive"},
		{Offensive, "substance_use:high misinformation:high", "not-offensive"},
		{Hate, "harassment:critical violence:critical", "not-hate"},
		{HateCheck, "profanity:low hate_speech:medium", "hateful"},
		{Sentiment, "tone:0.05", "neutral"},
		{Sentiment, "tone:0.051", "positive"},
		{Sentiment, "tone:-0.051", "negative"},
		{Sentiment, "hate_speech:high", "neutral"},
	} {
		if got := parrot(tt.text, "").class(tt.task); got != tt.class {
			t.Errorf("%s: %q is %s, want %s", tt.task, tt.text, got, tt.class)
		}
	}
}

func TestRun_HateCheckCountsByFunctionWhateverTheOrderOfColumns(t *testing.T) {
	t.Parallel()
	r := run(t, Input{Task: HateCheck, Lang: "de", Cases: file(t, "\ufefflabel_gold,x,Functionality,test_case\n"+
		"hateful,,slur_h,hate_speech:high\nhateful,,slur_h,nothing\nnon-hateful,,counter_nh,\"two\nlines, "+
		"\"\"quoted\"\"\"\n")})
	if got := r.Functions["slur_h"]; got != (Function{1, 2}) {
		t.Errorf("slur_h is %v", got)
	}
	if got := r.Functions["counter_nh"]; got != (Function{1, 1}) {
		t.Errorf("counter_nh is %v", got)
	}
	near(t, "accuracy", *r.Accuracy, 2.0/3)
}

func TestRun_FindingsAreCountedByKindAndLanguage(t *testing.T) {
	t.Parallel()
	r := run(t, Input{Task: Findings, Cases: file(t, "kind\texpected\tlanguage\ttext\treason\n# a remark\n\n"+
		"dish\t-\ten\tplain\tfood\n"+
		"dish\t-\tde\tprofanity:low\n"+
		"car\t-\tde\thate_speech:critical profanity:low\n"+
		"threat\tviolence\tde\tviolence:high\n"+
		"threat\tviolence\ten\tharassment:low\n"+
		"threat\tviolence\ten\tnothing\n")})
	near(t, "flagged", r.Harmless.Flagged, 2.0/3)
	near(t, "high", r.Harmless.High, 1.0/3)
	near(t, "right", r.Risks.Right, 1.0/3)
	near(t, "any", r.Risks.Any, 2.0/3)
	near(t, "right in German", r.Languages["de"].Risks.Right, 1)
	near(t, "flagged in German", r.Languages["de"].Harmless.Flagged, 1)
	near(t, "flagged dishes", r.Kinds["dish"].Harmless.Flagged, 0.5)
	if r.Kinds["dish"].Risks != nil || r.Kinds["threat"].Harmless != nil || r.Skipped.N != 0 || r.Posts != 6 {
		t.Errorf("groups hold what they should not: %+v", r)
	}
}

func TestRun_ALineThatCannotBeUsedIsNamedAndTheRestMeasured(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLine+1)
	labelled := run(t, Input{
		Task: Sentiment, Texts: file(t, "a\nb\r\n\xff\n"+long+"\ntone:1"), Labels: file(t, "1\nx\n1\n1\n2\r\n"),
	})
	findings := run(t, Input{Task: Findings, Cases: file(t,
		"a\tb\nk\tnonsense\ten\tx\nk\t-\t\tx\nk\t-\ten\t \nk\t-\ten\tx\n"+long)})
	check := run(t, Input{Task: HateCheck, Cases: file(t,
		"functionality,test_case,label_gold\nf,\"a\"b,hateful\nf,a\nf,a,maybe\nf,,hateful\nf,a,hateful\n")})
	for _, tt := range []struct {
		name  string
		r     *Result
		posts int
		lines []int
	}{
		{"labelled", labelled, 2, []int{2, 3, 4}},
		{"findings", findings, 1, []int{1, 2, 3, 4, 6}},
		{"hatecheck", check, 1, []int{2, 3, 4, 5}},
	} {
		if tt.r.Posts != tt.posts || tt.r.Skipped.N != len(tt.lines) {
			t.Errorf("%s: %d measured and %d skipped, want %d and %d", tt.name, tt.r.Posts, tt.r.Skipped.N, tt.posts,
				len(tt.lines))
			continue
		}
		for i, line := range tt.lines {
			if got := tt.r.Skipped.First[i]; got.Line != line || got.Why == "" {
				t.Errorf("%s: named %+v, want line %d", tt.name, got, line)
			}
		}
	}
}

func TestRun_RefusesWhatCannotBeMeasuredInOneSentence(t *testing.T) {
	t.Parallel()
	some, empty := file(t, "1\n1\n"), file(t, "")
	huge := file(t, "x")
	if err := os.Truncate(huge, maxFile+1); err != nil { // sparse: it takes no room
		t.Fatal(err)
	}
	open := file(t, "functionality,test_case,label_gold\nf,\""+strings.Repeat("x\n", maxRecord)+"\n")
	for _, tt := range []struct {
		in   Input
		says string
	}{
		{Input{Task: "taste"}, "The tasks are"},
		{Input{Task: Hate, Texts: some}, "needs --labels"},
		{Input{Task: Findings}, "needs --cases"},
		{Input{Task: Hate, Texts: some, Labels: some, Cases: some}, "no use for --cases"},
		{Input{Task: Hate, Texts: some, Labels: filepath.Join(t.TempDir(), "none")}, "does not exist"},
		{Input{Task: Hate, Texts: t.TempDir(), Labels: some}, "is a folder"},
		{Input{Task: Hate, Texts: empty, Labels: some}, "is empty"},
		{Input{Task: HateCheck, Cases: huge}, "larger than"},
		{Input{Task: Hate, Texts: some, Labels: file(t, "1\n1\n0\n0")}, "has 2 lines and"},
		{Input{Task: Hate, Texts: some, Labels: file(t, "9\n9\n")}, "nothing to measure"},
		{Input{Task: Findings, Cases: some}, "nothing to measure"},
		{Input{Task: HateCheck, Cases: some}, "no column functionality"},
		{Input{Task: HateCheck, Cases: open}, "is a quotation mark not closed"},
	} {
		_, err := Run(t.Context(), parrot, tt.in)
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || f.Kind != fault.KindInvalid || !strings.Contains(f.Message, tt.says) {
			t.Errorf("%+v gives %v, want a refusal with %q", tt.in, err, tt.says)
		}
	}
}

func TestWrite_ATableForPeopleAndFiguresForPrograms(t *testing.T) {
	t.Parallel()
	r := run(t, Input{
		Task:  HateCheck,
		Cases: file(t, "functionality,test_case,label_gold\nsl\x1bur_h,hate_speech:high,hateful\nplain,x,maybe\n"),
	})
	var table, program bytes.Buffer
	if err := errors.Join(r.WriteTable(&table), r.WriteJSON(&program)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"macro F1", "100.0 %", "sl?ur_h", "line 3: label_gold is neither"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
	}
	var got map[string]any
	if err := json.Unmarshal(program.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"accuracy", "macro_f1", "macro_recall", "classes", "functions", "us_per_post",
		"skipped",
	} {
		if got[key] == nil {
			t.Errorf("%s is not in %s", key, program.String())
		}
	}
}

func TestTally_RatesStayBetweenNoneAndAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sum := newTally(Sentiment)
		all := classes(Sentiment)
		for range rapid.IntRange(1, 40).Draw(t, "posts") {
			gold := rapid.SampledFrom(all).Draw(t, "gold")
			sum.add(oneCase{gold: gold}, Verdict{Tone: rapid.Float64Range(-1, 1).Draw(t, "tone")})
		}
		r := sum.result()
		n := 0
		for name, c := range r.Classes {
			n += c.N
			if c.F1 > max(c.Precision, c.Recall)+1e-9 || c.F1 < min(c.Precision, c.Recall)-1e-9 {
				t.Fatalf("%s: F1 %v is not between %v and %v", name, c.F1, c.Precision, c.Recall)
			}
		}
		if n != r.Posts || *r.Accuracy < 0 || *r.Accuracy > 1 {
			t.Fatalf("%d posts, %d in classes, accuracy %v", r.Posts, n, *r.Accuracy)
		}
	})
}

func FuzzRun(f *testing.F) {
	f.Add("k\t-\ten\tx", 0)
	f.Add("functionality,test_case,label_gold\nf,\"a\n\",hateful", 1)
	f.Add("1\n2\n\xff", 2)
	f.Fuzz(func(t *testing.T, content string, which int) {
		path := filepath.Join(t.TempDir(), "set")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		in := []Input{
			{Task: Findings, Cases: path},
			{Task: HateCheck, Cases: path},
			{Task: Sentiment, Texts: path, Labels: path},
		}[uint(which)%3]
		r, err := Run(t.Context(), parrot, in)
		if err != nil {
			if _, ok := errors.AsType[*fault.Fault](err); !ok {
				t.Fatalf("%q is refused without a sentence: %v", content, err)
			}
			return
		}
		if r.Posts < 1 || r.WriteJSON(&bytes.Buffer{}) != nil {
			t.Fatalf("%q gives %+v", content, r)
		}
	})
}
