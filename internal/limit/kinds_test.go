package limit

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/limit/redistest"
)

// kinds are the servers that can be had here, by what they are, as REDIS_URL names them. Redis alone and as a cluster
// are always there; Valkey is where there is a TEST_VALKEY_URL or a valkey-server.
func kinds(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"redis": redisURL(t), "redis cluster": list(redistest.Cluster(t, redistest.Redis))}
	if redistest.Has(redistest.Valkey) {
		all["valkey"] = redistest.Start(t, redistest.Valkey).URL
		all["valkey cluster"] = list(redistest.Cluster(t, redistest.Valkey))
	}
	if url := os.Getenv("TEST_VALKEY_URL"); url != "" {
		all["valkey"] = url
	}
	return all
}

func list(nodes []*redistest.Server) string {
	urls := make([]string, len(nodes))
	for i, n := range nodes {
		urls[i] = n.URL
	}
	return strings.Join(urls, ",")
}

// Other tests run on one Redis; this shows that the others count alike.
func TestTake_EveryKindOfServerDecidesLikeAnExactModel(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	t.Logf("tried: %s", strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	for kind, url := range all {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			client, err := Dial(url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			checkModel(t, func(c *clock) map[string]taker {
				return map[string]taker{"local": NewLocal(c.now), kind: NewRedis(client, c.now)}
			})
			redis, err := Open(url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(redis.Close)
			for range 5 { // keys are in several places of a cluster
				if got := flood(t, redis, unique(), 300); got != 60 {
					t.Errorf("%d of 300 calls passed", got)
				}
			}
		})
	}
}

// One address is enough: a cluster tells of its other nodes.
func TestRedis_SpreadsItsKeysOverACluster(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, redistest.Redis)
	for name, url := range map[string]string{"one address": nodes[1].URL, "a list": list(nodes)} {
		redis, err := Open(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(redis.Close)
		local := NewLocal(newClock().now)
		limiter := New(local, redis, unhurried)
		const keys = 60
		before := sizes(nodes)
		for range keys {
			if d := take(t, limiter, unique(), minuteAndHour); d.Local || !d.Allowed {
				t.Fatalf("%s: got %+v", name, d)
			}
		}
		after := sizes(nodes)
		for i := range after {
			if after[i] == before[i] { // by chance once in 10^10
				t.Errorf("%s: node %d got no key", name, i)
			}
		}
		if got := sum(after) - sum(before); got != keys {
			t.Errorf("%s: %d keys for %d callers", name, got, keys)
		}
		if err := limiter.Healthy(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func sizes(nodes []*redistest.Server) []int {
	all := make([]int, len(nodes))
	for i, n := range nodes {
		all[i], _ = strconv.Atoi(n.Do("DBSIZE"))
	}
	return all
}

func sum(all []int) (total int) {
	for _, n := range all {
		total += n
	}
	return total
}

// While a master is away nobody is turned away by mistake, and each process gives a caller one more allowance at most.
func TestLimiter_BridgesAClusterThatLacksAMaster(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, redistest.Redis)
	client, err := Dial(list(nodes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	limiter := newLimiter(NewLocal(newClock().now), NewRedis(client, nil), unhurried, time.Millisecond)
	keys := make([]string, 12)
	for i := range keys {
		keys[i] = unique()
		if got := flood(t, limiter, keys[i], 100); got != 60 {
			t.Fatalf("%d calls passed", got)
		}
	}
	nodes[2].Kill()
	for _, key := range keys {
		if got := flood(t, limiter, key, 150); got > 60 {
			t.Errorf("%d more calls passed", got)
		}
	}
	nodes[2].Again()
	fresh := unique()
	await(t, func() bool {
		for _, key := range append([]string{fresh}, keys...) {
			if d := take(t, limiter, key, minuteAndHour); d.Local {
				return false
			}
		}
		return true
	})
}
