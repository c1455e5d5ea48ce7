package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

var nameOfForm = regexp.MustCompile(`name="once" value="([A-Z0-9]+)"`)

// once is how a page names the form that starts something.
func (p *person) once(path string) string {
	p.t.Helper()
	found := nameOfForm.FindStringSubmatch(p.get(path).body)
	if found == nil {
		p.t.Fatalf("the form on %s has no name", path)
	}
	return found[1]
}

// "Send it again" behind a 503 sends the same form: whether or not the first try went through, one analysis is started.
func TestStart_AFormThatIsSentAgainStartsOneAnalysis(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada).subscribe("basic")
	form := url.Values{"once": {p.once("/")}, "source": {p.account}, "purpose": {"job_search"}, "consent": {"yes"}}
	first := p.post("/analyses", form).leadsTo()
	if again := p.post("/analyses", form).leadsTo(); again != first {
		t.Errorf("sent again, the form started %s beside %s", again, first)
	}
	p.get("/").shows(http.StatusOK, "0 of 1,000 used, 1 running")
	form.Set("purpose", "academic") // back, and another choice
	other := p.post("/analyses", form).leadsTo()
	if other == first {
		t.Error("another choice started nothing")
	}
	p.post(first+"/cancel", nil)
	if fresh := p.once(first); fresh == form.Get("once") {
		t.Error("the form to start again has the name of the first one")
	}
}

// A form that was refused is shown with the name it was sent with.
func TestStart_AFormThatWasRefusedKeepsItsName(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(ada)
	name := p.once("/")
	p.post("/analyses", url.Values{"once": {name}, "source": {p.account}}).
		shows(http.StatusUnprocessableEntity, `name="once" value="`+name+`"`)
}
