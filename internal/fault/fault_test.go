package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/repazoo/repazoo/internal/fault"
)

func TestIs_MatchesTheCatalogueEntryThroughDetailAndWrapping(t *testing.T) {
	err := fmt.Errorf("start: %w", fault.NotFound.Saying("No analysis %d.", 7).Because(io.EOF))
	if !errors.Is(err, fault.NotFound) || !errors.Is(err, io.EOF) || errors.Is(err, fault.Conflict) {
		t.Fatalf("wrong matches for %v", err)
	}
}

func TestFrom_HidesUnknownErrorsBehindInternal(t *testing.T) {
	f := fault.From(errors.New("pq: password=hunter2"))
	if f.Code != "internal" || f.Message != fault.Internal.Message || f.Cause == nil {
		t.Fatalf("got %+v", f)
	}
	if fault.From(nil) != nil {
		t.Fatal("nil became a fault")
	}
}

func TestCopies_LeaveTheCatalogueAlone(t *testing.T) {
	before := *fault.ValidationFailed
	_ = fault.ValidationFailed.At("body.purpose", "unknown").Saying("x").After(5)
	if fault.ValidationFailed.Message != before.Message || fault.ValidationFailed.Fields != nil ||
		fault.ValidationFailed.Retry != 0 {
		t.Fatal("a copy wrote to the catalogue")
	}
}
