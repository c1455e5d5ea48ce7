package limit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
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
	client rueidis.Client
	script *rueidis.Lua
	now    func() time.Time
}

// NewRedis makes a Redis. With now nil it reads the time from the Redis server,
// so that replicas whose clocks differ still count alike: what production wants.
func NewRedis(client rueidis.Client, now func() time.Time) *Redis {
	return &Redis{client, rueidis.NewLuaScript(takeScript), now}
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
	answer, err := r.script.Exec(ctx, r.client, []string{prefix + key}, r.arguments(ws, count)).AsIntSlice()
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
	return r.client.Do(ctx, r.client.B().Ping().Build()).Error()
}

// Dial connects to redis://, rediss://, or a comma separated list of them that
// are nodes of one cluster. It fails with [fault.DependencyDown] when there is
// no Redis; its error holds no password. Close the client when done.
func Dial(url string) (rueidis.Client, error) {
	options, err := options(url)
	if err != nil {
		return nil, fault.DependencyDown.Saying("REDIS_URL cannot be used: it must be redis://HOST:PORT or rediss://HOST:PORT, or a comma separated list of them.")
	}
	client, err := rueidis.NewClient(options)
	if err != nil {
		return nil, fault.DependencyDown.Because(fmt.Errorf("connect to Redis: %w", err))
	}
	return client, nil
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
