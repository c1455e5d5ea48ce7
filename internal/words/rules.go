package words

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// rules are what a language does with numbers. The rest of it is words.
type rules struct {
	tag, name      string
	point, group   string // 1,234.5
	groupFrom      int    // digits from which on groups are made
	percent, money string // % stands for the amount
	nouns          bool   // nouns keep their capital letters
	form           func(n float64) string
	and            func(next string) string
}

// all are the languages, English first. Their plural forms are those of CLDR, with which a test compares them.
var all = [...]rules{
	{
		tag: "en", name: "English", point: ".", group: ",", groupFrom: 4, percent: "%%", money: "$%",
		form: oneOrOther, and: always("and"),
	},
	{
		tag: "de", name: "Deutsch", point: ",", group: ".", groupFrom: 4, percent: "%\u00a0%", money: "%\u00a0$",
		nouns: true, form: oneOrOther, and: always("und"),
	},
	{
		tag: "es", name: "Español", point: ",", group: ".", groupFrom: 5, percent: "%\u00a0%", money: "%\u00a0US$",
		form: spanishForm, and: spanishAnd,
	},
}

func always(s string) func(string) string { return func(string) string { return s } }

func oneOrOther(n float64) string {
	if n == 1 {
		return "one"
	}
	return "other"
}

// spanishForm has a form of its own for whole millions: "un millón de mensajes".
func spanishForm(n float64) string {
	switch {
	case n == 1:
		return "one"
	case n != 0 && n == math.Trunc(n) && math.Mod(n, 1e6) == 0:
		return "many"
	}
	return "other"
}

// spanishAnd is "y", and "e" before the sound of an i.
func spanishAnd(next string) string {
	s := strings.ToLower(next)
	if strings.HasPrefix(s, "i") || strings.HasPrefix(s, "í") ||
		strings.HasPrefix(s, "hi") && !strings.HasPrefix(s, "hie") && !strings.HasPrefix(s, "hia") {
		return "e"
	}
	return "y"
}

// Number writes a number as short as it can be: 1,234.5.
func (l *Language) Number(v float64) string { return l.grouped(strconv.FormatFloat(v, 'f', -1, 64)) }

// Fixed writes a number with so many decimals.
func (l *Language) Fixed(v float64, decimals int) string {
	return l.grouped(strconv.FormatFloat(v, 'f', decimals, 64))
}

// Count writes a whole number.
func (l *Language) Count(n int64) string { return l.grouped(strconv.FormatInt(n, 10)) }

// grouped puts the marks of the language into a number.
func (l *Language) grouped(s string) string {
	whole, rest, broken := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if len(whole) >= l.forms.groupFrom {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + l.forms.group + whole[i:]
		}
	}
	if broken {
		rest = l.forms.point + rest
	}
	return sign + whole + rest
}

// Percent writes a part of one with so many decimals: 12.5%.
func (l *Language) Percent(part float64, decimals int) string {
	return strings.Replace(l.forms.percent, "%", l.Fixed(100*part, decimals), 1)
}

// Money writes millionths of a dollar: to the cent, or finer where a cent is too coarse.
func (l *Language) Money(microUSD int64) string {
	decimals := 4
	if microUSD%10_000 == 0 {
		decimals = 2
	}
	return strings.Replace(l.forms.money, "%", l.Fixed(float64(microUSD)/1e6, decimals), 1)
}

// Digits writes a number that is given as programs write it, with all its decimals: 1234.50 as 1,234.50.
func (l *Language) Digits(s string) string { return l.grouped(s) }

// Dollars writes an amount of dollars that is given in the same way.
func (l *Language) Dollars(s string) string {
	return strings.Replace(l.forms.money, "%", l.grouped(s), 1)
}

// Date writes a day in full: 3 December 2026. A time that is not known is said to be so.
func (l *Language) Date(t time.Time) string {
	if t.IsZero() {
		return l.Say("date.unknown")
	}
	t = t.UTC()
	return l.Say("date.long", "day", strconv.Itoa(t.Day()), "month", l.Say("month."+strconv.Itoa(int(t.Month()))),
		"year", strconv.Itoa(t.Year()))
}

// Moment writes a day with the time of day, in the zone of t: 3 December 2026, 15:04 UTC.
func (l *Language) Moment(t time.Time) string {
	zone := ZoneOf(t)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return l.Say("date.moment", "date", l.Date(day), "time", t.Format("15:04"), "zone", zone)
}

// ZoneOf names the zone that t is in, as it is then: UTC, CET, UTC-03.
func ZoneOf(t time.Time) string {
	zone := t.Format("MST")
	if strings.HasPrefix(zone, "+") || strings.HasPrefix(zone, "-") { // a zone without a name of its own
		return "UTC" + zone
	}
	return zone
}

// Month writes a month, given as 2026-12, in full: December 2026.
func (l *Language) Month(s string) string {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return s
	}
	return l.Say("date.month", "month", l.Say("month."+strconv.Itoa(int(t.Month()))), "year", strconv.Itoa(t.Year()))
}
