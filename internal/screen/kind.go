package screen

// The categories of hits.
const (
	hateSpeech          = "hate_speech"
	harassment          = "harassment"
	violence            = "violence"
	extremism           = "extremism"
	sexualContent       = "sexual_content"
	profanity           = "profanity"
	substanceUse        = "substance_use"
	misinformation      = "misinformation"
	controversialTopic  = "controversial_topic"
	professionalConduct = "professional_conduct"
	brandSafety         = "brand_safety"
	geopoliticalTopic   = "geopolitical_topic"
	privacyExposure     = "privacy_exposure"
)

// The severities, and what to do about a post.
const (
	low      = "low"
	medium   = "medium"
	high     = "high"
	critical = "critical"

	keep        = "keep"
	editContext = "edit_context"
	removePost  = "delete"
)

// kind is a sort of finding: what it is called, how grave it is, and what takes it back.
type kind struct {
	name       string
	category   string
	severity   string
	suggestion string
	reason     string

	always  bool // neither quotation nor negation excuses it, as with swearing
	own     bool // it counts only where the author speaks of themselves
	claim   bool // it is a claim: asking or doubting it is no finding
	confirm bool // one sign alone; it stays medium until something confirms it
}

// toModel is the kind of posts that talk to a language model. It makes no hit.
const toModel = "model.order"

// manner is the kind of a bad opinion of one person. It makes no hit and counts into the tone of the post.
const manner = "manner"

// kinds are all sorts of findings but those of personal data, by name.
var kinds = kindsByName([]kind{
	{
		name: "hate.threat", category: hateSpeech, severity: critical, suggestion: removePost,
		reason: "Reads as a threat of violence against a group of people.",
	},
	{
		name: "hate.harm", category: hateSpeech, severity: critical, suggestion: removePost,
		reason: "Calls for or wishes harm on a group of people.",
	},
	{
		name: "hate.dehumanise", category: hateSpeech, severity: high, suggestion: removePost,
		reason: "Calls a group of people less than human.",
	},
	{
		name: "hate.slur", category: hateSpeech, severity: medium, suggestion: removePost, confirm: true,
		reason: "Holds a slur against a group of people.",
	},
	{
		name: "hate.abuse", category: hateSpeech, severity: medium, suggestion: removePost,
		reason: "Holds an abusive word that is said of people for what they are.",
	},
	{
		name: "hate.hatred", category: hateSpeech, severity: high, suggestion: removePost,
		reason: "Speaks with hatred or disgust of a group of people.",
	},
	{
		name: "hate.contempt", category: hateSpeech, severity: medium, suggestion: removePost,
		reason: "Says something contemptuous of a whole group of people.",
	},
	{
		name: "hate.rights", category: hateSpeech, severity: medium, suggestion: removePost,
		reason: "Denies a group of people worth, respect or rights.",
	},
	{
		name: "hate.exclude", category: hateSpeech, severity: medium, suggestion: removePost,
		reason: "Wants a group of people away or shut out.",
	},
	{
		name: "hate.blame", category: hateSpeech, severity: medium, suggestion: editContext,
		reason: "Blames a whole group of people.",
	},
	{
		name: "hate.curse", category: hateSpeech, severity: high, suggestion: removePost,
		reason: "Swears at a group of people.",
	},
	{
		name: "hate.phrase", category: hateSpeech, severity: high, suggestion: removePost,
		reason: "Repeats a phrase that is used against a group of people.",
	},

	{
		name: "harassment.insult", category: harassment, severity: medium, suggestion: removePost,
		reason: "Insults somebody directly.",
	},
	{
		name: "harassment.third", category: harassment, severity: low, suggestion: editContext,
		reason: "Insults another person.",
	},
	{
		name: "harassment.curse", category: harassment, severity: medium, suggestion: removePost,
		reason: "Swears at somebody directly.",
	},
	{
		name: "harassment.hatred", category: harassment, severity: medium, suggestion: removePost,
		reason: "Tells somebody of hatred or disgust for them.",
	},
	{
		name: "harassment.dehumanise", category: harassment, severity: medium, suggestion: removePost,
		reason: "Calls somebody an animal, waste or a disease.",
	},
	{
		name: "harassment.wish", category: harassment, severity: high, suggestion: removePost,
		reason: "Wishes somebody death or harm, or tells them to hurt themselves.",
	},
	{
		name: "harassment.body", category: harassment, severity: medium, suggestion: removePost,
		reason: "Abuses somebody for their looks or their body.",
	},
	{
		name: "harassment.stalk", category: harassment, severity: high, suggestion: removePost,
		reason: "Reads as a warning that somebody is watched or will be found.",
	},

	{
		name: "violence.threat", category: violence, severity: critical, suggestion: removePost,
		reason: "Reads as a threat against somebody.",
	},
	{
		name: "violence.other", category: violence, severity: medium, suggestion: removePost, confirm: true,
		reason: "Speaks of doing violence to somebody who is not addressed.",
	},
	{
		name: "violence.call", category: violence, severity: high, suggestion: removePost,
		reason: "Calls for violence against somebody.",
	},
	{
		name: "violence.wish", category: violence, severity: medium, suggestion: removePost,
		reason: "Wishes somebody violence or death.",
	},
	{
		name: "violence.praise", category: violence, severity: medium, suggestion: removePost,
		reason: "Approves of violence that was done to people.",
	},
	{
		name: "violence.attack", category: violence, severity: critical, suggestion: removePost,
		reason: "Announces an attack on a place where people are.",
	},

	{
		name: "extremism.slogan", category: extremism, severity: high, suggestion: removePost,
		reason: "Repeats a slogan or sign of an extremist movement.",
	},
	{
		name: "extremism.praise", category: extremism, severity: high, suggestion: removePost,
		reason: "Praises or supports an extremist movement, its leaders or its crimes.",
	},
	{
		name: "extremism.denial", category: extremism, severity: critical, suggestion: removePost, claim: true,
		reason: "Denies or plays down a genocide.",
	},
	{
		name: "extremism.recruit", category: extremism, severity: critical, suggestion: removePost,
		reason: "Invites others to join an extremist movement.",
	},
	{
		name: "extremism.uprising", category: extremism, severity: high, suggestion: removePost,
		reason: "Calls for political violence.",
	},

	{
		name: "sexual.explicit", category: sexualContent, severity: medium, suggestion: removePost,
		reason: "Is sexually explicit.",
	},
	{
		name: "sexual.suggestive", category: sexualContent, severity: low, suggestion: editContext,
		reason: "Has sexual overtones.",
	},
	{
		name: "sexual.minor", category: sexualContent, severity: critical, suggestion: removePost,
		reason: "Links sexual words with minors.",
	},

	{
		name: "profanity.strong", category: profanity, severity: medium, suggestion: editContext, always: true,
		reason: "Holds strong language.",
	},
	{
		name: "profanity.common", category: profanity, severity: low, suggestion: editContext, always: true,
		reason: "Holds coarse language.",
	},

	{
		name: "substance.driving", category: substanceUse, severity: high, suggestion: removePost, own: true,
		reason: "Speaks of driving after drinking or taking drugs.",
	},
	{
		name: "substance.dealing", category: substanceUse, severity: high, suggestion: removePost, own: true,
		reason: "Offers or asks for illegal drugs.",
	},
	{
		name: "substance.drugs", category: substanceUse, severity: medium, suggestion: editContext, own: true,
		reason: "Speaks of taking illegal drugs.",
	},
	{
		name: "substance.alcohol", category: substanceUse, severity: low, suggestion: keep, own: true,
		reason: "Speaks of being drunk.",
	},

	{
		name: "misinfo.health", category: misinformation, severity: high, suggestion: editContext, claim: true,
		reason: "Repeats a claim on health that has been refuted.",
	},
	{
		name: "misinfo.conspiracy", category: misinformation, severity: medium, suggestion: editContext, claim: true,
		reason: "Repeats a conspiracy claim that has been refuted.",
	},
	{
		name: "misinfo.politics", category: misinformation, severity: medium, suggestion: editContext, claim: true,
		reason: "Repeats a claim on politics or elections that has been refuted.",
	},
	{
		name: "misinfo.science", category: misinformation, severity: medium, suggestion: editContext, claim: true,
		reason: "Repeats a claim on science that has been refuted.",
	},

	{
		name: "controversy.topic", category: controversialTopic, severity: low, suggestion: keep,
		reason: "Takes up a topic on which people divide sharply.",
	},
	{
		name: "geopolitics.conflict", category: geopoliticalTopic, severity: low, suggestion: keep,
		reason: "Takes up a conflict between states or peoples.",
	},

	{
		name: "work.employer", category: professionalConduct, severity: medium, suggestion: removePost,
		reason: "Speaks badly of the author's own work, employer, colleagues or clients.",
	},
	{
		name: "work.conduct", category: professionalConduct, severity: medium, suggestion: removePost, own: true,
		reason: "Tells of conduct at work that an employer would hold against somebody.",
	},
	{
		name: "work.secret", category: professionalConduct, severity: high, suggestion: removePost, own: true,
		reason: "Gives away what is confidential at work.",
	},

	{
		name: "brand.promotion", category: brandSafety, severity: low, suggestion: editContext,
		reason: "Reads like spam, gambling or a get-rich offer that brands keep away from.",
	},
	{
		name: "brand.conflict", category: brandSafety, severity: low, suggestion: editContext,
		reason: "Calls for a boycott or attacks a company.",
	},

	{name: toModel},
	{name: manner},
})

func kindsByName(list []kind) map[string]*kind {
	out := make(map[string]*kind, len(list))
	for i := range list {
		out[list[i].name] = &list[i]
	}
	return out
}
