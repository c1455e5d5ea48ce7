package db

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

func TestPrepared_KeepsNoMoreThanItsBoundAndAnswersTheRest(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "test.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range maxPrepared + 5 {
				got, err := ReadOne(t.Context(), d, System, Value[int], fmt.Sprintf("SELECT $1 + %d", n), 1000)
				if err != nil || got != 1000+n {
					t.Errorf("got %d, %v; want %d", got, err, 1000+n)
				}
			}
		})
	}
	wg.Wait()
	if kept := len(d.engine.(*lite).prepared.kept); kept != maxPrepared {
		t.Errorf("%d statements are kept", kept)
	}
}
