// Command floor is what four calls of Repazoo cost when they are written by hand: net/http,
// pgx, rueidis and golang-jwt, with no framework and no row policies. bench/load starts it
// beside Repazoo, on the same PostgreSQL and Redis, and compares the two.
//
// It does the same work for the same answers: the token is verified, two sliding windows are
// counted in Redis in one call, and
//
//	GET  /api/v1/users/me   reads a user, the plan and the number of accounts: one statement
//	GET  /api/v1/usage      reads the newest row of the quota ledger: one statement
//	POST /api/v1/analyses   one durable transaction in two round trips: account, quota,
//	                        analysis, audit line, job
//	GET  /healthz           answers
//
// It listens on FLOOR_ADDRESS, and reads DATABASE_URL, REDIS_URL and JWT_SECRET_KEY. It is a
// measuring stick and nothing to run in earnest: sessions cannot be revoked, nothing is logged.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/rueidis"
)

//go:embed take.lua
var takeScript string

type server struct {
	pool  *pgxpool.Pool
	redis rueidis.Client
	take  *rueidis.Lua
	key   []byte
	jwt   *jwt.Parser
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.pool.Close()
	defer s.redis.Close()
	h := &http.Server{
		Addr: os.Getenv("FLOOR_ADDRESS"), Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout: 2 * time.Minute,
	}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	if err := h.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open uses the pool size and the Redis settings that Repazoo uses.
func open(ctx context.Context) (*server, error) {
	c, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a connection string")
	}
	c.MaxConns = 24
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	o, err := rueidis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return nil, errors.New("REDIS_URL is not an address of Redis")
	}
	o.PipelineMultiplex, o.DisableCache, o.DisableRetry = -1, true, true
	o.ReadBufferEachConn, o.WriteBufferEachConn = 64<<10, 64<<10
	redis, err := rueidis.NewClient(o)
	if err != nil {
		return nil, err
	}
	return &server{
		pool: pool, redis: redis, take: rueidis.NewLuaScript(takeScript), key: []byte(os.Getenv("JWT_SECRET_KEY")),
		jwt: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("authenticated"),
			jwt.WithExpirationRequired()),
	}, nil
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /api/v1/users/me", s.guard(s.me))
	mux.HandleFunc("GET /api/v1/usage", s.guard(s.usage))
	mux.HandleFunc("POST /api/v1/analyses", s.guard(s.analyze))
	return mux
}

// guard lets a signed-in user through who has calls left.
func (s *server) guard(next func(http.ResponseWriter, *http.Request, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, err := s.user(r)
		if err != nil {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		allowed, err := s.allowed(r.Context(), w.Header(), user)
		switch {
		case err != nil:
			http.Error(w, "Redis does not answer", http.StatusServiceUnavailable)
		case !allowed:
			http.Error(w, "too many requests", http.StatusTooManyRequests)
		default:
			if err := next(w, r, user); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}
}

func (s *server) user(r *http.Request) (string, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", errors.New("no token")
	}
	var c jwt.RegisteredClaims
	_, err := s.jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.key, nil })
	return c.Subject, err
}

// allowed counts a call in a minute and an hour, and says how many are left in the minute.
func (s *server) allowed(ctx context.Context, h http.Header, user string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	got, err := s.take.Exec(ctx, s.redis, []string{"floor:" + user},
		[]string{"1000000", "2000000", "1000000", "120000000"}).AsIntSlice()
	if err != nil || len(got) != 3 {
		return false, errors.Join(err, ctx.Err())
	}
	h.Set("X-RateLimit-Limit", "1000000")
	h.Set("X-RateLimit-Remaining", fmt.Sprint(1_000_000-got[1]))
	return got[0] == 1, nil
}
