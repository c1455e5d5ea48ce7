package console

import (
	"strings"

	"github.com/repazoo/repazoo/internal/audit"
)

// eventWords tell what happened, to the person whose data it was. What a line adds to its sentence follows it. An
// action of a newer version is at least spelled out.
func eventWords(l tongue, line audit.Line) string {
	key := "event." + string(line.Action)
	kind, _ := line.Detail["kind"].(string)
	hint, _ := line.Detail["hint"].(string)
	switch line.Action {
	case audit.ConsentGiven, audit.ConsentWithdrawn:
		return l.Say(key, "what", consentTitle(l, kind))
	case audit.APIKeyCreated, audit.APIKeyRotated, audit.APIKeyRevoked:
		return l.Say(key, "what", hint)
	case audit.UserRoleSet:
		if line.Detail["role"] == "admin" {
			return l.Say("event.admin")
		}
	case audit.PaymentDispute:
		switch line.Detail["status"] {
		case "won":
			return l.Say("event.dispute.won")
		case "lost":
			return l.Say("event.dispute.lost")
		}
	}
	if !l.Has(key) {
		return capital(strings.NewReplacer(".", " ", "_", " ").Replace(string(line.Action)))
	}
	return l.Say(key)
}
