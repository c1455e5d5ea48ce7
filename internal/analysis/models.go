package analysis

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/fault"
)

// gone are the models that the provider said it no longer answers with. The zero value holds none.
type gone struct {
	mu     sync.Mutex
	models map[string]bool
}

func (g *gone) set(model string, is bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.models == nil {
		g.models = map[string]bool{}
	}
	g.models[model] = is
}

func (g *gone) has(model string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.models[model]
}

// warnBefore is how long before its end a model is told in the log.
const warnBefore = 90 * 24 * time.Hour

// LookAtModels asks the provider whether the models that are configured still answer. It tells the log of those that
// are gone or soon will be. A provider that gives no answer changes nothing; its error is returned.
func (s *Service) LookAtModels(ctx context.Context) error {
	if s.c.Claude == nil {
		return nil
	}
	var failed error
	for _, model := range s.configured() {
		failed = errors.Join(failed, s.lookAt(ctx, model))
	}
	return failed
}

// configured are the models of the plans, of second questions, and what stands in for them.
func (s *Service) configured() []string {
	all := append([]string{s.c.SecondModel}, s.c.Fallbacks...)
	for _, tier := range s.c.Billing.Plans() {
		all = append(all, tier.Model)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(m string) bool { return m == "" })
}

func (s *Service) lookAt(ctx context.Context, model string) error {
	info, err := s.c.Claude.Model(ctx, model)
	unknown := claude.Unknown(err)
	switch {
	case unknown && !s.c.Claude.TellsModels():
		return nil // a server of one's own need not tell its models
	case err != nil && !unknown:
		return err
	case unknown || info.Lifecycle == claude.Retired:
		s.gone.set(model, true)
		s.c.Log.ErrorContext(ctx, "a configured model does not exist or was retired, and no analysis can use it: "+
			"set ANTHROPIC_BASIC_MODEL, ANTHROPIC_PRO_MODEL or ANTHROPIC_FALLBACK_MODELS to another", "model", model)
		return nil
	}
	s.gone.set(model, false)
	if at := info.RetiresAt; !at.IsZero() && at.Before(s.c.DB.Now().Add(warnBefore)) {
		s.c.Log.WarnContext(ctx, "a configured model will be retired: choose another before", "model", model, "retires_at",
			at)
	}
	return nil
}

// usable is model, or the first of the fallbacks that answers in its place. Without one it is a fault: no run may
// begin, because what it read from X would be paid for nothing.
func (s *Service) usable(model string) (string, error) {
	if s.c.Claude == nil || model == "" || !s.gone.has(model) {
		return model, nil
	}
	for _, other := range s.c.Fallbacks {
		if !s.gone.has(other) {
			return other, nil
		}
	}
	return "", fault.ModelUnavailable.Saying("The language model of this plan was retired by its provider, so no " +
		"analysis can begin. Nothing was taken from your plan. The operator of this server has to choose another model.").
		Because(&claude.Failure{Status: http.StatusNotFound, Permanent: true})
}
