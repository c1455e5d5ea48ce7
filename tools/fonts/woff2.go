package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
)

// unpackWOFF2 turns a file of the format WOFF 2.0 (https://www.w3.org/TR/WOFF2/) back into an OpenType file. A fault in
// it is a panic inside, which ends as an error: the files are pinned by their hashes.
func unpackWOFF2(data []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not a WOFF 2.0 file: %v", p)
		}
	}()
	r := &reader{data: data, at: 12}
	n := int(r.u16())
	r.at = 20
	packed := int(r.u32())
	r.at = 48
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = r.entry()
	}
	raw, err := io.ReadAll(brotli.NewReader(bytes.NewReader(r.take(packed))))
	if err != nil {
		return nil, err
	}
	body := &reader{data: raw}
	tables, tags := map[string][]byte{}, make([]string, 0, n)
	var bounds []int16
	for _, e := range entries {
		part := body.take(e.length)
		switch {
		case e.tag == "glyf" && e.changed:
			tables["glyf"], tables["loca"], bounds = glyphs(part)
		case e.tag == "loca" && e.changed: // came with the glyphs
		case e.tag == "hmtx" && e.changed:
			tables["hmtx"] = part // put together below, when the other tables are there
		default:
			tables[e.tag] = part
		}
		tags = append(tags, e.tag)
	}
	for _, e := range entries {
		if e.tag == "hmtx" && e.changed {
			tables["hmtx"] = metrics(tables["hmtx"], int(binary.BigEndian.Uint16(tables["hhea"][34:])), bounds)
		}
	}
	binary.BigEndian.PutUint16(tables["head"][50:], 1) // loca is written long
	return sfnt(tags, tables), nil
}

const knownTags = "cmap head hhea hmtx maxp name OS/2 post cvt~ fpgm glyf loca prep CFF~ VORG EBDT EBLC gasp hdmx " +
	"kern LTSH PCLT VDMX vhea vmtx BASE GDEF GPOS GSUB EBSC JSTF MATH CBDT CBLC COLR CPAL SVG~ sbix acnt avar bdat " +
	"bloc bsln cvar fdsc feat fmtx fvar gvar hsty just lcar mort morx opbd prop trak Zapf Silf Glat Gloc Feat Sill"

type entry struct {
	tag     string
	length  int
	changed bool
}

type reader struct {
	data []byte
	at   int
}

func (r *reader) take(n int) []byte {
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *reader) u8() int     { return int(r.take(1)[0]) }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }

// base128 is a number in bytes of seven bits.
func (r *reader) base128() int {
	n := 0
	for range 5 {
		b := r.u8()
		n = n<<7 | b&0x7F
		if b < 0x80 {
			return n
		}
	}
	panic(errors.New("a number is too long"))
}

// short is a number that mostly takes one byte.
func (r *reader) short() int {
	switch b := r.u8(); b {
	case 253:
		return int(r.u16())
	case 254:
		return r.u8() + 506
	case 255:
		return r.u8() + 253
	default:
		return b
	}
}

func (r *reader) entry() entry {
	flags := r.u8()
	e := entry{}
	if flags&63 == 63 {
		e.tag = string(r.take(4))
	} else {
		e.tag = strings.ReplaceAll(strings.Fields(knownTags)[flags&63], "~", " ")
	}
	e.length = r.base128()
	version := flags >> 6
	if e.tag == "glyf" || e.tag == "loca" {
		e.changed = version == 0
	} else {
		e.changed = version != 0
	}
	if e.changed {
		e.length = r.base128()
	}
	return e
}

// streams are what the glyphs are spread over.
type streams struct {
	contours, points, flags, coordinates, parts, boxes, instructions *reader
	boxed                                                            []byte
}

func glyphs(data []byte) (glyf, loca []byte, bounds []int16) {
	head := &reader{data: data, at: 4}
	n := int(head.u16())
	head.u16()
	var sizes [7]int
	for i := range sizes {
		sizes[i] = int(head.u32())
	}
	var part [7]*reader
	for i, size := range sizes {
		part[i] = &reader{data: head.take(size)}
	}
	s := streams{part[0], part[1], part[2], part[3], part[4], part[5], part[6], nil}
	s.boxed = s.boxes.take(4 * ((n + 31) / 32))
	for i := range n {
		loca = append(loca, be(uint32(len(glyf)))...)
		body := s.glyph(i)
		bound := int16(0)
		if len(body) > 0 {
			bound = int16(binary.BigEndian.Uint16(body[2:]))
		}
		bounds = append(bounds, bound)
		glyf = append(glyf, body...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	return glyf, append(loca, be(uint32(len(glyf)))...), bounds
}

func (s *streams) glyph(i int) []byte {
	n := s.contours.u16()
	boxed := s.boxed[i/8]&(0x80>>(i%8)) != 0
	switch {
	case n == 0:
		return nil
	case n == 0xFFFF:
		return s.compound()
	}
	var ends []uint16
	total := 0
	for range n {
		total += s.points.short()
		ends = append(ends, uint16(total-1))
	}
	points := make([]point, total)
	at := point{}
	for k := range points {
		dx, dy, on := s.step()
		at = point{at.x + dx, at.y + dy, on}
		points[k] = at
	}
	s.instructions.take(s.coordinates.short()) // hints, which nothing here follows
	var box [4]int16
	if boxed {
		for k := range box {
			box[k] = int16(s.boxes.u16())
		}
	} else {
		box = boxOf(points)
	}
	out := be(n, box, ends, uint16(0))
	var xs, ys []byte
	last := point{}
	for _, p := range points {
		flag := byte(0) // both steps are written as two bytes
		if p.on {
			flag = 1
		}
		out = append(out, flag)
		xs, ys = append(xs, be(int16(p.x-last.x))...), append(ys, be(int16(p.y-last.y))...)
		last = p
	}
	return append(append(out, xs...), ys...)
}

func boxOf(points []point) [4]int16 {
	if len(points) == 0 {
		return [4]int16{}
	}
	low, high := points[0], points[0]
	for _, p := range points {
		low.x, low.y = min(low.x, p.x), min(low.y, p.y)
		high.x, high.y = max(high.x, p.x), max(high.y, p.y)
	}
	return [4]int16{int16(low.x), int16(low.y), int16(high.x), int16(high.y)}
}

// step reads one point: the flag says how many bytes its two distances take, and how they are spread over them.
func (s *streams) step() (dx, dy int, on bool) {
	f := s.flags.u8()
	on, f = f < 128, f&127
	c := s.coordinates
	signed := func(flag, v int) int {
		if flag&1 == 0 {
			return -v
		}
		return v
	}
	switch {
	case f < 10:
		return 0, signed(f, (f&14)<<7+c.u8()), on
	case f < 20:
		return signed(f, ((f-10)&14)<<7+c.u8()), 0, on
	case f < 84:
		b, v := f-20, c.u8()
		return signed(f, 1+b&0x30+v>>4), signed(f>>1, 1+(b&0x0C)<<2+v&15), on
	case f < 120:
		b := f - 84
		return signed(f, 1+(b/12)<<8+c.u8()), signed(f>>1, 1+(b%12)>>2<<8+c.u8()), on
	case f < 124:
		a, b, d := c.u8(), c.u8(), c.u8()
		return signed(f, a<<4+b>>4), signed(f>>1, (b&15)<<8+d), on
	default:
		a, b := int(c.u16()), int(c.u16())
		return signed(f, a), signed(f>>1, b), on
	}
}

// compound is a glyph that is made of others.
func (s *streams) compound() []byte {
	out := be(int16(-1))
	for range 4 {
		out = append(out, s.boxes.take(2)...)
	}
	hinted := false
	for more := true; more; {
		flags := s.parts.u16()
		size := 2 + 2
		if flags&1 != 0 {
			size += 2
		}
		switch {
		case flags&0x08 != 0:
			size += 2
		case flags&0x40 != 0:
			size += 4
		case flags&0x80 != 0:
			size += 8
		}
		hinted = hinted || flags&0x100 != 0
		out = append(out, be(flags&^0x100)...)
		out = append(out, s.parts.take(size)...)
		more = flags&0x20 != 0
	}
	if hinted {
		s.instructions.take(s.coordinates.short())
	}
	return out
}

// metrics puts back the left side bearings, which are where the outlines begin.
func metrics(data []byte, full int, bounds []int16) []byte {
	r := &reader{data: data}
	flags := r.u8()
	advances := make([]uint16, full)
	for i := range advances {
		advances[i] = r.u16()
	}
	var out []byte
	for i := range bounds {
		bearing := bounds[i]
		if i < full && flags&1 == 0 || i >= full && flags&2 == 0 {
			bearing = int16(r.u16())
		}
		if i < full {
			out = append(out, be(advances[i])...)
		}
		out = append(out, be(bearing)...)
	}
	return out
}
