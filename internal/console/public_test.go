package console_test

import (
	"bytes"
	"image/png"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/console"
	"github.com/repazoo/repazoo/internal/sample"
)

func TestPublicPages_AreThereForStrangersAndSayWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, title := range map[string]string{
		"/": "See what your posts say about you", "/sample": "A sample report", "/help": "Questions people ask",
		"/privacy-policy": "Privacy",
		"/terms":          "Terms", "/security": "Security", "/contact": "Contact",
	} {
		w.stranger().get(path).shows(http.StatusOK, "<title>"+title+" · Repazoo</title>",
			`<link rel="canonical" href="`+home+path+`">`, `<meta property="og:title" content="`+title+`">`,
			`<meta name="description" content="`,
			`<meta property="og:image" content="`+home+`/assets/card.png?v=`).hides("noindex", "<script")
	}
	w.stranger().get("/email/confirm?token=x").shows(http.StatusOK,
		`<meta name="robots" content="noindex">`).hides("og:")
}

// A page that is the same for all strangers is sent once; what belongs to somebody is kept nowhere.
func TestPublicPages_AreKeptByStrangersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/sample?purpose=academic", "/help", "/robots.txt", "/favicon.ico"} {
		first := w.stranger().get(path).shows(http.StatusOK)
		tag := first.header.Get("ETag")
		if again := w.stranger().with("If-None-Match", tag, path); tag == "" ||
			again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("%s: tag %q, then %d with %d bytes", path, tag, again.status, len(again.body))
		}
	}
	if got := w.stranger().get("/").header; got.Get("Cache-Control") != "no-cache" || got.Get("Vary") != "Cookie" {
		t.Errorf("a stranger's front page: %v", got)
	}
	for name, page := range map[string]seen{
		"a member's": w.signIn(ada).get("/help"), "a member's sample": w.signIn(ada).get("/sample"),
		"an answer to a sign-in": w.stranger().get("/?error=forbidden"),
		"the end of a session":   w.stranger().get("/?done=signed-out"),
	} {
		if page.header.Get("Cache-Control") != "no-store" || page.header.Get("ETag") != "" {
			t.Errorf("%s page is kept: %v", name, page.header)
		}
	}
}

func TestSample_IsARealReportThatNothingCanBeDoneTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := must(sample.Report())(t)
	page := w.stranger().get("/sample").shows(http.StatusOK, "This is a sample", "@"+sample.Handle, "What to do",
		"Risk by year", "Receipt")
	page.hides(`method="post"`, "x.com/", "/api/v1/", "Download", ">Dismiss<", "Delete this report")
	for _, f := range r.Findings {
		page.shows(http.StatusOK, "<mark>"+f.Quote+"</mark>")
	}
	w.stranger().get("/sample?purpose=visa_application&severity=high").shows(http.StatusOK, "visa application", "Clear")
	w.stranger().get("/sample?chosen="+r.Findings[0].ID).shows(http.StatusOK, "1 finding chosen.")
	front := w.stranger().get("/").shows(http.StatusOK, `href="/sample"`, "an invented account")
	front.shows(http.StatusOK, "<mark>"+r.Findings[0].Quote+"</mark>")
}

func TestFront_ShowsWhatTheModelWouldSee(t *testing.T) {
	t.Parallel()
	newWorld(t).stranger().get("/").shows(http.StatusOK, "Lunch with @mira_holt at 14 Quayside Terrace",
		"Lunch with @person1 at [address1], call [phone1]",
		"<title id=\"flow-lying\">X holds your posts", "names hidden").hides("claude-")
}

// Robots are kept from whatever a stranger is asked to sign in for, and from nothing that is public.
func TestRobots_StayOutOfWhatIsSomebodysOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := w.stranger().get("/robots.txt").shows(http.StatusOK, "User-agent: *", "Disallow: /shared/",
		"Disallow: /api/", "Sitemap: "+home+"/sitemap.xml").body
	allowed := func(path string) bool { // the longest rule that fits counts (RFC 9309)
		longest, may := 0, true
		for _, rule := range regexp.MustCompile(`(?m)^(Allow|Disallow): (.+)$`).FindAllStringSubmatch(rules, -1) {
			if strings.HasPrefix(path, rule[2]) && len(rule[2]) > longest {
				longest, may = len(rule[2]), rule[1] == "Allow"
			}
		}
		return may
	}
	for pattern := range w.routes {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{id}", "1", "{file}", "console.css", "{$}", "").Replace(path)
		if method != http.MethodGet || strings.HasPrefix(path, "/email/") || strings.HasPrefix(path, "/shared/") {
			continue // links that are somebody's own: a stranger may come and robots may not
		}
		answer := w.stranger().get(path)
		if public := answer.status != http.StatusSeeOther; public != allowed(path) {
			t.Errorf("%s: public is %v, and robots may come is %v", path, public, allowed(path))
		}
	}
	sitemap := w.stranger().get("/sitemap.xml").shows(http.StatusOK, "<loc>"+home+"/</loc>",
		"<loc>"+home+"/sample</loc>").body
	for _, at := range regexp.MustCompile(`<loc>([^<]+)</loc>`).FindAllStringSubmatch(sitemap, -1) {
		w.stranger().get(strings.TrimPrefix(at[1], home)).shows(http.StatusOK)
	}
}

func TestSecurityText_CountsFromTheDayItIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := w.stranger().get("/.well-known/security.txt").shows(http.StatusOK, "Contact: mailto:help@example.com\n",
		"Canonical: "+home+"/.well-known/security.txt\n").body
	expires := must(time.Parse(time.RFC3339, regexp.MustCompile(`(?m)^Expires: (.+)$`).FindStringSubmatch(text)[1]))(t)
	if left := expires.Sub(w.db.Now()); left < 179*24*time.Hour || left > 180*24*time.Hour {
		t.Errorf("it is good for %s", left)
	}
	w.site(func(s *console.Site) { s.Security = "https://example.com/weakness" })
	w.stranger().get("/.well-known/security.txt").shows(http.StatusOK, "Contact: https://example.com/weakness\n")
	w.stranger().get("/security").shows(http.StatusOK, `href="https://example.com/weakness"`)
}

func TestContact_SaysSoWhereNobodyCanBeReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stranger().get("/contact").shows(http.StatusOK, "run by Example Ltd, Harbour Street 1.",
		`href="mailto:help@example.com"`)
	w.site(func(s *console.Site) { s.Contact, s.Operator = "", "" })
	w.stranger().get("/contact").shows(http.StatusOK, "has not given their name", "They have given no address to "+
		"write to.").hides("mailto:")
	w.stranger().get("/security").shows(http.StatusOK, "has given no address for it")
	w.stranger().get("/.well-known/security.txt").shows(http.StatusNotFound)
}

func TestTerms_AreTheOperatorsOwnWhereThereAreAny(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stranger().get("/terms").shows(http.StatusOK, "Deleting at X", "Basic is $9 a month.")
	w.site(func(s *console.Site) { s.Terms = "# Our rules\r\n\r\nBe kind.\nAnd <b>honest</b>.\n\n\n#\n" })
	w.stranger().get("/terms").shows(http.StatusOK, "<h2>Our rules</h2>", "Be kind.\nAnd "+
		"&lt;b&gt;honest&lt;/b&gt;.").hides("Deleting at X", "<h2></h2>")
}

// The numbers in the answers are those of the configuration.
func TestHelp_AnswersTwelveQuestionsWithTheNumbersThatHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.stranger().get("/help").shows(http.StatusOK, "for at most 30 days", "and 90 days after it",
		"the plan stays open for 3 days",
		"At least 10 in your own words", "the newest 3,200 posts", "fetched for 24 hours", "Basic is $9 a month. "+
			"Pro is $29 a month.")
	if n := strings.Count(page.body, "<h2 id="); n != 12 {
		t.Errorf("%d questions", n)
	}
	w.site(func(s *console.Site) { s.PostDays, s.ReportDays, s.Judged, s.Free = 7, 365, false, true })
	w.stranger().get("/help").shows(http.StatusOK, "for at most 7 days", "until you delete them", "Nothing here: "+
		"billing is switched off.").hides("Anthropic", "$9")
	w.stranger().get("/").shows(http.StatusOK, "everything is included", "after 7 days").hides("Anthropic",
		"[phone1]", "$9")
	w.stranger().get("/privacy-policy").shows(http.StatusOK, "the first part of the network address",
		"the language that your browser asked for",
		"until 30 days after the link has ended", "Visitors of other pages are not counted.").
		hides("or counts its visitors")
	w.stranger().get("/privacy-policy").shows(http.StatusOK, "No language model.").hides("Anthropic", "Stripe")
}

// The picture of links shows what the sample says today.
func TestCard_ShowsTheSample(t *testing.T) {
	t.Parallel()
	source := string(must(os.ReadFile("testdata/card.html"))(t))
	r := must(sample.Report())(t)
	for _, f := range r.Findings[:3] {
		if !strings.Contains(source, "<mark>"+f.Quote+"</mark>") {
			t.Errorf("the picture does not quote %q", f.Quote)
		}
	}
	if !strings.Contains(source, `<p class="score">83 <b>High risk</b>`) || int(r.Score+.5) != 83 {
		t.Errorf("the score is %.1f", r.Score)
	}
	config := must(png.DecodeConfig(bytes.NewReader(must(os.ReadFile("assets/card.png"))(t))))(t)
	if config.Width != 1200 || config.Height != 630 {
		t.Errorf("the picture is %d by %d", config.Width, config.Height)
	}
}
