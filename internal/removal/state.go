package removal

// State is where a plan stands.
type State string

// A plan begins as a draft and ends in one of the last two.
const (
	Draft   State = "draft"   // posts are chosen; X was not asked
	Frozen  State = "frozen"  // the dry run has shown what would go, and it is signed
	Running State = "running" // posts are being deleted, or it waits to go on
	Paused  State = "paused"  // by the person
	Stopped State = "stopped" // by an answer that somebody has to act on
	Done    State = "done"    // every post has its outcome
	Ended   State = "ended"   // by the person or by time, before every post had its turn
)

// Act is what can be done with a plan.
type Act string

// The acts. Stop and Finish are the run's own; the others are the person's.
const (
	Change Act = "change" // take posts out
	Freeze Act = "freeze" // the dry run, which may be repeated
	Back   Act = "back"   // make the backup
	Ask    Act = "ask"    // ask X for the leave to delete
	Start  Act = "start"  // or go on after a pause or a stop
	Pause  Act = "pause"
	Tick   Act = "tick" // say that a post was deleted by hand, and have that looked up
	End    Act = "end"
	Stop   Act = "stop"
	Finish Act = "finish"
)

// moves are where each act leads from each state. What is not here may not be done.
var moves = map[State]map[Act]State{
	Draft: {Change: Draft, Freeze: Frozen, Tick: Draft, Finish: Done, End: Ended},
	Frozen: {
		Change: Draft, Freeze: Frozen, Back: Frozen, Ask: Frozen, Start: Running, Tick: Frozen, Finish: Done,
		End: Ended,
	},
	Running: {Pause: Paused, Stop: Stopped, Finish: Done, End: Ended},
	Paused:  {Ask: Paused, Start: Running, Tick: Paused, Finish: Done, End: Ended},
	Stopped: {Ask: Stopped, Start: Running, Tick: Stopped, Finish: Done, End: Ended},
}

// After is the state that an act leads to; ok is false where it may not be done.
func (s State) After(a Act) (next State, ok bool) {
	next, ok = moves[s][a]
	return next, ok
}

// May tells whether an act may be done.
func (s State) May(a Act) bool { _, ok := s.After(a); return ok }

// Over tells whether nothing more will happen.
func (s State) Over() bool { return s == Done || s == Ended }

// From are the states in which an act may be done.
func From(a Act) []State {
	var all []State
	for _, s := range []State{Draft, Frozen, Running, Paused, Stopped} {
		if s.May(a) {
			all = append(all, s)
		}
	}
	return all
}
