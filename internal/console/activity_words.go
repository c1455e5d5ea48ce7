package console

import (
	"strings"

	"github.com/repazoo/repazoo/internal/audit"
)

// sentences tell what happened, to the person whose data it was. What a line adds to its sentence follows it.
var sentences = map[audit.Action]string{
	audit.UserCreated:                "Your account was made",
	audit.UserRenamed:                "Your name was changed",
	audit.UserPrefers:                "Your language or time zone was changed",
	audit.UserEmailGiven:             "An e-mail address was given",
	audit.UserEmailConfirmed:         "Your e-mail address was confirmed",
	audit.UserEmailRemoved:           "Your e-mail address was removed",
	audit.UserRoleSet:                "You are no longer an administrator",
	audit.UserErased:                 "Your account was erased",
	audit.UserErasureBegan:           "You asked for your account to be erased",
	audit.AuditRead:                  "This log was read",
	audit.UserViewed:                 "An administrator looked at your account: plan, sessions and this log, no posts and no reports",
	audit.JobRetried:                 "A background job was tried again",
	audit.JobCancelled:               "A background job was cancelled",
	audit.EventReplayed:              "A message of the payment provider was applied again",
	audit.SecretsChanged:             "The secrets of this Repazoo were changed",
	audit.SealRotated:                "Stored secrets were sealed with a new key",
	audit.ArchiveUpload:              "An X archive was uploaded",
	audit.FindingDismiss:             "A finding was dismissed or restored",
	audit.SubscriptionChanged:        "Your plan changed",
	audit.SubscriptionRefused:        "A plan could not be started",
	audit.SubscriptionCancelled:      "You cancelled your plan",
	audit.SubscriptionResumed:        "You took the cancellation of your plan back",
	audit.SubscriptionChangeAsked:    "You asked for another plan",
	audit.SubscriptionChangeDeclined: "Your card was declined for another plan",
	audit.PaymentDispute:             "A payment was disputed at your bank",
	audit.PaymentRefund:              "A payment was given back to you",
	audit.ConsentGiven:               "You agreed: ",
	audit.ConsentWithdrawn:           "You withdrew your consent: ",
	audit.ExportRequested:            "A package of your data was asked for",
	audit.ExportFetched:              "A package of your data was downloaded",
	audit.SessionStarted:             "You signed in",
	audit.SessionRevoked:             "A session was ended",
	audit.SessionAllRevoked:          "Every session was ended",
	audit.SessionEndedByReuse:        "A session was ended to be safe, because one of its tokens came back after its use",
	audit.XAccountLinked:             "An X account was linked",
	audit.XAccountReconnected:        "An X account was connected again",
	audit.XAccountRevoked:            "An X account was unlinked",
	audit.XAccountNeedsReconnect:     "X ended the connection to an account",
	audit.LeaveGiven:                 "X gave the leave to delete posts of an account",
	audit.LeaveEnded:                 "The leave to delete posts was given back to X",
	audit.CleanupPlanned:             "A clean-up was planned",
	audit.CleanupFrozen:              "A clean-up was frozen after its dry run",
	audit.CleanupBackup:              "The backup of a clean-up was saved",
	audit.CleanupStarted:             "A clean-up began, or went on",
	audit.CleanupPaused:              "A clean-up was paused",
	audit.CleanupStopped:             "A clean-up was stopped by an answer of X",
	audit.CleanupChecked:             "Posts that you deleted by hand were looked up at X",
	audit.CleanupEnded:               "A clean-up ended",
	audit.ShareCreated:               "A link to a report was made",
	audit.ShareRevoked:               "A link to a report was revoked",
	audit.ShareOpened:                "Somebody opened a report by a link of yours",
	audit.PostsDeleted:               "Posts that are gone from X were taken out of your reports",
	audit.APIKeyCreated:              "An API key was made: rpz_…",
	audit.APIKeyRotated:              "An API key got a new secret: rpz_…",
	audit.APIKeyRevoked:              "An API key was revoked: rpz_…",
	audit.AnalysisStart:              "An analysis was started",
	audit.AnalysisComplete:           "An analysis was completed",
	audit.AnalysisFail:               "An analysis failed",
	audit.AnalysisCancel:             "An analysis was cancelled",
	audit.AnalysisDelete:             "An analysis and its report were deleted",
	audit.WebhookAdded:               "A webhook was added",
	audit.WebhookRemoved:             "A webhook was removed",
	audit.WebhookEnabled:             "A webhook was switched on again",
	audit.WebhookRedelivered:         "Something was sent to a webhook again",
	audit.NoticesChosen:              "What you want to be told was changed",
	audit.ScheduleCreated:            "A schedule of analyses was made",
	audit.ScheduleChanged:            "A schedule of analyses was changed",
	audit.SchedulePaused:             "A schedule of analyses was paused",
	audit.ScheduleResumed:            "A schedule of analyses goes on",
	audit.ScheduleRemoved:            "A schedule of analyses was removed",
	audit.SignInRefused:              "A sign-in with X was refused",
	audit.TokenRefused:               "A token that is not valid was refused",
	audit.AccessRefused:              "Something was refused that you may not do",
	audit.RateRefused:                "Requests were refused, because there were too many at once",
}

// eventWords says what happened. An action of a newer version is at least spelled out.
func eventWords(l audit.Line) string {
	words, known := sentences[l.Action]
	if !known {
		return capital(strings.NewReplacer(".", " ", "_", " ").Replace(string(l.Action)))
	}
	kind, _ := l.Detail["kind"].(string)
	hint, _ := l.Detail["hint"].(string)
	switch l.Action {
	case audit.ConsentGiven, audit.ConsentWithdrawn:
		return words + consentTitle(english(), kind)
	case audit.APIKeyCreated, audit.APIKeyRotated, audit.APIKeyRevoked:
		return words + hint
	case audit.UserRoleSet:
		if l.Detail["role"] == "admin" {
			return "You were made an administrator"
		}
	case audit.PaymentDispute:
		switch l.Detail["status"] {
		case "won":
			return "The dispute about a payment was closed: the payment stands"
		case "lost":
			return "The dispute about a payment was closed: your bank gave you the money back"
		}
	}
	return words
}
