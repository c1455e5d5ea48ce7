package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/repazoo/repazoo/internal/assess"
)

// Reports have an ETag, so that whoever has one already gets 304 and neither the server opens and writes it again nor
// the network carries it. The tag is a hash of everything that decides the answer's bytes, not of the bytes, so that it
// is known before the report is opened. It is looked up for each request, in the name of whoever asks: who may not read
// a report any more gets the refusal, whatever tag they send.

// decides is what an answer with a report is made of. Two answers with the same have the same bytes.
type decides struct {
	Program   [3]string // version, commit and the address that reports name
	Format    string
	ID        string
	MadeAt    time.Time
	Purpose   assess.Purpose
	Language  string
	Zone      string
	Dismissed map[string]string
	Mask      *masking
}

// masking is what a masked report is made of besides.
type masking struct {
	Quotes bool
	Names  [][3]string // of the accounts whose handles and names are replaced
}

// reportTag makes the tag, and gives the lens the dismissals that are in it, so that the report has no others.
func (a *API) reportTag(ctx context.Context, in *reportInput, format string, lens *assess.Lens) (string, error) {
	st, err := a.Analyses.State(ctx, caller(ctx), in.ID)
	if err != nil {
		return "", err
	}
	lens.Dismissed = st.Dismissed
	d := decides{
		Program: [3]string{a.Info.Version, a.Info.Commit, a.PublicURL}, Format: format, ID: in.ID, MadeAt: st.MadeAt.UTC(),
		Purpose: lens.Purpose, Language: lens.Language, Dismissed: st.Dismissed,
		Zone: zoneName(lens.Place),
	}
	if in.Mask {
		accounts, err := a.Accounts.Accounts(ctx, caller(ctx))
		if err != nil {
			return "", err
		}
		d.Mask = &masking{Quotes: in.Quotes}
		for _, x := range accounts {
			d.Mask.Names = append(d.Mask.Names, [3]string{x.XUserID, x.Handle, x.Name})
		}
	}
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(d); err != nil { // the keys of a map in their order
		return "", err
	}
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18]) + `"`, nil
}

// holds tells whether a tag is among those of an If-None-Match, which compares weakly; * stands for any answer.
func holds(tag, known string) bool {
	if strings.TrimSpace(known) == "*" {
		return true
	}
	for one := range strings.SplitSeq(known, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			return true
		}
	}
	return false
}

func zoneName(place *time.Location) string {
	if place == nil {
		return ""
	}
	return place.String()
}
