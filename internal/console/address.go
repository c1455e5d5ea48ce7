package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/review"
)

// address is what the page of a report was asked for. It stands in the query, and every link
// and form that leads back to the page carries it on, so that nothing is lost by an action.
type address struct {
	review.Query
	Lens   assess.Purpose
	Page   int      // from 1
	Chosen []string // findings that the score is told without

	path string
	own  assess.Purpose // what the report was made for; not in the query
}

// anyState is the query's word for findings of both states, as those that count are the usual ones.
const anyState = "all"

// maxSearch bounds what is searched for.
const maxSearch = 200

// readAddress reads a query. A value that there is not counts as not given.
func readAddress(path string, q url.Values, own assess.Purpose) address {
	a := address{path: path, own: own, Lens: own, Page: 1}
	a.Lens = oneOf(q.Get("purpose"), assess.Purposes[:], own)
	a.Text = strings.ToValidUTF8(q.Get("q")[:min(len(q.Get("q")), maxSearch)], "")
	a.Severity = oneOf(q.Get("severity"), severities[:], "")
	a.Category = oneOf(q.Get("category"), assess.Categories[:], "")
	a.Source = oneOf(q.Get("source"), review.Sources[:], "")
	if year, err := strconv.Atoi(q.Get("year")); err == nil && year > 0 {
		a.Year = year
	}
	a.State = oneOf(q.Get("state"), []review.State{review.Dismissed, anyState}, review.Open)
	if a.State == anyState {
		a.State = ""
	}
	if page, err := strconv.Atoi(q.Get("page")); err == nil {
		a.Page = max(1, page)
	}
	a.Chosen = q["chosen"][:min(len(q["chosen"]), analysis.MaxDismiss)]
	return a
}

// severities are in the order in which they are shown.
var severities = [...]assess.Severity{assess.Critical, assess.High, assess.Medium, assess.Low}

// oneOf is the value that a text names, or another.
func oneOf[T ~string](s string, all []T, otherwise T) T {
	if slices.Contains(all, T(s)) {
		return T(s)
	}
	return otherwise
}

// values is the query again, without what is usual.
func (a address) values() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	if a.Lens != a.own {
		set("purpose", string(a.Lens))
	}
	set("q", a.Text)
	set("severity", string(a.Severity))
	set("category", string(a.Category))
	set("source", string(a.Source))
	if a.Year != 0 {
		set("year", strconv.Itoa(a.Year))
	}
	if a.State != review.Open {
		set("state", cmp.Or(string(a.State), anyState))
	}
	if a.Page > 1 {
		set("page", strconv.Itoa(a.Page))
	}
	if len(a.Chosen) > 0 {
		q["chosen"] = a.Chosen
	}
	return q
}

// String is the address itself.
func (a address) String() string { return a.to("") }

func (a address) to(part string) string {
	if q := a.values().Encode(); q != "" {
		return a.path + "?" + q + part
	}
	return a.path + part
}

// findings is where the list of findings is.
func (a address) findings() string { return a.to("#findings") }

// form is where the form of the findings is posted to.
func (a address) form() string {
	a.path += "/findings"
	a.Chosen = nil
	return a.String()
}

// tick is where the ticks of what to do are sent.
func (a address) tick() string {
	a.path += "/steps"
	return a.String()
}

// forLens is the same page for another purpose.
func (a address) forLens(p assess.Purpose) string {
	a.Lens = p
	return a.String()
}

func (a address) turn(page int) string {
	a.Page = page
	return a.findings()
}

func (a address) withSeverity(s assess.Severity) string {
	a.Severity, a.Page = s, 1
	return a.findings()
}

// onlyCategory and onlyYear lead from the charts to what they are made of.
func (a address) onlyCategory(c assess.Category) string {
	return a.only(review.Query{Category: c, State: review.Open})
}

func (a address) onlyYear(year int) string {
	return a.only(review.Query{Year: year, State: review.Open})
}

func (a address) only(q review.Query) string {
	a.Query, a.Page, a.Chosen = q, 1, nil
	return a.findings()
}

// cleared is the page with all findings that count.
func (a address) cleared() string { return a.only(review.Query{State: review.Open}) }

// find is one finding among all that count, on its page.
func (a address) find(id string, page int) string {
	a.Query, a.Page, a.Chosen = review.Query{State: review.Open}, page, nil
	return a.to("#f-" + id)
}

// choosing is the page with the score told without these findings.
func (a address) choosing(ids []string) string {
	a.Chosen = ids
	return a.String()
}

// narrowed tells whether anything but the usual is asked for.
func (a address) narrowed() bool { return a.Query != review.Query{State: review.Open} }

// download is the report as a file, for the same purpose.
func (a address) download(id, format string) string {
	to := "/api/v1/analyses/" + id + "/report." + format
	if a.Lens != a.own {
		to += "?" + url.Values{"purpose": {string(a.Lens)}}.Encode()
	}
	return to
}

// masked is the same for somebody else.
func (a address) masked(id, format string) string {
	q := url.Values{"mask": {"true"}}
	if a.Lens != a.own {
		q.Set("purpose", string(a.Lens))
	}
	return "/api/v1/analyses/" + id + "/report." + format + "?" + q.Encode()
}

// carried are the fields of a form that is sent by GET, besides those that it asks for itself.
func (a address) carried(but ...string) []field {
	var all []field
	for name, values := range a.values() {
		if !slices.Contains(but, name) {
			for _, value := range values {
				all = append(all, field{name, value})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b field) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

type field struct{ Name, Value string }
