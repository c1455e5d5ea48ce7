package privacy_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/db/dbtest"
	"github.com/repazoo/repazoo/internal/seal"
)

// peak counts what is written to it, and looks at the heap now and then.
type peak struct{ bytes, looked, heap int }

func (p *peak) Write(b []byte) (int, error) {
	p.bytes += len(b)
	if p.bytes-p.looked >= 1<<16 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		p.looked, p.heap = p.bytes, max(p.heap, int(m.HeapAlloc))
	}
	return len(b), nil
}

// BenchmarkPackage makes a package of so many posts of some 700 bytes. Its heap must not grow with them.
func BenchmarkPackage(b *testing.B) {
	for _, posts := range []int{5_000, 50_000} {
		b.Run(fmt.Sprint(posts), func(b *testing.B) {
			w := newWorld(b, dbtest.SQLite)
			p := w.signIn(gus)
			p.keep(b, posts)
			e := must(w.Export(p.ctx, p.UserID))(b)
			w.ok(w.MakeExport(b.Context(), e.ID))
			made := must(w.Fetch(p.ctx, p.UserID, e.ID))(b)
			out := &peak{}
			runtime.GC()
			for b.Loop() {
				w.ok(made.Write(p.ctx, out))
			}
			b.ReportMetric(float64(out.heap)/1e6, "MB-heap")
			b.ReportMetric(float64(out.bytes)/1e6/float64(b.N), "MB-package")
		})
	}
}

// keep stores posts as the collector does.
func (p *person) keep(b *testing.B, n int) {
	b.Helper()
	sealer := must(seal.New("a sealing secret of more than 32 bytes, for tests"))(b)
	p.ok(p.d.InTx(b.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		for i := range n {
			id := fmt.Sprint(1_000_000 + i)
			words := strings.Repeat(fmt.Sprintf("quiet day %x ", i*7919), 40)
			sealed := sealer.Seal(fmt.Appendf(nil, `{"id":%q,"text":%q,"posted_at":"2026-01-01T00:00:00Z","metrics":{}}`, id,
				words), []byte("post/"+p.Account.ID+"/"+id))
			tx.Later(`INSERT INTO posts (collection_id, post_id, user_id, posted_at, sealed, fetched_at, expires_at)
				VALUES ($1, $2, $3, $4, $5, $4, $4)`, p.Account.ID, id, p.UserID, tx.Now(), sealed)
		}
		return nil
	}))
}
