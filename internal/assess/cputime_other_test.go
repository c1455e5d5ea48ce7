//go:build !linux

package assess

import "time"

var cpuBegan = time.Now()

// cpuTime is the time on the wall, where a thread's own can't be had.
func cpuTime() time.Duration { return time.Since(cpuBegan) }
