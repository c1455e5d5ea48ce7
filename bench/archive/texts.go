package main

// voice is a language and what is said in it.
type voice struct {
	lang          string
	texts, things []string
}

var voices = []voice{
	{"es", []string{
		"Hoy fui con {x} al mercado y compramos {n} naranjas.", "Qué partido tan malo, de verdad que {x} jugó fatal.",
		"Llevo {n} páginas de {x} y no puedo parar de leer.", "¿Alguien sabe a qué hora abre {x} los domingos?",
	}, []string{"la biblioteca", "mi hermana", "el equipo", "la novela nueva", "el vecino"}},
	{"de", []string{
		"Heute {n} Seiten in {x} gelesen, es regnet seit Stunden.", "Warum ist {x} schon wieder geschlossen? So ein Mist.",
		"Mit {x} am See gewesen, {n} Enten gezählt.", "Ich verstehe {x} nicht, aber {y} ist noch schlimmer.",
	}, []string{"der Bibliothek", "meinem Bruder", "dem neuen Roman", "der Bahn", "dem Garten"}},
	{"ja", []string{
		"今日は{x}に行って、{n}枚の写真を撮りました。", "{x}のことが全然わからない。", "{x}と{y}で朝ごはん、とてもおいしかった。",
	}, []string{"図書館", "友達", "新しい店", "公園"}},
	{"pt", []string{
		"Hoje li {n} páginas de {x} e gostei muito.", "Que jogo horrível, {x} perdeu outra vez.",
		"Fui com {x} à praia e choveu o dia todo.",
	}, []string{"o livro novo", "minha irmã", "o time", "a biblioteca"}},
	{"en", []string{
		"Spent the morning at {x} and counted {n} boats.", "Why is {x} always late? I waited {n} minutes again.",
		"Reading about {x} on the train, and I cannot stop thinking of {y}.",
		"I made soup for {n} people and nobody complained.",
		"That film about {x} is overrated, {y} was so much better.", "Damn, {x} lost again. What a terrible week for {y}.",
		"My team shipped {x} today, {n} commits later. Proud of everybody.",
		"@somebody_else you are right about {x}, see https://t.co/abcdefghij",
		"Some people really think {x} is the problem, and it is not.", "If {x} closes I do not know where I will buy {y}.",
	}, []string{
		"the harbour", "the new library", "my neighbour", "the museum", "our garden", "the bakery",
		"the council", "the women's team",
	}},
}
