package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/repazoo/repazoo/internal/app"
)

// reloadOnHangup reads secrets again on SIGHUP. A terminal that is closed sends the same
// signal, and ends the server with it: ctx is done then.
func reloadOnHangup(ctx context.Context, a *app.App) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	onTerminal := term.IsTerminal(int(os.Stdin.Fd()))
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
			}
			if onTerminal && !term.IsTerminal(int(os.Stdin.Fd())) {
				cancel()
				return
			}
			_ = a.Reload(ctx) // it says in the log what came of it
		}
	}()
	return ctx, func() { signal.Stop(hangups); cancel() }
}
