package assess

import (
	"testing"
	"time"

	"github.com/repazoo/repazoo/internal/screen"
)

// X writes a link behind the words of a post for its own pictures. It is no source of a quotation.
func TestPost_ItsOwnPictureMakesNoQuotation(t *testing.T) {
	t.Parallel()
	const said = `"you are a worthless clown and nobody likes you" https://t.co/abc`
	if r := (Post{Text: said, Media: 1}).others("me"); r.Any() {
		t.Errorf("with a picture: others %v", r.Others())
	}
	if r := (Post{Text: said}).others("me"); !r.OthersAlone() {
		t.Errorf("with a link: others %v", r.Others())
	}
	if r := (Post{Text: said + " https://t.co/picture", Media: 1}).others("me"); !r.OthersAlone() {
		t.Errorf("with a link and a picture: others %v", r.Others())
	}
}

// The screen reads such a post as it reads the words alone.
func TestLook_APictureHidesNoAbuse(t *testing.T) {
	t.Parallel()
	r := newRun(&Pipeline{Screen: screen.New(), Now: time.Now}, Options{}, nil)
	const said = `"You are a fucking idiot and everybody knows it"`
	alone, shown := r.look(Post{Text: said, Lang: "en"}),
		r.look(Post{Text: said + " https://t.co/abc", Lang: "en", Media: 1})
	if len(alone.Hits) == 0 || len(shown.Hits) != len(alone.Hits) {
		t.Errorf("%d findings in the words alone, %d with a picture", len(alone.Hits), len(shown.Hits))
	}
}
