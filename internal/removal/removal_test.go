package removal_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/removal"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// A run that always asks as soon and as often as it may never passes a bound, and never waits longer than it has to.
func TestPace_NoSpanHoldsMoreThanItsBoundAndNobodyWaitsLongerThanNeeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := removal.Pace{
			PerWindow: rapid.IntRange(1, 6).Draw(t, "window"), Window: 15 * time.Minute,
			PerDay: rapid.IntRange(1, 25).Draw(t, "day"),
		}
		now, asked := noon, []time.Time(nil)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			n, next := p.Allowed(asked, now)
			if n == 0 {
				if !next.After(now) {
					t.Fatalf("nothing is allowed at %v and it waits until %v", now, next)
				}
				if early, _ := p.Allowed(asked, next.Add(-time.Nanosecond)); early != 0 {
					t.Fatalf("it waits until %v and %d were allowed before", next, early)
				}
				now = next
				if n, _ = p.Allowed(asked, now); n == 0 {
					t.Fatalf("it waited until %v in vain", now)
				}
			}
			for range rapid.IntRange(1, n).Draw(t, "asked") {
				asked = append(asked, now)
				now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "seconds")) * time.Second)
				if m, _ := p.Allowed(asked, now); m == 0 {
					break
				}
			}
		}
		within(t, asked, p.Window, p.PerWindow)
		within(t, asked, 24*time.Hour, p.PerDay)
	})
}

func within(t *rapid.T, asked []time.Time, span time.Duration, most int) {
	for i, from := range asked {
		n := 0
		for _, at := range asked[i:] {
			if at.Before(from.Add(span)) {
				n++
			}
		}
		if n > most {
			t.Fatalf("%d in %v from %v, and %d are allowed", n, span, from, most)
		}
	}
}

func TestPace_SixtyFourPostsTakeAboutSixteenMinutes(t *testing.T) {
	t.Parallel()
	took := removal.XPace(400).Estimate(64, nil, noon).Sub(noon)
	if took != 15*time.Minute+14*time.Second {
		t.Fatalf("it takes %v", took)
	}
	if took := removal.XPace(400).Estimate(401, nil, noon).Sub(noon); took < 24*time.Hour || took > 25*time.Hour {
		t.Fatalf("one more than a day allows takes %v", took)
	}
}

func TestState_EveryWayEndsAndNothingFollowsAnEnd(t *testing.T) {
	t.Parallel()
	acts := []removal.Act{
		removal.Change, removal.Freeze, removal.Back, removal.Ask, removal.Start, removal.Pause, removal.Tick, removal.End,
		removal.Stop, removal.Finish,
	}
	for _, s := range []removal.State{removal.Done, removal.Ended} {
		for _, a := range acts {
			if s.May(a) {
				t.Errorf("%s after %s", a, s)
			}
		}
	}
	for _, s := range []removal.State{removal.Draft, removal.Frozen, removal.Running, removal.Paused, removal.Stopped} {
		if next, ok := s.After(removal.End); !ok || next != removal.Ended || s.Over() {
			t.Errorf("%s cannot be ended", s)
		}
	}
	want := []removal.State{removal.Frozen, removal.Paused, removal.Stopped}
	if got := removal.From(removal.Start); !slices.Equal(got, want) {
		t.Errorf("a deletion starts from %v, want %v", got, want)
	}
}

// Two plans that differ in anything are signed differently, however their parts are cut.
func TestCanonical_NoTwoPlansLookAlike(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[0-9:a]{0,4}`)
	plan := rapid.Custom(func(t *rapid.T) removal.Plan {
		p := removal.Plan{ID: word.Draw(t, "id"), UserID: word.Draw(t, "user"), Account: word.Draw(t, "account")}
		for range rapid.IntRange(0, 3).Draw(t, "posts") {
			p.Posts = append(p.Posts, removal.Post{ID: word.Draw(t, "post"), Hash: word.Draw(t, "hash")})
		}
		return p
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := plan.Draw(t, "a"), plan.Draw(t, "b")
		if same := cmp.Equal(a, b); same != bytes.Equal(a.Canonical(), b.Canonical()) {
			t.Fatalf("%+v and %+v: same plan %v", a, b, same)
		}
	})
}

func receipt() removal.Receipt {
	return removal.Receipt{
		Format: removal.ReceiptFormat, ID: "1", Account: "7", Handle: "ada", Ended: noon,
		Counts: map[string]int{"deleted": 1},
		Posts:  []removal.ReceiptPost{{ID: "5", Hash: removal.Hash("hello"), Outcome: removal.Deleted, At: &noon}},
	}
}

func TestReceipt_IsGoodAsItWasSignedAndNoOtherwise(t *testing.T) {
	t.Parallel()
	seed, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	file, err := receipt().Sign(seed)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := removal.Verify(file, removal.PublicKey(other), removal.PublicKey(seed)); err != nil ||
		r.Posts[0].ID != "5" {
		t.Fatalf("%+v, %v", r, err)
	}
	for name, bad := range map[string][]byte{
		"a post changed":    bytes.Replace(file, []byte(`"id":"5"`), []byte(`"id":"6"`), 1),
		"an unknown field":  bytes.Replace(file, []byte(`{"format"`), []byte(`{"note":"x","format"`), 1),
		"no signature":      bytes.Replace(file, []byte(`"signature":"`), []byte(`"signature":"AAAA`), 1),
		"no receipt at all": []byte(`{}`),
	} {
		if _, err := removal.Verify(bad, removal.PublicKey(seed)); err == nil {
			t.Errorf("%s: it is still good", name)
		}
	}
	if _, err := removal.Verify(file, removal.PublicKey(other)); err == nil {
		t.Error("somebody else's key is as good")
	}
}

func FuzzVerify(f *testing.F) {
	seed := bytes.Repeat([]byte{1}, 32)
	file, err := receipt().Sign(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(`{"format":"repazoo-receipt-1","signature":"!","posts":[{}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := removal.Verify(file, removal.PublicKey(seed))
		if err == nil && (r.Format != removal.ReceiptFormat || r.Key != removal.PublicKey(seed)) {
			t.Fatalf("it is good and says %+v", r)
		}
	})
}

func TestBackup_HoldsEveryTextWholeForProgramsAndForPeople(t *testing.T) {
	t.Parallel()
	text := "Hey <b>you</b> & me ✓ שלום"
	b := removal.Backup{
		Format: removal.BackupFormat, ID: "1", Handle: "ada", Made: noon,
		Posts: []removal.Post{{
			ID: "5", PostedAt: noon, URL: "https://x.com/ada/status/5", Text: text, Whole: true, Hash: removal.Hash(text),
			Findings: []removal.PostFinding{{Category: "harassment", Severity: "medium", Reason: "It insults."}},
		}},
	}
	var buf bytes.Buffer
	if err := b.Write(&buf); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil || len(z.File) != 2 {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(all)
	}
	var back removal.Backup
	if err := json.Unmarshal([]byte(files["posts.json"]), &back); err != nil || !cmp.Equal(back, b) {
		t.Errorf("posts.json gives back %+v, %v", back, err)
	}
	for _, want := range []string{
		text, "27 November 2026, 12:00 UTC", "https://x.com/ada/status/5", "It insults.",
		removal.Hash(text),
	} {
		if !strings.Contains(files["posts.txt"], want) {
			t.Errorf("posts.txt lacks %q", want)
		}
	}
}
