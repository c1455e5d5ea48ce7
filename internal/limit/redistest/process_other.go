//go:build !linux

package redistest

import "syscall"

// attributes keep a server away from the terminal's Ctrl-C.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
