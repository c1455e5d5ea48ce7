package personal

import "strings"

// The check digits of registers. Each function wants ASCII, without blanks or hyphens.

// luhn is the check of ISO/IEC 7812, for cards.
func luhn(d string) bool {
	sum := 0
	for i := range len(d) {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// mod97 is the check of ISO 13616, for account numbers in any case.
func mod97(s string) bool {
	rest := 0
	for i := range len(s) {
		switch c := s[(i+4)%len(s)]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			rest = (rest*100 + int(c|0x20-'a') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// weighted is the sum of digits times weights.
func weighted(d string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(d[i]-'0') * w
	}
	return sum
}

// dniLetter checks the letter of a Spanish DNI or NIE (8 digits, or X, Y, Z and 7, then it).
func dniLetter(s string) bool {
	if len(s) != 9 {
		return false
	}
	var n int
	switch c := s[0] &^ 0x20; c {
	case 'X', 'Y', 'Z':
		n = int(c - 'X')
	default:
		if s[0] < '0' || s[0] > '9' {
			return false
		}
		n = int(s[0] - '0')
	}
	for i := 1; i < 8; i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] == s[8]&^0x20
}

// nirKey checks a French social security number of 15 digits: 97 less the rest of the first 13.
func nirKey(d string) bool {
	if len(d) != 15 || strings.IndexByte("123478", d[0]) < 0 {
		return false
	}
	month := number(d[3:5])
	if month < 1 || month > 12 && month < 20 || month > 42 && month < 50 {
		return false
	}
	return 97-number(d[:13])%97 == number(d[13:])
}

// taxIDDE checks a German tax id: ISO 7064 MOD 11,10.
func taxIDDE(d string) bool {
	if len(d) != 11 || d[0] == '0' {
		return false
	}
	product := 10
	for i := range 10 {
		sum := (int(d[i]-'0') + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (11-product)%10 == int(d[10]-'0')
}

// fiscalIT checks an Italian codice fiscale: its form, and the letter at its end.
func fiscalIT(s string) bool {
	const form = "AAAAAA00A00A000A"
	if len(s) != len(form) {
		return false
	}
	odd := [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter != (form[i] == 'A') || !letter && (c < '0' || c > '9') {
			return false
		}
		v := int(c - '0')
		if letter {
			v = int(c&^0x20 - 'A')
		}
		if i == 15 {
			return sum%26 == v
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return false
}

// bsnNL is the eleven test of a Dutch citizen service number.
func bsnNL(d string) bool {
	return len(d) == 9 && weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

// peselPL checks a Polish PESEL.
func peselPL(d string) bool {
	return len(d) == 11 && weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// cpfBR checks both digits of a Brazilian CPF.
func cpfBR(d string) bool {
	if len(d) != 11 || strings.Count(d, d[:1]) == 11 {
		return false
	}
	check := func(sum int) int { return sum * 10 % 11 % 10 }
	return check(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[9]-'0') &&
		check(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[10]-'0')
}

// kimlikTR checks both digits of a Turkish identity number.
func kimlikTR(d string) bool {
	if len(d) != 11 || d[0] == '0' {
		return false
	}
	tenth := ((weighted(d, 7, -1, 7, -1, 7, -1, 7, -1, 7)%10 + 10) % 10)
	return tenth == int(d[9]-'0') && weighted(d, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)%10 == int(d[10]-'0')
}

// verhoeff checks an Indian Aadhaar number: the dihedral group of ten.
func verhoeff(d string) bool {
	flip := [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	c := 0
	for i := range len(d) {
		v := int(d[len(d)-1-i] - '0')
		for range i % 8 {
			v = flip[v]
		}
		c = dihedral(c, v)
	}
	return c == 0
}

func dihedral(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b-5)%5
	case b < 5:
		return 5 + (a-5-b+5)%5
	}
	return (a - b + 5) % 5
}

// idCN checks a Chinese identity number of 18: ISO 7064 MOD 11-2, and a date of birth.
func idCN(s string) bool {
	if len(s) != 18 {
		return false
	}
	for i := range 17 {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	if y, m, d := number(s[6:10]), number(s[10:12]), number(s[12:14]); y < 1900 || y > 2100 || !validDay(m, d) {
		return false
	}
	sum := weighted(s, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	return "10X98765432"[sum%11] == s[17]&^lowerBit(s[17])
}

func lowerBit(c byte) byte {
	if c >= 'a' {
		return 0x20
	}
	return 0
}

// snilsRU checks a Russian insurance number.
func snilsRU(d string) bool {
	if len(d) != 11 {
		return false
	}
	sum := weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, 1) % 101
	return sum%100 == number(d[9:])
}

// ssnUS reports whether a US number can have been issued.
func ssnUS(d string) bool {
	return len(d) == 9 && d[:3] != "000" && d[:3] != "666" && d[0] != '9' && d[3:5] != "00" && d[5:] != "0000"
}

// ninoUK reports whether a UK number can have been issued: two letters, six digits, a letter from A to D.
func ninoUK(s string) bool {
	if len(s) != 9 || s[8] < 'A' || s[8] > 'D' {
		return false
	}
	for i := 2; i < 8; i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	for i := range 2 {
		if s[i] < 'A' || s[i] > 'Z' || strings.IndexByte("DFIQUV", s[i]) >= 0 {
			return false
		}
	}
	return s[1] != 'O' && !strings.Contains("BG GB KN NK NT TN ZZ", s[:2])
}

// number is the value of up to 18 digits.
func number(d string) int {
	n := 0
	for i := range len(d) {
		n = n*10 + int(d[i]-'0')
	}
	return n
}

func validDay(month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// repeats reports whether a number is one digit over and over, which nobody has.
func repeats(d string) bool { return d != "" && strings.Count(d, d[:1]) == len(d) }
