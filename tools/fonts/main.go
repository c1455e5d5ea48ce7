// Command fonts makes the files that internal/typeset embeds from the font packages that npm fetched.
//
//	go run -C tools/fonts . DIR
//
// DIR holds node_modules, and its folder packed gets one NAME.face for each row of the table below. A face has two
// parts, because a report needs few of its glyphs: the tables that shaping reads, and the outlines in blocks that are
// opened one by one. Variable fonts become fixed ones, hinting goes, and from the large families only the characters
// that people write are kept. The same packages make the same bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// family says where a face comes from.
type family struct {
	name  string
	files string          // below node_modules, with wildcards
	keep  func(rune) bool // which characters of it; without, it is kept whole, with the rules that shape it
}

const variable = "@fontsource-variable/noto-sans-"

func families() []family {
	list := []family{
		{"sans", "@embedpdf/fonts-latin/fonts/NotoSans-Regular.ttf", nil},
		{"sans-bold", "@embedpdf/fonts-latin/fonts/NotoSans-Bold.ttf", nil},
		{"han", variable + "sc/files/noto-sans-sc-*-wght-normal.woff2", isHan},
		{"hangul", variable + "kr/files/noto-sans-kr-*-wght-normal.woff2", isHangul},
		{"emoji", "@expo-google-fonts/noto-emoji/400Regular/NotoEmoji_400Regular.ttf", nil},
		{"math", "@fontsource/noto-sans-math/files/noto-sans-math-*-400-normal.woff2", isMath},
		{"symbols", variable + "symbols/files/noto-sans-symbols-*-wght-normal.woff2", isSymbol},
		{"symbols2", "@fontsource/noto-sans-symbols-2/files/noto-sans-symbols-2-*-400-normal.woff2", isSymbol},
	}
	for _, script := range []string{
		"arabic", "armenian", "bengali", "ethiopic", "georgian", "gujarati", "gurmukhi", "hebrew", "kannada", "khmer", "lao",
		"malayalam", "myanmar", "sinhala", "tamil", "telugu", "thai",
	} {
		file := "noto-sans-" + script + "-" + script + "-wght-normal.woff2"
		list = append(list, family{script, variable + script + "/files/" + file, nil})
	}
	return list
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: fonts DIR")
	}
	dir, total := os.Args[1], 0
	for _, f := range families() {
		n, err := pack(dir, f)
		if err != nil {
			log.Fatalf("%s: %v", f.name, err)
		}
		total += n
	}
	n, err := licence(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("The fonts of PDF reports are packed: %d KB.\n", (total+n)/1024)
}

func pack(dir string, f family) (int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "node_modules", filepath.FromSlash(f.files)))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("no file is called %s", f.files)
	}
	// The makers number the files of a large family from the rarest characters to the commonest.
	slices.SortFunc(files, func(a, b string) int { return part(b) - part(a) })
	out := newFace()
	for _, file := range files {
		if err := out.add(file, f.keep); err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
	}
	body, err := out.bytes()
	if err != nil {
		return 0, err
	}
	return len(body), os.WriteFile(filepath.Join(dir, "packed", f.name+".face"), body, 0o644)
}

// part is the number in a file's name.
func part(file string) int {
	for word := range strings.SplitSeq(filepath.Base(file), "-") {
		if n, err := strconv.Atoi(word); err == nil {
			return n
		}
	}
	return 0
}

// licence keeps the text that has to go wherever the fonts go, with everybody's copyright line above it.
func licence(dir string) (int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "node_modules", "@*", "*", "LICENSE*"))
	if err != nil {
		return 0, err
	}
	var owners []string
	var text string
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		head, rest, found := strings.Cut(string(body), "This Font Software is licensed")
		if !found {
			continue // a licence of the package's own scripts
		}
		text = "This Font Software is licensed" + rest
		for line := range strings.Lines(head) {
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(owners, line) {
				owners = append(owners, line)
			}
		}
	}
	if text == "" {
		return 0, fmt.Errorf("no package holds its licence")
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "%s\n\n%s", strings.Join(owners, "\n"), text)
	if err := w.Close(); err != nil {
		return 0, err
	}
	return b.Len(), os.WriteFile(filepath.Join(dir, "packed", "OFL.txt.gz"), b.Bytes(), 0o644)
}
