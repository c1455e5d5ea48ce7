// Package analysis starts, runs and shows analyses for signed-in users. What an analysis
// says is worked out by internal/assess; this package stores and schedules.
//
// # From a request to a report
//
//	start     service.go   reserve a unit of quota, write the analysis down, queue its job
//	preview   preview.go   tell what a start would do and cost, without doing it
//	run       run.go       claim the lease, renew it, save the report or fail with a reason
//	collect   collect.go   gather the posts and have them judged
//	read      reading.go   read from X what is missing of an account, gap after gap
//	profile   profile.go   read what stands on top of the account's page
//	lease     timeline.go  one run at a time reads an account, with reads that it reserved
//	recheck   recheck.go   look up again what may have been deleted or edited
//	gaps      gaps.go      name what was not read, and how to close it
//	history   history.go   what was read from X and what archives hold, as one
//	show      show.go      reports, findings, dismissals, comparisons
//	list      list.go      a user's analyses, page by page
//	watch     watch.go     follow the progress of one analysis
//	sweep     sweep.go     queue runs anew whose process died
//	batch     batched.go   have the model answer within a day, for half the price
//	leftover  leftover.go  end batches that nobody waits for any more
//	keep      keep.go      keep posts for the next run of a schedule
//	since     since.go     what is new since the report before, and who is told
//	past      past.go      the reports of an account in a row, and what moved from one to another
//	retain    retain.go    erase what was kept long enough
//	deleted   deleted.go   let posts that were deleted at X count no more
//	withdraw  withdraw.go  end a consent and what it allowed
//	upload    upload.go    keep the posts of an X archive
//	export    export.go    what a user may have of their own data
//	sealed    sealed.go    which columns are encrypted, for the rotation of keys
//
// # What is promised
//
// A unit of quota is spent only by an analysis that completed; an analysis that failed or was
// cancelled gives it back. A run survives the death of its process: it holds a lease on its
// row, each write names its runner, and what was read from X or answered by the model is
// kept, so that nothing that cost money is done twice. Posts, verdicts, reports and upload
// contents are stored encrypted only.
package analysis
