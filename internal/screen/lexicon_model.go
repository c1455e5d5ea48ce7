package screen

// modelRules find posts that speak to a language model. They are flagged so that
// the model judges them alone.
var modelRules = []rule{{
	name: "model.order", category: talksToModel, anywhere: true, always: true,
	patterns: `ignore|disregard|forget|override|bypass all|any|the|your|my|_ of|_ previous|prior|above|earlier|preceding|existing|other instructions|instruction|prompts|prompt|rules|directions|text|context|commands
		ignore|disregard|forget everything|anything above|before|prior|you, ignore|disregard|forget your|all|the|any instructions|guidelines|rules|training|programming|prompt|safety, do not follow your|the|previous|prior instructions|rules|guidelines
		system prompt|message|instruction|instructions, your|hidden|initial|developer|secret system|_ prompt, reveal|print|show|repeat|output|leak your|the|me|all instructions|prompt|rules|guidelines
		as an ai|llm language|model|assistant|you|i, as a language|chat model|assistant, you are now in developer|jailbreak|debug|god|admin|unrestricted mode, youre|you are|_ an|a|now|_ ai|llm|chatbot|chatgpt|gpt|claude|language model|assistant|dan|jailbroken, you are now in|a|an|the|free|no|dan|my|going mode|dan|unrestricted|assistant
		dear|hey|hello|attention|note|message to|for|_ ai|llm|llms|chatgpt|claude|gpt|language|moderation model|models|system|_ ignore|this|please|if|you|reading|do|rate|mark|classify|say|answer|return|respond|the
		if you are|youre an|a|_ ai|llm|bot|language|chatbot|robot model|reading|_, respond|reply|answer|output only|_ with|in|as json|yaml|xml|only|markdown, output only|valid|just json, return json|only, act as|pretend to be an|a|if|_ ai|assistant|chatbot|model|dan|linux|language|different, jailbreak mode|prompt, developer mode enabled|on, prompt injection, mark|classify|rate|label|score|flag this|all|every|the|my|these|as post|posts|tweet|tweets|text|message|user|safe|harmless|account as|_ safe|harmless|benign|clean|zero|low|positive|0
		new instructions|instruction from|are|is|follow, end of prompt|instructions, begin|start of|_ system|new|admin prompt|instructions|override, admin|sudo|system override, ai instructions|overlord|agent|agents|reviewer|reviewers|moderator must|should|_, ignora|olvida las|todas|tus|_ instrucciones|reglas anteriores|_, ignorez|oubliez|ignore toutes|_ les|tes|vos|_ instructions|consignes, ignoriere|vergiss alle|deine|die vorherigen|bisherigen|_ anweisungen|regeln, ignore|esqueca|esqueça as|todas|suas instruções|instrucoes|regras`,
}}
