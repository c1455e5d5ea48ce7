package assess

import (
	"syscall"
	"time"
	"unsafe"
)

// cpuTime is the processor time of this thread, which other programs do not lengthen. The goroutine must be locked to
// it.
func cpuTime() time.Duration {
	const thread = 3 // CLOCK_THREAD_CPUTIME_ID
	var used syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&used)), 0) //nolint:gosec // it writes there
	if errno != 0 {
		panic(errno)
	}
	return time.Duration(used.Nano())
}
