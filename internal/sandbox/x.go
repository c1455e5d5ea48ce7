package sandbox

import "net/http"

// XConfig configures the stand-in of X.
type XConfig struct{}

// X is the stand-in of X.
type X struct{ s *Sandbox }

func newX(s *Sandbox) *X { return &X{s} }

func (x *X) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
