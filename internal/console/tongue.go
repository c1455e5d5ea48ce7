package console

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/words"
)

// A page is in one language from its first line to its last: the one chosen for the account, or else what the browser
// asks for. Its words stand in the catalogue (package words); components find the language in their context.

// tongue is a language, with how pages write dates, counts and amounts in it.
type tongue struct{ *words.Language }

type tongueKey struct{}

// lang is the language of the page that is being written.
func lang(ctx context.Context) tongue {
	if l, ok := ctx.Value(tongueKey{}).(tongue); ok {
		return l
	}
	return english()
}

func english() tongue { return tongue{words.For(words.English)} }

// tongue is the language of the page. Where the database does not answer, it is that of the browser: the page that says
// so needs one, too.
func (v *visit) tongue() tongue {
	if v.in.Language == nil {
		var chosen account.Preferences
		if v.me.UserID != "" && !v.brief {
			chosen, _ = v.preferences()
		}
		v.in = tongue{words.Choose(v.r.Header.Get("Accept-Language"), chosen.Language)}
	}
	return v.in
}

// spoken tells caches and readers which language a page is in.
func (v *visit) spoken() {
	v.w.Header().Set("Content-Language", v.tongue().Tag)
	v.w.Header().Add("Vary", "Accept-Language")
}

// date writes a day in full: 2 January 2006.
func (l tongue) date(t time.Time) string { return l.Date(civil(t)) }

// moment writes a day and a time of day, shorter: 2 Jan 2006, 15:04 UTC.
func (l tongue) moment(t time.Time) string {
	t = placed(t)
	return l.Say("date.short_moment", "date", l.shortDate(t), "time", t.Format("15:04"), "zone", zoneOf(t))
}

// shortDate writes a day: 2 Jan 2006.
func (l tongue) shortDate(t time.Time) string {
	t = placed(t)
	return l.Say("date.short", "day", strconv.Itoa(t.Day()), "month", l.shortMonth(t), "year", strconv.Itoa(t.Year()))
}

// dayMonth writes a day of a year that is known: 2 Jan.
func (l tongue) dayMonth(t time.Time) string {
	t = placed(t)
	return l.Say("date.day_month", "day", strconv.Itoa(t.Day()), "month", l.shortMonth(t))
}

func (l tongue) shortMonth(t time.Time) string {
	return l.Say("month_short." + strconv.Itoa(int(t.Month())))
}

// civil is the day that t has where it is shown, as Date wants it.
func civil(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := placed(t).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// count writes a whole number: 10,000.
func (l tongue) count(n int) string { return l.Count(int64(n)) }

// number is a small count in words, as sentences have it; one and none are for the sentence to say.
func (l tongue) number(n int) string {
	if n >= 2 && n <= 9 {
		return l.Say("number." + strconv.Itoa(n))
	}
	return l.count(n)
}

// money writes US cents: $9, or $9.50.
func (l tongue) money(cents int) string {
	return l.Dollars(strings.TrimSuffix(plain(int64(cents)), ".00"))
}

// sum writes an amount to the cent: $29.00, or −$4.50 for a credit.
func (l tongue) sum(cents int64, currency string) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	amount := plan.Amount(cents, currency)
	if dollars, ok := strings.CutPrefix(amount, "$"); ok {
		return sign + l.Dollars(dollars)
	}
	digits, code, _ := strings.Cut(amount, " ")
	return sign + l.Digits(digits) + " " + code
}

func (l tongue) usd(cents int) string { return l.sum(int64(cents), "usd") }

func plain(cents int64) string { return strings.TrimPrefix(plan.Amount(cents, "usd"), "$") }

// size writes bytes as people do: 12 kB.
func (l tongue) size(n int64) string {
	switch {
	case n < 1_000:
		return l.Say("size.small")
	case n < 1_000_000:
		return l.Count(n/1_000) + " kB"
	}
	return l.Fixed(float64(n)/1_000_000, 1) + " MB"
}

// tenths is a number of points.
func (l tongue) tenths(v float64) string { return l.Fixed(v, 1) }

// either joins names: a, b or c.
func (l tongue) either(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " " + l.Say("list.or") + " " + names[last]
}

// in is a context whose components are written in this language.
func (l tongue) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, tongueKey{}, l)
}

// rich is a message with a little markup: [words] lead to the next of the links, *words* weigh more, and `words` are
// for programs. What it puts in must hold none of these signs.
func rich(text string, links ...string) templ.Component {
	var b strings.Builder
	for text != "" {
		i := strings.IndexAny(text, "[*`")
		if i < 0 {
			b.WriteString(templ.EscapeString(text))
			break
		}
		b.WriteString(templ.EscapeString(text[:i]))
		sign := text[i]
		inside, rest, closed := strings.Cut(text[i+1:], closing[sign])
		if !closed {
			inside, rest = text[i+1:], ""
		}
		text = rest
		switch {
		case sign == '[' && len(links) > 0:
			b.WriteString(linkTo(links[0], inside))
			links = links[1:]
		case sign == '*':
			b.WriteString("<b>" + templ.EscapeString(inside) + "</b>")
		case sign == '`':
			b.WriteString("<code>" + templ.EscapeString(inside) + "</code>")
		default:
			b.WriteString(templ.EscapeString(inside))
		}
	}
	return templ.Raw(b.String())
}

var closing = map[byte]string{'[': "]", '*': "*", '`': "`"}

// linkTo is a link. One that leads elsewhere tells nobody where it was.
func linkTo(to, text string) string {
	out := `<a href="` + templ.EscapeString(string(templ.URL(to))) + `"`
	if strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "mailto:") {
		out += ` rel="noopener noreferrer"`
	}
	return out + ">" + templ.EscapeString(text) + "</a>"
}
