// Package assess says what a person's own X posts say about them: which posts are a
// risk, how big, why, with the quoted words, and what to do about it. Posts go in and a
// report comes out: it knows no database, account, plan or queue. internal/analysis stores
// and schedules what it does.
//
// # One run
//
// [Pipeline.Run] reads posts as a stream and answers with a [Report]:
//
//	collect    counts what the source holds; keeps the newest posts where a plan sets a limit
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
// Every finding has points:
//
//	severity   low 20, medium 50, high 80, critical 100
//	× weight   of its category for the report's purpose (purpose.go)
//	× confidence   both witnesses 0.95, model alone 0.85, screen alone 0.7
//	× recency  1.0 for a year, then falling evenly to 0.5 at five years, never lower
//
// and the report's score is 0.7 × the largest + 0.3 × the mean of all points, held within
// 0..100 and rounded to one decimal. The level is always read off that final number:
// low ≤ 30 < medium ≤ 60 < high ≤ 85 < critical. No findings: 0. Dismissed findings count
// nothing. Because of the mean, dismissing a finding that is smaller than the mean raises
// the score a little; it can never raise the 0.7 part.
//
// # Lenses, what-ifs, comparisons
//
// A purpose is a lens: it changes weights, never findings. [Rescore] therefore turns a
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
