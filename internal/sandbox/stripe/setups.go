package stripe

// A trial charges nothing, so a card whose bank asks for its owner is not asked then. The subscription has a setup
// intent for that instead, as long as it was not confirmed. Once it was, such a card pays by itself, if its bank asks
// only once.

const askedOnceCard = "pm_card_authenticationRequiredOnSetup"

type setupIntent struct {
	ID                 string   `json:"id"`
	Object             string   `json:"object"`
	ClientSecret       string   `json:"client_secret"`
	Created            int64    `json:"created"`
	Customer           string   `json:"customer"`
	Livemode           bool     `json:"livemode"`
	PaymentMethod      string   `json:"payment_method"`
	PaymentMethodTypes []string `json:"payment_method_types"`
	Status             string   `json:"status"`
	Usage              string   `json:"usage"`
}

// asks tells whether the bank of a card wants to hear from its owner.
func (m *method) asks() bool {
	return m != nil && (m.behaves == "pm_card_authenticationRequired" || m.behaves == askedOnceCard)
}

// askLater leaves a setup intent with a subscription whose trial begins, if its card needs one.
func (c *request) askLater(sub *subscription) {
	sub.PendingSetupIntent = nil
	m := c.cardOf(sub)
	if sub.Status != "trialing" || !m.asks() {
		return
	}
	id := newID("seti")
	c.setups.put(id, &setupIntent{
		ID: id, Object: "setup_intent", ClientSecret: id + "_secret_" +
			newID("s")[2:], Created: clip(c.now), Customer: sub.Customer,
		PaymentMethod: m.ID, PaymentMethodTypes: []string{"card"}, Status: "requires_action", Usage: "off_session",
	})
	sub.PendingSetupIntent = &id
}

// confirmSetup is the owner confirming a card before anything is charged, and tells whether the secret is of a setup.
func (c *request) confirmSetup(clientSecret string) bool {
	for _, sub := range c.subscriptions.list {
		if sub.PendingSetupIntent == nil {
			continue
		}
		if si := c.setups.byID[*sub.PendingSetupIntent]; si.ClientSecret == clientSecret {
			si.Status, sub.PendingSetupIntent = "succeeded", nil
			c.methods.byID[si.PaymentMethod].confirm()
			c.emit("customer.subscription.updated", sub)
			return true
		}
	}
	return false
}

// confirmPayment is the owner confirming a payment, which also counts for those to come.
func (c *request) confirmPayment(in *invoice) {
	sub := c.subscriptions.byID[in.subscription()]
	c.cardOf(sub).confirm()
	c.pay(sub, in)
}

// confirm is what the owner's word to the bank changes of a card.
func (m *method) confirm() {
	if m != nil && m.behaves == askedOnceCard {
		m.behaves = "pm_card_visa"
	}
}
