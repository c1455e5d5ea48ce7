package limit

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"github.com/repazoo/repazoo/internal/fault"
)

//go:embed take.lua
var takeScript string

// prefix keeps the keys apart from what else is in the same Redis. It changes with the shape of the values, so that
// processes of an earlier version, which count for themselves during an upgrade, do not misread them.
const prefix = "rv:"

// Redis counts in a Redis that all replicas share: one key for each caller,
// decided by one script in one round trip. A key that counts nothing any more
// expires by itself.
type Redis struct {
	script  *rueidis.Lua
	marking *rueidis.Lua
	now     func() time.Time
	dial    func() (rueidis.Client, error)

	dials  atomic.Uint64             // connections that were made; 0 while nobody counts them
	dialed atomic.Pointer[time.Time] // when the newest was
	even   func() time.Time          // a clock that runs on evenly, for the time since then

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
	return &Redis{
		client: client, script: rueidis.NewLuaScript(takeScript), marking: rueidis.NewLuaScript(markScript),
		now: now, even: time.Now,
	}
}

// Open makes a Redis of an address as [Dial] takes it. It waits a second for the first answer,
// so that a Redis that is there counts from the first call. One that is down does not keep the
// program from starting: it is dialed again, one attempt at a time, when a call needs it.
// Close it when done.
func Open(url string) (*Redis, error) {
	r, err := prepare(url)
	if err != nil {
		return nil, err
	}
	r.begin()
	return r, nil
}

// prepare is a Redis that has not dialed yet.
func prepare(url string) (*Redis, error) {
	o, err := options(url)
	if err != nil {
		return nil, badAddress()
	}
	r := NewRedis(nil, nil)
	o.DialCtxFn = r.count
	r.dial = func() (rueidis.Client, error) { return connect(o) }
	return r, nil
}

// begin dials, and waits a second for it at most.
func (r *Redis) begin() {
	r.dialing = true
	tried := make(chan struct{})
	go func() { r.connect(); close(tried) }()
	select {
	case <-tried:
	case <-time.After(time.Second):
	}
}

// count makes a connection of the client's, and counts it before anything can be asked over it.
func (r *Redis) count(ctx context.Context, to string, d *net.Dialer, secure *tls.Config) (net.Conn, error) {
	now := r.even()
	r.dialed.Store(&now)
	r.dials.Add(1)
	if secure != nil {
		return (&tls.Dialer{NetDialer: d, Config: secure}).DialContext(ctx, "tcp", to)
	}
	return d.DialContext(ctx, "tcp", to)
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
	return r.decide(ctx, key, ws, counted)
}

// takeMarking is Take, and replaces the caller's version if the call is allowed.
func (r *Redis) takeMarking(ctx context.Context, key string, ws []Window) (Decision, error) {
	return r.decide(ctx, key, ws, marked)
}

// Look decides like Take and counts nothing.
func (r *Redis) Look(ctx context.Context, key string, ws []Window) (Decision, error) {
	return r.decide(ctx, key, ws, looked)
}

// effect is what a call does besides asking.
type effect uint8

const (
	looked  effect = iota // nothing
	counted               // it is counted if it is allowed
	marked                // and the caller's version is replaced
)

func (r *Redis) decide(ctx context.Context, key string, ws []Window, does effect) (Decision, error) {
	if err := check(ws); err != nil {
		return Decision{}, err
	}
	client, err := r.connection()
	if err != nil {
		return Decision{}, err
	}
	epoch := r.dials.Load()
	answer, err := r.script.Exec(ctx, client, []string{prefix + key}, r.arguments(ws, does)).AsIntSlice()
	if err != nil {
		return Decision{}, err
	}
	if len(answer) != 4+2*len(ws) {
		return Decision{}, errors.New("limit: Redis gave an answer of the wrong length")
	}
	d := Decision{Allowed: answer[0] == 1, RetryAfter: seconds(answer[1]), Windows: make([]State, len(ws))}
	d.Version = r.version(epoch, answer[2], answer[3])
	for i, w := range ws {
		calls, relief := answer[4+2*i], answer[5+2*i]
		d.Windows[i] = State{w, max(0, w.Limit-int(calls)), seconds(relief)}
	}
	return d, nil
}

func (r *Redis) arguments(ws []Window, does effect) []string {
	count, mark, hold := "0", "0", strconv.FormatInt(Unsettled.Milliseconds(), 10)
	if does != looked {
		count = "1"
	}
	if does == marked {
		mark = hold
	}
	args := append(make([]string, 0, 6+2*len(ws)),
		r.clock(), strconv.Itoa(Buckets), count, strconv.FormatUint(newVersion(), 10), mark, hold)
	for _, w := range ws {
		args = append(args, strconv.Itoa(w.Limit), strconv.FormatInt(w.width(), 10))
	}
	return args
}

// clock is what a script is told of the time: 0 for the server's own clock.
func (r *Redis) clock() string {
	if r.now == nil {
		return "0"
	}
	return strconv.FormatInt(r.now().UnixMicro(), 10)
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
	return connect(options)
}

func connect(o rueidis.ClientOption) (rueidis.Client, error) {
	client, err := rueidis.NewClient(o)
	if err != nil {
		return nil, fault.DependencyDown.Because(fmt.Errorf("connect to Redis: %w", err))
	}
	return client, nil
}

func badAddress() error {
	return fault.DependencyDown.Saying("REDIS_URL cannot be used: it must be redis://HOST:PORT or rediss://HOST:PORT, " +
		"or a comma separated list of them.")
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
	// a connection that is silent for longer is given up
	o.ConnWriteTimeout = 2 * time.Second
	return o, nil
}
