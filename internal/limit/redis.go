package limit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"github.com/repazoo/repazoo/internal/fault"
)

//go:embed take.lua
var takeScript string

// prefix keeps the keys apart from what else is in the same Redis.
const prefix = "rl:"

// Redis counts in a Redis that all replicas share: one key for each caller,
// decided by one script in one round trip. A key that counts nothing any more
// expires by itself.
type Redis struct {
	script *rueidis.Lua
	now    func() time.Time
	dial   func() (rueidis.Client, error)

	mu      sync.Mutex
	client  rueidis.Client // nil until Redis has answered; then it connects again by itself
	dialing bool
	closed  bool
}

// errNotConnected means that Redis has not answered since the start.
var errNotConnected = errors.New("limit: Redis has not answered yet")

// NewRedis makes a Redis. With now nil it reads the time from the Redis server,
// so that replicas whose clocks differ still count alike: what production wants.
func NewRedis(client rueidis.Client, now func() time.Time) *Redis {
	return &Redis{client: client, script: rueidis.NewLuaScript(takeScript), now: now}
}

// Open makes a Redis of an address as [Dial] takes it. It waits a second for the first answer,
// so that a Redis that is there counts from the first call. One that is down does not keep the
// program from starting: it is dialed again, one attempt at a time, when a call needs it.
// Close it when done.
func Open(url string) (*Redis, error) {
	if _, err := options(url); err != nil {
		return nil, badAddress()
	}
	r := NewRedis(nil, nil)
	r.dial = func() (rueidis.Client, error) { return Dial(url) }
	r.dialing = true
	tried := make(chan struct{})
	go func() { r.connect(); close(tried) }()
	select {
	case <-tried:
	case <-time.After(time.Second):
	}
	return r, nil
}

// connection is the client, or errNotConnected while it is being dialed.
func (r *Redis) connection() (rueidis.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		return r.client, nil
	}
	if !r.dialing && !r.closed {
		r.dialing = true
		go r.connect()
	}
	return nil, errNotConnected
}

func (r *Redis) connect() {
	client, err := r.dial()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dialing = false
	switch {
	case err != nil: // the next call tries again
	case r.closed:
		client.Close()
	default:
		r.client = client
	}
}

// Close ends the connection.
func (r *Redis) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed = true; r.client != nil {
		r.client.Close()
	}
}

// Take decides about one call of key and counts it if it is allowed. It fails
// for windows out of bounds, and when Redis does not answer before ctx ends.
func (r *Redis) Take(ctx context.Context, key string, ws []Window) (Decision, error) {
	return r.decide(ctx, key, ws, true)
}

// Look decides like Take and counts nothing.
func (r *Redis) Look(ctx context.Context, key string, ws []Window) (Decision, error) {
	return r.decide(ctx, key, ws, false)
}

func (r *Redis) decide(ctx context.Context, key string, ws []Window, count bool) (Decision, error) {
	if err := check(ws); err != nil {
		return Decision{}, err
	}
	client, err := r.connection()
	if err != nil {
		return Decision{}, err
	}
	answer, err := r.script.Exec(ctx, client, []string{prefix + key}, r.arguments(ws, count)).AsIntSlice()
	if err != nil {
		return Decision{}, err
	}
	if len(answer) != 2+2*len(ws) {
		return Decision{}, errors.New("limit: Redis gave an answer of the wrong length")
	}
	d := Decision{Allowed: answer[0] == 1, RetryAfter: seconds(answer[1]), Windows: make([]State, len(ws))}
	for i, w := range ws {
		calls, relief := answer[2+2*i], answer[3+2*i]
		d.Windows[i] = State{w, max(0, w.Limit-int(calls)), seconds(relief)}
	}
	return d, nil
}

func (r *Redis) arguments(ws []Window, count bool) []string {
	now, counted := "0", "0"
	if count {
		counted = "1"
	}
	if r.now != nil {
		now = strconv.FormatInt(r.now().UnixMicro(), 10)
	}
	args := append(make([]string, 0, 3+2*len(ws)), now, strconv.Itoa(Buckets), counted)
	for _, w := range ws {
		args = append(args, strconv.Itoa(w.Limit), strconv.FormatInt(w.width(), 10))
	}
	return args
}

func (r *Redis) ping(ctx context.Context) error {
	client, err := r.connection()
	if err != nil {
		return err
	}
	return client.Do(ctx, client.B().Ping().Build()).Error()
}

// Dial connects to redis://, rediss://, or a comma separated list of them that
// are nodes of one cluster. It fails with [fault.DependencyDown] when there is
// no Redis; its error holds no password. Close the client when done.
func Dial(url string) (rueidis.Client, error) {
	options, err := options(url)
	if err != nil {
		return nil, badAddress()
	}
	client, err := rueidis.NewClient(options)
	if err != nil {
		return nil, fault.DependencyDown.Because(fmt.Errorf("connect to Redis: %w", err))
	}
	return client, nil
}

func badAddress() error {
	return fault.DependencyDown.Saying("REDIS_URL cannot be used: it must be redis://HOST:PORT or rediss://HOST:PORT, or a comma separated list of them.")
}

// options are chosen for many small calls that each have little time: one
// pipelined connection, no client-side cache, and no retries, because a retried
// call could be counted twice.
func options(list string) (rueidis.ClientOption, error) {
	first, others, _ := strings.Cut(list, ",")
	o, err := rueidis.ParseURL(strings.TrimSpace(first))
	if err != nil {
		return o, err
	}
	for node := range strings.SplitSeq(others, ",") {
		if node = strings.TrimSpace(node); node == "" {
			continue
		}
		parsed, err := rueidis.ParseURL(node)
		if err != nil {
			return o, err
		}
		o.InitAddress = append(o.InitAddress, parsed.InitAddress...)
	}
	o.PipelineMultiplex = -1
	o.DisableCache = true
	o.DisableRetry = true
	o.ReadBufferEachConn, o.WriteBufferEachConn = 64<<10, 64<<10
	o.Dialer = net.Dialer{Timeout: 5 * time.Second, KeepAlive: time.Second} // a call's own deadline comes first
	o.ConnWriteTimeout = 2 * time.Second                                    // a connection that is silent for longer is given up
	return o, nil
}
