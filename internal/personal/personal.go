// Package personal finds personal data in a post: where it stands, what it is, and
// whether its author shows it to everybody.
//
//	for _, s := range personal.Find("call me: 0151 23456789", "de") {
//		fmt.Println(s.Kind, s.Start, s.End, s.Exposed) // phone 9 22 true
//	}
//
// There is one set of detectors for two uses. The screen makes a finding of every span
// that is exposed; the redaction replaces every span before a post leaves this machine.
// So what is reported is replaced, and what is replaced is reported, with the exceptions
// that [Kinds] names: links, handles, names, places and numbers nobody can interpret are
// replaced although showing them is no exposure, and so are values that are known to be
// nobody's (test cards, fictional telephone numbers, example domains, hotlines).
//
// How it works: fold.go writes full-width signs and the digits of other scripts as ASCII,
// token.go cuts the text into words, numbers and signs and marks words that announce
// something ("my number", "Passwort", "生年月日"; the lists are in cue.go), and each
// detector looks at a few tokens around its own: link.go, mail.go, key.go, secret.go,
// number.go with phone.go and id.go, date.go, place.go, name.go. A number is proven by
// its check digits (check.go) or by the words before it. Every look aside has a bound, so
// the time is linear in the length of the text, whatever the text is.
//
// A rule that changes here changes screen.Version, which reports record.
//
// The forms are written from the public descriptions of each number: ISO 7812 (cards),
// ISO 13616 (IBAN), ISO 7064, the national registers' own rules for check digits, E.164
// and the numbering plans, Ofcom's and NANPA's ranges for fiction, RFC 2606 and 5737.
package personal

import (
	"cmp"
	"slices"
	"sync"
)

// Kind is what a span is.
type Kind string

// The kinds.
const (
	Email       Kind = "email"
	Phone       Kind = "phone"
	Address     Kind = "address"
	Coordinates Kind = "coordinates"
	BankAccount Kind = "account"
	Card        Kind = "card"
	NationalID  Kind = "id"
	Passport    Kind = "passport"
	Plate       Kind = "plate"
	BirthDate   Kind = "birthdate"
	Key         Kind = "key"
	Password    Kind = "password"

	Link    Kind = "link"
	Handle  Kind = "person"
	Name    Kind = "name"
	Place   Kind = "place"
	Network Kind = "network"
	Wallet  Kind = "wallet"
	Number  Kind = "number"
)

// Info is what is promised of a kind.
type Info struct {
	Kind     Kind
	Severity string // of a finding; "" for kinds that are replaced and never a finding
	Reason   string // for the post's owner; for kinds that are no finding, why not
}

// kinds is the one table of what is replaced and what is reported.
var kinds = []Info{
	{Email, "medium", "Shows an e-mail address to everybody."},
	{Phone, "medium", "Shows a telephone number to everybody."},
	{Address, "high", "Shows where somebody lives to everybody."},
	{Coordinates, "medium", "Shows an exact place on the map to everybody."},
	{BankAccount, "high", "Shows a bank account number to everybody."},
	{Card, "critical", "Shows the number of a payment card to everybody."},
	{NationalID, "critical", "Shows a national identity, tax or insurance number to everybody."},
	{Passport, "high", "Shows the number of a passport or identity card to everybody."},
	{Plate, "medium", "Shows the number plate of a vehicle to everybody."},
	{BirthDate, "medium", "Shows somebody's date of birth to everybody."},
	{Key, "critical", "Shows a secret key to everybody. Revoke it: deleting the post is not enough."},
	{Password, "high", "Shows a password or code to everybody. Change it: deleting the post is not enough."},
	{Link, "", "A web address is public."},
	{Handle, "", "A handle is public, and mentioning somebody is what X is for."},
	{Name, "", "Naming somebody is no exposure by itself."},
	{Place, "", "A street, postcode or spot on a map where nobody is said to live is a place like any other."},
	{Network, "", "The address of a device says little of anybody, and is often a private or documentation one."},
	{Wallet, "", "The address of a wallet is made to be shown."},
	{Number, "", "A long number that neither its form nor the words around it explain."},
}

// Kinds lists what is promised of every kind.
func Kinds() []Info { return slices.Clone(kinds) }

// Info is what is promised of k.
func (k Kind) Info() Info {
	return kinds[slices.IndexFunc(kinds, func(i Info) bool { return i.Kind == k })]
}

// Certainty says how a span was told.
type Certainty uint8

// The certainties.
const (
	Likely Certainty = iota // by its form and the words around it
	Proven                  // by check digits, or by a form that nothing else has
)

// Span is one piece of personal data: the bytes Start:End of the text.
type Span struct {
	Kind       Kind
	Start, End int
	Exposed    bool // false: replace it, but showing it harms nobody
	Certainty  Certainty
}

// Severity is that of a finding; "" when the span is none.
func (s Span) Severity() string {
	if !s.Exposed {
		return ""
	}
	return s.Kind.Info().Severity
}

// Find lists the personal data of a post, in order and without overlaps. lang is the
// language of the post, or ""; it decides what a number without a country code can be.
func Find(text, lang string) []Span { return find(text, lang, nil, false) }

// Identifying lists what must be replaced before a post leaves: everything of [Find], and
// names of people. own are the names of the account itself, such as its display name.
func Identifying(text, lang string, own ...string) []Span { return find(text, lang, own, true) }

var scans = sync.Pool{New: func() any { return new(scan) }}

func find(text, lang string, own []string, names bool) []Span {
	s := scans.Get().(*scan)
	defer s.free()
	s.read(text, lang)
	s.look(own, names)
	return s.spans()
}

// look runs the detectors.
func (s *scan) look(own []string, names bool) {
	if s.has('.') || s.has(':') {
		s.links()
	}
	if s.hasKey {
		s.keys()
	}
	if s.has('@') || s.has(':') || s.has('.') && s.has(digits) || s.cues&atCue != 0 {
		s.mails()
	}
	if s.cues&secretCues != 0 {
		s.secrets()
	}
	if s.has(digits) {
		s.numeric()
	}
	if s.has(digits) || s.has('/') {
		s.places()
	}
	if names {
		s.names(own)
	}
}

// numeric runs the detectors of what holds digits.
func (s *scan) numeric() {
	s.idsWithLetters()
	if s.cues&bornCue != 0 || s.has('.') {
		s.dates()
	}
	if s.has('.') || s.has(other) {
		s.coordinates()
	}
	s.numbers()
	s.addresses()
}

// scan is the work on one text.
type scan struct {
	folded           // the text, and where its bytes came from
	lang      string // two letters, or ""
	tokens    []token
	low       []byte    // scratch for lower case
	found     []Span    // in folded bytes, in any order
	marks     []uint64  // a bit for each byte that is part of what was found
	kinds     [2]uint64 // a bit for each kind of token that is there
	cues      cue       // of all tokens
	plainID   [40]byte  // scratch for joined
	hasKey    bool      // a word is long enough for a key, or a key's head is there
	noTokenTo int       // no JSON web token begins before this byte
	context   context
	steps     int // looks at bytes and tokens: what a test holds to the length of the text
	noLabelTo int // nor a key that is only called one
}

func (s *scan) free() {
	*s = scan{
		tokens: s.tokens[:0], low: s.low[:0], found: s.found[:0], marks: s.marks[:0],
		folded: folded{buf: s.buf[:0], from: s.from[:0]},
	}
	if cap(s.tokens) < 1<<16 {
		scans.Put(s)
	}
}

// add notes a span of folded bytes.
func (s *scan) add(k Kind, start, end int, exposed bool, c Certainty) {
	s.found = append(s.found, Span{k, start, end, exposed, c})
	for len(s.marks)*64 < end {
		s.marks = append(s.marks, 0)
	}
	s.steps += end - start
	for i := start; i < end; i++ {
		s.marks[i/64] |= 1 << (i % 64)
	}
}

// taken reports whether the bytes start:end are part of what was found already.
func (s *scan) taken(start, end int) bool {
	s.steps++
	for i := start; i < end && i < len(s.marks)*64; i++ {
		if s.marks[i/64]&(1<<(i%64)) != 0 {
			return true
		}
	}
	return false
}

// spans puts what was found in order and joins what overlaps. What is exposed names the
// joined span, then what is proven, then what starts first.
func (s *scan) spans() []Span {
	if len(s.found) == 0 {
		return nil
	}
	slices.SortStableFunc(s.found, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	out := make([]Span, 0, len(s.found))
	for _, f := range s.found {
		last := len(out) - 1
		if last < 0 || f.Start >= out[last].End {
			out = append(out, f)
			continue
		}
		start, end := out[last].Start, max(out[last].End, f.End)
		if weight(f) > weight(out[last]) {
			out[last] = f
		}
		out[last].Start, out[last].End = start, end
	}
	for i := range out {
		out[i].Start, out[i].End = s.original(out[i].Start), s.original(out[i].End)
	}
	return out
}

func weight(s Span) int {
	w := int(s.Certainty)
	if s.Exposed {
		w += 2
	}
	return w
}
