package notice

import "testing"

func TestFlights_OneUserHasOnlySoManyAndAnotherIsNotHeldUp(t *testing.T) {
	t.Parallel()
	var f flights
	for range maxFlights {
		if !f.begin("ann") {
			t.Fatal("one of the first was refused")
		}
	}
	if f.begin("ann") || !f.begin("ben") {
		t.Error("one too many began, or ben was held up")
	}
	f.end("ann")
	if !f.begin("ann") {
		t.Error("an end made no room")
	}
}
