package screen

// otherLanguages are the commonest terms of four more languages, each read only in
// posts of that language: "con" and "dick" are innocent elsewhere.
var otherLanguages = []rule{
	{
		name: "es.profanity", lang: "es", category: profanity, severity: low, suggestion: editContext, always: true, reason: "Holds coarse language.",
		patterns: `mierda, joder, jodido, jodida, coño, puta, putas, puto, putos, cojones, hostia puta, carajo, verga, chingar, chingada, chinga, pinche, pendejo, pendeja, cabrón, cabron, cabrones, gilipollas, culero, mamada, mamadas`,
	},
	{
		name: "es.abuse", lang: "es", category: harassment, severity: medium, suggestion: remove, reason: "Abuses somebody directly.",
		patterns: `hijo|hija|hijos de puta|perra, hijueputa, hdp, vete a la mierda, chinga tu madre, eres un|una|_ idiota|imbécil|imbecil|estúpido|estúpida|estupido|estupida|pendejo|pendeja|basura|inútil, cállate idiota|estúpido|puta, que te jodan, ojalá te mueras`,
	},
	{
		name: "es.hate", lang: "es", category: hateSpeech, severity: high, suggestion: remove, reason: "Holds a word that is widely read as a slur against a group of people.",
		patterns: `maricón, maricon, maricones, marica de mierda, sudaca, sudacas, moro|moros de mierda, negro|negros|negra de mierda, judío|judíos de mierda, putos negros|moros|inmigrantes, panchito, panchitos`,
	},
	{
		name: "es.threat", lang: "es", category: violence, severity: critical, suggestion: remove, reason: "Reads as a threat against somebody.",
		patterns: `te voy a matar|romper|reventar, os voy a matar, voy a matarte|matarlo|matarla|mataros`,
	},

	{
		name: "fr.profanity", lang: "fr", category: profanity, severity: low, suggestion: editContext, always: true, reason: "Holds coarse language.",
		patterns: `merde, merdique, putain, ptn, bordel, foutre, foutu, chiant, chiante, chier, couilles, connerie, conneries, emmerde, salope, salopes, pute, putes, connard, connards, connasse, bite, branleur`,
	},
	{
		name: "fr.abuse", lang: "fr", category: harassment, severity: medium, suggestion: remove, reason: "Abuses somebody directly.",
		patterns: `fils de pute, fdp, ta gueule, tg connard, va te faire foutre|enculer, vtff, nique ta mère|mere, ntm, enculé, enculés, encule, sale con|conne|pute|connard, espèce de con|connard|merde|salope, tu es|t un|une|_ con|idiot|connard|connasse|débile|abruti, va crever, casse toi pauvre`,
	},
	{
		name: "fr.hate", lang: "fr", category: hateSpeech, severity: high, suggestion: remove, reason: "Holds a word that is widely read as a slur against a group of people.",
		patterns: `sale|sales arabe|arabes|noir|noirs|juif|juifs|pédé|pd|négro, bougnoule, bougnoules, youpin, youpins, bamboula, bicot, tarlouze, pédale, négro, négros, tapette`,
	},
	{
		name: "fr.threat", lang: "fr", category: violence, severity: critical, suggestion: remove, reason: "Reads as a threat against somebody.",
		patterns: `je vais te|vous|le|la tuer|buter|crever|égorger|planter, on va te|vous tuer|buter`,
	},

	{
		name: "de.profanity", lang: "de", category: profanity, severity: low, suggestion: editContext, always: true, reason: "Holds coarse language.",
		patterns: `scheiße, scheisse, scheiß, scheiss, beschissen, verfickt, verfickte, ficken, fick, gefickt, arsch, arschloch, arschlöcher, fotze, fotzen, hurensohn, hurensöhne, schlampe, schlampen, wichser, verpisst, pisser, kacke, drecksau`,
	},
	{
		name: "de.abuse", lang: "de", category: harassment, severity: medium, suggestion: remove, reason: "Abuses somebody directly.",
		patterns: `fick dich, verpiss dich, halt die|deine fresse|schnauze|maul, leck mich am, du bist ein|eine|so|_ idiot|arschloch|hurensohn|wichser|schlampe|missgeburt|opfer|dumm|dreck, du|ihr idiot|idioten|arschloch|hurensohn|wichser|schlampe|missgeburt|hurensöhne, bring dich um, hurensohn, missgeburt, geh sterben, verrecke`,
	},
	{
		name: "de.hate", lang: "de", category: hateSpeech, severity: high, suggestion: remove, reason: "Holds a word that is widely read as a slur against a group of people.",
		patterns: `kanake, kanaken, kanacke, kanacken, neger, bimbo, bimbos, schwuchtel, schwuchteln, zigeunerpack, judensau, judenpack, untermenschen, ausländer raus, asylantenpack, scheiß|scheiss ausländer|juden|türken|neger|moslems`,
	},
	{
		name: "de.extremism", lang: "de", category: extremism, severity: critical, suggestion: remove, reason: "Repeats a slogan of an extremist movement or praises one.",
		patterns: `hitler hatte recht, deutschland erwache, juden raus, heil dem führer, auschwitz lüge, auschwitzlüge, holocaust lüge, umvolkung`,
	},
	{
		name: "de.threat", lang: "de", category: violence, severity: critical, suggestion: remove, reason: "Reads as a threat against somebody.",
		patterns: `ich bringe|bring dich|euch um, ich werde dich|euch töten|umbringen|abstechen|erschießen, ich mach dich kalt|fertig, ich stech dich ab`,
	},

	{
		name: "pt.profanity", lang: "pt", category: profanity, severity: low, suggestion: editContext, always: true, reason: "Holds coarse language.",
		patterns: `merda, porra, caralho, crlh, foder, fodido, fodida, foda se, fodasse, puta, putas, puto merda, cacete, bosta, buceta, boceta, cuzão, cuzao, arrombado, babaca, desgraçado, pqp, krl`,
	},
	{
		name: "pt.abuse", lang: "pt", category: harassment, severity: medium, suggestion: remove, reason: "Abuses somebody directly.",
		patterns: `filho|filha|filhos da puta, fdp, vai se|te foder, vsf, vai tomar no cu, vtnc, cala a|sua boca, você|voce|vc é|e um|uma|_ idiota|imbecil|burro|burra|lixo|babaca|otário|otario|merda, vai pra puta, seu|sua idiota|imbecil|arrombado|lixo|babaca|otário`,
	},
	{
		name: "pt.hate", lang: "pt", category: hateSpeech, severity: high, suggestion: remove, reason: "Holds a word that is widely read as a slur against a group of people.",
		patterns: `viado de|do merda|caralho, viadinho, bichinha, sapatão nojenta, preto|preta|pretos fedido|imundo|macaco, macaco|macacos preto|imundo, traveco, travecos, judeu sujo`,
	},
	{
		name: "pt.threat", lang: "pt", category: violence, severity: critical, suggestion: remove, reason: "Reads as a threat against somebody.",
		patterns: `vou te|lhe matar|quebrar|arrebentar, vou matar você|voce|vc|ele|ela`,
	},
}
