package sandbox

import "net/http"

// ClaudeConfig configures the stand-in of Claude.
type ClaudeConfig struct{}

// Claude is the stand-in of Claude.
type Claude struct{ s *Sandbox }

func newClaude(s *Sandbox) *Claude { return &Claude{s} }

// ServeHTTP sees paths without the prefix /claude. s.Now() is the time, s.onAdvance hears of its movements.
func (c *Claude) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
