package fault

// The catalogue: every refusal Repazoo gives, in the order of its status.
var (
	Unauthenticated = &Fault{
		Kind: KindUnauthenticated, Code: "unauthenticated",
		Message: "Sign in first: this needs a valid access token.",
	}
	TokenExpired = &Fault{
		Kind: KindUnauthenticated, Code: "token_expired",
		Message: "Your access token has expired. Get a new one from POST /auth/token/refresh, or sign in again.",
	}
	TokenReused = &Fault{
		Kind: KindUnauthenticated, Code: "token_reused",
		Message: "This refresh token was already used, so the session was ended to be safe. Sign in again.",
	}
	SessionRevoked = &Fault{
		Kind: KindUnauthenticated, Code: "session_revoked",
		Message: "This session was ended. Sign in again.",
	}

	SubscriptionRequired = &Fault{
		Kind: KindPaymentRequired, Code: "subscription_required",
		Message: "This needs a plan. Choose one with POST /api/v1/subscriptions or on the billing page.",
	}

	Forbidden   = &Fault{Kind: KindForbidden, Code: "forbidden", Message: "You may not do this."}
	SignInAgain = &Fault{
		Kind: KindForbidden, Code: "sign_in_again",
		Message: "This needs a sign-in of the last 15 minutes. Sign out, sign in again, and repeat it.",
	}
	ScopeMissing = &Fault{
		Kind: KindForbidden, Code: "scope_missing",
		Message: "Your credentials do not include the permission this needs.",
	}

	NotFound         = &Fault{Kind: KindNotFound, Code: "not_found", Message: "There is nothing here."}
	MethodNotAllowed = &Fault{
		Kind: KindNotFound, Code: "method_not_allowed",
		Message: "This address exists, but not for this method. The Allow header lists those it takes.",
	}

	Conflict = &Fault{
		Kind: KindConflict, Code: "conflict",
		Message: "This conflicts with what is already there.",
	}
	IdempotencyMismatch = &Fault{
		Kind: KindConflict, Code: "idempotency_mismatch",
		Message: "This Idempotency-Key was used for another request. Use a new key.",
	}
	SubscriptionExists = &Fault{
		Kind: KindConflict, Code: "subscription_exists",
		Message: "You already have a plan. Change it instead of creating another.",
	}
	AlreadyLinked = &Fault{
		Kind: KindConflict, Code: "already_linked",
		Message: "This X account belongs to another Repazoo user. Sign in with it instead, or unlink it there first.",
	}

	PayloadTooLarge = &Fault{
		Kind: KindTooLarge, Code: "payload_too_large",
		Message: "The request is larger than this address accepts.",
	}

	ValidationFailed = &Fault{
		Kind: KindInvalid, Code: "validation_failed",
		Message: "The request has values that cannot be used. See errors for each.",
	}
	ArchiveUnreadable = &Fault{
		Kind: KindInvalid, Code: "archive_unreadable",
		Message: "This file is not an X data archive that can be read.",
	}

	RateLimited = &Fault{
		Kind: KindTooMany, Code: "rate_limited",
		Message: "Too many requests. Wait for the time in Retry-After.",
	}
	QuotaExceeded = &Fault{
		Kind: KindTooMany, Code: "quota_exceeded",
		Message: "Your plan's analyses for this period are used up. Upgrade, or wait for the next period.",
	}
	XBudgetExceeded = &Fault{
		Kind: KindTooMany, Code: "x_budget_exceeded",
		Message: "Your plan's reads from X for this period are used up. Upload your X archive instead, or wait for the " +
			"next period.",
	}

	Internal = &Fault{
		Kind: KindInternal, Code: "internal",
		Message: "Something went wrong on our side. Try again; if it stays, report the request id.",
	}

	XUnavailable = &Fault{
		Kind: KindUpstream, Code: "x_unavailable",
		Message: "X did not answer as expected. Try again in a few minutes.",
	}
	PaymentProviderError = &Fault{
		Kind: KindUpstream, Code: "payment_provider_error",
		Message: "The payment provider did not answer as expected. You were not charged twice; try again.",
	}
	ModelUnavailable = &Fault{
		Kind: KindUpstream, Code: "model_unavailable",
		Message: "The language model did not answer. Try again in a few minutes.",
	}

	DependencyDown = &Fault{
		Kind: KindUnavailable, Code: "dependency_down",
		Message: "A service Repazoo depends on is not reachable. Try again shortly.",
	}
	Overloaded = &Fault{Kind: KindUnavailable, Code: "overloaded", Message: "Repazoo is busy. Try again shortly."}
)
