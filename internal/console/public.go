package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/analysis"
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/plan"
	"github.com/repazoo/repazoo/internal/sample"
)

// The pages that need no account. To a stranger each is the same as to any other, so browsers and caches may keep
// it and
// ask whether it has changed; somebody who is signed in sees their own way around on top and gets it anew.

type publicView struct {
	page
	Site  Site
	Plans []plan.Tier
}

// about makes the page of a public address.
func (c *Console) about(v *visit, path, title, words string) publicView {
	p := publicView{page: c.page(v, title), Site: c.Site}
	p.Public, p.Path, p.Words = true, path, words
	if !c.Site.Free {
		p.Plans = c.Billing.Plans()
	}
	v.same = true
	return p
}

func (c *Console) publicRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /sample":         c.open(c.showSample),
		"GET /help":           c.open(c.showHelp),
		"GET /privacy-policy": c.open(c.showPolicy),
		"GET /terms":          c.open(c.showTerms),
		"GET /security":       c.open(c.showSecurity),
		"GET /contact":        c.open(c.showContact),
	}
}

func (c *Console) showHelp(v *visit) error {
	return c.ok(v, helpPage(c.about(v, "/help", v.tongue().Say("help.title"), v.tongue().Say("help.about"))))
}

func (c *Console) showPolicy(v *visit) error {
	return c.ok(v, policyPage(c.about(v, "/privacy-policy", v.tongue().Say("frame.privacy"),
		v.tongue().Say("policy.about"))))
}

func (c *Console) showTerms(v *visit) error {
	return c.ok(v, termsPage(c.about(v, "/terms", v.tongue().Say("terms.title"), v.tongue().Say("terms.about"))))
}

func (c *Console) showSecurity(v *visit) error {
	return c.ok(v, securityPage(c.about(v, "/security", v.tongue().Say("security.title"),
		v.tongue().Say("security.about"))))
}

func (c *Console) showContact(v *visit) error {
	return c.ok(v, contactPage(c.about(v, "/contact", v.tongue().Say("contact.title"), v.tongue().Say("contact.about"))))
}

// showSample is the report of an invented person, with the components of everybody's own.
func (c *Console) showSample(v *visit) error {
	view, err := sampleView(v.tongue(), readAddress("/sample", v.r.URL.Query(), sample.Purpose))
	if err != nil {
		return err
	}
	p := c.about(v, "/sample", v.tongue().Say("sample.title"), v.tongue().Say("sample.about"))
	view.page = p.page
	view.Sheet = true
	return c.ok(v, reportPage(view))
}

func sampleView(l tongue, at address) (reportView, error) {
	whole, err := sample.Report()
	if err != nil {
		return reportView{}, err
	}
	r, err := whole.Through(assess.Lens{Purpose: at.Lens, Language: l.Tag})
	if err != nil {
		return reportView{}, err
	}
	view := reportView{R: r, At: at, Sample: true, Analysis: analysis.Analysis{
		Handle:  sample.Handle,
		Purpose: sample.Purpose,
	}}
	view.gather()
	return view, nil
}

// serveTagged answers with a body that is known by its hash, or with 304 to whoever has it. The tag is a weak one
// because
// the answer may be compressed on its way.
func serveTagged(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	w.Header().Set("ETag", `W/"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// paragraph is a piece of the operator's terms.
type paragraph struct {
	Heading bool
	Words   string
}

// paragraphs reads plain text: an empty line ends a paragraph, and one that begins with # is a heading.
func paragraphs(text string) []paragraph {
	var all []paragraph
	for piece := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		piece = strings.TrimSpace(piece)
		words, heading := strings.CutPrefix(piece, "#")
		if words = strings.TrimSpace(strings.TrimLeft(words, "#")); words != "" {
			all = append(all, paragraph{heading, words})
		}
	}
	return all
}
