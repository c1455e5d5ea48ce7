package screen

// role is a set of what a word or phrase can do in a sentence. A word may have several.
type role uint64

// The roles, by the names that language files use. The manual of the format is in lang/README.md.
const (
	light  role = 1 << iota // says nothing of its own and stands between others: "the", "really"
	common                  // an everyday word; it keeps spelling repair and other languages away

	group    // a protected group or its members: "women", "Muslims"
	adj      // the adjective of one: "gay"; a group only before a person, a body part or an insult
	person   // people of no kind: "people", "lives"; turns the adjective before it into a group
	folk     // people who are no protected group: "politicians"
	slur     // a word that is an attack on a group wherever it stands
	weakslur // an abusive word that needs somebody whom it is said of: "bitch"
	you      // the reader
	third    // one other person: "him"
	they     // stands for people who were named before
	me       // the author

	hate     // a feeling against what follows: "despise"
	disgust  // a feeling against what comes before: "makes me sick"
	dehuman  // calls people animals, waste, a disease: "vermin"
	contempt // what nobody wants to be called, and what calls nobody names by itself: "inferior"
	insult   // a name that people are called: "asshole"
	mild     // impolite; of a person it is tone, of a group contempt: "stupid"
	poor     // a bad opinion that is not rude; of a group contempt: "terrible"
	harm     // hurts or kills: "stab"
	wish     // a whole wish of harm: "deserve to die"
	remove   // sends people away or keeps them out: "deport"
	curse    // swears at what follows: "fuck"
	curseoff // swears at what comes before: "fuck off"
	right    // what every person is entitled to: "human", "respect", "to live"
	blame    // a harm done to all of us: "ruin our country"
	cage     // where animals, waste or slaves belong: "zoo"
	avoid    // keeps away from what follows: "would never date"
	lesser   // a comparison that puts what follows below something: "smarter than any"

	intent   // the author is going to: "I will", "let us"
	ought    // it ought to be: "should", "deserve to"
	not      // negation: "not", "never", "without"
	be       // joins people to what is said of them: "are", "like"
	opener   // begins a clause of its own: "who", "when"
	report   // somebody says what is near: "called me", "people who say"
	endorse  // takes a report back: "nothing wrong in saying"
	denounce // rejects what is near: "condemn", "it is wrong to"
	warm     // how reclaimed words are used: "proud", "my fellow"
	play     // a game, a film, a joke, a meal
	clitic   // the object before its verb, elsewhere an article: Spanish "los odio"
	self     // counts the author to the group before it: "like me"
	by       // stands before who did something: "by"
	crime    // somebody does a crime: "are robbing"
	label    // a name of contempt for a group, elsewhere an adjective: German "Illegale"
	lack     // the absence of what stands beside it: "without"
	better   // all would be better: "would be a nicer place"; beside the lack of somebody it wishes them away

	// The roles above name words in the files. Those below are found while reading.
	aimed // stands for a protected group after all: see who.go
)

// roleNames are the names of the roles in the order of the constants.
var roleNames = []string{
	"light", "common",
	"group", "adj", "person", "folk", "slur", "weakslur", "you", "third", "they", "me",
	"hate", "disgust", "dehuman", "contempt", "insult", "mild", "poor", "harm", "wish", "remove", "curse", "curseoff",
	"right", "blame", "cage", "avoid", "lesser",
	"intent", "ought", "not", "be", "opener", "report", "endorse", "denounce", "warm", "play", "clitic", "self",
	"by", "crime", "label", "lack", "better",
}

func roleNamed(name string) (role, bool) {
	for i, n := range roleNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// repairable are the roles whose long words are looked for behind a spelling mistake.
const repairable = group | adj | slur | weakslur | hate | disgust | dehuman | contempt | insult | mild | poor | harm | wish | remove |
	right | blame | cage | avoid | person

// attacks are the roles that a rule begins with.
const attacks = hate | disgust | dehuman | contempt | insult | mild | poor | harm | wish | remove | curse | curseoff | right |
	blame | cage | avoid | lesser | better | slur | weakslur | crime
