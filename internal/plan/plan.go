// Package plan holds the rules of a plan as values: what a subscription at Stripe is worth, what a change of it means,
// and how its story is told. It knows no database and no network; package billing stores what it decides, and package
// stripeapi reads what it decides from.
//
//   - A [Remote] is a subscription as Stripe has it now, a [Row] is what we keep of a user's. [Mirror] works out the next
//     row from the two, and with it until when the plan counts ([Row].EntitledUntil). Past that instant there is no tier,
//     never a silent basic.
//   - A [Period] is one row of the quota ledger. [Offer.InForce] finds the one that counts, [Offer.Gives] what it allows.
//   - [Facts] are what a change of the row means to its user, [Story] the lines that it adds to the timeline.
//   - [Status] is the state of a subscription, with the questions that are asked of it.
package plan
