package console

import (
	"bytes"
	"os"
	"testing"
)

func TestAssets_ArePackedAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	all := embeddedAssets()
	if len(all) != len(files) {
		t.Errorf("%d files are packed, and there are %d", len(all), len(files))
	}
	for _, f := range files {
		written, err := os.ReadFile("assets/" + f.Name())
		if err != nil || !bytes.Equal(written, all[f.Name()].body) {
			t.Errorf("%s was changed since it was packed: run go generate ./internal/console (%v)", f.Name(), err)
		}
	}
}
