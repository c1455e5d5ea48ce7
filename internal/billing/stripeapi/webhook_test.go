package stripeapi

import (
	"testing"
)

func TestSignedAt_RefusesTwoTimes(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"t=1614556800,v1=ab": true, "v1=ab,t=1614556800": true,
		"": false, "v1=ab": false, "t=,v1=ab": false, "t=x,v1=ab": false, "t=1614556800,t=1714556800,v1=ab": false,
		"t=0,v1=ab,t=1614556800": false,
	} {
		if _, err := signedAt(header); (err == nil) != want {
			t.Errorf("%q: %v", header, err)
		}
	}
}
