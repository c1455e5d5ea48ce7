package vault

import (
	"context"
	"os"
	"syscall"
)

// Lock takes the lock that writers take.
func Lock(ctx context.Context, dir *os.File) error { return lock(ctx, dir, syscall.LOCK_EX) }
