//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// peerPackages are Debian's packages that bench/peer needs, in the versions of Debian 12.
const peerPackages = "gunicorn python3-fastapi python3-uvicorn python3-uvloop python3-httptools python3-redis " +
	"python3-asyncpg python3-jose"

// peerArguments start four workers, as the earlier system had. The address comes with the environment.
var peerArguments = []string{
	"--workers=4", "--worker-class=uvicorn.workers.UvicornWorker", "--keep-alive=120", "--log-level=warning",
	"--graceful-timeout=5",
	"app:app",
}

// findPeer looks whether bench/peer can run here, and copies nothing: Python finds it by its folder.
func (o *options) findPeer(ctx context.Context) error {
	if o.limits || o.mode != "all" && o.mode != "peer" {
		return nil
	}
	folder, err := filepath.Abs(filepath.Join("bench", "peer"))
	if err != nil {
		return err
	}
	const gunicorn = "/usr/bin/gunicorn" // Debian's, whose Python has the packages
	probe := exec.CommandContext(ctx, "/usr/bin/python3", "-B", "-c",
		"import fastapi, uvicorn, uvloop, httptools, redis.asyncio, asyncpg, jose")
	if _, err := os.Stat(gunicorn); err != nil || probe.Run() != nil {
		if o.mode == "peer" {
			return errors.New("bench/peer needs packages of Debian: apt-get install --no-install-recommends " + peerPackages)
		}
		return nil
	}
	o.gunicorn, o.peer = gunicorn, folder
	return nil
}
