package console_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestOperator_PagesAndFormsAreForAdministratorsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, user := w.signIn(ada), w.signIn(gus)
	admin.me.Role = "admin"
	for pattern := range w.routes {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/admin") {
			continue
		}
		path = strings.ReplaceAll(path, "{id}", user.me.UserID)
		if method == http.MethodPost {
			user.post(path, nil).shows(http.StatusNotFound, "There is nothing here")
			continue
		}
		user.get(path).shows(http.StatusNotFound, "There is nothing here")
		admin.get(path).shows(http.StatusOK, `<a href="/admin">Operator</a>`)
	}
	user.get("/account").hides(`href="/admin"`)
}

func TestOperator_ShowsAnAccountAndItsOwnerSeesThat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, user := w.signIn(ada), w.signIn(gus).subscribe("pro")
	admin.me.Role = "admin"
	user.completed()
	at := admin.get("/admin/users?who=%40gravelpit_gus").leadsTo()
	if at != "/admin/users/"+user.me.UserID {
		t.Fatal(at)
	}
	user.get("/account/activity").hides("An administrator looked at your account")
	admin.get(at).shows(http.StatusOK, "gravelpit_gus", "pro, active", "1 of ", "Completed", "Chrome").hides("moron",
		"/a/")
	user.get("/account/activity").shows(http.StatusOK, "An administrator looked at your account")
	admin.get("/admin/users?who=nobody_here").shows(http.StatusNotFound, "There is no user with this id or X handle")
	admin.get("/admin/cost").shows(http.StatusOK, "Who cost most", user.me.UserID, "$2.01") // 400 posts and the profile
}

func TestOperator_TriesAJobAgainAndAppliesAnEventAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.signIn(ada).subscribe("pro")
	admin.me.Role = "admin"
	admin.get("/admin/jobs").shows(http.StatusOK, "Jobs that wait, run, or were given up")
	admin.post("/admin/jobs/77777/retry", nil).shows(http.StatusNotFound, "There is no such job any more")
	admin.post("/admin/jobs/x/cancel", nil).shows(http.StatusNotFound)
	admin.post("/admin/inbox/evt_none/replay", nil).shows(http.StatusNotFound, "There is no such event")
}
