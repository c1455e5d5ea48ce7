package screen

// wordClasses are sets of words that patterns name in braces. Some have a meaning
// of their own, see contextClasses.
var wordClasses = map[string]string{
	"filler": `a an the such so all just really very fucking fuckin f*cking fcking fckn freaking frickin damn goddamn bloody absolute absolutely total totally
		complete completely utter utterly literally honestly actually still always also probably little big stupid dumb fat ugly old lying worthless
		pathetic miserable sad sorry disgusting filthy dirty nasty real another bunch of being some these those`,
	"not": `not no never dont doesnt didnt wont cant cannot couldnt shouldnt wouldnt isnt arent wasnt werent aint hardly without nobody none stop
		stopping against anti avoid prevent prevents preventing end condemn condemns oppose opposes`,
	"report": `say says said saying tell tells told claim claims claimed claiming called calls calling call believe believes believed myth myths debunk
		debunks debunked debunking accuse accused accuses quote quotes quoted word words slur slurs term novel book movie film song episode lyrics
		insult if imagine theory theories conspiracy headline headlines`,
	"denial": `myth lie lies false debunked nonsense wrong untrue bullshit misinformation disinformation conspiracy not ridiculous stupid crazy idiots nuts`,
	"proof":  `proof free friendly resistant`,
	"secret": `private password passwort passcode passwd contraseña passport address live house`,
	"common": `the and is are was were you of it this that to for with have not but my me be what they your on at so i im its in`,

	"you":    `you u ya youre ur yall youse`,
	"they":   `he she they hes shes theyre`,
	"people": `him her them you u ya yall`,
	"i":      `i ill im imma id we lets well`,
	"group": `jews jew muslims muslim islam blacks whites mexicans immigrants immigrant refugees migrants gays homosexuals lesbians transgenders trannies arabs
		asians christians indians pakistanis chinese africans latinos hispanics gypsies roma illegals feminists women disabled`,
	"beast": `animals vermin parasites subhuman subhumans cockroaches rats savages leeches plague cancer disease filth scum garbage trash monkeys apes pigs dogs`,
	"insult": `idiot idiots moron morons imbecile imbeciles dumbass dumbasses dumbfuck loser losers scum scumbag scumbags bitch bitches asshole assholes arsehole
		arseholes asshat shithead shitheads dickhead dickheads bastard bastards twat twats cunt cunts whore whores slut sluts prick pricks wanker wankers
		douche douchebag douchebags retard retards fuckface fucktard libtard libtards cuck cucks clown clowns coward cowards psycho jackass
		jackasses simpleton halfwit dimwit dipshit dipshits shitbag motherfucker motherfuckers fucker fuckers pos creep creeps pervert perverts
		liar liars disgrace stupid pathetic disgusting worthless dumb brainless delusional hypocrite hypocrites fool fools ignorant`,
	"gross": `idiot idiots moron morons imbecile imbeciles dumbass dumbasses dumbfuck scumbag scumbags asshole assholes arsehole arseholes shithead shitheads
		dickhead dickheads bastard bastards twat twats cunt cunts whore whores slut sluts prick pricks wanker wankers douchebag douchebags retard retards
		fucktard libtard libtards bitch bitches dipshit dipshits motherfucker motherfuckers scum pos`,
	"kill":   `kill murder stab strangle slaughter execute behead rape lynch`,
	"harmed": `hanged lynched murdered raped beheaded slaughtered stabbed exterminated gassed`,
	"place":  `school mosque church synagogue airport embassy hospital office building courthouse capitol parliament mall`,
	"drug":   `weed cocaine meth heroin ecstasy mdma lsd shrooms ketamine xanax adderall fentanyl opium`,
	"job":    `job boss manager coworker coworkers colleague colleagues client clients employer company customers supervisor workplace`,
}
