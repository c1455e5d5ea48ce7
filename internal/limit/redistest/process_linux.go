package redistest

import "syscall"

// attributes keep a server away from the terminal's Ctrl-C, and end it with the thread that started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
