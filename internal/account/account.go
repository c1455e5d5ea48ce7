// Package account knows who people are: users, their sign-in with X, their sessions, and the X accounts they linked.
//
// # Sign-in
//
// The X user id is the identity. [Service.BeginSignIn] makes a state that lives ten minutes, is good for one use and
// bound to the browser by a secret for a cookie; [Service.CompleteSignIn] spends it, trades X's code for tokens, finds
// the user of the X account or makes one, and starts a session:
//
//	auth, err := s.BeginSignIn(ctx, account.SignInRequest{RedirectTo: "/reports"})   // cookie ← auth.Browser, browser → auth.URL
//	in, err := s.CompleteSignIn(ctx, account.Callback{State: …, Code: …, Browser: …}) // browser → in.ReturnTo
//
// With LinkTo set the same journey links one more X account to a user. An X account belongs to at most one user, and to
// nobody once its owner has unlinked it while another one stayed ([Service.RevokeX]). A link wants a sign-in that is
// not older than 15 minutes, and ends with the session that began it.
//
// # Sessions
//
// An access token is a JWT ([Service.Authenticate]) that lives minutes; it is good only while its session lives, which
// is looked up at most once in Config.CacheTTL; for a request that only reads, in one round trip with what it reads
// first ([Service.AuthenticateLater]). A session that is ended here is refused here at once, and by other processes
// within that time. A refresh token ([Service.RefreshSession]) is opaque and good for one use: seen again more than ten
// seconds after its use, when its successor was used too, it ends its session, because one of the two callers is a
// thief.
//
// # API keys
//
// A program that acts for a person bears an API key ([Service.AuthenticateKey]) with the scopes they chose. See key.go.
//
// # Tokens of X
//
// X's tokens are stored sealed, bound to the row's id. [Service.XToken] gives one that lives at least five minutes
// more. However many callers and processes ask, X is asked once: a conditional lease on the row says who asks, the
// others wait for the new row. A refresh X answers with "this grant is dead" marks the account for reconnection
// ([ErrReconnect]); any other failure leaves the row as it was.
//
// Users have no right to write most of these tables, nor to read tokens, so that runs as db.System and always names the
// user; what a user asks about themselves runs as db.User. Nothing here calls X inside a transaction, and no error or
// log line holds a token, code or state.
package account

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/seal"
	"github.com/repazoo/repazoo/internal/xapi"
)

// CallbackPath is where X sends the browser back to, below Config.PublicURL. It is registered with X.
const CallbackPath = "/auth/x/callback"

// Config says what a Service works with. Durations that are zero take their default.
type Config struct {
	DB      *db.DB
	Seal    *seal.Sealer
	X       *xapi.Client
	JWTKeys []string // at least 32 bytes each; the first signs, all of them verify
	// tokens carry no kid: PostgREST 13 and later refuses one when it has a plain secret, as Supabase's is
	PlainKey    bool
	PublicURL   string        // what browsers see of this server; issuer of tokens, https outside Local
	ReturnHosts []string      // further hosts a sign-in may return to, such as "dash.repazoo.com"; compared exactly
	AskEmail    bool          // ask X for the confirmed e-mail address; a person without one signs in all the same
	Local       bool          // allow http, and localhost and 127.0.0.1 with any port
	AccessTTL   time.Duration // default 30 minutes
	RefreshTTL  time.Duration // default 7 days; a session unused for so long is over
	// default 5 seconds: how long another process may not notice that a session ended, should Watch not hear of it
	CacheTTL time.Duration
	Now      func() time.Time // default DB.Now
	Log      *slog.Logger     // default discard
}

// Service is safe for concurrent use.
type Service struct {
	db         *db.DB
	seal       *seal.Sealer
	x          *xapi.Client
	log        *slog.Logger
	now        func() time.Time
	callback   string
	scopes     []string // that a sign-in asks X for
	returns    returnRules
	keys       atomic.Pointer[keySet]
	parser     *jwt.Parser
	late       *jwt.Parser                        // takes tokens that have expired, for Whose alone
	verified   memory[[sha256.Size]byte, checked] // by the token's hash
	live       memory[string, liveness]           // by session id
	apiKeys    keyMemory
	renewals   singleflight.Group
	accessTTL  time.Duration
	refreshTTL time.Duration
}

// New checks c and makes a Service. It makes no call.
func New(c Config) (*Service, error) {
	home, err := url.Parse(c.PublicURL)
	if err != nil || home.Host == "" || home.User != nil || strings.Trim(home.Path, "/") != "" ||
		home.Scheme != "https" && (home.Scheme != "http" || !c.Local) {
		return nil, errors.New("PUBLIC_URL must be the https address browsers use, without a path, such as " +
			"https://api.example.org (http only in local)")
	}
	issuer := home.Scheme + "://" + home.Host
	keys, err := newKeySet(issuer, c.PlainKey, c.JWTKeys)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = c.DB.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	live, err := newLive(cmp.Or(c.CacheTTL, 5*time.Second), c.Now)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	apiKeys, err := newKeyMemory(cmp.Or(c.CacheTTL, 5*time.Second), c.Now)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	verified, err := newVerified(c.Now)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	s := &Service{
		db: c.DB, seal: c.Seal, x: c.X, log: c.Log, now: c.Now,
		callback:   issuer + CallbackPath,
		scopes:     askedScopes(c.AskEmail),
		returns:    newReturnRules(home, c.ReturnHosts, c.Local),
		parser:     newParser(issuer, c.Now),
		late:       newLateParser(issuer, c.Now),
		verified:   verified,
		live:       live,
		apiKeys:    apiKeys,
		accessTTL:  cmp.Or(c.AccessTTL, 30*time.Minute),
		refreshTTL: cmp.Or(c.RefreshTTL, 7*24*time.Hour),
	}
	s.keys.Store(&keys)
	return s, nil
}

// isID tells whether s is an id as this program writes them, and so may be compared with a uuid column.
func isID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}
