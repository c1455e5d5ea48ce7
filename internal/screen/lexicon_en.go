package screen

// english are the rules for English, gravest first within a category. Slurs are
// listed because posts hold them; the list is short on purpose, and words with a
// common innocent sense are left to the language model.
var english = []rule{
	{
		name: "hate.slur", category: hateSpeech, severity: critical, suggestion: remove, anywhere: true,
		reason: "Holds a slur against a group of people.",
		patterns: `nigger, niggers, n*gger, n**ger, n***er, n****r, sandnigger, kike, kikes, wetback, wetbacks, raghead, ragheads, towelhead, towelheads, gook, gooks,
			faggot, faggots, fagot, f*ggot, f*ggots, f**got, f****t, zipperhead, zipperheads, jigaboo, porch monkey|monkeys, camel jockey|jockeys, sand monkey|monkeys, shitskin, shitskins, untermensch`,
	},
	{
		name: "hate.slur-common", category: hateSpeech, severity: high, suggestion: remove,
		reason: "Holds a word that is widely read as a slur against a group of people.",
		patterns: `fag, fags, faggy, tranny, trannies, shemale, shemales, spics, beaner, beaners, chinky, chink eyes, dykes, paki, pakis, darkie, darkies,
			retard, retards, retarded, r*tard, r*tarded, fucktard, fucktards, mongoloid, libtard, libtards, feminazi, feminazis, muzzie, muzzies, rapefugee, rapefugees, you|u chink`,
	},
	{
		name: "hate.reclaimed", category: hateSpeech, severity: medium, suggestion: editContext,
		reason:   "Holds a word that some groups use among themselves and others read as a slur.",
		patterns: `nigga, niggas, n*gga, n*ggas, n**ga`,
	},
	{
		name: "hate.dehumanise", category: hateSpeech, severity: critical, suggestion: remove,
		reason: "Calls a group of people less than human.",
		patterns: `{group} are|is|r {beast}
			{group} are|is {harmed}
			{group} are|is not|never human|people
			{group} are|is inferior, inferior race, subhuman race`,
	},
	{
		name: "hate.harm-group", category: hateSpeech, severity: critical, suggestion: remove,
		reason: "Wishes harm on a group of people.",
		patterns: `{kill}|gas|exterminate|eradicate all|every|the|these|those {group}
			gas|exterminate {group}
			{group} should|must|need|deserve|deserves to|_ die|burn|hang|drown|suffer
			{group} should|must to|_ be {harmed}|exterminated|eradicated|sterilized|gassed
			death to|2 all|the|_ {group}`,
	},
	{
		name: "hate.expel", category: hateSpeech, severity: high, suggestion: remove,
		reason: "Demands that people go because of where they come from or what they are.",
		patterns: `go|went back to your|ur country|homeland|africa|mexico|shithole, go back to africa|mexico|asia|china|pakistan|india
			get out of our|my country, {group} not welcome`,
	},
	{
		name: "hate.exclude", category: hateSpeech, severity: medium, suggestion: editContext,
		reason: "Speaks of people as unwanted because of where they come from or what they are.",
		patterns: `send|ship them|em|{group} all|_ back to|home, no more {group}, deport them|em all, deport all|every|the|these|those|_ {group}
			{group} out of our|my country, {group} are invaders|invading, keep|kick {group} out, stop the invasion, sendthemback`,
	},
	{
		name: "hate.group", category: hateSpeech, severity: high, suggestion: remove,
		reason: "Speaks with hatred of a group of people.",
		patterns: `i|we hate|despise|loathe {group}, fuck|fck|f*ck {group}, {group} are|is evil|stupid|disgusting|rapists|criminals|terrorists|thieves|liars|whores|hoes|sluts|bitches|trash|violent|inbred|lazy|dumb
			{group} ruin|ruined|destroy|destroyed everything|our|this, ban all {group}, women belong in|to kitchen, jews|zionists|rothschilds control|own|run the|_ media|banks|world|government|hollywood
			all women are trash|whores|hoes|evil`,
	},

	{
		name: "harass.self-harm", category: harassment, severity: critical, suggestion: remove,
		reason:   "Tells somebody to hurt themselves.",
		patterns: `go|please|pls|just|should kys, @ kys, kys {you}|@|bitch|loser|now, kill|hang|shoot yourself|urself|yourselves|yoself, go|please die, go and die, go die in, drink bleach, neck yourself, slit your|ur wrists|throat, jump off a bridge|cliff|building`,
	},
	{
		name: "harass.wish", category: harassment, severity: high, suggestion: remove,
		reason: "Wishes somebody harm.",
		patterns: `hope you|u|he|she|they die|dies|burn|burns|rot|rots|suffer|suffers|choke|chokes, rot in hell, burn in hell, drop dead, wish you|u were dead, you|u|he|she|they deserve|deserves to die|suffer|burn|rot
			go to hell {you}|@`,
	},
	{
		name: "harass.abuse", category: harassment, severity: medium, suggestion: remove,
		reason: "Abuses somebody directly.",
		patterns: `fuck|fck|f*ck|f**k|fuk|fucc|screw you|u|yourself|urself|ya|yall|him|her|them|off, go fuck|f*ck|fck|screw yourself|urself|yourselves, stfu, shut the fuck|hell|f*ck up, suck my dick|cock|balls, eat shit, piece|pieces of shit|crap|garbage|trash|filth
			piss off, shut your|ur mouth|trap|face|ass, kiss my ass|arse, nobody likes you|u, son|sons of bitch|bitches, sonofabitch, fuckyou`,
	},
	{
		name: "harass.insult-you", category: harassment, severity: medium, suggestion: remove,
		reason: "Insults the person it speaks to.",
		patterns: `{you} are|r|re|_ {insult}
			{you} look|sound like {insult}, you|u look|are|r like shit, get a brain, your|ur mother|mom is, shut up {insult}, what an {gross}, hey|listen {gross}`,
	},
	{
		name: "harass.insult-them", category: harassment, severity: low, suggestion: editContext,
		reason: "Insults somebody.",
		patterns: `{they} are|is|r|_ {gross}, is|are {gross}, @ {gross}, that|this|these|those {gross}, what a {gross}, fucking|fuckin|stupid|dumb|lying|racist {gross}
			{they} are|is|r|_ pathetic|disgusting|worthless|delusional|psycho|psychos|liar|liars|coward|cowards|clown|clowns|hypocrite|hypocrites|disgrace|loser|losers|creep|creeps|pervert|perverts|fool|fools`,
	},

	{
		name: "violence.threat", category: violence, severity: critical, suggestion: remove,
		reason: "Reads as a threat against somebody.",
		patterns: `{i} will|going|gonna|want|wanna|gunna|gotta|could|would|should|finna to|_ {kill} {people}, ill|imma|lets {kill} {people}, {i} will find you|u, you|u are|r|_ dead meat
			{i} will|going|gonna|wanna|want|_ to|_ {kill} somebody|someone|everyone|everybody, {i} will|going|gonna|wanna|_ to|_ shoot {people} dead|in|down|up, {i} will|going|gonna|wanna|want|must|should|_ to|_ bomb {place}
			{i} will|going|gonna|wanna|want|must|should|_ to|_ shoot|blow|burn up|down {place}, put a bullet in|through {people}|your|his|her|their, {i} will|gonna|going|_ to|_ bring a gun to`,
	},
	{
		name: "violence.wish", category: violence, severity: high, suggestion: remove,
		reason: "Calls for violence against somebody.",
		patterns: `{they}|politicians|traitors|cops|journalists|bankers|terrorists|rapists|all should|must|needs|need|deserves|deserve|ought to|_ be {harmed}|shot|killed|hung|executed, should|deserves|deserve to|_ be hanged|lynched|murdered|raped|beheaded|slaughtered|stabbed
			{they} should|must|deserves|deserve to|_ die, someone|somebody should|please|needs|_ to|_ shoot|kill|murder|stab {people}|trump|biden|obama|hillary|clinton, string|hang em|them|him|her up|high, hope someone|somebody kills|shoots|murders {people}`,
	},
	{
		name: "violence.fight", category: violence, severity: medium, suggestion: editContext,
		reason: "Speaks of hurting somebody.",
		patterns: `{i} will|going|gonna|wanna|want|_ to|_ punch|slap|choke|beat|strangle {people} in|on|to|until|up|with, {i} will|going|gonna|wanna|want|_ to|_ kick|beat|whoop your|ur|his|her|their ass|face|teeth, beat|beating|kick the shit|crap|hell out of {people}
			{i} will|going|gonna|wanna|want|_ to|_ fuck|knock {people} up|out, punch|punched|slap|slapped {people} in|on face|mouth, catch these hands, {kill} them|em all`,
	},

	{
		name: "extremism.praise", category: extremism, severity: critical, suggestion: remove,
		reason: "Repeats a slogan of an extremist movement or praises one.",
		patterns: `heil hitler, sieg heil, hitler was|is right, hitler did nothing wrong, whitepower, white power forever|worldwide, white genocide is real, gas|hang the jews, race war now, racewarnow, rahowa, day of rope, 14 88
			death to america|israel|west|infidels|jews, long live isis|taliban|caliphate|hitler|reich, {i} support|join isis|hitler|daesh|nazism|nazis, kkk is|was right, jews will not replace
			six million wasnt enough, holohoax, holocaust never happened, holocaust is|was a|_ lie|hoax|fake, ethnic cleansing is good|needed`,
	},
	{
		name: "extremism.violent-politics", category: extremism, severity: high, suggestion: remove,
		reason: "Calls for political violence or an uprising.",
		patterns: `race war is coming, need|want a civil|race|holy war, {i}|must|should overthrow|storm the government|capitol|parliament, need|want|time for an armed revolution|uprising, hang|execute the|all|every traitors|politicians|elites|communists|democrats|republicans|liberals|conservatives
			only good communist|democrat|republican|liberal|muslim|jew|cop is dead, kill|fry cops|pigs|police`,
	},

	{
		name: "sexual.explicit", category: sexualContent, severity: medium, suggestion: remove,
		reason: "Is sexually explicit.",
		patterns: `blowjob, blowjobs, handjob, handjobs, rimjob, gangbang, gangbanged, creampie, deepthroat, bukkake, dildo, dildos, cumshot, jizz, suck my cock, dick pic|pics, dickpic, dickpics
			send|sending me|_ nudes, anal sex, oral sex, eat me out, sucking|suck|sucked dick|cock, fuck|fucked|ride|rode my|her|his|your|ur pussy|cock|dick|brains, hentai, masturbate, masturbating, masturbated, masturbation, jerking off, wanking, xxx video|videos`,
	},
	{
		name: "sexual.suggestive", category: sexualContent, severity: low, suggestion: editContext,
		reason:   "Has sexual overtones.",
		patterns: `horny, milf, milfs, pussy, pussies, p*ssy, boobs, tits, titties, titty, boner, orgasm, orgasms, watch|watching|watched porn, porn star|stars|video|videos|site, pornhub, onlyfans, nsfw, sexting, bdsm, camgirl, camgirls, sex tape, sextape, booty call, strip club|clubs`,
	},
	{
		name: "sexual.minor", category: sexualContent, severity: high, suggestion: remove,
		reason:   "Links sexual words with minors.",
		patterns: `sex with underage|minors|minor, underage girls|sex|porn, child porn, jailbait, kiddie porn`,
	},

	{
		name: "profanity.strong", category: profanity, severity: medium, suggestion: editContext, anywhere: true, always: true,
		reason: "Holds strong language.",
		patterns: `fuck, fucks, fucked, fucker, fuckers, fuckin, fucking, fuckup, fuckery, fuckface, fuckboy, fuckboys, fucken, motherfucker, motherfuckers, motherfucking, motherfuckin, clusterfuck, mindfuck, fuckyou, fck, fcking, fckn, fuk, fukin, fuking, fk, fkn, fking, fuq,
			f*ck, f*cks, f*cked, f*cking, f**k, f**ks, f**ked, f**king, f***, f***ing, f***ed, f*****g, f****ng, fcuk, cunt, cunts, c*nt, c**t, cocksucker, cocksuckers, mofo, muthafucka, muthafuckas, dumbfuck`,
	},
	{
		name: "profanity.common", category: profanity, severity: low, suggestion: editContext, always: true,
		reason: "Holds coarse language.",
		patterns: `shit, shits, shitty, shitting, bullshit, horseshit, shithole, shitholes, shithead, shitheads, shitshow, shitstorm, batshit, dipshit, dipshits, apeshit, sh*t, s**t, s***, sht, sh*tty, b*llshit, bullsh*t, bs artist
			bitch, bitches, bitchy, bitching, bitchin, b*tch, b*tches, b**ch, b****, biatch, asshole, assholes, a**hole, a**holes, assh*le, arsehole, arseholes, dumbass, dumbasses, jackass, jackasses, smartass, asshat, asshats, bigass, ass, asses, a$$, arse, my|your|ur|his|her|their|dumb|lazy|punk|stupid|sorry|fat|broke|ugly|bitch ass
			a|my|your|ur|his|that|such|big|suck dick, dicks, dickhead, dickheads, d*ck, dick move, a|that|such prick, pricks, bastard, bastards, twat, twats, wanker, wankers, bollocks, bugger off, pissed off, pissing, goddamn, goddammit, goddamnit, hoes, this|that|you|ya|thirsty hoe, ho*s, whore, whores, slut, sluts, slutty, skank, skanks, thot, thots, douche, douchebag, douchebags, wtf, stfu, ffs, gtfo`,
	},

	{
		name: "substance.driving", category: substanceUse, severity: high, suggestion: remove,
		reason:   "Speaks of driving after drinking or taking drugs.",
		patterns: `{i}|me drove|driving|drive|drivin home|_ drunk|high|stoned|wasted|buzzed, got|my dui|duis, drink|drinking and drive|driving`,
	},
	{
		name: "substance.drugs", category: substanceUse, severity: medium, suggestion: editContext,
		reason: "Speaks of taking illegal drugs.",
		patterns: `smoke|smoking|smoked|snort|snorting|snorted|took|taking|did|doing|need|want|love|selling|sold {drug}, high on|off {drug}, smoke|smoking|smoked|roll|rolling|rolled a|the|this|that|another|some joint|blunt|blunts|joints|bong|bowl|dope|pot|kush|crack, coke|cocaine addict|dealer|binge, my|the dealer|plug has|had|got|hooked|came, my drug dealer
			getting|got|get|im|am|was|were|be|stay high af|rn|asf|again|together, 420 blaze, blaze it, lets get high, dropped acid, popping|popped pills|xans|percs|molly, edibles hit|hitting|kicked, stoners, pothead, potheads`,
	},
	{
		name: "substance.alcohol", category: substanceUse, severity: low, suggestion: keep,
		reason: "Speaks of being drunk.",
		patterns: `{i}|me|were|was|am|be|got|get|gets|getting|too|lets|half|still drunk|shitfaced|hungover, drunk af|asf|rn|text|texting|dial|tweet|tweeting|tweets, {i} was|am|got|_ so wasted|hammered|plastered|tipsy, {i} was|am|got|get|getting wasted|hammered|tipsy last|tonight|again|with, blacked out drunk|last, binge drinking, chugging|chugged beer|beers|vodka|wine|tequila, worst hangover, my hangover
			shots of tequila|vodka|whiskey|jager|fireball, day drinking, drinking alone|problem, pregaming`,
	},

	{
		name: "misinfo.health", category: misinformation, severity: high, suggestion: editContext,
		reason: "Repeats a claim on health that has been refuted.",
		patterns: `vaccine|vaccines|vax|jab|jabs cause|causes|caused|gives|give autism|cancer|infertility|aids, vaccine|vaccines|vax|jab is|are poison|bioweapon|killing|murder|a|_ genocide|experiment, plandemic, scamdemic, covid|coronavirus|corona|pandemic is|was a|_ hoax|fake|scam|lie|planned
			5g causes|caused|spreads covid|corona|coronavirus|cancer|virus, ivermectin|bleach|hydroxychloroquine cures|cure|cured|works|kills, microchip|chip|chips in vaccine|vaccines|jab, cure for cancer is|hidden|suppressed, masks dont|do|cause work|nothing|cancer, clot shot, died suddenly vaccine`,
	},
	{
		name: "misinfo.conspiracy", category: misinformation, severity: medium, suggestion: editContext,
		reason: "Repeats a conspiracy claim that has been refuted.",
		patterns: `earth is flat, flat earth is real|true, flat earth truth, chemtrail, chemtrails, moon landing was|is fake|faked|staged|hoax, pizzagate, qanon, wwg1wga, adrenochrome, crisis actor|actors, sandy hook|parkland was|is a|_ hoax|staged|fake|false, false flag, falseflag, 9 11 was an|_ inside, 911 was an|_ inside, inside job by
			election was|is stolen|rigged|fraudulent, stolen election, rigged election, stop the steal, stopthesteal, dead people voted, millions of illegals voted, illegals voted, climate change|warming is|was a|_ hoax|fake|scam|lie, global warming is|was a|_ hoax|fake|scam|lie|bs, climate hoax|scam, deep state is|are|wants|plot|coup, illuminati control|controls, new world order wants|agenda, soros paid|funded|pays|funds|owns|controls, obama was born in kenya, obama is|was a|_ muslim|kenyan, rothschilds control|own|run the|_ media|banks|world|government, reptilian overlords|elite`,
	},

	{
		name: "controversy.politics", category: controversialTopic, severity: low, suggestion: keep,
		reason: "Takes up a topic on which people divide sharply.",
		patterns: `abortion, abortions, pro|anti life|choice, prolife, prochoice, roe v|vs wade, planned parenthood, gun control|rights|laws|violence|ban, guncontrol, 2nd|second amendment, nra, death penalty, capital punishment, defund police, defundthepolice, blm, blacklivesmatter, alllivesmatter, bluelivesmatter, black|all|blue lives matter
			build|built the|that|a wall, buildthewall, buildthatwall, open|secure borders|border, illegal immigration|immigrants|aliens|immigrant, illegal alien, maga, kag, makeamericagreatagain, antifa, trans|transgender|gay rights|marriage|agenda, critical race theory, cancel culture, white privilege, affirmative action, assisted suicide, travel|muslim ban, impeach, impeachment, resist trump, nevertrump, lockherup, lock her up, feminism is, sharia law, reparations, kavanaugh, womens march, metoo movement, death tax, walkaway, liberals|conservatives|democrats|republicans|dems are|hate|want|love|destroy|always, voter id|fraud|suppression`,
	},

	{
		name: "work.employer", category: professionalConduct, severity: medium, suggestion: remove,
		reason: "Speaks badly of an employer, colleagues or customers.",
		patterns: `i|we|really hate|despise|loathe|hating my|this|our {job}|work|shift, my|our {job} is|are|can|sucks|suck an|a|the|_ {gross}|idiot|joke|sucks|suck|worst|stupid|incompetent|useless|awful|terrible|dumb|crazy|evil|jerk|creep|liar|dick|ass|bitch|hell|toxic, fuck my|this|your {job}, stupid|dumb|shitty|crappy ass|_ {job}, {job} can suck|go|kiss
			worst boss|manager|company|employer|job ever, hate|hates working|work here|there|at|with|for|today|so|with, hate going to work, customers are {gross}|idiots|stupid|dumb|rude`,
	},
	{
		name: "work.conduct", category: professionalConduct, severity: medium, suggestion: remove,
		reason:   "Tells of conduct at work that an employer would hold against somebody.",
		patterns: `fake|faked|faking being|_ sick, drunk|stoned|hungover|sleeping|slept|asleep|napping|tripping at|on work|job|shift|clock, stole|steal|stealing from work|job, skip|skipping|skipped work|shift, under nda, breaking|broke|violate|violating my|an nda, confidential but, company secrets, dont tell my boss, hope my boss doesnt, lied|lie|lying on|about my|_ resume|cv|timesheet, insider information|info|trading tip, getting paid to do nothing, cheated|cheating on my|the|an exam|test|final|finals, plagiarized, plagiarised, paid someone to write`,
	},

	{
		name: "brand.promotion", category: brandSafety, severity: low, suggestion: editContext,
		reason:   "Reads like spam, gambling or a get-rich offer that brands keep away from.",
		patterns: `guaranteed profit|profits|returns|income|winnings, double your|ur money|bitcoin|btc|crypto|investment, get rich quick, easy money|cash, make money fast|online|from, dm me to|for invest|earn|bitcoin|crypto|forex|nudes|prices, forex signals|trader, pump and dump, 100x gem|coin, financial freedom dm, free|sure bets|betting|bet, betting tips|tip, sure odds, casino bonus, free spins, follow for follow, follow4follow, f4f, followback, follow back|4 patriots|everyone|train, buy followers, gain followers, like4like, l4l, click link in bio, work from home earn, passive income dm, pyramid scheme, ponzi`,
	},
	{
		name: "brand.conflict", category: brandSafety, severity: low, suggestion: editContext,
		reason:   "Calls for a boycott or attacks a company.",
		patterns: `boycott, boycotting, boycotted, never buying|shopping|flying from|at|with|anything|again, fuck|screw amazon|apple|google|facebook|twitter|microsoft|uber|verizon|comcast|att|walmart|tesla|nike|disney|netflix|starbucks|mcdonalds|united|delta, scam company, worst company, ripoff company`,
	},

	{
		name: "geopolitics.conflict", category: geopoliticalTopic, severity: low, suggestion: keep,
		reason:   "Takes up a conflict between states or peoples.",
		patterns: `hamas, hezbollah, taliban, isis fighters|militants|terrorists|attack|attacks|caliphate|bombing, isil, daesh, al qaeda, gaza, west bank, palestine, palestinian, palestinians, freepalestine, zionist, zionists, zionism, idf, intifada, crimea, donbas, donbass, ukraine|russia|russian war|invasion|sanctions|troops|aggression, russia|russians|putin invaded|invades|bombed|bombing|attack|attacks, slava ukraini, standwithukraine, kashmir, tiananmen, xinjiang, uyghur, uyghurs, uighur, uighurs, tibet, free tibet|hongkong, taiwan independence|strait|is, one china, south china sea, north korea|korean nuclear|missile|regime|nukes, kim jong, iran deal|nuclear|sanctions|regime|war, irgc, syria|syrian war|strike|strikes|refugees|regime|airstrike|bombing, assad, yemen war, houthi, houthis, armenia azerbaijan, nagorno karabakh, nato expansion|membership|troops, regime change, war crimes, annexation, occupied territories, kurds, kurdistan, rohingya, drone strike|strikes, brexit`,
	},
}
