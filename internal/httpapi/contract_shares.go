package httpapi

import (
	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/fault"
	"github.com/repazoo/repazoo/internal/share"
)

func exampleShare() share.Share {
	return share.Share{
		ID: exampleID, AnalysisID: exampleAnalysis, Purpose: assess.JobSearch, Sections: share.DefaultSections(),
		Note:      "My coach",
		CreatedAt: exampleTime(), ExpiresAt: *exampleLater(7), Opened: 1, LastOpenedAt: new(exampleTime()),
	}
}

func (a *API) shareEntries() map[string]entry {
	body := newShareBody(exampleShare(), exampleTime())
	list := sharesOutput{}
	list.Body.Data = []ShareBody{body}
	fresh := body
	fresh.Opened, fresh.LastOpened = 0, nil
	return map[string]entry{
		"POST /api/v1/analyses/{id}/shares": {
			text: "Whoever has the link reads the report without an account, masked: handles, names, numbers, addresses and " +
				"links in posts are replaced, and nothing leads to the account or its posts. It ends by its time, when it is " +
				"revoked, and with the report. At most 20 links are open at a time. X can be searched for the words of a post, " +
				"so quotes are shown only if asked for.",
			sent: map[string]any{
				"sections":         []string{"score", "steps", "findings", "charts", "coverage"},
				"expires_in_hours": 168, "note": "My coach",
			},
			answered: madeShareBody{fresh, "https://api.repazoo.com/shared/JBSWY3DPEHPK3PXPJBSWY3DPEH"},
			refusals: []*fault.Fault{fault.Conflict},
		},
		"GET /api/v1/analyses/{id}/shares": {
			text:     "With those that ended in the last 30 days, without their addresses.",
			answered: list.Body,
		},
		"GET /api/v1/shares/{id}": {
			text: "Opening a link takes a click on its page, so that programs which look at links in messages are not " +
				"counted.",
			answered: shareWhole{body, []viewBody{{exampleTime(), "203.0.0.0/16", "Firefox on Linux"}}},
		},
		"DELETE /api/v1/shares/{id}": {text: "It opens no more from this moment on. One that has ended stays as it is."},
	}
}
