package personal

import (
	"bytes"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/repazoo/repazoo/internal/frozen"
)

// cue says what a word announces.
type cue uint32

const (
	phoneCue  cue = 1 << iota // a telephone number follows
	idCue                     // a number of a register follows
	passCue                   // a passport or identity card
	bankCue                   // an account
	cardCue                   // a payment card
	plateCue                  // a number plate
	bornCue                   // a date of birth
	secretCue                 // a password
	wifiCue                   // a network whose password may follow
	pinCue                    // a short code of digits
	doorCue                   // a door or an alarm, whose code may follow
	codeCue                   // "code", which needs one of the others
	keyCue                    // a key of a programming interface
	homeCue                   // somebody lives there, or wants something sent there
	mineCue                   // it is the author's, or somebody's near them
	isCue                     // "is", between what is named and its value
	streetCue                 // a street by any name, before or behind its own
	unitCue                   // a flat or house number follows
	otherCue                  // a number of a thing: an order, a parcel, a book
	publicCue                 // a number that is meant to be called by anybody
	atCue                     // "at" in an e-mail address that is spelled out
	dotCue                    // "dot"
	monthCue                  // the name of a month
	firstCue                  // the first word of a pair in pairs
	mailCue                   // an e-mail address follows
	latCue                    // latitude, longitude
)

// cueWords are lower case and without accents, as [plainLetter] writes them. The lists were
// written for this project from everyday use of fifteen languages.
var cueWords = map[cue]string{
	phoneCue: `tlf call text phone tel telephone cell cellphone mobile whatsapp ring reach number sms signal telegram wa viber
		telefono movil celular llama llamame numero cel fono wsp telefone telemovel liga ligue zap whats portable telephone appelle appelez numero
		handy handynummer nummer telefon telefonnummer mobil mobilnummer anrufen erreichbar rufnummer cellulare chiama chiamami chiamatemi
		telefoon mobiel mobieltje bel belt telefoonnummer komorka komorke numer zadzwon dzwon dzwoncie telefonu tel
		cep cepten numaram numara arayin ara telefonum هاتف هاتفي جوال جوالي رقم رقمي موبايل تلفون اتصل واتساب واتس कॉल फोन फ़ोन नंबर मोबाइल व्हाट्सएप
		電話 電話番号 携帯 携帯番号 でんわ 番号 ケータイ 手机 手机号 电话 电话号码 联系电话 号码 微信 手機
		телефон телефону номер звоните звони позвони тел мобильный вотсап ватсап пишите
		telepon telp nomor hp hubungi nomer wa`,
	idCue: `pps personnummer tc pan ssn nino nin dni nie curp rfc cuit cuil nif cpf rg nir insee secu steuerid idnr steueridentifikationsnummer steuernummer
		sozialversicherungsnummer svnr rentenversicherungsnummer codice cf bsn burgerservicenummer sofinummer pesel nip dowod dowodu tckn kimlik aadhaar aadhar
		आधार पैन cnpj 身份证 身份证号 身份证号码 マイナンバー 個人番号 снилс инн nik ktp sin tfn هوية الهوية القومي بطاقة nhs medicare npwp`,
	passCue: `identite identidad identita identidade passport passports pasaporte passaporte passeport reisepass passnummer personalausweis ausweisnummer ausweis perso passaporto paspoort paspoortnummer
		paszport paszportu pasaport جواز पासपोर्ट パスポート 旅券 护照 护照号 护照号码 護照 паспорт паспорта загранпаспорт paspor`,
	bankCue: `acc acct iban account konto kontonummer cuenta conta compte clabe routing bsb ifsc pix conto rekening rekeningnummer rachunek konta hesap
		حساب खाता 口座 口座番号 账号 账户 银行卡 卡号 счет счёт rekening norek rek blz sortcode`,
	cardCue: `card cards visa mastercard amex tarjeta cartao carte kreditkarte karte carta kaart karta karty karcie kart kartim kartima kartina
		карта карты карту карте картой карточка карточку карточки कार्ड بطاقة بطاقتي بطاقه البطاقة カード 信用卡 kartu`,
	plateCue: `plate plates reg rego registration kennzeichen nummernschild matricula placa placas patente plaque immatriculation targa kenteken
		rejestracja rejestracji rejestracyjny plaka plakasi plakali لوحة नंबरप्लेट ナンバープレート 车牌 车牌号 車牌 номера госномер nopol`,
	bornCue: `ميلادي ميلاده born dob birthdate birthday geboren geburtsdatum geb nacido nacida nacimiento nacio nasci nascido nascida nascimento nee naissance
		nato nata nascita geboortedatum urodzony urodzona urodzenia ur dogum dogumlu ميلاد الميلاد ولدت जन्म जन्मतिथि 生年月日 誕生日 生まれ 出生 出生日期 生日
		родился родилась рождения др lahir kelahiran`,
	secretCue: `password passwords passwort kennwort passcode passwd pwd pw passphrase pword contrasena clave senha motdepasse mdp wachtwoord haslo sifre sifrem
		باسورد पासवर्ड パスワード 暗証番号 密码 密碼 口令 пароль пароля sandi katasandi sifresi sifremiz sifresini parolasi hasla hasle senhas claves`,
	wifiCue: `wifi wlan hotspot router fritzbox ssid واي فاي वाईफाई ワイファイ 无线 вайфай вайфая вайфаю`,
	pinCue:  `pin pins pincode geheimzahl otp 2fa cvv cvc cvv2 atm puk pinkod पिन пин пинкод`,
	doorCue: `door gate alarm lockbox keybox safe entry porte garage buzzer gatecode digicode portail interphone tur haustur tor alarmanlage schlusselbox tresor puerta porton
		alarma portao porta cancello allarme cassaforte deur poort drzwi bramy domofon domofonu kapi домофон домофона подъезд двери сейф pintu pagar
		الباب दरवाज़े 玄関 门锁 门禁 オートロック`,
	codeCue: `code codes codigo codice kod kodu kode код كود رمز कोड コード 暗码 kodi`,
	keyCue:  `key apikey api token secret accesskey secretkey privatekey bearer credential credentials`,
	homeCue: `live lives living lived home address moved resident residing deliver delivery ship send parcels parcel post
		vivo vive vivimos casa direccion domicilio envia moro mora endereco moramos envie habite habitons adresse domicile livrer envoyez
		wohne wohnt wohnen wohnort anschrift zuhause wohnhaft schickt abito abita abitiamo indirizzo spedite
		woon woont wonen adres thuis stuur mieszkam mieszka mieszkamy adresem adresu wyslij
		oturuyorum oturuyor evim adresim adresi adres أسكن اسكن عنواني عنوان بيتي ساكن رहता रहती पता घर मकान
		住所 住んで 自宅 住在 地址 我家 家住 收货地址 живу живет живём живем адрес прописан
		tinggal alamat rumah rumahku alamatku kirim`,
	mineCue: `ich je yo io ik ben aku eu sono bin suis soy sou jestem my mine our his her their me i we mi mio nuestro su meu minha nosso seu mon ma mes notre son sa mein meine meiner unser ihr sein
		mio mia nostro suo mijn ons onze zijn haar moj moja moje nasz jego jej benim bizim onun मेरा मेरी मेरे हमारा उसका उसकी
		私 俺 僕 うち 我 我的 我们 他的 她的 мой моя мое моё мне наш его её ее я saya aku ku kami dia عندي لي`,
	isCue: `hai hain is are was s es e est ist lautet war sono jest to dir idir है हैं هو هي は が 是 это adalah reads set`,
	streetCue: `av przy markt street st avenue ave road rd lane ln boulevard blvd drive dr court ct place pl square sq terrace close crescent way highway hwy grove gardens parade mews row hill walk
		calle avenida avda paseo plaza carrera camino rua travessa alameda praca estrada rue allee chemin impasse quai
		strasse str weg platz gasse ring damm ufer via viale piazza corso vicolo straat laan gracht plein weg kade
		ulica ul aleja al osiedle os plac mahallesi mah sokak sokagi sk caddesi cad cd bulvari شارع طريق حي
		मार्ग गली रोड सेक्टर улица ул проспект пр переулок пер шоссе бульвар jalan jl jln gang marg nagar colony sector`,
	unitCue: `nº n मकान नंबर flat apt apartment unit suite wohnung dom дом д кв квартира no nr numero num rt rw kat daire blok block house haus plot casa piso depto apto bis`,
	otherCue: `order tracking isbn issn invoice ticket case ref reference commit epoch timestamp build version job posting tweet flight model serial sku item article bug
		issue pr population cells score votes views followers subscribers euro euros dollars usd eur lira rupees yen km miles meters metres
		bestellung bestellnummer sendung sendungsnummer rechnung artikel pedido factura encomenda fatura commande facture colis ordine spedizione
		bestelling pakket zamowienie przesylka siparis kargo طلب ऑर्डर 注文 注文番号 订单 订单号 快递 单号 заказ заказа трек pesanan resi doi arxiv chapter page`,
	publicCue: `helpline hotline lifeline samaritans childline crisis suicide emergency notruf seelsorge telefonseelsorge sos support customer service booking
		reservations office switchboard press enquiries info tickets clinic surgery restaurant pizzeria praxis kundenservice bibliothek museum
		urgence urgences numerovert linea soccorso telefonoamico cvv horario reservas centralita kundendienst redaktion shop store cafe bar studio gallery church school hotel venue boutique laden geschaft tienda negozio winkel sklep loja magasin fictional fake movie film novel example placeholder sample dummy`,
	atCue:    `at arroba chez chiocciola malpa apestaart ат собака aet klammeraffe kuyruklu et`,
	dotCue:   `dot punto punkt point ponto punt kropka nokta точка titik`,
	mailCue:  `mail email e mailen mailto correo courriel posta poczta eposta почта почту surel メール 邮箱 邮件 بريد ईमेल write contact`,
	latCue:   `e lat latitude long longitude lng lon latitud longitud breite lange n s w o north south east west gps coords coordinates koordinaten coordenadas`,
	monthCue: monthNames(),
}

// pairs are cues of two words.
var pairs = map[string]cue{
	"social security": idCue, "national insurance": idCue, "tax id": idCue, "id number": idCue,
	"medicare number": idCue, "nhs number": idCue,
	"numero fiscal": idCue, "securite sociale": idCue, "codice fiscale": idCue, "carte vitale": idCue,
	"tc kimlik": idCue, "national id": idCue, "steuer id": idCue, "steuer nummer": idCue, "id nummer": idCue,
	"id no":    idCue,
	"pan card": idCue, "pan number": idCue, "pan no": idCue, "पैन कार्ड": idCue,
	"الرقم القومي": idCue, "رقم الهوية": idCue, "numero secu": idCue,
	"id card": passCue, "identity card": passCue, "driving licence": passCue, "drivers license": passCue,
	"driver's license": passCue,
	"sort code":        bankCue, "numero sort": bankCue, "chave pix": bankCue, "number plate": plateCue,
	"license plate": plateCue, "licence plate": plateCue,
	"plat nomor": plateCue, "nomor polisi": plateCue, "номер машины": plateCue, "رقم اللوحة": plateCue,
	"plate number": plateCue,
	"date of":      0, "mot de": 0, "de passe": secretCue, "kata sandi": secretCue, "palavra passe": secretCue,
	"wi fi":     wifiCue,
	"كلمة السر": secretCue, "كلمة المرور": secretCue, "الرقم السري": secretCue | pinCue,
	"verification code": pinCue, "security code": pinCue, "backup code": pinCue,
	"access code": pinCue, "secret key": keyCue, "access key": keyCue, "api key": keyCue, "private key": keyCue,
	"doğum tarihi":  bornCue,
	"дата рождения": bornCue, "tanggal lahir": bornCue, "of birth": bornCue, "date naissance": bornCue, "live at": homeCue,
	"come to": homeCue, "come over": homeCue, "komm vorbei": homeCue, "kommt vorbei": homeCue, "staying at": homeCue,
	"wifi pass": secretCue | wifiCue, "wifi pw": secretCue | wifiCue, "fi pass": secretCue | wifiCue,
	"seed phrase": secretCue, "recovery phrase": secretCue, "secret phrase": secretCue, "my place": homeCue,
	"my house": homeCue, "j'habite": homeCue, "at mine": homeCue, "come round": homeCue, "my flat": homeCue,
	"my apartment": homeCue, "my crib": homeCue,
}

// months are their names and usual short forms, in order.
var months = [12]string{
	`january jan januar janvier janv enero ene janeiro gennaio gen januari styczen stycznia ocak يناير जनवरी январь января`,
	`february feb februar fevrier fev febrero fevereiro febbraio februari luty lutego subat فبراير फरवरी फ़रवरी февраль февраля`,
	`march mar marz maerz mars marzo marco maart marzec marca mart مارس मार्च март марта maret`,
	`april apr avril avr abril abr aprile apr kwiecien kwietnia nisan أبريل ابريل अप्रैल апрель апреля`,
	`may mai mayo maio maggio mag mei maj maja mayis مايو मई май мая`,
	`june jun juni juin junio junho giugno giu czerwiec czerwca haziran يونيو जून июнь июня`,
	`july jul juli juillet juil julio julho luglio lug lipiec lipca temmuz يوليو जुलाई июль июля`,
	`august aug aout agosto ago augustus sierpien sierpnia agustos أغسطس अगस्त август августа agustus`,
	`september sep sept septembre septiembre setembro settembre set wrzesien wrzesnia eylul سبتمبر सितंबर сентябрь сентября`,
	`october oct okt oktober octobre octubre outubro ottobre ott pazdziernik pazdziernika ekim أكتوبر अक्टूबर октябрь октября`,
	`november nov novembre noviembre novembro listopad listopada kasim نوفمبر नवंबर ноябрь ноября`,
	`december dec dez dezember decembre diciembre dic dezembro dicembre december grudzien grudnia aralik ديسمبر दिसंबर декабрь декабря desember`,
}

func monthNames() string { return strings.Join(months[:], " ") }

var cues = sync.OnceValue(func() *frozen.Words[cue] {
	m := map[string]cue{}
	for c, words := range cueWords {
		for w := range strings.FieldsSeq(words) {
			m[plain(w)] |= c
		}
	}
	for pair := range pairs {
		first, _, _ := strings.Cut(pair, " ")
		m[plain(first)] |= firstCue
	}
	return new(frozen.NewWords(m))
})

var pairCues = sync.OnceValue(func() *frozen.Words[cue] {
	m := map[string]cue{}
	for pair, c := range pairs {
		m[plain(pair)] |= c
	}
	return new(frozen.NewWords(m))
})

// heads tells for the first two letters of a word how long the words are that begin so: a bit for each length.
type heads [27 * 27]uint64

// cueHeads are those of the cues. Most words of a post are sorted out by them.
var cueHeads = sync.OnceValue(func() *heads {
	var h heads
	for w := range cues().All() {
		if strings.IndexFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) < 0 {
			h[headAt(w)] |= 1 << len(w)
		}
	}
	return &h
})

// mayHold reports false only for words of ASCII letters that announce nothing.
func (h *heads) mayHold(word string) bool { return h[headAt(word)]&(1<<len(word)) != 0 }

func headAt(word string) int {
	at := int((word[0]|0x20)-'a'+1) * 27
	if len(word) > 1 {
		at += int((word[1] | 0x20) - 'a' + 1)
	}
	return at
}

const longestCue = 48 // bytes; longer words announce nothing

// cueOf sets what the word announces. Words of scripts without blanks are looked through.
func (s *scan) cueOf(t *token) {
	text := s.s[t.from:t.to]
	if r, _ := utf8.DecodeRuneInString(text); r >= 0x2e80 {
		t.cue = cuesWithin(text)
		return
	}
	if len(text) > longestCue {
		return
	}
	if !t.plain || cueHeads().mayHold(text) {
		s.cueOfWord(t, text)
	}
	s.cueOfPair(t, text)
}

// cueOfWord sets what the word announces by itself.
func (s *scan) cueOfWord(t *token, text string) {
	s.low = appendPlain(s.low[:0], text)
	known := cues()
	t.cue = known.Find(s.low)
	if i := bytes.LastIndexByte(s.low, '\''); i > 0 { // j'habite, l'adresse
		if after := s.low[i+1:]; string(after) == "s" { // the passcode's 7741
			t.cue |= known.Find(s.low[:i]) | isCue
		} else {
			t.cue |= known.Find(after)
		}
	}
	if text == "né" || text == "Né" { // born, in French; without its accent it is "not"
		t.cue |= bornCue
	}
}

// cueOfPair adds what the word announces together with the one before it.
func (s *scan) cueOfPair(t *token, text string) {
	n := len(s.tokens)
	if n == 0 {
		return
	}
	// "Wi-Fi" and "date of birth" are pairs too, whatever stands between.
	p := n - 1
	if s.tokens[p].kind == '-' && p > 0 {
		p--
	}
	if before := &s.tokens[p]; before.kind == word && before.cue&firstCue != 0 {
		s.low = appendPlain(s.low[:0], s.s[before.from:before.to])
		s.low = append(s.low, ' ')
		s.low = appendPlain(s.low, text)
		t.cue |= pairCues().Find(s.low)
	}
}

// cuesWithin looks for cues in the last letters of a run of Chinese or Japanese, where
// words are not told apart by blanks.
func cuesWithin(text string) (c cue) {
	const reach, longest = 12, 6
	var at [reach + 1]int // where each of the last letters begins
	n := 0
	for i := len(text); i > 0 && n < reach; n++ {
		_, size := utf8.DecodeLastRuneInString(text[:i])
		at[n] = i
		i -= size
		at[n+1] = i
	}
	known := cues()
	for end := range n {
		for size := 1; size <= longest && end+size <= n; size++ {
			c |= known.Find([]byte(text[at[end+size]:at[end]]))
		}
	}
	return c
}

func plain(s string) string { return string(appendPlain(nil, s)) }

// appendPlain adds s in lower case and without the accents of Latin letters.
func appendPlain(b []byte, s string) []byte {
	for _, r := range s {
		if r < utf8.RuneSelf {
			if r >= 'A' && r <= 'Z' {
				r |= 0x20
			}
			b = append(b, byte(r))
			continue
		}
		r = unicode.ToLower(r)
		if p := plainLetter(r); p != "" {
			b = append(b, p...)
		} else if r != 0x307 { // the dot that lower case leaves of a Turkish I
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// plainLetter writes a Latin letter without its accent; "" for every other letter.
func plainLetter(r rune) string {
	switch r {
	case 'á', 'à', 'â', 'ã', 'ä', 'å', 'ą', 'ă', 'ā':
		return "a"
	case 'é', 'è', 'ê', 'ë', 'ę', 'ě':
		return "e"
	case 'í', 'ì', 'î', 'ï', 'ı':
		return "i"
	case 'ó', 'ò', 'ô', 'õ', 'ö', 'ø', 'ő':
		return "o"
	case 'ú', 'ù', 'û', 'ü', 'ű', 'ů':
		return "u"
	case 'ç', 'ć', 'č':
		return "c"
	case 'ñ', 'ń':
		return "n"
	case 'ş', 'ś', 'š':
		return "s"
	case 'ğ':
		return "g"
	case 'ł':
		return "l"
	case 'ź', 'ż', 'ž':
		return "z"
	case 'ý', 'ÿ':
		return "y"
	case 'ß':
		return "ss"
	}
	return ""
}
