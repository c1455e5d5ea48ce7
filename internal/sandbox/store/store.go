// Package store is what the stand-ins share: one clock that can be moved ahead, and one file for what they remember.
//
// A stand-in registers with [Store.Keep] how its state is written and read, calls [Store.Changed] after each change,
// and is wrapped in [Store.Saving], so that a change is in the file before the answer to it is sent. A process may
// therefore be killed at any moment. Without a file everything stays in memory.
package store

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
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stateVersion  = 1
	maxStateBytes = 512 << 20
)

var errClosed = errors.New("the sandbox was closed")

// Store is the clock and the state of one sandbox. It is safe for concurrent use once every part is registered and
// [Store.Load] has returned.
type Store struct {
	clock clock
	file  string // empty for memory only
	parts []part
	dirty atomic.Bool // something changed since the last write began

	mu     sync.Mutex // held while writing
	closed bool
}

// part is the state of one stand-in.
type part struct {
	name    string
	encode  func(now time.Time) ([]byte, error)
	restore func([]byte) error
}

// New makes a Store whose time is now, or the machine's time when now is nil, and whose state is kept in file, or in
// memory only when file is empty.
func New(now func() time.Time, file string) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{clock: clock{base: now}, file: file}
}

// Keep registers a part of the state under name: encode writes it as JSON, restore continues from that. Parts are
// restored in the order in which they are registered, after the clock, because restoring may ask for the time.
func (s *Store) Keep(name string, encode func(now time.Time) ([]byte, error), restore func([]byte) error) {
	s.parts = append(s.parts, part{name, encode, restore})
}

// Load continues from what the file holds, and makes its folder when that is missing. A file that does not exist yet is
// fresh state; one that cannot be understood is refused with an error that says what to do. Only one Store at a time
// may use a file.
func (s *Store) Load() error {
	if s.file == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return fmt.Errorf("make the folder of the sandbox's state: %w", err)
	}
	raw, err := readState(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the sandbox's state: %w", err)
	}
	if err := s.decode(raw); err != nil {
		return fmt.Errorf("the sandbox's state in %s cannot be used: %w; delete this file to start the sandbox afresh "+
			"(accounts linked and subscriptions bought in the sandbox are then forgotten)", s.file, err)
	}
	return nil
}

// Close writes what is not written yet and lets go of the state file: whatever changes afterwards is answered with an
// error.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.write()
	s.closed = true
	return err
}

// Changed notes that the state is not what the file holds. It is called after the change, or with a lock held that
// encoding the state needs: otherwise a write could begin, and miss the change, between note and change.
func (s *Store) Changed() { s.dirty.Store(true) }

// Save returns once every change noted before is in the file.
func (s *Store) Save() error {
	if s.file == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write()
}

// write does the work of Save. The caller holds s.mu.
func (s *Store) write() error {
	if s.file == "" || !s.dirty.Swap(false) {
		return nil
	}
	err := errClosed
	if !s.closed {
		var raw []byte
		if raw, err = s.encode(); err == nil {
			err = replaceFile(s.file, raw)
		}
	}
	if err != nil {
		s.Changed()
		return fmt.Errorf("write the sandbox's state: %w", err)
	}
	return nil
}

// Saving holds an answer of next back until the state it speaks of is in the file.
func (s *Store) Saving(next http.Handler) http.Handler {
	if s.file == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if err := s.Save(); err != nil {
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

// clockPart is the name of the clock's part: nanoseconds that it was moved ahead.
const clockPart = "ahead"

func (s *Store) encode() ([]byte, error) {
	now := s.Now()
	parts := map[string]json.RawMessage{clockPart: json.RawMessage(strconv.FormatInt(int64(s.clock.moved()), 10))}
	for _, p := range s.parts {
		raw, err := p.encode(now)
		if err != nil {
			return nil, err
		}
		parts[p.name] = raw
	}
	state, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(stateFile{stateVersion, checksum(state), state})
}

// decode continues from what encode wrote.
func (s *Store) decode(raw []byte) error {
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
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(f.State, &parts); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	var ahead time.Duration
	if err := json.Unmarshal(parts[clockPart], &ahead); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	s.clock.ahead = max(0, ahead) // nobody else has s yet
	for _, p := range s.parts {
		if err := p.restore(parts[p.name]); err != nil {
			return err
		}
	}
	return nil
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
