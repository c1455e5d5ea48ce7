package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stateVersion  = 1
	maxStateBytes = 512 << 20
)

var errClosed = errors.New("the sandbox was closed")

// Open makes a Sandbox that keeps its state in cfg.StateFile and continues from what the file holds. A file that does not
// exist yet is fresh state; one that cannot be understood is refused with an error that says what to do.
//
// Kept are X's tokens and changed posts, all of Stripe, webhooks that did not arrive yet, and how far the clock was moved;
// not kept are X's sign-in codes and rate limits, faults, calls, and anything of Claude. A change is in the file before the
// answer to it is sent, so a process may be killed at any moment. Only one Sandbox at a time may use a file;
// its folder is made when it is missing.
func Open(cfg Config) (*Sandbox, error) {
	s := build(cfg)
	if cfg.StateFile == "" {
		return s, nil
	}
	if err := os.MkdirAll(filepath.Dir(cfg.StateFile), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the sandbox's state: %w", err)
	}
	raw, err := readState(cfg.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's state: %w", err)
	}
	if err := s.decode(raw); err != nil {
		return nil, fmt.Errorf("the sandbox's state in %s cannot be used: %w; delete this file to start the sandbox afresh (accounts linked and subscriptions bought in the sandbox are then forgotten)", cfg.StateFile, err)
	}
	return s, nil
}

// Close writes what is not written yet and lets go of the state file: whatever changes afterwards is answered with an error.
func (s *Sandbox) Close() error {
	s.keeper.mu.Lock()
	defer s.keeper.mu.Unlock()
	err := s.write()
	s.keeper.closed = true
	return err
}

// keeper guards the state file.
type keeper struct {
	dirty atomic.Bool // something changed since the last write began

	mu     sync.Mutex // held while writing
	closed bool
}

// changed notes that the state is not what the file holds. It is called after the change, or with a lock held that
// encoding the state needs: otherwise a write could begin, and miss the change, between note and change.
func (s *Sandbox) changed() { s.keeper.dirty.Store(true) }

// save returns once every change noted before is in the file.
func (s *Sandbox) save() error {
	if s.cfg.StateFile == "" {
		return nil
	}
	s.keeper.mu.Lock()
	defer s.keeper.mu.Unlock()
	return s.write()
}

// write does the work of save. The caller holds the keeper's lock.
func (s *Sandbox) write() error {
	if s.cfg.StateFile == "" || !s.keeper.dirty.Swap(false) {
		return nil
	}
	err := errClosed
	if !s.keeper.closed {
		var raw []byte
		if raw, err = s.encode(); err == nil {
			err = replaceFile(s.cfg.StateFile, raw)
		}
	}
	if err != nil {
		s.changed()
		return fmt.Errorf("write the sandbox's state: %w", err)
	}
	return nil
}

// saving holds an answer of next back until the state it speaks of is in the file.
func (s *Sandbox) saving(next http.Handler) http.Handler {
	if s.cfg.StateFile == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if err := s.save(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()) // a broken connection is the caller's to notice
	})
}

// stateFile is the file: the state and a checksum of it, so that damage is found before it is believed.
type stateFile struct {
	Version int             `json:"version"`
	Sum     string          `json:"sha256"` // of State, in hex
	State   json.RawMessage `json:"state"`
}

type savedState struct {
	Ahead  time.Duration   `json:"ahead"` // nanoseconds the clock was moved
	X      json.RawMessage `json:"x"`
	Stripe json.RawMessage `json:"stripe"`
}

func (s *Sandbox) encode() ([]byte, error) {
	now := s.Now()
	x, err1 := s.x.encode(now)
	stripe, err2 := s.stripe.encode(now)
	state, err3 := json.Marshal(savedState{s.clock.moved(), x, stripe})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	return json.Marshal(stateFile{stateVersion, checksum(state), state})
}

// decode continues from what encode wrote.
func (s *Sandbox) decode(raw []byte) error {
	var f stateFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	if f.Version != stateVersion {
		return fmt.Errorf("it has version %d, this program needs version %d", f.Version, stateVersion)
	}
	if f.Sum != checksum(f.State) {
		return errors.New("it is damaged: its checksum does not match")
	}
	var st savedState
	if err := json.Unmarshal(f.State, &st); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	s.clock.ahead = max(0, st.Ahead) // nobody else has s yet; first, since the others ask for the time
	return errors.Join(s.x.restore(st.X), s.stripe.restore(st.Stripe))
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func readState(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxStateBytes)) // a longer one fails its checksum
}

// replaceFile leaves either the old or the new content under name, whenever the process or the machine stops.
func replaceFile(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
