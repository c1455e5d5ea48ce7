package personal

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// names finds people's names where they can be told as names: the account's own, what
// stands behind a title or a word of kinship, and a given name with a capitalised word
// behind it. Other names remain, because a name alone looks like any other word.
func (s *scan) names(own []string) {
	s.ownNames(own)
	done := 0
	for i := range s.tokens {
		t := s.tokens[i]
		if t.kind != word || t.inLink || i < done || s.taken(t.from, t.to) {
			continue
		}
		if end := s.nameAt(i); end >= i {
			from := i
			if titles()[plain(s.text(i))] != 0 {
				from = s.behindTitle(i)
			}
			s.add(Name, s.tokens[from].from, s.tokens[end].to, false, Likely)
			done = end + 1
		}
	}
}

// What a word says of the word behind it.
const (
	title   = 1 // "Mrs", "Dr.": a surname or more follows
	kinship = 2 // "my sister": a given name follows
)

var titles = sync.OnceValue(func() map[string]int {
	m := map[string]int{}
	for w := range strings.FieldsSeq(titleWords) {
		m[plain(w)] = title
	}
	for w := range strings.FieldsSeq(kinWords) {
		m[plain(w)] = kinship
	}
	return m
})

const titleWords = `mr mrs ms miss mx dr prof professor sir madam judge officer sergeant herr frau hr fr doktor señor señora sr sra srta don doña
	monsieur madame mme mlle m maître signor signora sig dott dottoressa ing dhr mevrouw mevr meneer pan pani panu pana senhor senhora dona
	bay bayan sayın hanım bey السيد السيدة الأستاذ الأستاذة الدكتور د श्री श्रीमती डॉ господин госпожа г-н pak bapak bu ibu mas mbak tuan nyonya`

const kinWords = `brother sister mother father mum mom dad son daughter husband wife boyfriend girlfriend partner uncle aunt cousin nephew niece grandma
	grandpa friend mate boss manager neighbour neighbor teacher coworker colleague roommate flatmate ex fiance fiancee landlord
	bruder schwester mutter vater sohn tochter mann freund freundin onkel tante cousine chef chefin nachbar nachbarin lehrer lehrerin kollege kollegin
	hermano hermana madre padre hijo hija marido esposa novio novia tío tía primo prima amigo amiga jefe jefa vecino vecina profesor profesora
	frère sœur soeur mère père fils fille mari femme copain copine oncle tante ami amie patron patronne voisin voisine collègue
	fratello sorella figlio figlia marito moglie fidanzato fidanzata zio zia cugino cugina amico amica capo vicino vicina
	irmão irmã mãe pai filho filha namorado namorada tio tia chefe vizinho vizinha
	broer zus moeder vader zoon dochter vriend vriendin oom baas buurman buurvrouw
	brat siostra mama tata syn córka mąż żona chłopak dziewczyna wujek ciocia kolega koleżanka szef szefowa sąsiad sąsiadka
	kardeşim abim ablam annem babam oğlum kızım kocam karım arkadaşım patronum komşum
	брат сестра мама папа сын дочь муж жена друг подруга начальник начальница сосед соседка
	أخي أختي أمي أبي ابني ابنتي زوجي زوجتي صديقي صديقتي مديري भाई बहन पति पत्नी बेटा बेटी दोस्त adik kakak suami istri anak teman pacar bos tetangga`

// nameAt is the last token of a name that begins with token i, or with the title i; -1 if none does.
func (s *scan) nameAt(i int) int {
	switch titles()[plain(s.text(i))] {
	case title:
		if !s.tokens[i].capital && cased(s.text(i)) &&
			!strings.Contains(" pak bu mas mbak pani pan don senor senora signora madame monsieur ", " "+plain(s.text(i))+" ") {
			break
		}
		if j := s.behindTitle(i); j > i && s.namelike(j) {
			return s.nameEndsAt(j, 2)
		}
	case kinship:
		if j := s.behindTitle(i); j > i && s.namelike(j) && s.tokens[j].cue == 0 &&
			(s.before(i, 2)&mineCue != 0 || givenNames()[plain(s.text(j))]) {
			return s.nameEndsAt(j, 1)
		}
	}
	if !s.namelike(i) || !givenNames()[plain(s.text(i))] {
		return -1
	}
	if end := s.nameEndsAt(i, 2); end > i {
		return end
	}
	return -1
}

// behindTitle is the word behind a title, over its full stop.
func (s *scan) behindTitle(i int) int {
	j := i + 1
	for range 2 {
		if s.is(j, '.') && s.glued(j) {
			j++
		}
		if s.is(j, word) && titles()[plain(s.text(j))] == title && s.tokens[j].capital {
			j++ // "Prof. Dr."
		}
	}
	if s.is(j, word) && !s.tokens[j].line {
		return j
	}
	return i
}

// nameEndsAt adds up to n capitalised words behind a name: surnames, initials, "de la", "van".
func (s *scan) nameEndsAt(j, n int) int {
	end := j
	for k := j + 1; n > 0 && k < len(s.tokens) && k < j+7 && !s.tokens[k].line; k++ {
		t := s.tokens[k]
		switch {
		case t.kind == '-' && s.glued(k) && s.glued(k+1) && s.is(k+1, word):
		case t.kind == '.' && s.glued(k) && utf8.RuneCountInString(s.text(k-1)) == 1:
		case t.kind == word && t.capital && !s.glued(k) && s.surnamelike(k), t.kind == word && s.is(k-1, '-') && s.glued(k):
			end = k
			n--
		case t.kind == word && particles[plain(s.text(k))] && s.is(k+1, word) &&
			(s.tokens[k+1].capital || particles[plain(s.text(k+1))]):
		default:
			return end
		}
	}
	return end
}

var particles = set("de la del da dos das di van von der den zu le al bin ibn y e")

// namelike reports whether a word can be a name: capitalised, or of a script without capitals.
func (s *scan) namelike(i int) bool {
	t := s.tokens[i]
	return (t.capital || !cased(s.text(i))) && utf8.RuneCountInString(s.text(i)) > 1 && t.to-t.from < 40 &&
		!shouted(s.text(i))
}

// surnamelike is namelike, and no word that begins the next thought.
func (s *scan) surnamelike(i int) bool {
	return s.tokens[i].to-s.tokens[i].from < 40 && !notSurname[plain(s.text(i))] && s.tokens[i].cue&monthCue == 0
}

// shouted reports whether a word of more than three letters is all capitals.
func shouted(w string) bool {
	return utf8.RuneCountInString(w) > 3 && strings.ToUpper(w) == w && strings.IndexFunc(w, unicode.IsUpper) >= 0
}

var notSurname = set(`i is was will would should can could has had have and or but the a an this that he she they we you it if when what who why how
	today tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday day street road avenue park show airport stadium arena university college
	school hospital museum club team concert film movie book award prize cup festival
	ist war hat und aber der die das wenn heute morgen gestern es y pero el la los las hoy mañana est et mais le les aujourd demain`)

// ownNames replaces the names of the account itself, wherever they stand as words.
func (s *scan) ownNames(own []string) {
	const most, longest = 8, 8
	for _, name := range own[:min(len(own), most)] {
		words := strings.FieldsFunc(plain(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
		if len(words) == 0 || len(words) > longest {
			continue
		}
		for i := range s.tokens {
			if n := s.spoken(i, words); n > 0 {
				s.add(Name, s.tokens[i].from, s.tokens[i+n-1].to, false, Proven)
			}
		}
	}
}

// spoken is how many tokens from i on are the words of a name: all of them, or one that is
// long enough to be meant.
func (s *scan) spoken(i int, words []string) int {
	if !s.is(i, word) || s.tokens[i].inLink || s.tokens[i].to-s.tokens[i].from > longestCue {
		return 0
	}
	n := 0
	for n < len(words) && s.is(i+n, word) && plain(s.text(i+n)) == words[n] {
		n++
	}
	if n == len(words) && (n > 1 || utf8.RuneCountInString(words[0]) >= 3) {
		return n
	}
	if !s.tokens[i].capital && cased(s.text(i)) {
		return 0
	}
	for _, w := range words {
		if utf8.RuneCountInString(w) >= 4 && plain(s.text(i)) == w {
			return 1
		}
	}
	return 0
}

var givenNames = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(givenNameList) {
		m[plain(w)] = true
	}
	return m
})

// givenNameList are common given names of the countries of the fifteen languages, written
// down for this project. Names that are ordinary words as well (Will, Mark, Rose, Hope, May)
// count only with a surname behind them, as all of them do.
const givenNameList = `James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark Donald Steven Paul
	Andrew Joshua Kenneth Kevin Brian George Timothy Ronald Edward Jason Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon
	Benjamin Samuel Gregory Alexander Frank Patrick Raymond Jack Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Douglas Zachary Peter Kyle Noah Ethan Jeremy
	Walter Christian Keith Roger Terry Austin Sean Gerald Carl Harold Dylan Arthur Lawrence Jordan Jesse Bryan Billy Bruce Gabriel Joe Logan Alan Juan Albert
	Willie Elijah Wayne Randy Vincent Mason Roy Ralph Bobby Russell Bradley Philip Eugene Oliver Harry Charlie Oscar Archie Leo Alfie Freddie Theo Finn Liam
	Callum Connor Owen Rhys Ewan Hamish Angus Declan Tom Tim Jim Bob Bill Mike Dave Steve Dan Ben Sam Matt Nick Chris Alex Rob Ken Ted Greg Jeff
	Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret Ashley Kimberly Emily Donna Michelle Carol
	Amanda Melissa Deborah Stephanie Dorothy Rebecca Sharon Laura Cynthia Amy Kathleen Angela Shirley Brenda Emma Anna Pamela Nicole Samantha Katherine
	Christine Helen Debra Rachel Carolyn Janet Maria Catherine Heather Diane Olivia Julie Joyce Victoria Ruth Virginia Lauren Kelly Christina Joan Evelyn
	Judith Andrea Hannah Megan Cheryl Jacqueline Martha Madison Teresa Gloria Sara Janice Ann Kathryn Abigail Sophia Frances Jean Alice Judy Isabella Julia
	Grace Amber Denise Danielle Marilyn Beverly Charlotte Natalie Theresa Diana Brittany Doris Kayla Alexis Lori Jane Kate Katie Lucy Chloe Ella Mia Lily
	Poppy Isla Freya Niamh Siobhan Aoife Imogen Phoebe Zoe Beth Jess Becky Debbie Sue Liz Maggie Penny
	Hans Peter Klaus Jürgen Wolfgang Dieter Manfred Uwe Günter Horst Bernd Frank Stefan Andreas Michael Thomas Markus Sebastian Tobias Florian Lukas Jonas
	Felix Maximilian Leon Paul Jan Moritz Niklas Fabian Philipp Matthias Christoph Martin Jens Sven Torsten Ralf Rainer Holger Heiko Kai Lars Ute Ursula
	Monika Petra Sabine Renate Helga Karin Brigitte Ingrid Erika Christa Gisela Susanne Claudia Birgit Heike Martina Andrea Silke Anja Katrin Kerstin Nadine
	Sandra Stefanie Katharina Lena Lea Leonie Marie Sophie Johanna Clara Greta Frieda Mia Emilia Jana Nina Britta Silvia Gabriele Angelika
	Antonio José Manuel Francisco Javier Miguel Rafael Pedro Ángel Carlos Fernando Luis Jorge Alberto Pablo Sergio Diego Álvaro Adrián Raúl Enrique Jesús
	Ramón Vicente Andrés Santiago Mateo Alejandro Hugo Iván Rubén Óscar Ricardo Eduardo Roberto Guillermo Emilio Julio Ignacio Marcos Nicolás Tomás Joaquín
	María Carmen Josefa Isabel Dolores Pilar Teresa Ana Francisca Lucía Cristina Marta Elena Paula Raquel Rosa Mercedes Beatriz Silvia Nuria Rocío Sofía
	Valentina Camila Daniela Gabriela Fernanda Ximena Guadalupe Alejandra Carolina Natalia Lorena Verónica Patricia Inés Alba Irene Noelia Consuelo
	João Paulo Luiz Lucas Gabriel Marcos Rodrigo Felipe Bruno Gustavo Thiago Tiago Rui Nuno Henrique Leandro Fábio Márcio Vinícius Caio Otávio Renato Diogo
	Gonçalo Afonso Duarte Ana Juliana Márcia Adriana Fernanda Aline Camila Letícia Larissa Beatriz Luana Mariana Rafaela Bruna Vanessa Tatiana Joana Inês
	Catarina Margarida Matilde Leonor Débora Cláudia Sílvia Renata Simone
	Jean Pierre Michel André Philippe René Louis Alain Jacques Bernard Marcel Daniel Roger Robert Claude Henri Christian Georges Nicolas François Laurent
	Christophe Sébastien Julien Antoine Guillaume Mathieu Maxime Thibault Romain Quentin Clément Hugo Théo Lucas Enzo Baptiste Étienne Benoît Olivier Pascal
	Thierry Éric Stéphane Yves Marie Jeanne Françoise Monique Catherine Nathalie Isabelle Jacqueline Anne Sylvie Martine Madeleine Nicole Suzanne Hélène
	Christine Valérie Sandrine Stéphanie Véronique Sophie Céline Chantal Patricia Anaïs Camille Manon Chloé Inès Léa Élodie Aurélie Émilie Juliette Margaux
	Giuseppe Giovanni Antonio Mario Luigi Francesco Angelo Vincenzo Pietro Salvatore Carlo Franco Domenico Bruno Paolo Michele Giorgio Aldo Sergio Luciano
	Marco Matteo Luca Andrea Alessandro Lorenzo Davide Riccardo Simone Stefano Fabio Roberto Massimo Gianluca Giulia Francesca Chiara Sara Martina Anna
	Giovanna Rosa Angela Paola Lucia Teresa Elena Federica Valentina Alessia Ilaria Elisa Silvia Laura Roberta Giorgia Beatrice Ginevra Aurora
	Jan Pieter Johannes Hendrik Willem Cornelis Jacob Gerrit Dirk Maarten Bas Daan Sem Bram Thijs Lars Ruben Jeroen Sander Joost Koen Wouter Niels Stijn
	Anneke Johanna Wilhelmina Saskia Femke Sanne Lotte Fleur Anouk Marloes Marieke Ingrid Esther Floor Roos Maaike
	Piotr Krzysztof Andrzej Tomasz Paweł Michał Marcin Jakub Adam Marek Łukasz Grzegorz Mateusz Wojciech Mariusz Dariusz Zbigniew Jerzy Maciej Rafał Kamil
	Dawid Szymon Kacper Filip Bartosz Anna Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Magdalena Elżbieta Joanna Aleksandra Zofia Monika Teresa
	Danuta Natalia Karolina Marta Beata Dorota Iwona Justyna Zuzanna Wiktoria Kinga Paulina
	Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim İsmail Osman Yusuf Murat Ömer Ramazan Halil Süleyman Emre Burak Kerem Can Mert Serkan Volkan Tolga Cem
	Fatma Ayşe Emine Hatice Zeynep Elif Meryem Şerife Sultan Hanife Merve Büşra Esra Kübra Özlem Selin Derya Gamze Pınar Ebru Sevgi Defne
	Mohammed Muhammad Mohamed Ahmed Mahmoud Omar Khaled Hassan Hussein Youssef Ibrahim Abdullah Abdul Karim Tariq Samir Nabil Walid Faisal Hamza Bilal
	Fatima Aisha Khadija Mariam Maryam Noor Nour Layla Leila Yasmin Amina Zainab Salma Huda Rania Dina Hala Samira
	محمد أحمد محمود علي حسن حسين خالد عمر يوسف إبراهيم عبدالله فاطمة عائشة خديجة مريم زينب ليلى سارة نورة سلمى هدى
	Rahul Amit Raj Rajesh Sanjay Vijay Suresh Ramesh Anil Sunil Ravi Arjun Rohan Aditya Vikram Deepak Manish Nikhil Karan Arun Ashok Priya Pooja Neha Anjali
	Kavita Sunita Anita Rekha Meena Deepika Shreya Divya Swati Ritu Lakshmi Sneha Aarti Nisha Shalini
	राहुल अमित राज राजेश संजय विजय सुरेश रमेश अनिल सुनील रवि अर्जुन रोहन आदित्य विक्रम दीपक प्रिया पूजा नेहा अंजलि कविता सुनीता अनीता रेखा मीना
	Hiroshi Takashi Kenji Yuki Haruto Sota Ren Yuto Akira Makoto Daisuke Yoko Yumi Sakura Hana Keiko Naoko Emi Ayumi Misaki
	Wei Ming Xiaoming Jing Yan Fang Xin Lei Jun Hui Ling Mei Yang Hao
	Александр Сергей Дмитрий Андрей Алексей Максим Евгений Иван Михаил Артём Николай Владимир Юрий Олег Павел Игорь Виктор Роман Кирилл Денис Никита
	Анна Мария Елена Ольга Наталья Екатерина Татьяна Ирина Светлана Анастасия Юлия Людмила Галина Валентина Дарья Ксения Полина Софья
	Aleksandr Sergei Dmitri Andrei Aleksei Ivan Mikhail Nikolai Oleg Pavel Igor Viktor Kirill Olga Natalia Ekaterina Tatiana Irina Svetlana Anastasia Yulia
	Budi Agus Joko Bambang Slamet Hendra Dedi Eko Rudi Adi Rizky Dimas Bayu Fajar Siti Dewi Sri Ratna Wati Ningsih Indah Ayu Putri Rina Yuni Lestari Nurul Fitri`
