package archive

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"time"
)

// Whose archive it is stands in account.js, in manifest.js and, before 2018, in user_details.js. The first that tells
// an id decides; the others add what it lacks.

var handle = regexp.MustCompile(`^\w{0,50}$`)

// maxAbout bounds account.js and its like. A manifest lists each file of the archive with a few lines.
const maxAbout = 2 << 20

// about is what the files beside the posts tell.
type about struct {
	account Account
	profile Profile
	places  []string       // where it says whose they are
	partial bool           // the manifest says that there are other parts
	listed  map[string]int // files of posts in the manifest, by name; how many posts each holds
}

// readAbout reads one of these files.
func readAbout(p part) (about, error) {
	raw, err := readObject(p)
	if err != nil {
		return about{}, err
	}
	switch p.kind {
	case kindAccount:
		return decodeAccount(p, raw)
	case kindProfile:
		return decodeProfile(p, raw)
	case kindDetails:
		return decodeDetails(p, raw)
	}
	return decodeManifest(p, raw)
}

// readObject reads the first JSON object of a part.
func readObject(p part) ([]byte, error) {
	rc, err := p.open()
	if err != nil {
		return nil, readFailed(p, err)
	}
	defer rc.Close()
	raw, err := io.ReadAll(io.LimitReader(rc, maxAbout))
	if err != nil {
		return nil, readFailed(p, err)
	}
	at := bytes.IndexByte(raw, '{')
	if at < 0 {
		return nil, badAbout(p)
	}
	return raw[at:], nil
}

// decode reads one JSON value and ignores what stands behind it.
func decode(p part, raw []byte, into any) error {
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(into); err != nil {
		return badAbout(p)
	}
	return nil
}

// decodeAccount decodes the first entry of account.js. The e-mail address beside it is not decoded.
func decodeAccount(p part, raw []byte) (about, error) {
	var in struct {
		Account struct {
			AccountID          string `json:"accountId"`
			Username           string `json:"username"`
			AccountDisplayName string `json:"accountDisplayName"`
			CreatedAt          string `json:"createdAt"`
		} `json:"account"`
	}
	if err := decode(p, raw, &in); err != nil {
		return about{}, err
	}
	a := Account{ID: in.Account.AccountID, Handle: in.Account.Username, DisplayName: in.Account.AccountDisplayName}
	if t, err := time.Parse(time.RFC3339, in.Account.CreatedAt); err == nil {
		a.CreatedAt = t.UTC()
	}
	return checked(p, about{account: a})
}

// checked refuses an account without a numeric id or with a handle that X would not give.
func checked(p part, a about) (about, error) {
	if !digits(a.account.ID) || !handle.MatchString(a.account.Handle) {
		return about{}, badAbout(p)
	}
	return a, nil
}

func decodeProfile(p part, raw []byte) (about, error) {
	var in struct {
		Profile struct {
			Description struct {
				Bio      string `json:"bio"`
				Website  string `json:"website"`
				Location string `json:"location"`
			} `json:"description"`
		} `json:"profile"`
	}
	if err := decode(p, raw, &in); err != nil {
		return about{}, err
	}
	d := in.Profile.Description
	return about{profile: Profile{Bio: d.Bio, Location: d.Location, Link: d.Website}}, nil
}

func decodeDetails(p part, raw []byte) (about, error) {
	var in struct {
		ID       string `json:"id"`
		Handle   string `json:"screen_name"`
		Name     string `json:"full_name"`
		Bio      string `json:"bio"`
		Location string `json:"location"`
		Link     string `json:"url"`
	}
	if err := decode(p, raw, &in); err != nil {
		return about{}, err
	}
	return checked(p, about{
		account: Account{ID: in.ID, Handle: in.Handle, DisplayName: in.Name},
		profile: Profile{Bio: in.Bio, Location: in.Location, Link: in.Link},
	})
}

// merge adds what b knows and a does not.
func (a *about) merge(b about) {
	if a.account.ID == "" {
		a.account.ID = b.account.ID
	}
	fill(&a.account.Handle, b.account.Handle)
	fill(&a.account.DisplayName, b.account.DisplayName)
	if a.account.CreatedAt.IsZero() {
		a.account.CreatedAt = b.account.CreatedAt
	}
	fill(&a.profile.Bio, b.profile.Bio)
	fill(&a.profile.Location, b.profile.Location)
	fill(&a.profile.Link, b.profile.Link)
	a.partial = a.partial || b.partial
	for name, n := range b.listed {
		if a.listed == nil {
			a.listed = map[string]int{}
		}
		a.listed[name] = n
	}
}

func fill(into *string, from string) {
	if *into == "" {
		*into = from
	}
}
