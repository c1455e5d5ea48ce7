package db

import "testing"

func TestChooseSchema_IsWhereOursAreOrBesideNobodys(t *testing.T) {
	t.Parallel()
	ours := []string{steps, "users", "x_accounts", "oauth_states", "river_job"}
	foreign := []string{"users", "orders"}
	for what, c := range map[string]struct {
		public, own []string
		want        string
	}{
		"an empty database":                          {nil, nil, publicSchema},
		"an installation in public":                  {ours, nil, publicSchema},
		"an installation that shares public":         {append(foreign, ours...), nil, publicSchema},
		"another program's tables":                   {foreign, nil, ownSchema},
		"another program's tables and ours":          {foreign, ours, ownSchema},
		"another program's migrations":               {[]string{steps, "users"}, nil, ownSchema},
		"another program's queue":                    {[]string{"river_job"}, nil, ownSchema},
		"a schema of our name that is somebody's":    {nil, foreign, publicSchema},
		"a schema of ours that is not whole, public": {ours, []string{"river_job"}, publicSchema},
		"two installations, the second is the later": {ours, ours, ownSchema},
	} {
		if got := chooseSchema(map[string][]string{publicSchema: c.public, ownSchema: c.own}); got != c.want {
			t.Errorf("%s: %s, not %s", what, got, c.want)
		}
	}
}
