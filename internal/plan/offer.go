package plan

import (
	"fmt"
)

// Offer is what is sold here.
type Offer struct {
	Tiers
	Trial Trial
}

// Tier is what a plan gives in one period. The zero Tier is no plan.
type Tier struct {
	Name         string `json:"name"`
	MonthlyCents int    `json:"monthly_cents"` // of a US dollar
	Quota        int    `json:"quota"`         // analyses a period
	Reads        int    `json:"reads"`         // posts read from X a period
	// posts read from X, and given to the model, in an analysis; the screen reads every post of an archive
	MaxPosts int `json:"max_posts"`
	// X and the model together may cost the operator so much in an analysis; 0: no ceiling
	MaxCostCents int    `json:"max_cost_cents"`
	Model        string `json:"model"`
}

// Reach is how many of an account's posts X shows, the newest.
const Reach = 3_200

// Tiers are the plans on sale.
type Tiers struct{ Basic, Pro Tier }

// DefaultTiers are the plans as Repazoo sells them.
func DefaultTiers() Tiers {
	return Tiers{
		Basic: Tier{
			Name: "basic", MonthlyCents: 900, Quota: 1_000, Reads: 1_000, MaxPosts: 200, MaxCostCents: 300,
			Model: "claude-haiku-5-5",
		},
		Pro: Tier{
			Name: "pro", MonthlyCents: 2_900, Quota: 10_000, Reads: 4_000, MaxPosts: 3_200, MaxCostCents: 2_500,
			Model: "claude-sonnet-5-5",
		},
	}
}

// Named is the tier of that name; any other name is no tier.
func (t Tiers) Named(name string) Tier {
	switch name {
	case "":
		return Tier{}
	case t.Basic.Name:
		return t.Basic
	case t.Pro.Name:
		return t.Pro
	}
	return Tier{}
}

// Trial is what a person's first plan begins with. The zero value is none.
type Trial struct {
	Days  int // that cost nothing; 0 for no trial
	Quota int // analyses in them; never more than the plan's
	Reads int // posts read from X in them; never more than the plan's
	// "" asks for a card first; CancelWithoutCard or PauseWithoutCard do not, and say what happens at the end
	WithoutCard string
}

// What becomes of a trial that ends without a card.
const (
	CancelWithoutCard = "cancel"
	PauseWithoutCard  = "pause"
)

// Check refuses a policy that cannot be carried out.
func (t Trial) Check() error {
	switch {
	case t.Days < 0 || t.Days > 90:
		return fmt.Errorf("a trial of %d days is none: use 1 to 90, or 0", t.Days)
	case t.WithoutCard != "" && t.WithoutCard != CancelWithoutCard && t.WithoutCard != PauseWithoutCard:
		return fmt.Errorf("a trial without a card can end by %s or %s, not %q", CancelWithoutCard, PauseWithoutCard,
			t.WithoutCard)
	}
	return nil
}

// Gives is what a tier allows under a row: until the first payment, what the trial does.
func (o Offer) Gives(tier string, r Row) Tier {
	t := o.Named(tier)
	if t.Name != "" && r.unpaidTrial() {
		t.Quota, t.Reads = min(t.Quota, o.Trial.quota()), min(t.Reads, o.Trial.reads())
	}
	return t
}

// The quota of a trial that is still running after trials were switched off is the smallest there is.
func (t Trial) quota() int { return max(1, t.Quota) }

func (t Trial) reads() int { return max(1, t.Reads) }
