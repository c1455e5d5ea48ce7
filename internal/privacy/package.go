package privacy

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// Package is everything that is kept about one user, ready to be written.
type Package struct {
	s      *Service
	userID string
	at     time.Time
}

// Name is what to call the file.
func (p Package) Name() string { return "repazoo-" + p.at.Format(time.DateOnly) + ".zip" }

// Write makes the package: a zip of JSON files and a README.txt. Rows are read as they are written, so the files may
// differ by what happened in between. After an error the zip has no end, and no program takes it for whole.
func (p Package) Write(ctx context.Context, w io.Writer) error {
	z := zip.NewWriter(w)
	out, err := p.create(z, "README.txt")
	if err == nil {
		_, err = io.WriteString(out, p.readme())
	}
	if err != nil {
		return err
	}
	for _, f := range contents {
		if out, err = p.create(z, f.name); err != nil {
			return err
		}
		if err := writeArray(out, f.rows(ctx, p.s, p.userID)); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return z.Close()
}

func (p Package) create(z *zip.Writer, name string) (io.Writer, error) {
	return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.at})
}

// writeArray writes a JSON array, one row a line.
func writeArray(w io.Writer, rows iter.Seq2[any, error]) error {
	between := "[\n"
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, between); err != nil {
			return err
		}
		if err := encoder.Encode(row); err != nil { // it ends with a new line
			return err
		}
		between = ","
	}
	if between == "[\n" {
		_, err := io.WriteString(w, "[]\n")
		return err
	}
	_, err := io.WriteString(w, "]\n")
	return err
}

// readme says in plain words what each file is.
func (p Package) readme() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Everything that Repazoo keeps about you, as it was on %s.\n\n",
		p.at.UTC().Format("2 January 2006, 15:04 UTC"))
	b.WriteString("Each file is a list in JSON, one entry a line; any text editor opens it. Times are in UTC.\nWhere " +
		"one entry names another, it does so by its id.\n\n")
	for _, f := range contents {
		fmt.Fprintf(&b, "%s\n    %s\n", f.name, f.about)
	}
	b.WriteString("\nNot in here, because it would let others act as you or is of no use to you: tokens and keys, what " +
		"is\nkept for minutes only (a sign-in under way, the answer to a repeated request), and single verdicts of\nthe " +
		"language model, which cannot be opened without the post they are about: what they said is in the\nreports. " +
		"Direct messages, likes, followers and your timeline are never read.\n")
	return b.String()
}
