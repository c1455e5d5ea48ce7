package analysis

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/claude"
	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/fault"
	claudesandbox "github.com/repazoo/repazoo/internal/sandbox/claude"
)

// between stands between a client and the provider: it answers, or lets a request pass with nil, nil.
type between func(*http.Request) (*http.Response, error)

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	if res, err := b(r); res != nil || err != nil {
		return res, err
	}
	return http.DefaultTransport.RoundTrip(r)
}

// through has every question to the provider pass b, and none tried twice.
func (w *world) through(b between) {
	w.c.Claude = claude.New(claude.Config{
		APIKey: claudesandbox.APIKey, BaseURL: w.url + "/claude", HTTP: &http.Client{Transport: b}, MaxAttempts: 1,
	})
}

// leftovers are n batches at the provider of analyses that are deleted.
func (w *world) leftovers(n int) {
	w.t.Helper()
	p := w.patient()
	a := p.begin(StartRequest{WithinADay: true})
	p.tryRun(w.Service, a.ID)
	p.ok(p.Delete(w.t.Context(), p.UserID, a.ID))
	for range n - 1 {
		w.exec(`INSERT INTO model_batches (analysis_id, state, model, prefix, provider_id, requests, created_at, send_by,
			expires_at, next_look) SELECT $1, state, model, prefix, $2, requests, created_at, send_by, expires_at, next_look
			FROM model_batches LIMIT 1`, db.NewID(), db.NewID())
	}
}

// While the provider hangs, runs whose process died are queued all the same: the sweep does not ask it.
func TestSweep_AsksNobodyAboutBatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.leftovers(1)
		w.through(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%s %s", r.Method, r.URL.Path)
			return nil, errors.New("it hangs")
		})
		w.sb.Advance(time.Minute)
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The plan of a batch goes with its analysis, also where no model is asked any more. That of one that waits stays.
func TestClearBatches_ForgetsThePlanWithoutAModel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		w.c.Claude = nil
		for _, want := range []int{1, 0} {
			w.ok(w.ClearBatches(t.Context()))
			if n := w.count(`SELECT count(*) FROM model_batches WHERE sealed IS NOT NULL`); n != want {
				t.Errorf("%d plans are kept, want %d", n, want)
			}
			w.exec(`DELETE FROM analyses`)
		}
	})
}

// A provider that is away is asked once, for a bounded time, and the batch at which it was noticed comes last the next
// time.
func TestClearBatches_StopsAtTheFirstSilence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.leftovers(3)
		var mu sync.Mutex
		var asked []string
		w.through(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
			if ends, bound := r.Context().Deadline(); !bound || time.Until(ends) > lookTime {
				t.Errorf("it may take until %v", ends)
			}
			return nil, errors.New("it hangs")
		})
		for range 3 {
			w.sb.Advance(time.Minute)
			if err := w.ClearBatches(t.Context()); !errors.Is(err, fault.ModelUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if len(asked) != 3 || asked[0] == asked[1] || asked[1] == asked[2] || asked[0] == asked[2] {
			t.Errorf("asked about %q", asked)
		}
	})
}

// refusal is what the provider answers when it refuses.
func refusal(status int, kind string) *http.Response {
	body := `{"type":"error","error":{"type":"` + kind + `","message":"no"}}`
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// A batch whose results cannot be read costs the half price, and never the analysis. Its row goes as soon as the
// provider says that the results are gone.
func TestBatched_ResultsThatCannotBeReadEndInAReport(t *testing.T) {
	t.Parallel()
	for how, answer := range map[string]func() (*http.Response, error){
		"no longer available": func() (*http.Response, error) { return refusal(404, "not_found_error"), nil },
		"key refused":         func() (*http.Response, error) { return refusal(401, "authentication_error"), nil },
		"always broken":       func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				results := answer
				w.through(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/results") {
						return results()
					}
					return nil, nil
				})
				began := w.d.Now()
				a := p.finish(p.begin(StartRequest{WithinADay: true}).ID)
				if took := w.d.Now().Sub(began); a.Status != Completed || took > 26*time.Hour {
					t.Fatalf("%s after %v: %+v", a.Status, took, a)
				}
				report := must(p.openReport(t.Context(), p.UserID, a.ID))(t)
				if use := report.Models[0]; use.Calls == 0 || use.BatchedCalls != 0 || report.Coverage.PostsUnjudged != 0 {
					t.Errorf("%+v, %+v", use, report.Coverage)
				}
				results = func() (*http.Response, error) { return refusal(404, "not_found_error"), nil }
				for range 2 {
					w.sb.Advance(time.Hour)
					w.ok(w.ClearBatches(t.Context()))
				}
				if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 || len(w.sb.Claude().Batches()) != 0 {
					t.Errorf("%d rows stay, and at the provider %v", n, w.sb.Claude().Batches())
				}
			})
		})
	}
}

// A batch that the provider refuses for good is asked directly. What would keep direct questions away, too, is not.
func TestBatched_ARefusedBatchIsAskedDirectly(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct {
		status int
		want   Status
	}{
		"request_too_large": {413, Completed}, "invalid_request_error": {400, Completed},
		"permission_error": {403, Completed}, "not_found_error": {404, Completed},
		"authentication_error": {401, Running}, "billing_error": {402, Running},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				w.through(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/batches") {
						return refusal(c.status, kind), nil
					}
					return nil, nil
				})
				a := p.begin(StartRequest{WithinADay: true})
				p.tryRun(w.Service, a.ID)
				p.wantStatus(a.ID, c.want)
				if asked := len(w.sb.Calls("/claude/v1/messages")) > 0; asked != (c.want == Completed) {
					t.Errorf("it was asked directly: %v", asked)
				}
				if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 {
					t.Errorf("%d rows stay", n)
				}
			})
		})
	}
}

// halfDone is an analysis that was ended by end when about half of its batch was answered, and whose batch is cleared.
func (w *world) halfDone(p *person, end func(a Analysis)) Analysis {
	w.t.Helper()
	a := p.begin(StartRequest{WithinADay: true})
	p.tryRun(w.Service, a.ID)
	w.sb.Advance(time.Minute)
	end(a)
	w.ok(w.ClearBatches(w.t.Context()))
	w.sb.Advance(time.Minute)
	w.ok(w.ClearBatches(w.t.Context()))
	if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 || len(w.sb.Claude().Batches()) != 0 {
		w.t.Fatalf("%d rows stay, and at the provider %v", n, w.sb.Claude().Batches())
	}
	return a
}

// What a batch had answered when its analysis ended is paid: the next analysis finds it, and asks only the rest. The
// unit of the ended one goes back.
func TestBatched_WhatWasAnsweredBeforeTheEndIsNotPaidTwice(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(w *world, p *person, a Analysis){
		"cancelled": func(w *world, p *person, a Analysis) { must(p.Cancel(w.t.Context(), p.UserID, a.ID))(w.t) },
		"failed": func(w *world, p *person, a Analysis) {
			w.exec(`UPDATE analyses SET runner = 'r' WHERE id = $1`, a.ID)
			a.runner = "r"
			w.ok(w.fail(w.t.Context(), a, fault.ModelUnavailable))
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				w.halfDone(p, func(a Analysis) { end(w, p, a) })
				p.wantUnits(0, 0)
				kept := w.count(`SELECT count(*) FROM verdicts`)
				if kept < 40 || len(w.sb.Calls("/claude/v1/messages")) != 0 {
					t.Fatalf("%d verdicts are kept", kept)
				}
				again := p.finish(p.begin(StartRequest{}).ID)
				p.wantUnits(1, 0)
				report := must(p.openReport(t.Context(), p.UserID, again.ID))(t)
				w.exec(`DELETE FROM verdicts`)
				full := must(p.openReport(t.Context(), p.UserID, p.finish(p.begin(StartRequest{}).ID).ID))(t)
				part, all := report.Models[0], full.Models[0]
				if report.Coverage.PostsUnjudged != 0 || part.CachedVerdicts < kept || part.Calls > all.Calls-kept/40 {
					t.Errorf("with %d verdicts known it asked %+v, without %+v", kept, part, all)
				}
			})
		})
	}
}

// Who has withdrawn their consent, or deleted the analysis, is not read any more: the answers are counted and dropped.
func TestBatched_NothingIsKeptOfAnsweredPostsThatNobodyMayKeep(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(w *world, p *person, a Analysis) error{
		"deleted": func(w *world, p *person, a Analysis) error { return p.Delete(w.t.Context(), p.UserID, a.ID) },
		"withdrawn": func(w *world, p *person, _ Analysis) error {
			return p.Withdraw(w.t.Context(), p.UserID, ConsentKind)
		},
		"withdrawn after it was cancelled": func(w *world, p *person, a Analysis) error {
			_, err := p.Cancel(w.t.Context(), p.UserID, a.ID)
			return errors.Join(err, w.ClearBatches(w.t.Context()), p.Withdraw(w.t.Context(), p.UserID, ConsentKind))
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				p := w.patient()
				a := w.halfDone(p, func(a Analysis) { w.ok(end(w, p, a)) })
				if n := w.count(`SELECT count(*) FROM verdicts`); n != 0 {
					t.Errorf("%d verdicts are kept", n)
				}
				if how != "deleted" && p.show(a.ID).modelMicroUSD == 0 {
					t.Error("what was answered is not counted")
				}
			})
		})
	}
}

// A consent that is withdrawn while results are read leaves no verdict, whichever comes first.
func TestLeftover_AVerdictAfterTheWithdrawalIsNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.patient()
		a := p.begin(StartRequest{WithinADay: true})
		p.tryRun(w.Service, a.ID)
		c := &leftoverVerdicts{sealedVerdicts{w.Service, p.UserID}, a.ID}
		verdict := map[string]assess.Judgement{"one": {}}
		w.ok(c.Put(t.Context(), verdict))
		if n := w.count(`SELECT count(*) FROM verdicts`); n != 1 {
			t.Fatalf("%d verdicts are kept before", n)
		}
		w.ok(p.Withdraw(t.Context(), p.UserID, ConsentKind))
		w.ok(c.Put(t.Context(), verdict))
		if n := w.count(`SELECT count(*) FROM verdicts`); n != 0 {
			t.Errorf("%d verdicts are kept after", n)
		}
	})
}

// A batch that its provider neither shows nor ends is looked at rarely after its day, and not for ever.
func TestClearBatches_ForgetsWhatTheProviderMustHaveDeleted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.leftovers(1)
		looks := 0
		w.through(func(*http.Request) (*http.Response, error) {
			looks++
			return refusal(403, "permission_error"), nil
		})
		began := w.d.Now()
		for w.d.Now().Sub(began) < 28*24*time.Hour {
			w.sb.Advance(time.Hour)
			if err := w.ClearBatches(t.Context()); err != nil && !errors.Is(err, fault.ModelUnavailable) {
				t.Fatal(err)
			}
		}
		if n := w.count(`SELECT count(*) FROM model_batches`); n != 1 || looks > 26+27*4 {
			t.Fatalf("%d rows are there after %d looks", n, looks)
		}
		w.sb.Advance(48 * time.Hour)
		_ = w.ClearBatches(t.Context())
		if n := w.count(`SELECT count(*) FROM model_batches`); n != 0 {
			t.Errorf("%d rows stay", n)
		}
	})
}
