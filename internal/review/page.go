package review

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
)

// longest is more than any cursor of ours has, in bytes once decoded.
const longest = 200

// Cut takes the page that begins below a cursor, and gives the cursor of the next page: "" on the last. A page begins
// at a place and not at a number, so that a finding which was dismissed meanwhile does not hide another.
func Cut(findings []assess.Finding, cursor string, limit int) (cut []assess.Finding, next string, err error) {
	if cursor != "" {
		last, err := parse(cursor)
		if err != nil {
			return nil, "", err
		}
		findings = below(findings, last)
	}
	if len(findings) <= limit {
		return findings, "", nil
	}
	return findings[:limit], placeOf(findings[limit-1]).cursor(), nil
}

func below(findings []assess.Finding, last place) []assess.Finding {
	for i, f := range findings {
		if placeOf(f).compare(last) > 0 {
			return findings[i:]
		}
	}
	return []assess.Finding{}
}

// place is where a finding stands: reports have most points first, then the newest, then the first id.
type place struct {
	hundredths int64
	at         time.Time
	id         string
}

func placeOf(f assess.Finding) place {
	return place{int64(math.Round(f.Points * 100)), f.PostedAt.UTC(), f.ID}
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.hundredths, p.hundredths), q.at.Compare(p.at), cmp.Compare(p.id, q.id))
}

func (p place) cursor() string {
	text := fmt.Sprintf("%d %s %s", p.hundredths, p.at.Format(time.RFC3339Nano), p.id)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func parse(cursor string) (p place, err error) {
	bad := fault.ValidationFailed.At("query.cursor", "use next_cursor of an earlier answer, unchanged")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) > longest {
		return p, bad
	}
	var at string
	if n, err := fmt.Sscanf(string(raw), "%d %s %s", &p.hundredths, &at, &p.id); n != 3 || err != nil {
		return p, bad
	}
	if p.at, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return p, bad
	}
	return p, nil
}
