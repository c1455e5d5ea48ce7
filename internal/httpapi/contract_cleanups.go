package httpapi

import (
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/cleanup"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/removal"
)

func exampleCleanup(state removal.State) cleanup.Cleanup {
	c := cleanup.Cleanup{
		ID: exampleID, AccountID: exampleAccount, AnalysisID: new(exampleAnalysis), Handle: exampleHandle, State: state,
		Before: new(77.0), After: new(77.0), CreatedAt: exampleTime(), ExpiresAt: *exampleLater(7),
	}
	if state == removal.Draft {
		return c
	}
	c.FrozenAt, c.BackupAt = new(exampleTime()), new(exampleTime())
	if state == removal.Frozen {
		return c
	}
	c.ConsentAt, c.StartedAt, c.After = new(exampleTime()), new(exampleTime()), new(46.0)
	switch state {
	case removal.Running:
		c.WaitingFor, c.WaitUntil = cleanup.WaitsForPace, new(exampleTime().Add(15*time.Minute))
	case removal.Done, removal.Ended:
		c.FinishedAt = new(exampleTime())
	}
	return c
}

func exampleCleanupWhole() cleanupWhole {
	text := "That referee is a complete idiot, as always"
	f := exampleFindings()[0]
	return newCleanupWhole(exampleCleanup(removal.Frozen), []cleanup.Item{{Post: removal.Post{
		ID: f.PostID, PostedAt: f.PostedAt, URL: f.URL, Text: text, Hash: removal.Hash(text), Whole: true, Likes: 2,
		Replies: 1,
		Findings: []removal.PostFinding{{
			ID: f.ID, Category: string(f.Category), Severity: string(f.Severity), Quote: f.Quote, QuoteStart: f.QuoteStart,
			QuoteEnd: f.QuoteEnd, Reason: f.Reason, Points: f.Points,
		}},
	}}}, cleanup.Effect{
		Posts: 1, Likes: 2, Replies: 1, Until: exampleTime().Add(time.Second), Took: time.Second, MicroUSD: 10_000,
		Score: assess.Standing{Score: 46, Level: assess.Medium}, Known: true,
	}, false, []string{"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="})
}

func (a *API) cleanupEntries() map[string]entry {
	const at = "/api/v1/cleanups/{id}"
	list := cleanupsOutput{}
	list.Body.Data = []CleanupBody{newCleanupBody(exampleCleanup(removal.Done))}
	body := func(s removal.State) CleanupBody { return newCleanupBody(exampleCleanup(s)) }
	conflict := []*fault.Fault{fault.Conflict}
	asksX := []*fault.Fault{fault.Conflict, fault.SubscriptionRequired, fault.XBudgetExceeded, fault.XUnavailable}
	paused := exampleCleanup(removal.Paused)
	return map[string]entry{
		"POST /api/v1/cleanups": {
			text: "A draft of the posts that findings stand in, the heaviest first. X is not asked, and nothing is deleted. " +
				"An account has one open clean-up at a time.",
			sent:     map[string]any{"analysis_id": exampleAnalysis, "findings": []string{exampleFinding}},
			answered: body(removal.Draft),
			refusals: []*fault.Fault{fault.Conflict, fault.NotFound},
		},
		"GET /api/v1/cleanups": {text: "At most 100.", answered: list.Body},
		"GET " + at: {text: "How far it is, what is left to be done and what that changes, and what became of " +
			"each post.", answered: exampleCleanupWhole()},
		"PATCH " + at: {
			text: "Posts are taken out before the deletion begins. Ticks are for those who delete by hand; nothing is " +
				"believed before check.",
			sent: map[string]any{"remove": []string{"1800000000000000042"}}, answered: body(removal.Draft), refusals: conflict,
		},
		"POST " + at + "/dry-run": {
			text: "Every post is looked up at X, which takes reads of your plan. What X shows is frozen and signed: nothing " +
				"else is deleted later. Nothing is deleted now.",
			answered: body(removal.Frozen), refusals: asksX,
		},
		"POST " + at + "/backup": {
			text: "The text, dates and findings of every post are kept, sealed, until expires_at. Nothing is deleted " +
				"before this was done.",
			answered: body(removal.Frozen), refusals: conflict,
		},
		"GET " + at + "/backup.zip": {
			text:  "posts.json for programs and posts.txt for people. Pictures and videos are not in it.",
			media: "application/zip", refusals: conflict,
		},
		"DELETE " + at + "/backup": {text: "Of a clean-up that is over. The receipt stays.", refusals: conflict},
		"POST " + at + "/leave": {
			text: "It needs a sign-in of the last 15 minutes, in the session that asks. Open authorization_url in a browser " +
				"that keeps the cookie of this answer. The leave is given back to X when the clean-up ends or stops.",
			sent: map[string]any{"consent": true},
			answered: loginBody{
				"https://x.com/i/oauth2/authorize?response_type=code", "kq3Gm0mB6yXv4o2cFf1n8rT5sWj7dLh9pZaQeUiOtYk", exampleTime(),
			},
			refusals: []*fault.Fault{fault.Conflict, fault.SignInAgain},
		},
		"GET /auth/x/leave": {
			text: "A browser is sent to X, and from there back to the page of the clean-up. Agree first. A program that " +
				"accepts application/json gets the address in the answer instead.",
			answered: loginBody{
				"https://x.com/i/oauth2/authorize?response_type=code&state=the-state", "the-state",
				exampleTime(),
			},
			also:     toBrowser("X's page, on which you give the leave or do not."),
			refusals: []*fault.Fault{fault.Conflict, fault.NotFound, fault.SignInAgain},
		},
		"POST " + at + "/start": {
			text: "Each post is looked up once more before it goes. At most 50 are deleted in 15 minutes, and so many in a " +
				"day as this server allows; it goes on by itself.",
			answered: body(removal.Running), refusals: conflict,
		},
		"POST " + at + "/pause": {
			text:     "A deletion that is under way still gets its answer.",
			answered: newCleanupBody(paused), refusals: conflict,
		},
		"POST " + at + "/check": {
			text: "What X shows no more counts no more in your reports. It takes a read of your plan for each post that " +
				"still stands.",
			answered: body(removal.Draft), refusals: asksX,
		},
		"POST " + at + "/end": {
			text: "The leave to delete is given back.", answered: body(removal.Ended),
			refusals: conflict,
		},
		"GET " + at + "/receipt.json": {
			text: "What became of each post, with the hash of its text and the times, signed with Ed25519 over the same " +
				"document with an empty signature, as compact JSON.",
			media: "application/json", schema: a.huma.OpenAPI().Components.Schemas.Schema(typeOf[removal.Receipt](), true, ""),
			answered: exampleReceipt(), refusals: conflict,
		},
	}
}

func exampleReceipt() removal.Receipt {
	return removal.Receipt{
		Format: removal.ReceiptFormat, ID: exampleID, Account: "1800000000000000001", Handle: exampleHandle,
		Began: new(exampleTime()),
		Ended: exampleTime(), Consent: cleanup.ConsentVersion, Before: new(77.0), After: new(46.0),
		Counts: map[string]int{"deleted": 1},
		Posts: []removal.ReceiptPost{{
			ID: "1800000000000000042", Hash: removal.Hash("That referee is a complete idiot, as always"),
			Outcome: removal.Deleted,
			AskedAt: new(exampleTime()), At: new(exampleTime()),
		}},
		Key: "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", Signature: "c2lnbmF0dXJl",
	}
}
