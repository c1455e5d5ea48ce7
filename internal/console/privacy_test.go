package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/repazoo/repazoo/internal/analysis"
)

func TestPrivacy_ShowsWhatWasAgreedToAndTakesItBack(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus).subscribe("basic")
	p.get("/privacy").shows(http.StatusOK,
		"Nothing right now. You are asked before the first analysis").hides("Withdraw and erase")
	at := p.completed()
	p.get("/privacy").shows(http.StatusOK, analysis.ConsentText, "Agreed on")
	p.get(p.post("/privacy/consents/analysis/withdraw", nil).leadsTo()).
		shows(http.StatusOK, "Your consent was withdrawn", "Nothing right now.",
			"Withdrawn earlier").hides("Withdraw and erase")
	p.get("/").shows(http.StatusOK, "I agree. ")
	p.get(at).shows(http.StatusOK, `<h2 id="findings-head">Findings</h2>`)
	p.post("/privacy/consents/analysis/withdraw", nil).shows(http.StatusNotFound, "You have given no consent of this kind")
	p.post("/privacy/consents/nothing/withdraw", nil).shows(http.StatusNotFound, "There is no consent of this kind.")
}

func TestPrivacy_PackageIsAskedForAndLinkedWhenReady(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn(gus)
	page := p.get(p.post("/privacy/export", nil).leadsTo()).shows(http.StatusOK, "Your package is being made.",
		"being made</span>").hides("Download")
	if got := page.header.Get("Refresh"); got != "1; url=/privacy?try=1#export" {
		t.Errorf("Refresh %q", got)
	}
	if got := p.get("/privacy?try=15").shows(http.StatusOK).header.Get("Refresh"); got != "" {
		t.Errorf("it asks for ever: %q", got)
	}
	all := must(p.privacy.Exports(t.Context(), p.me.UserID))(t)
	must(0, p.privacy.MakeExport(t.Context(), all[0].ID))(t)
	page = p.get("/privacy").shows(http.StatusOK, `href="/api/v1/users/me/export/`+all[0].ID+`/package.zip"`, "About ",
		"It can be fetched until 23 Nov 2026")
	if got := page.header.Get("Refresh"); got != "" {
		t.Errorf("Refresh %q of a package that is ready", got)
	}
}

func TestPrivacy_ErasesOnlyWhatWasTypedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.signIn(gus).subscribe("basic"), w.signIn(ada)
	p.get("/privacy").shows(http.StatusOK, "Type @"+gus+" to confirm", "Your plan ends now").hides("<details open>")
	p.post("/privacy/erase", url.Values{"confirm": {ada}}).shows(http.StatusUnprocessableEntity,
		"To erase your account, confirm it by typing", "<details open>")
	if at := p.post("/privacy/erase", url.Values{"confirm": {"@" + gus}}).leadsTo(); at != "/?done=erasing" {
		t.Errorf("it leads to %s", at)
	}
	w.stranger().get("/?done=erasing").shows(http.StatusOK, "Your account is being erased")
	must(0, w.privacy.FinishErase(t.Context(), p.me.UserID))(t)
	p.get("/account").shows(http.StatusNotFound, "This user does not exist any more.")
	other.get("/account").shows(http.StatusOK, "@"+ada)
}
