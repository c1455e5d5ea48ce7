package main

import "syscall"

// attributes keeps a server away from the terminal's Ctrl-C, which testenv
// handles in its own order, and ends it when testenv itself is killed.
func attributes(who *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: who}
}

// freeBytes is how much more fits into a file system; 0 when it is not there.
func freeBytes(path string) uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}
