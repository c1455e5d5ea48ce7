package httpapi

import (
	"github.com/repazoo/repazoo/internal/fault"
)

func exampleXAccount() accountBody {
	return accountBody{
		ID: exampleAccount, XUserID: "1800000000000000001", Handle: exampleHandle, Name: "Gus",
		Scopes: []string{"tweet.read", "users.read", "offline.access"},
		Health: "active", LinkedAt: exampleTime(), LastSyncAt: exampleLater(1), TokenExpiresAt: exampleLater(1),
	}
}

func exampleMe() userBody {
	return userBody{
		ID: exampleUser, Name: "Gus", Role: "user", CreatedAt: exampleTime(), Tier: "basic",
		SubscriptionStatus: "active", Accounts: 1,
	}
}

func accountEntries() map[string]entry {
	linked, lines := accountsOutput{}, auditOutput{}
	linked.Body.Data = []accountBody{exampleXAccount()}
	lines.Body.Data, lines.Body.Total = []lineBody{exampleLine()}, 1
	return map[string]entry{
		"GET /auth/x/status": {text: "Each X account you have linked, and whether Repazoo may still read it. With the " +
			"health reconnect, link it anew by signing in with it.", answered: linked.Body},
		"POST /auth/x/revoke": {
			text: "X is told, and the tokens are wiped whatever it answers. The account's kept posts are erased; reports " +
				"stay.\n\nWhile another account stays linked, this one is released: it signs in as somebody new, and can be " +
				"linked elsewhere. The last linked account is your way in, so it is only emptied; to be rid of it, erase your " +
				"account.",
			sent: map[string]any{"account_id": exampleAccount}, refusals: []*fault.Fault{fault.NotFound},
		},
		"POST /auth/x/refresh/{account_id}": {
			text: "Tokens are renewed by themselves when they are needed; this does it now. Asked for many times at " +
				"once, X is asked once.",
			answered: exampleXAccount(), refusals: []*fault.Fault{fault.XUnavailable},
		},
		"GET /api/v1/users/me": {
			text: "Your name, your role, and the plan that counts now.", answered: exampleMe(),
			refusals: []*fault.Fault{fault.NotFound},
		},
		"PATCH /api/v1/users/me": {
			text: "Only what is sent changes. An address gets a mail with a link, and counts once that was followed.",
			sent: map[string]any{"name": "Gus", "email": "gus@example.com", "language": "de"}, answered: exampleMe(),
			refusals: []*fault.Fault{fault.NotFound, fault.Conflict},
		},
		"GET /api/v1/usage": {
			text: "Analyses and reads from X in this period. What is reserved belongs to analyses that run; it is given back " +
				"when they fail.",
			answered: usageBody{
				Tier: "basic", Status: "active", PeriodStart: new(exampleTime()), PeriodEnd: exampleLater(30),
				Analyses: counter{1000, 12, 1, 987}, XReads: counter{1000, 340, 0, 660},
			},
		},
		"GET /api/v1/audit": {
			text:     "Sign-ins, links, changes of plan, analyses, keys: one line for each, which nobody can change.",
			answered: lines.Body,
		},
	}
}

func exampleLine() lineBody {
	return lineBody{
		ID: exampleID, UserID: new(exampleUser), Actor: "user", Action: "analysis.start", Resource: new(exampleAnalysis),
		IP:        new("192.0.2.7"),
		UserAgent: new("Firefox"), RequestID: new(exampleRequest), Detail: map[string]any{}, CreatedAt: exampleTime(),
	}
}

func privacyEntries() map[string]entry {
	given := consentsOutput{}
	given.Body.Data = []consentBody{{exampleID, "analysis", "2026-11", exampleTime(), nil}}
	waiting := exportBody{ID: exampleID, Status: "queued", CreatedAt: exampleTime()}
	ready := exportBody{
		exampleID, "ready", 48_000, exampleTime(), new(exampleTime()), exampleLater(1),
		new("/api/v1/users/me/export/" + exampleID + "/package.zip"),
	}
	erasing := eraseOutput{}
	erasing.Body.Status, erasing.Body.Detail = "erasing",
		"Your plan and every session have ended, and all that is kept about you is being erased. It takes a few minutes "+
			"at most."
	return map[string]entry{
		"GET /api/v1/consents": {
			text:     "What you agreed to and when, with what you have withdrawn since.",
			answered: given.Body,
		},
		"DELETE /api/v1/consents/{kind}": {
			text: "Withdrawing analysis erases every kept post and ends what runs; withdrawing retention erases uploaded " +
				"archives. Reports stay, until you delete them.",
			refusals: []*fault.Fault{fault.NotFound},
		},
		"POST /api/v1/users/me/export": {
			text: "It is made in the background. Look at its Location until it is ready; then its link is good for a " +
				"day. Three can be asked for in a day, and each fetched ten times.",
			answered: waiting,
		},
		"GET /api/v1/users/me/export/{id}": {text: "Once it is ready it has a link.", answered: ready},
		"GET /api/v1/users/me/export/{id}/package.zip": {
			text: "One zip with everything that is kept about you, as JSON and CSV. It is made as it is sent; when it " +
				"cannot be finished the connection breaks.",
			media: "application/zip", refusals: []*fault.Fault{fault.Conflict},
		},
		"DELETE /api/v1/users/me": {
			text: "Your plan ends at once and without a refund, every session ends, X is told, and everything about you is " +
				"erased within minutes. It cannot be undone: confirm it with the handle of an account you linked.",
			sent: map[string]any{"confirm": exampleHandle}, answered: erasing.Body,
			refusals: []*fault.Fault{fault.Conflict, fault.PaymentProviderError},
		},
	}
}
