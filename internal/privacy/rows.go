package privacy

import (
	"encoding/json"
	"time"
)

// The rows of a package, each as its file has it. A nil is null there: unknown, or not yet.

type user struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Email       *string    `json:"email"`
	Role        string     `json:"role"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	ConfirmedAt *time.Time `json:"email_confirmed_at"`
	DeclinedAt  *time.Time `json:"email_declined_at"`

	Language        string `json:"language"` // chosen; "" to follow the browser
	BrowserLanguage string `json:"browser_language"`
	TimeZone        string `json:"time_zone"`
}

// waiting is an address that was not confirmed yet.
type waiting struct {
	Email     string    `json:"email"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (v *user) into() []any {
	return []any{
		&v.ID, &v.Name, &v.Email, &v.Role, &v.CreatedAt, &v.UpdatedAt, &v.ConfirmedAt, &v.DeclinedAt,
		&v.Language, &v.BrowserLanguage, &v.TimeZone,
	}
}

type xAccount struct {
	ID             string     `json:"id"`
	XUserID        string     `json:"x_user_id"`
	Handle         string     `json:"handle"`
	Name           string     `json:"name"`
	AvatarURL      *string    `json:"avatar_url"`
	Scopes         string     `json:"scopes"`
	Status         string     `json:"status"`
	LinkedAt       time.Time  `json:"linked_at"`
	LastSyncAt     *time.Time `json:"last_sync_at"`
	TokenExpiresAt *time.Time `json:"token_expires_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	PostCount      *int64     `json:"post_count"`
	CountedAt      *time.Time `json:"counted_at"`
}

func (v *xAccount) into() []any {
	return []any{
		&v.ID, &v.XUserID, &v.Handle, &v.Name, &v.AvatarURL, &v.Scopes, &v.Status, &v.LinkedAt, &v.LastSyncAt,
		&v.TokenExpiresAt, &v.UpdatedAt,
		&v.PostCount, &v.CountedAt,
	}
}

type session struct {
	ID         string     `json:"id"`
	Device     string     `json:"device"`
	IP         string     `json:"ip"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt time.Time  `json:"last_used_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	RevokedWhy *string    `json:"revoked_why"`
}

func (v *session) into() []any {
	return []any{&v.ID, &v.Device, &v.IP, &v.CreatedAt, &v.LastUsedAt, &v.ExpiresAt, &v.RevokedAt, &v.RevokedWhy}
}

type consent struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind"`
	Version     string     `json:"version"`
	SessionID   *string    `json:"session_id"`
	GivenAt     time.Time  `json:"given_at"`
	WithdrawnAt *time.Time `json:"withdrawn_at"`
}

func (v *consent) into() []any {
	return []any{&v.ID, &v.Kind, &v.Version, &v.SessionID, &v.GivenAt, &v.WithdrawnAt}
}

type auditLine struct {
	CreatedAt time.Time `json:"created_at"`
	ID        string    `json:"id"`
	Actor     string    `json:"actor"`
	Action    string    `json:"action"`
	Resource  string    `json:"resource"`
	IP        string    `json:"ip"`
	UserAgent string    `json:"user_agent"`
	RequestID string    `json:"request_id"`
	Detail    jsonText  `json:"detail"`
}

func (v *auditLine) into() []any {
	return []any{
		&v.CreatedAt, &v.ID, &v.Actor, &v.Action, &v.Resource, &v.IP, &v.UserAgent, &v.RequestID,
		(*string)(&v.Detail),
	}
}

// jsonText is JSON as the database gives it.
type jsonText string

// MarshalJSON gives it as it is.
func (t jsonText) MarshalJSON() ([]byte, error) { return json.RawMessage(t).MarshalJSON() }

type subscription struct {
	ID                   string     `json:"id"`
	Tier                 string     `json:"tier"`
	Status               string     `json:"status"`
	StripeCustomerID     string     `json:"stripe_customer_id"`
	StripeSubscriptionID *string    `json:"stripe_subscription_id"`
	PeriodStart          *time.Time `json:"period_start"`
	PeriodEnd            *time.Time `json:"period_end"`
	EntitledUntil        *time.Time `json:"entitled_until"`
	CancelAt             *time.Time `json:"cancel_at"`
	CancelAtPeriodEnd    bool       `json:"cancel_at_period_end"`
	PendingTier          string     `json:"pending_tier"`
	PendingHow           string     `json:"pending_how"`
	PendingAt            *time.Time `json:"pending_at"`
	TrialEnd             *time.Time `json:"trial_end"`
	NoCard               bool       `json:"no_card"`
	CreatedAt            time.Time  `json:"created_at"`
	UpdatedAt            time.Time  `json:"updated_at"`
}

func (v *subscription) into() []any {
	return []any{
		&v.ID, &v.Tier, &v.Status, &v.StripeCustomerID, &v.StripeSubscriptionID, &v.PeriodStart, &v.PeriodEnd,
		&v.EntitledUntil,
		&v.CancelAt, &v.CancelAtPeriodEnd, &v.PendingTier, &v.PendingHow, &v.PendingAt, &v.TrialEnd, &v.NoCard,
		&v.CreatedAt, &v.UpdatedAt,
	}
}

type timelineRow struct {
	At       time.Time  `json:"at"`
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	Tier     string     `json:"tier"`
	FromTier string     `json:"from_tier"`
	Cents    *int64     `json:"amount_cents"`
	Currency string     `json:"currency"`
	Until    *time.Time `json:"until"`
	Note     string     `json:"note"`
	Noted    time.Time  `json:"created_at"`
}

func (v *timelineRow) into() []any {
	return []any{&v.At, &v.ID, &v.Kind, &v.Tier, &v.FromTier, &v.Cents, &v.Currency, &v.Until, &v.Note, &v.Noted}
}

type quotaPeriod struct {
	Start         time.Time `json:"period_start"`
	End           time.Time `json:"period_end"`
	EntitledUntil time.Time `json:"entitled_until"`
	Tier          string    `json:"tier"`
	Quota         int       `json:"analyses_allowed"`
	Used          int       `json:"analyses_used"`
	Reserved      int       `json:"analyses_running"`
	ReadsLimit    int       `json:"x_reads_allowed"`
	ReadsUsed     int       `json:"x_reads_used"`
}

func (v *quotaPeriod) into() []any {
	return []any{&v.Start, &v.End, &v.EntitledUntil, &v.Tier, &v.Quota, &v.Used, &v.Reserved, &v.ReadsLimit, &v.ReadsUsed}
}

type scheduleRow struct {
	ID         string     `json:"id"`
	AccountID  string     `json:"account_id"`
	Every      string     `json:"every"`
	Weekday    int        `json:"weekday"`
	Day        int        `json:"day"`
	Minute     int        `json:"minute_of_day"`
	Zone       string     `json:"zone"`
	Purpose    string     `json:"purpose"`
	MaxCost    int        `json:"max_cost_cents"`
	CreatedAt  time.Time  `json:"created_at"`
	NextAt     time.Time  `json:"next_at"`
	LastAt     *time.Time `json:"last_at"`
	LastID     *string    `json:"last_analysis_id"`
	Failures   int        `json:"failures"`
	Skipped    string     `json:"skipped"`
	PausedAt   *time.Time `json:"paused_at"`
	PausedWhy  string     `json:"paused_why"`
	WithinADay bool       `json:"within_a_day"`
}

func (v *scheduleRow) into() []any {
	return []any{
		&v.ID, &v.AccountID, &v.Every, &v.Weekday, &v.Day, &v.Minute, &v.Zone, &v.Purpose, &v.MaxCost, &v.CreatedAt,
		&v.NextAt,
		&v.LastAt, &v.LastID, &v.Failures, &v.Skipped, &v.PausedAt, &v.PausedWhy, &v.WithinADay,
	}
}

type muteRow struct {
	Kind      string    `json:"kind"`
	Way       string    `json:"way"`
	CreatedAt time.Time `json:"created_at"`
}

func (v *muteRow) into() []any { return []any{&v.Kind, &v.Way, &v.CreatedAt} }

type noticeRow struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Data      jsonText   `json:"data"`
	CreatedAt time.Time  `json:"created_at"`
	ReadAt    *time.Time `json:"read_at"`
	Subject   string     `json:"subject"`
	MailedAt  *time.Time `json:"mailed_at"`
}

func (v *noticeRow) into() []any {
	return []any{&v.ID, &v.Kind, (*string)(&v.Data), &v.CreatedAt, &v.ReadAt, &v.Subject, &v.MailedAt}
}

type webhookRow struct {
	ID           string     `json:"id"`
	URL          string     `json:"url"`
	Kinds        string     `json:"kinds"`
	CreatedAt    time.Time  `json:"created_at"`
	FailingSince *time.Time `json:"failing_since"`
	DisabledAt   *time.Time `json:"disabled_at"`
}

func (v *webhookRow) into() []any {
	return []any{&v.ID, &v.URL, &v.Kinds, &v.CreatedAt, &v.FailingSince, &v.DisabledAt}
}

type deliveryRow struct {
	ID         string     `json:"id"`
	EndpointID string     `json:"webhook_id"`
	NoticeID   *string    `json:"notice_id"`
	Kind       string     `json:"kind"`
	MessageID  string     `json:"message_id"`
	Payload    jsonText   `json:"payload"`
	Status     string     `json:"status"`
	Attempts   int        `json:"attempts"`
	Code       *int       `json:"code"`
	Trouble    string     `json:"trouble"`
	CreatedAt  time.Time  `json:"created_at"`
	TriedAt    *time.Time `json:"tried_at"`
	NextTryAt  *time.Time `json:"next_try_at"`
}

func (v *deliveryRow) into() []any {
	return []any{
		&v.ID, &v.EndpointID, &v.NoticeID, &v.Kind, &v.MessageID, (*string)(&v.Payload), &v.Status, &v.Attempts, &v.Code,
		&v.Trouble,
		&v.CreatedAt, &v.TriedAt, &v.NextTryAt,
	}
}

type archive struct {
	ID        string    `json:"id"`
	XUserID   string    `json:"x_user_id"`
	Handle    string    `json:"handle"`
	Posts     int       `json:"posts"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Unread    jsonText  `json:"unread"`
}

func (v *archive) into() []any {
	return []any{&v.ID, &v.XUserID, &v.Handle, &v.Posts, &v.CreatedAt, &v.ExpiresAt, (*string)(&v.Unread)}
}

type analysisRow struct {
	CreatedAt    time.Time  `json:"created_at"`
	ID           string     `json:"id"`
	AccountID    *string    `json:"account_id"`
	ArchiveID    *string    `json:"archive_id"`
	Handle       string     `json:"handle"`
	Purpose      string     `json:"purpose"`
	MaxPosts     int        `json:"max_posts"`
	Since        *time.Time `json:"since"`
	Tier         string     `json:"tier"`
	Model        string     `json:"model"`
	Status       string     `json:"status"`
	Stage        string     `json:"stage"`
	Findings     int        `json:"findings"`
	XReads       int        `json:"x_reads"`
	Score        *float64   `json:"score"`
	Level        *string    `json:"level"`
	ScoreNow     *float64   `json:"score_now"`
	LevelNow     *string    `json:"level_now"`
	ErrorCode    *string    `json:"error_code"`
	ErrorMessage *string    `json:"error_message"`
	StartedAt    *time.Time `json:"started_at"`
	FinishedAt   *time.Time `json:"finished_at"`
	PeriodStart  time.Time  `json:"period_start"`
	MaxCostCents int64      `json:"max_cost_cents"`
	ModelCost    int64      `json:"model_micro_usd"`
	XUserReads   int        `json:"x_user_reads"`
	Free         bool       `json:"free"`
	Scheduled    string     `json:"scheduled"`
	KeepUntil    *time.Time `json:"keep_until"`
	LensScores   string     `json:"lens_scores"`
	SinceID      *string    `json:"since_id"`
	SinceNew     *int64     `json:"since_new"`
	SinceGone    *int64     `json:"since_gone"`
	WaitingFor   string     `json:"waiting_for"`
	WaitUntil    *time.Time `json:"wait_until"`
	Tries        int        `json:"tries"`
	WithinADay   bool       `json:"within_a_day"`
	WaitBy       *time.Time `json:"wait_by"`
	StepsDone    string     `json:"steps_done"`
}

func (v *analysisRow) into() []any {
	return []any{
		&v.CreatedAt, &v.ID, &v.AccountID, &v.ArchiveID, &v.Handle, &v.Purpose, &v.MaxPosts, &v.Since, &v.Tier, &v.Model,
		&v.Status, &v.Stage,
		&v.Findings, &v.XReads, &v.Score, &v.Level, &v.ScoreNow, &v.LevelNow, &v.ErrorCode, &v.ErrorMessage, &v.StartedAt,
		&v.FinishedAt,
		&v.PeriodStart, &v.MaxCostCents, &v.ModelCost, &v.XUserReads, &v.Free, &v.Scheduled, &v.KeepUntil, &v.LensScores,
		&v.SinceID,
		&v.SinceNew, &v.SinceGone, &v.WaitingFor, &v.WaitUntil, &v.Tries,
		&v.WithinADay, &v.WaitBy, &v.StepsDone,
	}
}

type dismissal struct {
	FindingID string    `json:"finding_id"`
	Why       string    `json:"why"`
	CreatedAt time.Time `json:"created_at"`
}

func (v *dismissal) into() []any { return []any{&v.FindingID, &v.Why, &v.CreatedAt} }

type cleanupRow struct {
	ID          string     `json:"id"`
	AccountID   string     `json:"account_id"`
	AnalysisID  *string    `json:"analysis_id"`
	Handle      string     `json:"handle"`
	State       string     `json:"state"`
	ScoreBefore *float64   `json:"score_before"`
	ScoreAfter  *float64   `json:"score_after"`
	Why         string     `json:"why"`
	WhyCode     string     `json:"why_code"`
	WaitingFor  string     `json:"waiting_for"`
	WaitUntil   *time.Time `json:"wait_until"`
	Signature   string     `json:"signature"`
	CreatedAt   time.Time  `json:"created_at"`
	FrozenAt    *time.Time `json:"frozen_at"`
	BackupAt    *time.Time `json:"backup_at"`
	ConsentAt   *time.Time `json:"consent_at"`
	StartedAt   *time.Time `json:"started_at"`
	FinishedAt  *time.Time `json:"finished_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
}

func (v *cleanupRow) into() []any {
	return []any{
		&v.ID, &v.AccountID, &v.AnalysisID, &v.Handle, &v.State, &v.ScoreBefore, &v.ScoreAfter, &v.Why, &v.WhyCode,
		&v.WaitingFor,
		&v.WaitUntil, &v.Signature, &v.CreatedAt, &v.FrozenAt, &v.BackupAt, &v.ConsentAt, &v.StartedAt, &v.FinishedAt,
		&v.ExpiresAt,
	}
}

type apiKey struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Hint       string     `json:"hint"`
	Scopes     string     `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RotatedAt  *time.Time `json:"rotated_at"`
	OldUntil   *time.Time `json:"old_until"`
	OldUsedAt  *time.Time `json:"old_used_at"`
}

func (v *apiKey) into() []any {
	return []any{
		&v.ID, &v.Name, &v.Hint, &v.Scopes, &v.CreatedAt, &v.ExpiresAt, &v.LastUsedAt, &v.RotatedAt,
		&v.OldUntil, &v.OldUsedAt,
	}
}

type exportRow struct {
	ID        string     `json:"id"`
	Status    string     `json:"status"`
	Bytes     int64      `json:"bytes"`
	Fetched   int        `json:"fetched"`
	CreatedAt time.Time  `json:"created_at"`
	ReadyAt   *time.Time `json:"ready_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (v *exportRow) into() []any {
	return []any{&v.ID, &v.Status, &v.Bytes, &v.Fetched, &v.CreatedAt, &v.ReadyAt, &v.ExpiresAt}
}

type shareRow struct {
	ID           string     `json:"id"`
	AnalysisID   string     `json:"analysis_id"`
	Purpose      string     `json:"purpose"`
	Sections     string     `json:"sections"`
	Note         string     `json:"note"`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    time.Time  `json:"expires_at"`
	RevokedAt    *time.Time `json:"revoked_at"`
	Opened       int        `json:"opened"`
	LastOpenedAt *time.Time `json:"last_opened_at"`
}

func (v *shareRow) into() []any {
	return []any{
		&v.ID, &v.AnalysisID, &v.Purpose, &v.Sections, &v.Note, &v.CreatedAt, &v.ExpiresAt, &v.RevokedAt, &v.Opened,
		&v.LastOpenedAt,
	}
}

type shareViewRow struct {
	ID      string    `json:"id"`
	ShareID string    `json:"share_id"`
	At      time.Time `json:"at"`
	Network string    `json:"network"`
	Device  string    `json:"device"`
}

func (v *shareViewRow) into() []any { return []any{&v.ID, &v.ShareID, &v.At, &v.Network, &v.Device} }
