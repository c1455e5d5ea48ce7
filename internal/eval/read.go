package eval

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/fault"
)

// The bounds of a file.
const (
	maxFile = 1 << 30  // bytes; more is refused before anything is read
	maxLine = 64 << 10 // bytes; a longer line is skipped
	lookUp  = 256      // posts between two looks at the context
)

// oneCase is one labelled post.
type oneCase struct {
	text, lang string
	gold       string // the class, or the expected category of a finding, "-" for harmless
	group      string // the function of a hatecheck case, the kind of a findings case
}

// read calls each for every case that can be used.
func (in Input) read(ctx context.Context, bad *skipped, each func(oneCase)) error {
	n := 0
	counted := func(c oneCase) error {
		if n++; n%lookUp == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		each(c)
		return nil
	}
	switch in.Task {
	case HateCheck:
		return in.readHateCheck(bad, counted)
	case Findings:
		return in.readFindings(bad, counted)
	default:
		return in.readLabelled(bad, counted)
	}
}

// open opens a file that must be a plain one of a reasonable size.
func open(path string) (*os.File, error) {
	refuse := func(why string) error { return fault.ValidationFailed.Saying("The file %s %s.", path, why) }
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, refuse("does not exist")
	}
	if err != nil {
		return nil, fault.ValidationFailed.Saying("The file %s cannot be opened: may you read it?", path).Because(err)
	}
	switch info, err := f.Stat(); {
	case err != nil:
		f.Close()
		return nil, fault.ValidationFailed.Saying("The file %s cannot be read.", path).Because(err)
	case info.IsDir():
		f.Close()
		return nil, refuse("is a folder")
	case info.Mode().IsRegular() && info.Size() == 0:
		f.Close()
		return nil, refuse("is empty")
	case info.Size() > maxFile:
		f.Close()
		return nil, refuse(fmt.Sprintf("is larger than %d MiB: measure a part of it", maxFile>>20))
	}
	return f, nil
}

// lines reads a file line by line. A line that is too long or no UTF-8 comes with ok false
// and the reason in text.
type lines struct {
	r  *bufio.Reader
	n  int // the number of the line that next returned last
	in int64
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, maxLine)} }

func (l *lines) next() (text string, ok bool, err error) {
	raw, err := l.r.ReadSlice('\n')
	l.in += int64(len(raw))
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		raw, err = l.r.ReadSlice('\n')
		l.in += int64(len(raw))
	}
	switch {
	case errors.Is(err, io.EOF) && len(raw) == 0 && !long:
		return "", false, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return "", false, err
	case l.in > maxFile: // a pipe has no size to look at beforehand
		return "", false, fault.ValidationFailed.Saying("The file is larger than %d MiB: measure a part of it.", maxFile>>20)
	}
	l.n++
	switch {
	case long:
		return fmt.Sprintf("longer than %d bytes", maxLine), false, nil
	case !utf8.Valid(raw):
		return "not UTF-8", false, nil
	}
	raw = bytes.TrimRight(raw, "\r\n")
	if l.n == 1 {
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	return string(raw), true, nil
}

// readLabelled reads a file of texts beside a file of labels. TweetEval's texts hold no
// line breaks, so line n of one belongs to line n of the other.
func (in Input) readLabelled(bad *skipped, each func(oneCase) error) error {
	textFile, err := open(in.Texts)
	if err != nil {
		return err
	}
	defer textFile.Close()
	labelFile, err := open(in.Labels)
	if err != nil {
		return err
	}
	defer labelFile.Close()
	texts, labels := newLines(textFile), newLines(labelFile)
	for {
		text, textOK, textErr := texts.next()
		label, labelOK, labelErr := labels.next()
		switch {
		case errors.Is(textErr, io.EOF) && errors.Is(labelErr, io.EOF):
			return nil
		case errors.Is(textErr, io.EOF) || errors.Is(labelErr, io.EOF):
			return in.mismatch(texts, labels)
		case textErr != nil:
			return textErr
		case labelErr != nil:
			return labelErr
		}
		class, known := classOf(in.Task, strings.TrimSpace(label))
		switch {
		case !textOK:
			bad.add(in.Texts, texts.n, text)
		case !labelOK || !known:
			bad.add(in.Labels, labels.n, "no label of this task, which are "+strings.Join(labelNumbers(in.Task), ", "))
		default:
			if err := each(oneCase{text: text, lang: in.Lang, gold: class}); err != nil {
				return err
			}
		}
	}
}

// mismatch counts both files to their ends, to say how far apart they are.
func (in Input) mismatch(texts, labels *lines) error {
	for _, l := range []*lines{texts, labels} {
		for {
			if _, _, err := l.next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
	}
	return fault.ValidationFailed.Saying("%s has %d lines and %s has %d: each text needs the label on the same line.",
		in.Texts, texts.n, in.Labels, labels.n)
}

// readFindings reads lines of kind, expected category, language and text. More columns,
// such as a reason, are for people. Empty lines, lines that begin with "#" and a head are
// passed over.
func (in Input) readFindings(bad *skipped, each func(oneCase) error) error {
	f, err := open(in.Cases)
	if err != nil {
		return err
	}
	defer f.Close()
	head := true // the first line that is neither empty nor a remark may name the columns
	for l := newLines(f); ; {
		line, ok, err := l.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case !ok:
			bad.add(in.Cases, l.n, line)
			continue
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"):
			continue
		case head && strings.HasPrefix(line, "kind\texpected"):
			head = false
			continue
		}
		head = false
		c, why := findingsCase(line)
		if why != "" {
			bad.add(in.Cases, l.n, why)
			continue
		}
		if err := each(c); err != nil {
			return err
		}
	}
}

// findingsCase takes one line apart, or says why it cannot be used.
func findingsCase(line string) (c oneCase, why string) {
	column := strings.Split(line, "\t")
	if len(column) < 4 {
		return c, "not four columns with tabs between: kind, expected category, language, text"
	}
	c = oneCase{
		group: strings.TrimSpace(column[0]), gold: strings.TrimSpace(column[1]),
		lang: strings.TrimSpace(column[2]), text: column[3],
	}
	switch {
	case c.group == "" || c.lang == "":
		return c, "no kind or no language"
	case strings.TrimSpace(c.text) == "":
		return c, "no text"
	case c.gold != harmless && !slices.Contains(categories, c.gold):
		return c, "the expected category is neither \"-\" nor one of " + strings.Join(categories, ", ")
	}
	return c, ""
}

// readHateCheck reads a CSV file whose head names its columns.
func (in Input) readHateCheck(bad *skipped, each func(oneCase) error) error {
	f, err := open(in.Cases)
	if err != nil {
		return err
	}
	defer f.Close()
	bounded := &recordBound{r: f}
	rows := csv.NewReader(bounded)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	column, err := in.columns(rows)
	if err != nil {
		return err
	}
	for {
		bounded.left = maxRecord
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			bad.add(in.Cases, wrong.StartLine, "not CSV: "+wrong.Err.Error())
			continue
		}
		if err != nil {
			return err
		}
		line, _ := rows.FieldPos(0)
		c, why := hateCheckCase(row, column)
		if why != "" {
			bad.add(in.Cases, line, why)
			continue
		}
		c.lang = in.Lang
		if err := each(c); err != nil {
			return err
		}
	}
}

// hateCheckColumns are found by their names.
var hateCheckColumns = [3]string{"functionality", "test_case", "label_gold"}

func (in Input) columns(rows *csv.Reader) (at [3]int, err error) {
	head, err := rows.Read()
	if err != nil {
		return at, fault.ValidationFailed.Saying("The file %s is not CSV with a head.", in.Cases).Because(err)
	}
	if len(head) > 0 {
		head[0] = strings.TrimPrefix(head[0], "\ufeff")
	}
	for i, name := range hateCheckColumns {
		at[i] = slices.IndexFunc(head, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		if at[i] < 0 {
			return at, fault.ValidationFailed.Saying(
				"The file %s has no column %s: its first line must name functionality, test_case and label_gold.", in.Cases, name)
		}
	}
	return at, nil
}

func hateCheckCase(row []string, column [3]int) (c oneCase, why string) {
	if len(row) <= max(column[0], column[1], column[2]) {
		return c, "too few columns"
	}
	c = oneCase{group: strings.TrimSpace(row[column[0]]), text: row[column[1]], gold: strings.TrimSpace(row[column[2]])}
	switch {
	case c.gold != hateful && c.gold != nonHateful:
		return c, "label_gold is neither hateful nor non-hateful"
	case strings.TrimSpace(c.text) == "":
		return c, "no text"
	case len(c.text) > maxLine || !utf8.ValidString(c.text):
		return c, fmt.Sprintf("longer than %d bytes, or not UTF-8", maxLine)
	}
	return c, ""
}

// maxRecord is how much may be read for one row of CSV: an open quotation mark would
// otherwise take the rest of the file into memory.
const maxRecord = 1 << 20

// recordBound lets no row read more than maxRecord.
type recordBound struct {
	r    io.Reader
	left int
	in   int64
}

func (b *recordBound) Read(p []byte) (int, error) {
	if b.in == 0 {
		b.left = maxRecord
	}
	if b.left <= 0 {
		return 0, fault.ValidationFailed.Saying("A row of the CSV file is larger than %d KiB: is a quotation mark not "+
			"closed?", maxRecord>>10)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	if b.in += int64(n); b.in > maxFile {
		return n, fault.ValidationFailed.Saying("The file is larger than %d MiB: measure a part of it.", maxFile>>20)
	}
	return n, err
}
