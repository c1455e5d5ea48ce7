// Package pdftest reads back what package pdf wrote, for tests. It follows every reference of the file, so a broken one
// is found, and decodes the text of the pages with nothing but the fonts in the file, as any program that copies does.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// File is a document that was read.
type File struct {
	Pages     []string       // the text of each page, in the order of painting, a line for each piece
	Elements  map[string]int // how many elements of the structure there are of each kind
	Bookmarks []string       // in the order of the file
	Links     []string
	Spoken    []string // what is read aloud instead of the text that is painted, in no order
	Lang      string
	Title     string

	objects map[int]string // what stands between obj and endobj, or stream
	streams map[int][]byte
	codes   map[string]map[string]string // by font: what a code stands for
}

var (
	reference = regexp.MustCompile(`(\d+) 0 R`)
	operator  = regexp.MustCompile(`/(F\d+) [\d.]+ Tf|\[([<>0-9A-F-]*)\]TJ|(BDC|BMC)|(EMC)`)
	mapping   = regexp.MustCompile(`(?m)^<([0-9A-F]{4})> <([0-9A-F]*)>$`)
)

// Read reads a whole file, or says what is wrong with it.
func Read(data []byte) (*File, error) {
	f := &File{
		Elements: map[string]int{}, objects: map[int]string{}, streams: map[int][]byte{},
		codes: map[string]map[string]string{},
	}
	root, err := f.readObjects(data)
	if err != nil {
		return nil, err
	}
	for id, body := range f.objects {
		for _, m := range reference.FindAllStringSubmatch(body, -1) {
			if n, _ := strconv.Atoi(m[1]); f.objects[n] == "" {
				return nil, fmt.Errorf("object %d refers to %d, which is not there", id, n)
			}
		}
	}
	catalog := f.objects[root]
	f.Lang = decode(value(catalog, "/Lang"))
	if err := f.readPages(f.objects[number(catalog, "/Pages")]); err != nil {
		return nil, err
	}
	return f, f.readLogic(f.objects[number(catalog, "/StructTreeRoot")])
}

// Text is that of all pages.
func (f *File) Text() string { return strings.Join(f.Pages, "\n") }

func (f *File) readObjects(data []byte) (root int, err error) {
	tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(data)
	if tail == nil || !bytes.HasPrefix(data, []byte("%PDF-1.7\n")) {
		return 0, fmt.Errorf("the file has no beginning or no end")
	}
	at, _ := strconv.Atoi(string(tail[1]))
	head, table, err := object(data[at:], -1)
	if err != nil {
		return 0, err
	}
	for i := 0; i+11 <= len(table); i += 11 {
		if table[i] != 1 {
			continue
		}
		id, where := i/11, int(binary.BigEndian.Uint64(table[i+1:]))
		if f.objects[id], f.streams[id], err = object(data[where:], id); err != nil {
			return 0, err
		}
	}
	return number(head, "/Root"), f.unpack(table)
}

// unpack reads the objects that stand in streams.
func (f *File) unpack(table []byte) (err error) {
	for i := 0; i+11 <= len(table); i += 11 {
		if table[i] != 2 {
			continue
		}
		id, where, nth := i/11, int(binary.BigEndian.Uint64(table[i+1:])), int(binary.BigEndian.Uint16(table[i+9:]))
		if f.objects[id], err = f.packed(where, nth, id); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) packed(stream, nth, id int) (string, error) {
	body := f.streams[stream]
	first := number(f.objects[stream], "/First")
	if first > len(body) {
		return "", fmt.Errorf("stream %d has no objects", stream)
	}
	heads := strings.Fields(string(body[:first]))
	if 2*nth+1 >= len(heads) || heads[2*nth] != strconv.Itoa(id) {
		return "", fmt.Errorf("object %d is not the %dth of stream %d", id, nth, stream)
	}
	from, _ := strconv.Atoi(heads[2*nth+1])
	to := len(body) - first
	if 2*nth+3 < len(heads) {
		to, _ = strconv.Atoi(heads[2*nth+3])
	}
	return string(body[first+from : first+to]), nil
}

// object reads one that stands by itself.
func object(data []byte, id int) (string, []byte, error) {
	start := []byte(fmt.Sprintf("%d 0 obj\n", id))
	at := bytes.Index(data[:min(len(data), 40)], []byte(" obj\n"))
	if at < 0 || id >= 0 && !bytes.HasPrefix(data, start) {
		return "", nil, fmt.Errorf("object %d is not where the file says", id)
	}
	data = data[at+5:]
	head, rest, ok := bytes.Cut(data, []byte(">>\nstream\n"))
	n := number(string(head), "/Length ")
	if !ok || n > len(rest) || !bytes.HasPrefix(rest[n:], []byte("\nendstream\nendobj\n")) {
		return "", nil, fmt.Errorf("the stream %d does not end where it should", id)
	}
	body := rest[:n]
	if bytes.Contains(head, []byte("/FlateDecode")) {
		r, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return "", nil, err
		}
		if body, err = io.ReadAll(r); err != nil {
			return "", nil, err
		}
	}
	return string(head) + ">>", body, nil
}

func (f *File) readPages(tree string) error {
	for name, font := range f.fonts() {
		codes := map[string]string{}
		for _, m := range mapping.FindAllSubmatch(f.streams[number(font, "/ToUnicode")], -1) {
			codes[string(m[1])] = decode("<FEFF" + string(m[2]) + ">")
		}
		f.codes[name] = codes
	}
	kids := references(tree, "/Kids")
	if len(kids) != number(tree, "/Count") {
		return fmt.Errorf("%d pages are said to be %d", len(kids), number(tree, "/Count"))
	}
	for _, id := range kids {
		var page strings.Builder
		for _, part := range references(f.objects[id], "/Contents") {
			text, err := f.text(f.streams[part])
			if err != nil {
				return fmt.Errorf("page %d: %w", len(f.Pages)+1, err)
			}
			page.WriteString(text)
		}
		f.Pages = append(f.Pages, page.String())
	}
	return nil
}

func (f *File) fonts() map[string]string {
	out := map[string]string{}
	for _, body := range f.objects {
		if !strings.HasPrefix(body, "<</Font<<") {
			continue
		}
		for _, m := range regexp.MustCompile(`/(F\d+) (\d+) 0 R`).FindAllStringSubmatch(body, -1) {
			id, _ := strconv.Atoi(m[2])
			out[m[1]] = f.objects[id]
		}
	}
	return out
}

// text decodes what is painted, and looks whether marks of content are closed.
func (f *File) text(content []byte) (string, error) {
	var b strings.Builder
	depth, font := 0, ""
	for _, m := range operator.FindAllSubmatch(content, -1) {
		switch {
		case m[1] != nil:
			font = string(m[1])
		case m[3] != nil:
			depth++
		case m[4] != nil:
			depth--
			b.WriteByte('\n')
		default:
			for _, part := range regexp.MustCompile(`<([0-9A-F]*)>`).FindAllSubmatch(m[2], -1) {
				for code := range slices.Chunk(part[1], 4) {
					letters, ok := f.codes[font][string(code)]
					if !ok && string(code) != "0000" {
						letters = "" // a further piece of the characters before it
					}
					b.WriteString(letters)
				}
			}
		}
	}
	if depth != 0 {
		return "", fmt.Errorf("%d marks of content stay open", depth)
	}
	return b.String(), nil
}

// readLogic reads the structure: each element has to know its parent.
func (f *File) readLogic(root string) error {
	f.Title = ""
	for id, body := range f.objects {
		switch {
		case strings.HasPrefix(body, "<</Type/StructElem/S/"):
			kind, _, _ := strings.Cut(strings.TrimPrefix(body, "<</Type/StructElem/S/"), "/")
			f.Elements[kind]++
			if spoken := value(body, "/ActualText"); spoken != "" {
				f.Spoken = append(f.Spoken, decode(spoken))
			}
			parent := f.objects[number(body, "/P")]
			if !strings.Contains(parent, fmt.Sprintf("%d 0 R", id)) {
				return fmt.Errorf("the parent of element %d does not know it", id)
			}
		case strings.Contains(body, "/Subtype/Link/"):
			f.Links = append(f.Links, string(unhex(value(body, "/URI/URI"))))
		case strings.Contains(body, "/Dest["):
			f.Bookmarks = append(f.Bookmarks, decode(value(body, "/Title")))
		case strings.Contains(body, "/CreationDate"):
			f.Title = decode(value(body, "/Title"))
		}
	}
	slices.Sort(f.Links)
	slices.Sort(f.Bookmarks)
	if !strings.Contains(root, "/ParentTree<</Nums[") {
		return fmt.Errorf("the structure has no way back from the pages")
	}
	return nil
}

// number is what follows a name.
func number(body, name string) int {
	m := regexp.MustCompile(regexp.QuoteMeta(name) + ` ?(\d+)`).FindStringSubmatch(body)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func references(body, name string) []int {
	_, rest, _ := strings.Cut(body, name+"[")
	list, _, _ := strings.Cut(rest, "]")
	var out []int
	for _, m := range reference.FindAllStringSubmatch(list, -1) {
		n, _ := strconv.Atoi(m[1])
		out = append(out, n)
	}
	return out
}

// value is the string after a name, still in hexadecimal.
func value(body, name string) string {
	m := regexp.MustCompile(regexp.QuoteMeta(name) + ` ?(<[0-9A-F]*>)`).FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return m[1]
}

func unhex(s string) []byte {
	out, err := hex.DecodeString(strings.Trim(s, "<>"))
	if err != nil {
		return nil
	}
	return out
}

func decode(s string) string {
	raw := unhex(s)
	var units []uint16
	for i := 2; i+1 < len(raw); i += 2 {
		units = append(units, binary.BigEndian.Uint16(raw[i:]))
	}
	return string(utf16.Decode(units))
}
