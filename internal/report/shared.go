package report

import (
	"context"
	"io"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
)

// Shared says what a page for somebody else shows of a masked report, and until when it can be opened.
type Shared struct {
	Score, Steps, Findings, Charts, Coverage bool
	Until                                    time.Time
}

// WriteShared writes the parts of a masked report (package mask) as one page for whoever has a link to it. The page
// leads nowhere and loads nothing. PagePolicy is what its answer should allow it.
func WriteShared(w io.Writer, r *assess.Report, s Shared) error {
	return sharedPage(htmlView{newView(r), !s.Score}, s).Render(context.Background(), w)
}

// PagePolicy is the content security policy of a page of this package: its own style sheet, and nothing else.
func PagePolicy() string { return pagePolicy() + "; frame-ancestors 'none'" }
