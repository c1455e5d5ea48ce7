package sandbox

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestREADME_CountsThePeopleOfTheSandbox(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if want := fmt.Sprintf("one of %s invented people",
		words[len(New(Config{}).X().People())]); !strings.Contains(string(text), want) {
		t.Errorf("the README does not say %q", want)
	}
}
