package removal

import (
	"archive/zip"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// Backup is the posts of a plan as a person keeps them. Pictures and videos are not in it.
type Backup struct {
	Format  string    `json:"format"` // BackupFormat
	ID      string    `json:"id"`     // of the clean-up
	Account string    `json:"account"`
	Handle  string    `json:"handle"`
	Made    time.Time `json:"made_at"`
	Posts   []Post    `json:"posts"`
}

// BackupFormat names the form of a backup.
const BackupFormat = "repazoo-backup-1"

// Name is what the file is called.
func (b Backup) Name() string {
	return "repazoo-backup-" + b.Made.UTC().Format("2006-01-02") + "-" + b.ID + ".zip"
}

// Write writes the backup as a zip: posts.json for programs and posts.txt for people.
func (b Backup) Write(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{{"posts.json", b.writeJSON}, {"posts.txt", b.writeText}} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: b.Made.UTC()})
		if err != nil {
			return err
		}
		if err := file.write(f); err != nil {
			return err
		}
	}
	return z.Close()
}

func (b Backup) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(b)
}

func (b Backup) writeText(w io.Writer) error {
	text := "Backup of " + strconv.Itoa(len(b.Posts)) + " posts of @" + b.Handle + ", made " +
		b.Made.UTC().Format("2 January 2006, 15:04 UTC") + ".\nPictures and videos are not in it. posts.json says the " +
		"same for programs.\n"
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	for _, p := range b.Posts {
		if _, err := io.WriteString(w, p.plain()); err != nil {
			return err
		}
	}
	return nil
}

// plain is a post as a person reads it.
func (p Post) plain() string {
	date := "date unknown"
	if !p.PostedAt.IsZero() {
		date = p.PostedAt.UTC().Format("2 January 2006, 15:04 UTC")
	}
	var text strings.Builder
	text.WriteString("\n----\n" + date + "\n" + p.URL + "\n\n" + p.Text + "\n")
	if !p.Whole {
		text.WriteString("(X did not show this post, so only the words around the finding are here.)\n")
	}
	for _, f := range p.Findings {
		text.WriteString("\n" + f.Severity + ", " + f.Category + ": " + f.Reason + "\n")
	}
	if p.Hash != "" {
		text.WriteString("\nSHA-256 of the text: " + p.Hash + "\n")
	}
	return text.String()
}
