// Package assess says what a person's own X posts say about them: which posts are a
// risk, how big, why, with the quoted words, and what to do about it. Posts go in and a
// report comes out: it knows no database, account, plan or queue. internal/analysis stores
// and schedules what it does.
//
// # One run
//
// [Pipeline.Run] reads posts as a stream and answers with a [Report]:
//
//	collect    counts what the source holds; where a plan sets a limit, chooses what the model reads (choose.go)
//	screen     offline rules over every post (internal/screen): the first witness
//	judge      a language model over the same posts in batches: the second witness, optional
//	verify     a claim survives only if its quote is found in the post it names
//	score      plain arithmetic over the verified findings; no model gives a number
//	recommend  fixed rules turn findings into a summary and things to do
//
// Memory is bounded by findings and aggregates, never by the number of posts.
//
// # The score
//
// Every finding adds a hazard, more for a severer, surer, newer one and by the weight of its
// category for the report's purpose. Within a category each further one counts nine tenths
// of the one before. The score is 100 × (1 − e^−sum), so that it only grows with findings and
// never quite reaches 100, and each finding has points, which add up to it (score.go, and
// docs/score.md for readers). The level is always read off that number. A report keeps the
// score and the version of the formula that it was made with.
//
// # Lenses, what-ifs, comparisons
//
// A purpose is a lens: it changes weights, never findings. [Report.Through] therefore turns a
// stored report into the one another purpose or a dismissal would give, for free and
// exactly. [Compare] explains why the score of two reports differs, and its causes add up
// to the difference.
//
// # What is never done
//
// Categories label posts, not people. What X's terms forbid to derive (politics, religion,
// health and so on) has no field here, and [RuleFor] refuses every label that is not on
// its list; the whole table is printed on each report.
package assess
