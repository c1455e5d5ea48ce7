package notice_test

import (
	"context"
	"mime"
	"net/mail"
	"strings"
	"testing"

	"github.com/repazoo/repazoo/internal/db"
	"github.com/repazoo/repazoo/internal/notice"
	"github.com/repazoo/repazoo/internal/words"
)

// fullData is what the words of any kind need.
func fullData() notice.Data {
	score := 61.4
	return notice.Data{
		Plan: "basic", From: "pro", Until: until, Quota: 1_000, Used: 800, Host: "example.com", Handle: "gus", Findings: 3,
		Score: &score, Level: "high", Reports: 2, Failed: 1, Code: "x_unavailable", Reason: "X did not answer as expected.",
	}
}

func TestWords_EveryLanguageHasItsOwnForEveryKind(t *testing.T) {
	t.Parallel()
	english := map[string]bool{}
	for s := range words.For(words.English).Texts() {
		english[s] = true
	}
	for _, l := range words.Languages() {
		seen := map[string]notice.Kind{}
		for _, k := range append(notice.Kinds(), notice.Test) {
			n := notice.Notice{Kind: k, Data: fullData(), Language: l.Tag}
			if k == notice.SchedulePaused {
				n.Data.Reason = words.For(words.English).Say("pause.account")
			}
			plain := notice.Notice{Kind: k, Data: n.Data}
			for _, said := range []string{n.Title(), n.Sentence()} {
				if other, twice := seen[said]; twice || said == "" || strings.ContainsAny(said, "{}") ||
					strings.Contains(said, "  ") {
					t.Errorf("%s: %s says %q, as does %s", l.Tag, k, said, other)
				}
				seen[said] = k
			}
			if l.Tag == words.English {
				continue
			}
			if n.Title() == plain.Title() || n.Sentence() == plain.Sentence() || n.Action() == plain.Action() ||
				english[n.Title()] || strings.Contains(n.Sentence(), n.Data.Reason) && n.Data.Reason != "" {
				t.Errorf("%s: %s is in English: %s. %s", l.Tag, k, n.Title(), n.Sentence())
			}
		}
	}
}

func TestSentence_IsWrittenAsItsLanguageDoesAndInTheZoneOfItsReader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n    notice.Notice
		want string
	}{
		{
			notice.Notice{Kind: notice.QuotaNearlyUsed, Data: fullData(), Language: "de", Zone: "Europe/Berlin"},
			"Sie haben 800 der 1.000 Analysen dieses Zeitraums verbraucht. Neue gibt es am 24. Dezember 2026, 10:30 Uhr (CET) " +
				"oder mit einem größeren Tarif.",
		},
		{
			notice.Notice{Kind: notice.GraceEnding, Data: fullData(), Language: "es", Zone: "America/Sao_Paulo"},
			"Su plan Basic se pausará el 24 de diciembre de 2026, 06:30 (UTC-03), porque su último pago no se ha podido " +
				"cobrar. Revise su tarjeta antes y nada se detendrá.",
		},
		{
			notice.Notice{Kind: notice.Digest, Data: fullData(), Language: "de"},
			"In den letzten sieben Tagen wurden 2 Berichte erstellt und 1 Analyse schlug fehl, mit 3 neuen Befunden. Der " +
				"neueste Bericht, zu @gus, liegt bei 61 von 100, Stufe hoch.",
		},
		{
			notice.Notice{Kind: notice.Digest, Data: fullData(), Language: "es"},
			"En los últimos siete días se hicieron 2 informes y falló 1 análisis, con 3 hallazgos nuevos. El informe más " +
				"reciente, sobre @gus, está en 61 de 100, riesgo alto.",
		},
		{
			notice.Notice{Kind: notice.AccountReleased, Data: fullData(), Language: "de"},
			"Die Verknüpfung mit @gus wurde gelöst, und die gespeicherten Beiträge sind gelöscht. Dieses X-Konto öffnet Ihr " +
				"Konto nicht mehr und kann anderswo verknüpft werden. Wenn Sie das nicht waren, beenden Sie alle Sitzungen auf " +
				"der Seite Ihres Kontos.",
		},
		{
			notice.Notice{Kind: notice.AnalysisFailed, Data: notice.Data{Handle: "gus", Code: "of_tomorrow"}, Language: "es"},
			"El análisis de @gus ha fallado y no cuenta entre los de su plan. La página del análisis dice el motivo.",
		},
		{
			notice.Notice{Kind: notice.GraceEnded, Language: "xx", Zone: "Nowhere/Land"},
			"Your plan is paused, because its last payment did not go through. It opens again as soon as the payment does. " +
				"Your reports are still there.",
		},
	} {
		if got := tt.n.Sentence(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestMail_IsInTheLanguageThatItsReaderHasChosen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.withMail()
		w.prefers("", "es")
		w.ok(w.SetEmail(t.Context(), w.ann, annsAddress))
		w.ok(w.AskToConfirm(t.Context(), w.ann))
		mails := p.taken()
		if len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		p.isIn(t, mails[0], "es", "Confirme su dirección de correo", "No recibir más correos como este",
			"El enlace vale un día")
		plain, _ := parts(t, mails[0].body)
		w.ok(w.ConfirmEmail(t.Context(), tokens.FindStringSubmatch(plain)[1]))

		w.prefers("de", "es")
		w.ok(w.Mail(t.Context(), w.tell(notice.PlanEnded, "the end")))
		if mails = p.taken(); len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		p.isIn(t, mails[0], "de", "Ihr Tarif ist beendet", "Keine solche E-Mail mehr", "Repazoo öffnen",
			"Sie erhalten das, weil")
	})
}

// prefers notes what ann has chosen, and what her browser asks for.
func (w *world) prefers(chosen, browser string) {
	w.t.Helper()
	w.ok(w.d.InTx(w.t.Context(), db.System, func(_ context.Context, tx db.Tx) error {
		tx.Later(`UPDATE users SET language = $2, browser_language = $3 WHERE id = $1`, w.ann, chosen, browser)
		return nil
	}))
}

// isIn tells whether both parts of a mail are in a language, and say so.
func (p *postOffice) isIn(t *testing.T, m sent, language, subject string, wants ...string) {
	t.Helper()
	read, err := mail.ReadMessage(strings.NewReader(m.body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&mime.WordDecoder{}).DecodeHeader(read.Header.Get("Subject"))
	if err != nil || got != subject || read.Header.Get("Content-Language") != language {
		t.Errorf("the subject is %q in %q, %v", got, read.Header.Get("Content-Language"), err)
	}
	plain, html := parts(t, m.body)
	if !strings.Contains(html, `<html lang="`+language+`"`) {
		t.Errorf("the page does not say that it is in %s", language)
	}
	for _, want := range wants {
		if !strings.Contains(plain, want) || !strings.Contains(html, want) {
			t.Errorf("%q is missing in\n%s\n%s", want, plain, html)
		}
	}
}

func TestList_TellsInTheLanguageThatItsReaderHasChosen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.tell(notice.PlanEnded, "the end")
		w.prefers("de", "")
		n := list(w.Service, t, w.ann, notice.Filter{}).Notices[0]
		if n.Title() != "Ihr Tarif ist beendet" || n.Language != "de" {
			t.Errorf("%+v: %s", n, n.Title())
		}
	})
}
