package limit

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// wide never refuses, so that the dearer path is measured.
var wide = []Window{{"minute", MaxLimit, time.Minute}, {"hour", MaxLimit, time.Hour}}

func BenchmarkTake_Local(b *testing.B) {
	local := NewLocal(time.Now)
	keys := manyKeys()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		take(b, local, keys[i%len(keys)], wide)
	}
}

// BenchmarkTake_Redis reports the CPU time of client and server together for
// one call, with 32 callers at a time.
func BenchmarkTake_Redis(b *testing.B) {
	client := dial(b)
	redis := NewRedis(client, nil)
	keys := manyKeys()
	b.ReportAllocs()
	b.SetParallelism(16)
	before, serverBefore := clientCPU(b), serverCPU(b, client)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			take(b, redis, keys[i%len(keys)], wide)
		}
	})
	own, server := clientCPU(b)-before, serverCPU(b, client)-serverBefore
	b.ReportMetric(float64(own.Nanoseconds())/1e3/float64(b.N), "client-µs/op")
	b.ReportMetric(float64(server.Nanoseconds())/1e3/float64(b.N), "server-µs/op")
}

func manyKeys() []string {
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprintf("%.10s%06d", unique(), i)
	}
	return keys
}

func clientCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func serverCPU(b *testing.B, client rueidis.Client) time.Duration {
	info, err := client.Do(b.Context(), client.B().Info().Section("cpu").Build()).ToString()
	if err != nil {
		b.Fatal(err)
	}
	total := 0.0
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			total += seconds
		}
	}
	return time.Duration(total * float64(time.Second))
}
