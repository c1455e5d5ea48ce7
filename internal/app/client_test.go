package app_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/client"
	"github.com/repazoo/repazoo/internal/account"
	"github.com/repazoo/repazoo/internal/db"
)

// wants fails the test when a call of the client did not go well.
func wants(t *testing.T, answer client.Answer, err error) {
	t.Helper()
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
}

// The client that is made from the contract, against the server that it was made from.
func TestClient_GoesFromAPlanToAReport(t *testing.T) {
	t.Parallel()
	for name, env := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, ctx := start(t, io.Discard, env), t.Context()
			p := signIn(t, base, gus)
			c, err := client.New(base, p.access)
			if err != nil {
				t.Fatal(err)
			}
			plans, err := c.GetPlansWithResponse(ctx)
			wants(t, plans, err)
			if got := plans.JSON200.Data; len(got) != 2 || got[0].Tier != "basic" {
				t.Errorf("the plans are %+v", got)
			}
			once := new("once")
			plan, err := c.PostSubscriptionsWithResponse(ctx, &client.PostSubscriptionsParams{IdempotencyKey: once},
				client.SubscribeInputBody{Tier: "pro", PaymentMethodID: new("pm_card_visa")})
			wants(t, plan, err)
			if got := plan.JSON201; got.Status != "active" || got.Tier != "pro" || got.PeriodEnd == nil {
				t.Errorf("the plan is %+v", got)
			}
			ask := client.StartBody{AccountID: &p.account, Consent: new(true)}
			begun, err := c.PostAnalysesWithResponse(ctx, &client.PostAnalysesParams{IdempotencyKey: new("again")}, ask)
			wants(t, begun, err)
			again, err := c.PostAnalysesWithResponse(ctx, &client.PostAnalysesParams{IdempotencyKey: new("again")}, ask)
			wants(t, again, err)
			if again.JSON202.ID != begun.JSON202.ID {
				t.Errorf("sent twice it began %s and %s", begun.JSON202.ID, again.JSON202.ID)
			}
			var stages []client.ProgressBodyStage
			end, err := c.Wait(ctx, begun.JSON202.ID, func(a client.AnalysisBody) { stages = append(stages, a.Progress.Stage) })
			if err != nil || end.Status != "completed" || end.Score == nil || len(stages) == 0 {
				t.Fatalf("it ended as %+v after %v (%v)", end, stages, err)
			}
			found, err := c.GetAnalysesIDFindingsWithResponse(ctx, end.ID,
				&client.GetAnalysesIDFindingsParams{Limit: new(int64(5))})
			wants(t, found, err)
			report, err := c.GetAnalysesIDReportJSONWithResponse(ctx, end.ID, nil)
			wants(t, report, err)
			total := int(found.JSON200.Total)
			if len(found.JSON200.Data) != 5 || total != len(report.JSON200.Findings) || report.JSON200.Score != *end.Score {
				t.Errorf("%d of %d findings, a report with %d and the score %v, not %v",
					len(found.JSON200.Data), total, len(report.JSON200.Findings), report.JSON200.Score, *end.Score)
			}
			pdf, err := c.GetAnalysesIDReportPdfWithResponse(ctx, end.ID, nil)
			wants(t, pdf, err)
			if !strings.HasPrefix(string(pdf.Body), "%PDF-") {
				t.Errorf("the PDF begins %.10q", pdf.Body)
			}
			list, err := c.GetAnalysesWithResponse(ctx, &client.GetAnalysesParams{
				Limit:  new(int64(1)),
				Status: new(client.GetAnalysesParamsStatus("completed")),
			})
			wants(t, list, err)
			if got := list.JSON200; got.Total != 1 || got.Data[0].ID != end.ID {
				t.Errorf("the list is %+v", got)
			}
			gone, err := c.DeleteAnalysesIDWithResponse(ctx, end.ID)
			wants(t, gone, err)
		})
	}
}

func TestClient_ARefusalIsAnErrorWithItsCode(t *testing.T) {
	t.Parallel()
	base, ctx := start(t, io.Discard, nil), t.Context()
	p := signIn(t, base, gus)
	stranger, err := client.New(base, "")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := client.New(base+"/", newKey(p, account.AnalysesRead).Key)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		call func() error
		code string
	}{
		"without a credential": {func() error { a, err := stranger.GetUsageWithResponse(ctx); return client.Check(a, err) }, "unauthenticated"},
		"without the scope": {
			func() error { a, err := reader.GetUsageWithResponse(ctx); return client.Check(a, err) },
			"scope_missing",
		},
		"of nothing": {func() error {
			a, err := reader.GetAnalysesIDWithResponse(ctx,
				db.NewID())
			return client.Check(a, err)
		}, "not_found"},
		"to wait for nothing": {func() error { _, err := reader.Wait(ctx, db.NewID(), nil); return err }, "not_found"},
	} {
		got, ok := errors.AsType[*client.Problem](c.call())
		if !ok || got.Code != c.code || got.Detail == "" || got.Error() != got.Code+": "+got.Detail {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if a, err := reader.GetAnalysesWithResponse(ctx, nil); client.Check(a, err) != nil {
		t.Errorf("with the scope: %v", client.Check(a, err))
	}
}

// The program of the manual does what the manual says.
func TestClientDoc_TheProgramWorks(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```go\n(package main.*?)```").FindSubmatch(doc)
	if program == nil {
		t.Fatal("docs/client.md has no program")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, program[1], 0o600); err != nil {
		t.Fatal(err)
	}
	base := start(t, io.Discard, nil)
	p := signIn(t, base, gus)
	key := newKey(p, account.AccountRead, account.AnalysesRead, account.AnalysesWrite).Key
	run := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), "go", "run", file)
		cmd.Env = append(os.Environ(), "REPAZOO_URL="+base, "REPAZOO_KEY="+key)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err == nil || !strings.Contains(out, "(subscription_required)") {
		t.Errorf("without a plan: %v\n%s", err, out)
	}
	p.subscribe()
	first, err := run()
	if err != nil || !strings.Contains(first, "harassment: ") {
		t.Fatalf("%v\n%s", err, first)
	}
	if _, err := run(); err != nil {
		t.Error(err)
	}
	if status, _, body := p.call(http.MethodGet, "/api/v1/usage", ""); status != http.StatusOK ||
		!strings.Contains(body, `"used":1,`) {
		t.Errorf("run twice it took %s", body)
	}
}
