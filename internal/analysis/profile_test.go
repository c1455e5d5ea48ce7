package analysis

import (
	"archive/zip"
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
	"github.com/repazoo/repazoo/internal/sandbox"
	xsandbox "github.com/repazoo/repazoo/internal/sandbox/x"
	"github.com/repazoo/repazoo/internal/words"
)

const hate = "I hate all Sikhs, they are vermin"

// items are the items of a report's hate: "profile", "alt_text" and "post".
func items(r *assess.Report) string {
	var all []string
	for _, f := range r.Findings {
		if f.Category == assess.HateSpeech && strings.Contains(hate, f.Quote) {
			all = append(all, f.PostID+f.Item)
		}
	}
	return strings.Join(slices.Compact(all), " ")
}

func TestProfile_IsReadAtXWithEachReportAndCountsAsNoPost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		w.sb.X().SetProfile(p.Account.Handle, xsandbox.Profile{Bio: hate})
		r := p.report(StartRequest{})
		if items(r) != "profileprofile" || r.Coverage.PostsTotal != p.atX() || r.Cost.XUserReads != 1 {
			t.Errorf("found %q in %d posts of %d with %d user reads", items(r), r.Coverage.PostsTotal, p.atX(),
				r.Cost.XUserReads)
		}
		if want := int64(r.Cost.XReads)*assess.XReadMicroUSD + assess.XUserReadMicroUSD; r.Cost.XMicroDollars != want {
			t.Errorf("X cost %d, want %d", r.Cost.XMicroDollars, want)
		}
		p.wantPaid()
		w.sb.X().SetProfile(p.Account.Handle, xsandbox.Profile{Bio: "Bridges and bread."})
		if r = p.report(StartRequest{Since: new(w.sb.Now().AddDate(-2, 0, 0))}); items(r) != "" ||
			!slices.Contains(r.Privacy.Read, "the profile: display name, bio, location and link") {
			t.Errorf("after a change: %q, read %q", items(r), r.Privacy.Read)
		}
		if n := w.count(`SELECT count(*) FROM posts WHERE post_id = 'profile'`); n != 1 {
			t.Errorf("%d profiles are kept", n)
		}
	})
}

func TestProfile_ThatXDoesNotShowIsNamedAndTheKeptOneCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		w.sb.X().SetProfile(p.Account.Handle, xsandbox.Profile{Bio: hate})
		p.report(StartRequest{})
		w.sb.Fail(sandbox.Fault{Path: "/x/2/users/me", Status: http.StatusForbidden, Times: -1})
		w.exec(`UPDATE posts SET fetched_at = $1 WHERE post_id = 'profile'`, w.sb.Now().Add(-time.Hour))
		// a sample of what was not seen for longest is looked up again, and the profile is no post
		w.sb.Advance(25 * time.Hour)
		r := p.report(StartRequest{})
		if items(r) != "profileprofile" ||
			!slices.Equal(r.Coverage.OutOfReach, []string{words.For("en").Say("unread.profile")}) || r.Cost.XUserReads != 0 {
			t.Errorf("found %q, out of reach %q, %d user reads", items(r), r.Coverage.OutOfReach, r.Cost.XUserReads)
		}
	})
}

func TestProfile_OfAnArchiveIsKeptSealedWithItsPosts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.subscriber()
		content := added(t, file(t, p.Account.Handle, p.Account.XUserID, 12), "data/profile.js",
			`window.YTD.profile.part0 = [{"profile":{"description":{"bio":"`+hate+`","website":"https://gus.example","location":"Leeds"}}}]`)
		kept := must(w.KeepArchive(t.Context(), p.UserID, bytes.NewReader(content), int64(len(content))))(t)
		r := p.report(StartRequest{ArchiveID: kept.ID})
		if kept.Posts != 12 || r.Coverage.PostsTotal != 12 || items(r) != "profileprofile" || r.Cost.XUserReads != 0 {
			t.Errorf("%d posts kept, %d read, found %q, %d user reads", kept.Posts, r.Coverage.PostsTotal, items(r),
				r.Cost.XUserReads)
		}
		if n := w.count(`SELECT count(*) FROM posts WHERE post_id = 'profile'
			AND CAST(sealed AS text) LIKE '%Sikhs%'`); n != 0 {
			t.Error("the profile is kept in clear")
		}
		w.ok(w.Withdraw(t.Context(), p.UserID, RetentionKind))
		if n := w.count(`SELECT count(*) FROM posts WHERE post_id = 'profile'`); n != 0 {
			t.Error("the profile outlives the consent to keep the archive")
		}
	})
}

func TestAltText_OfAPictureAtXIsReadWithThePost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.pro("ada_fernhill")
		id := w.sb.X().AddPost(p.Account.Handle, xsandbox.Post{
			Text: "Look.", Lang: "en", Media: 2,
			AltTexts: []string{"A tree.", hate},
		})
		if got := items(p.report(StartRequest{})); got != id+assess.ItemAltText {
			t.Errorf("found %q, want %q", got, id+assess.ItemAltText)
		}
	})
}

// added is a zip with one more file.
func added(t *testing.T, content []byte, name, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, f := range must(zip.NewReader(bytes.NewReader(content), int64(len(content))))(t).File {
		if err := z.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	must(must(z.Create(name))(t).Write([]byte(text)))(t)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
