package device_test

import (
	"testing"

	"github.com/repazoo/repazoo/internal/device"
)

func TestName(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 " +
			"Firefox/128.0": "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 " +
			"Edg/130.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 " +
			"Safari/604.1": "Safari on iPhone",
		"curl/8.9.1":     "curl",
		"something else": "",
		"":               "",
	} {
		if got := device.Name(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}
