//go:build unix && !linux

package main

import "syscall"

// attributes keeps a server away from the terminal's Ctrl-C, which testenv
// handles in its own order.
func attributes(who *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: who}
}

// freeBytes is not asked for where there is no file system in memory.
func freeBytes(string) uint64 { return 0 }
