package stripe

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// How long the state file remembers what the real Stripe forgets too.
const (
	eventsLive   = 30 * 24 * time.Hour // as GET /v1/events reaches back
	sessionsLive = 30 * 24 * time.Hour // after they ended
	webhooksLive = 3 * 24 * time.Hour  // undelivered
)

// state is what the stand-in of Stripe keeps across a restart: its objects as they travel, each with what does not.
type state struct {
	Customers     []*customer            `json:"customers"`
	Methods       []methodState          `json:"methods"`
	Subscriptions []*subscription        `json:"subscriptions"`
	Invoices      []invoiceState         `json:"invoices"`
	Sessions      []sessionState         `json:"sessions"`
	Schedules     []*schedule            `json:"schedules"`
	Portals       []*portal              `json:"portals"`
	Charges       []*charge              `json:"charges"`
	Refunds       []*refund              `json:"refunds"`
	Disputes      []*dispute             `json:"disputes"`
	SetupIntents  []*setupIntent         `json:"setup_intents"`
	AfterRetries  string                 `json:"after_retries"`
	Catalog       catalogState           `json:"catalog"`
	Discounts     discountsState         `json:"discounts"`
	TrialsTold    map[string]int64       `json:"trials_told"`
	Events        []eventState           `json:"events"`
	Answers       map[string]answerState `json:"answers"` // by Idempotency-Key
}

type methodState struct {
	method
	Behaves string `json:"behaves"`
}

type invoiceState struct {
	invoice
	Secret  string `json:"secret"`
	Refused string `json:"refused,omitempty"`
}

type sessionState struct {
	session
	Price                *price            `json:"price"`
	SubscriptionMetadata map[string]string `json:"subscription_metadata"`
	Terms                sessionTerms      `json:"terms"`
}

type eventState struct {
	event
	Owed []string `json:"owed_at,omitempty"`
}

type answerState struct {
	Request [32]byte  `json:"request"`
	At      time.Time `json:"at"`
	Status  int       `json:"status"`
	Body    []byte    `json:"body"`
}

// encode holds c.mu throughout, since objects change in place.
func (c *Server) encode(now time.Time) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := state{
		Customers: c.customers.list, Subscriptions: c.subscriptions.list, Schedules: c.schedules.list,
		Portals: c.portals.list,
		Charges: c.charges.list, Refunds: c.refunds.list, Disputes: c.disputes.list, SetupIntents: c.setups.list,
		AfterRetries: c.afterRetries,
		Events:       c.recentEvents(now), Catalog: c.encodeCatalog(), Answers: map[string]answerState{},
		Discounts: c.discounts.encode(), TrialsTold: c.trialsTold,
	}
	for _, m := range c.methods.list {
		st.Methods = append(st.Methods, methodState{*m, m.behaves})
	}
	for _, in := range c.invoices.list {
		st.Invoices = append(st.Invoices, invoiceState{*in, in.secret, in.refused})
	}
	for _, cs := range c.sessions.list {
		if cs.Status == "open" || now.Sub(time.Unix(cs.ExpiresAt, 0)) < sessionsLive {
			st.Sessions = append(st.Sessions, sessionState{*cs, cs.price, cs.metadata, cs.terms})
		}
	}
	for key, a := range c.answers {
		if now.Sub(a.at) < answersLive {
			st.Answers[key] = answerState{a.request, a.at, a.status, a.body}
		}
	}
	return json.Marshal(st)
}

func (c *Server) recentEvents(now time.Time) []eventState {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	var recent []eventState
	for _, e := range c.events.list {
		if age := now.Sub(time.Unix(e.Created, 0)); age < eventsLive {
			st := eventState{event: *e}
			if age < webhooksLive {
				st.Owed = slices.Clone(e.owed)
			}
			recent = append(recent, st)
		}
	}
	return recent
}

// restore continues from what encode wrote. Webhooks that are still owed wait for DeliverTo.
func (c *Server) restore(raw []byte) error {
	var st state
	if err := json.Unmarshal(raw, &st); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cu := range st.Customers {
		c.customers.put(cu.ID, cu)
	}
	for _, sub := range st.Subscriptions {
		c.subscriptions.put(sub.ID, sub)
	}
	for _, sched := range st.Schedules {
		c.schedules.put(sched.ID, sched)
	}
	for _, portal := range st.Portals {
		c.portals.put(portal.ID, portal)
	}
	for _, m := range st.Methods {
		m.behaves = m.Behaves
		c.methods.put(m.ID, &m.method)
	}
	for _, in := range st.Invoices {
		in.secret, in.refused = in.Secret, in.Refused
		c.invoices.put(in.ID, &in.invoice)
	}
	for _, cs := range st.Sessions {
		cs.price, cs.metadata, cs.terms = cs.Price, cs.SubscriptionMetadata, cs.Terms
		c.sessions.put(cs.ID, &cs.session)
	}
	for key, a := range st.Answers {
		c.answers[key] = answer{a.Request, a.At, a.Status, a.Body}
	}
	c.restoreCatalog(st.Catalog)
	c.restoreMoney(st)
	c.discounts.restore(st.Discounts)
	maps.Copy(c.trialsTold, st.TrialsTold)
	c.restoreEvents(st.Events)
	return nil
}

func (c *Server) restoreEvents(events []eventState) {
	c.outbox.mu.Lock()
	defer c.outbox.mu.Unlock()
	for _, e := range events {
		e.owed = e.Owed
		c.events.put(e.ID, &e.event)
		if len(e.owed) > 0 {
			c.outbox.left = append(c.outbox.left, &e.event)
		}
	}
}

func (c *Server) restoreMoney(st state) {
	c.afterRetries = st.AfterRetries
	for _, ch := range st.Charges {
		c.charges.put(ch.ID, ch)
	}
	for _, re := range st.Refunds {
		c.refunds.put(re.ID, re)
	}
	for _, d := range st.Disputes {
		c.disputes.put(d.ID, d)
	}
	for _, si := range st.SetupIntents {
		c.setups.put(si.ID, si)
	}
}
