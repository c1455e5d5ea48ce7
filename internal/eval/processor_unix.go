//go:build unix

package eval

import (
	"syscall"
	"time"
)

// processorTime is what this process has used of the processors, which a busy machine
// disturbs less than the clock on the wall.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
