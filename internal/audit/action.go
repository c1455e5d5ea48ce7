package audit

// Action is what happened, as noun and past verb. The values are stored and part of the contract: they never change.
type Action string

// Every action there is. The sentence that a person reads of each stands in internal/console (activity_words.go).
const ( //nolint:gosec // names of actions, no secrets
	UserCreated        Action = "user.created"
	UserRenamed        Action = "user.renamed"
	UserPrefers        Action = "user.prefers" // another language or time zone
	UserRoleSet        Action = "user.role_set"
	UserErasureBegan   Action = "user.erasure_began"
	UserErased         Action = "user.erased"
	UserEmailGiven     Action = "user.email_given"
	UserEmailConfirmed Action = "user.email_confirmed"
	UserEmailRemoved   Action = "user.email_removed"

	XAccountLinked         Action = "x_account.linked"
	XAccountReconnected    Action = "x_account.reconnected"
	XAccountRevoked        Action = "x_account.revoked"
	XAccountNeedsReconnect Action = "x_account.needs_reconnect"

	LeaveGiven Action = "leave.given"
	LeaveEnded Action = "leave.ended"

	CleanupPlanned Action = "cleanup.planned"
	CleanupFrozen  Action = "cleanup.frozen"
	CleanupBackup  Action = "cleanup.backup"
	CleanupStarted Action = "cleanup.started"
	CleanupPaused  Action = "cleanup.paused"
	CleanupStopped Action = "cleanup.stopped"
	CleanupChecked Action = "cleanup.checked"
	CleanupEnded   Action = "cleanup.ended"
	PostsDeleted   Action = "posts.deleted"

	ShareCreated Action = "share.created"
	ShareRevoked Action = "share.revoked"
	ShareOpened  Action = "share.opened"

	SessionStarted      Action = "session.started"
	SessionRevoked      Action = "session.revoked"
	SessionAllRevoked   Action = "session.all_revoked"
	SessionEndedByReuse Action = "session.ended_by_reuse"

	APIKeyCreated Action = "api_key.created"
	APIKeyRotated Action = "api_key.rotated"
	APIKeyRevoked Action = "api_key.revoked"

	ConsentGiven     Action = "consent.given"
	ConsentWithdrawn Action = "consent.withdrawn"

	AnalysisStart    Action = "analysis.start"
	AnalysisComplete Action = "analysis.complete"
	AnalysisFail     Action = "analysis.fail"
	AnalysisCancel   Action = "analysis.cancel"
	AnalysisDelete   Action = "analysis.delete"
	ArchiveUpload    Action = "archive.upload"
	FindingDismiss   Action = "finding.dismiss"

	SubscriptionChanged        Action = "subscription.changed"
	SubscriptionRefused        Action = "subscription.refused"
	SubscriptionCancelled      Action = "subscription.cancelled"
	SubscriptionResumed        Action = "subscription.resumed"
	SubscriptionChangeAsked    Action = "subscription.change_asked"
	SubscriptionChangeDeclined Action = "subscription.change_declined"

	PaymentRefund  Action = "payment.refund"
	PaymentDispute Action = "payment.dispute"

	WebhookAdded       Action = "webhook.added"
	WebhookRemoved     Action = "webhook.removed"
	WebhookEnabled     Action = "webhook.enabled"
	WebhookRedelivered Action = "webhook.redelivered"

	NoticesChosen Action = "notices.chosen"

	ScheduleCreated Action = "schedule.created"
	ScheduleChanged Action = "schedule.changed"
	SchedulePaused  Action = "schedule.paused"
	ScheduleResumed Action = "schedule.resumed"
	ScheduleRemoved Action = "schedule.removed"

	ExportRequested Action = "export.requested"
	ExportFetched   Action = "export.fetched"

	AuditRead      Action = "audit.read"
	UserViewed     Action = "user.viewed"
	JobRetried     Action = "job.retried"
	JobCancelled   Action = "job.cancelled"
	EventReplayed  Action = "stripe_event.replayed"
	SecretsChanged Action = "secrets.changed"
	SealRotated    Action = "seal.rotated"

	SignInRefused Action = "sign_in.refused"
	TokenRefused  Action = "token.refused"
	AccessRefused Action = "access.refused"
	RateRefused   Action = "rate.refused"
)

// Actions lists them all, so that a test can ask for the sentence of each.
func Actions() []Action {
	return []Action{
		UserCreated, UserRenamed, UserPrefers, UserRoleSet, UserErasureBegan, UserErased, UserEmailGiven,
		UserEmailConfirmed, UserEmailRemoved,
		XAccountLinked, XAccountReconnected, XAccountRevoked, XAccountNeedsReconnect,
		LeaveGiven, LeaveEnded,
		CleanupPlanned, CleanupFrozen, CleanupBackup, CleanupStarted, CleanupPaused, CleanupStopped, CleanupChecked,
		CleanupEnded, PostsDeleted,
		ShareCreated, ShareRevoked, ShareOpened,
		SessionStarted, SessionRevoked, SessionAllRevoked, SessionEndedByReuse,
		APIKeyCreated, APIKeyRotated, APIKeyRevoked,
		ConsentGiven, ConsentWithdrawn,
		AnalysisStart, AnalysisComplete, AnalysisFail, AnalysisCancel, AnalysisDelete, ArchiveUpload, FindingDismiss,
		SubscriptionChanged, SubscriptionRefused, SubscriptionCancelled, SubscriptionResumed, SubscriptionChangeAsked,
		SubscriptionChangeDeclined,
		PaymentRefund, PaymentDispute,
		WebhookAdded, WebhookRemoved, WebhookEnabled, WebhookRedelivered, NoticesChosen,
		ScheduleCreated, ScheduleChanged, SchedulePaused, ScheduleResumed, ScheduleRemoved,
		ExportRequested, ExportFetched,
		AuditRead, UserViewed, JobRetried, JobCancelled, EventReplayed, SecretsChanged, SealRotated,
		SignInRefused, TokenRefused, AccessRefused, RateRefused,
	}
}
