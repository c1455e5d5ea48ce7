package main

import "syscall"

// attributes keeps a server away from the terminal's Ctrl-C, which testenv
// handles in its own order, and ends it when testenv itself is killed.
func attributes(who *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: who}
}
