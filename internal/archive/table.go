package archive

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Before 2018 an archive held all posts as a table too, tweets.csv. It is read where the scripts beside it are missing.

const tableTime = "2006-01-02 15:04:05 -0700"

// rows reads the posts of tweets.csv.
func (a *Archive) rows(ctx context.Context, p part, read *atomic.Int64) iter.Seq2[Post, error] {
	return func(yield func(Post, error) bool) {
		rc, err := p.open()
		if err != nil {
			a.skips.add(skipRest(p, readFailed(p, err)))
			return
		}
		defer rc.Close()
		in := &boundedRow{in: counted{ctx, rc, read}}
		t := csv.NewReader(in)
		t.LazyQuotes, t.FieldsPerRecord, t.ReuseRecord = true, -1, true
		var columns table
		for first := true; ; first = false {
			in.left = maxElement
			row, err := t.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				if err = a.partFailed(p, err); err != nil {
					yield(Post{}, err)
				}
				return
			}
			if first {
				if columns = columnsOf(row); columns.id < 0 || columns.text < 0 {
					a.skips.add(skipRest(p, wrongPrefix(p)))
					return
				}
				continue
			}
			post, reason := columns.post(row)
			if reason != "" {
				a.skips.add(skipped(p, reason, post.ID))
				continue
			}
			if !yield(post, nil) {
				return
			}
		}
	}
}

// table says in which column what stands, -1 for none.
type table struct{ id, at, text, reply, repost int }

func columnsOf(header []string) table {
	find := func(name string) int {
		return slices.IndexFunc(header, func(s string) bool {
			return strings.EqualFold(strings.Trim(s, "\"\ufeff "), name)
		})
	}
	return table{
		find("tweet_id"), find("timestamp"), find("text"), find("in_reply_to_status_id"),
		find("retweeted_status_id"),
	}
}

// post decodes a row, or says why it cannot.
func (t table) post(row []string) (p Post, reason string) {
	cell := func(at int) string {
		if at < 0 || at >= len(row) {
			return ""
		}
		return strings.Clone(strings.TrimSpace(row[at]))
	}
	p.ID = cell(t.id)
	if !digits(p.ID) {
		return Post{}, reasonID
	}
	if s := cell(t.at); s != "" {
		at, err := time.Parse(tableTime, s)
		if err != nil {
			return p, reasonDate
		}
		p.PostedAt = at.UTC()
	}
	if s := cell(t.reply); digits(s) {
		p.ReplyToID = s
	}
	p.Text = cell(t.text)
	p.finish(cell(t.repost) != "")
	return p, ""
}

// boundedRow fails when one row takes more than is left, so that an open quotation mark cannot swallow all memory.
type boundedRow struct {
	in   io.Reader
	left int
}

var errLongRow = errors.New("archive: a row without end")

// Read implements [io.Reader].
func (b *boundedRow) Read(buf []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRow
	}
	n, err := b.in.Read(buf)
	b.left -= n
	return n, err
}
