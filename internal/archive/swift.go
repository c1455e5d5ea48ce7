package archive

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/go-json-experiment/json/jsontext"
)

// Most bytes of an archive are blanks and members that nobody reads. swift walks over them eight at a time, without
// cutting them into tokens. It knows the JSON that X writes and no more: on everything else, right or wrong, it says
// errOdd, and the decoder reads the entry anew with jsontext, which alone decides what is broken. So a strange entry
// costs time, never a post.
//
// What it accepts, jsontext accepts with the same values: FuzzSwift compares the two.
type swift struct {
	b     []byte
	at    int
	depth int
}

// errOdd says that an entry is nothing that swift reads.
var errOdd = errors.New("archive: not as X writes it")

// maxSwift is how deep objects may lie in one another. X nests them eight deep.
const maxSwift = 32

// blanks steps over white space.
func (s *swift) blanks() {
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at = spacesEnd(s.b, s.at+1)
		default:
			return
		}
	}
}

// byte is the next byte, 0 at the end.
func (s *swift) byte() byte {
	if s.at < len(s.b) {
		return s.b[s.at]
	}
	return 0
}

// within reads an object or array that begins here. each is called before each member or element, which it reads.
func (s *swift) within(closing byte, each func() error) error {
	if s.depth++; s.depth > maxSwift {
		return errOdd
	}
	s.at++
	s.blanks()
	if s.byte() == closing {
		s.at++
		s.depth--
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		s.blanks()
		switch s.byte() {
		case closing:
			s.at++
			s.depth--
			return nil
		case ',':
			s.at++
			s.blanks()
		default:
			return errOdd
		}
	}
}

// name reads the quoted name of a member, up to its value.
func (s *swift) name() ([]byte, error) {
	name, _, err := s.quoted()
	if err != nil {
		return nil, err
	}
	s.blanks()
	if s.byte() != ':' {
		return nil, errOdd
	}
	s.at++
	s.blanks()
	return name, nil
}

// skip steps over a value of any kind.
func (s *swift) skip() error {
	switch s.byte() {
	case '{':
		return s.within('}', s.skipMember)
	case '[':
		return s.within(']', s.skip)
	}
	_, _, err := s.scalar()
	return err
}

func (s *swift) skipMember() error {
	if _, err := s.name(); err != nil {
		return err
	}
	return s.skip()
}

// scalar reads a value that is no object and no array, as it is written. plain reports a string without
// escapes.
func (s *swift) scalar() (value []byte, plain bool, err error) {
	switch s.byte() {
	case '"':
		return s.quoted()
	case 't':
		value, err = s.literal("true")
	case 'f':
		value, err = s.literal("false")
	case 'n':
		value, err = s.literal("null")
	default:
		value, err = s.number()
	}
	return value, false, err
}

func (s *swift) literal(word string) ([]byte, error) {
	if end := s.at + len(word); end <= len(s.b) && string(s.b[s.at:end]) == word {
		s.at = end
		return s.b[end-len(word) : end], nil
	}
	return nil, errOdd
}

// number reads a whole number. Those with a fraction or an exponent are left to jsontext.
func (s *swift) number() ([]byte, error) {
	from := s.at
	if s.byte() == '-' {
		s.at++
	}
	first := s.at
	for s.byte() >= '0' && s.byte() <= '9' {
		s.at++
	}
	if s.at == first || s.b[first] == '0' && s.at > first+1 {
		return nil, errOdd
	}
	return s.b[from:s.at], nil
}

// quoted reads a string with its quotes.
func (s *swift) quoted() (value []byte, plain bool, err error) {
	if s.byte() != '"' {
		return nil, false, errOdd
	}
	from := s.at
	plain = true
	for at := from + 1; ; {
		at = plainEnd(s.b, at)
		switch {
		case at >= len(s.b):
			return nil, false, errOdd
		case s.b[at] == '"':
			s.at = at + 1
			return s.b[from:s.at], plain, nil
		case s.b[at] != '\\' || at+1 >= len(s.b):
			return nil, false, errOdd
		}
		plain = false
		switch s.b[at+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			at += len(`\n`)
		case 'u':
			if !fourHex(s.b[at+2:]) {
				return nil, false, errOdd
			}
			at += len(`\u0000`)
		default:
			return nil, false, errOdd
		}
	}
}

func fourHex(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	for _, c := range b[:4] {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// kind is that of the next value, as jsontext tells it.
func (s *swift) kind() jsontext.Kind { return jsontext.Kind(s.byte()) }

// Eight bytes at once: each of them holds a one, or its highest bit.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// spacesEnd is where a run of spaces ends that may begin at i.
func spacesEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if other := binary.LittleEndian.Uint64(b[i:]) ^ ' '*ones; other != 0 {
			return i + bits.TrailingZeros64(other)/8
		}
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i
}

// plainEnd is where the first quote, backslash or control character stands from i on; len(b) if there is none.
//
// A byte is zero where it is smaller than one without borrowing: see "Determine if a word has a zero byte" in the
// literature on bit tricks. A borrow can only mark bytes above the first true one, which is the one that counts.
func plainEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		quote, slash := v^'"'*ones, v^'\\'*ones
		found := ((quote-ones)&^quote | (slash-ones)&^slash | (v-' '*ones)&^v) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
		i++
	}
	return i
}
