package vault

import (
	"encoding/json"
	"os"
	"time"

	"github.com/repazoo/repazoo/internal/fault"
)

const auditFile = "audit.log"

// line is one line of audit.log.
type line struct {
	Time   time.Time `json:"time"`
	Action string    `json:"action"` // init, read, set, remove, rotate
	Name   string    `json:"name,omitzero"`
	OK     bool      `json:"ok"`
	User   int       `json:"uid"`
	PID    int       `json:"pid"`
}

// note appends a line in one write, so that the lines of processes that read at the same
// time do not mix.
func (d *Dir) note(root *os.Root, action, name string, ok bool) error {
	text, err := json.Marshal(line{d.Now().UTC().Truncate(time.Millisecond), action, name, ok, os.Getuid(), os.Getpid()})
	if err != nil {
		return err
	}
	f, err := root.OpenFile(auditFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return unnoted(err)
	}
	defer f.Close()
	if err := inheritIn(root, f); err != nil {
		return unnoted(err)
	}
	if _, err := f.Write(append(text, '\n')); err != nil {
		return unnoted(err)
	}
	return nil
}

func unnoted(err error) error {
	return fault.DependencyDown.Saying("The vault's audit.log cannot be written (%v), and nothing is read or changed "+
		"without it.", plain(err))
}
