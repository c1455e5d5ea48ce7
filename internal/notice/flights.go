package notice

import "sync"

// maxFlights is how many requests this process has under way to the webhooks of one user. Somebody whose listener never
// answers so holds up no one else: the queue of webhooks has more slots than this.
const maxFlights = 2

// flights counts the requests under way by user. The zero value has none.
type flights struct {
	mu sync.Mutex
	of map[string]int
}

// begin tells whether one more may begin. Each that did has to end.
func (f *flights) begin(user string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[user] >= maxFlights {
		return false
	}
	if f.of == nil {
		f.of = map[string]int{}
	}
	f.of[user]++
	return true
}

func (f *flights) end(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[user]--; f.of[user] == 0 {
		delete(f.of, user)
	}
}
