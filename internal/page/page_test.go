package page_test

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/page"
)

const id = "01890a5d-ac96-774b-bcce-b302099a8057"

func TestParse_RefusesWhatNoPageEndedWith(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no id":       "2026-11-23T00:00:00Z",
		"an odd id":   "2026-11-23T00:00:00Z x",
		"a long id":   "2026-11-23T00:00:00Z " + id + "0",
		"a bad id":    "2026-11-23T00:00:00Z ZZZZ0a5d-ac96-774b-bcce-b302099a8057",
		"no time":     "yesterday " + id,
		"no year":     "0000-01-01T00:00:00Z " + id,
		"much":        "2026-11-23T00:00:00Z " + id + fmt.Sprintf("%100d", 0),
		"more spaces": "2026-11-23T00:00:00Z  " + id,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
				if p, err := page.Parse(cursor); !errors.Is(err, fault.ValidationFailed) {
					t.Errorf("%q is %v, %v", cursor, p, err)
				}
			}
		})
	}
}

func FuzzParse_ReadsItsOwnOrRefuses(f *testing.F) {
	f.Add("")
	f.Add(page.Place{At: time.Date(2026, 11, 23, 9, 0, 0, 1, time.UTC), ID: id}.Cursor())
	f.Add("MjAyNi0xMS0yM1QwMDowMDowMFogeA")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := page.Parse(cursor)
		if err != nil {
			return
		}
		again, err := page.Parse(p.Cursor())
		if err != nil || !again.At.Equal(p.At) || again.ID != p.ID {
			t.Fatalf("%q is %v, and then %v, %v", cursor, p, again, err)
		}
	})
}

// Pages of any length, one after the other, are the list: each row once, in order.
func TestCut_PagesAreTheList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Custom(func(t *rapid.T) page.Place {
			day, n := rapid.IntRange(1, 5).Draw(t, "day"), rapid.IntRange(0, 99).Draw(t, "n")
			return page.Place{
				At: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC),
				ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n),
			}
		})
		list := rapid.SliceOfDistinct(row, func(p page.Place) page.Place { return p }).Draw(t, "list")
		slices.SortFunc(list, func(a, b page.Place) int { return -compare(a, b) })
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		var all []page.Place
		for cursor, more := "", true; more; more = cursor != "" {
			from, err := page.Parse(cursor)
			if err != nil {
				t.Fatal(err)
			}
			rows := slices.DeleteFunc(slices.Clone(list), func(p page.Place) bool { return compare(p, from) >= 0 })
			rows, cursor = page.Cut(rows[:min(len(rows), limit+1)], limit, func(p page.Place) page.Place { return p })
			all = append(all, rows...)
		}
		if !slices.Equal(all, list) {
			t.Fatalf("%v is not %v", all, list)
		}
	})
}

func compare(a, b page.Place) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }
