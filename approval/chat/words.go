package chat

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/fibonacco/fibonacco"
)

// heard is a message as words, plain and in lower case.
type heard struct {
	text  string // the words with one blank between them, and at both ends
	words []string
}

func hear(message string) heard {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(message)) {
		switch {
		case r == '\'' || r == '’' || unicode.Is(unicode.Mn, r): // what's is whats
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	return heard{" " + strings.Join(words, " ") + " ", words}
}

// says reports whether one of the phrases is in the message, as whole words.
func (h heard) says(phrases ...string) bool {
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(h.text, " "+p+" ") })
}

// filler are words that tell nothing about what is asked.
var filler = wordSet(`a an the is are am was were be been do does did can could will would should may might must i me my we us our you your yours
	it its he she they them their this that these those there here of to in on at for from by with about as and or but if so than then too very just
	please hi hello hey ok okay thanks thank any some what whats which who whom how when why where also get got have has had need want like know tell
	much many say let im id ill youre theres really again one`)

// sames are words that mean the same to somebody who asks.
var sames = map[string]string{
	"cost": "price", "charge": "price", "fee": "price", "rate": "price", "pricing": "price", "expensive": "price", "dollar": "price",
	"appointment": "book", "reservation": "book", "reserve": "book", "booking": "book", "schedule": "book",
	"pay": "pay", "payment": "pay", "card": "pay", "cash": "pay", "credit": "pay",
	"park": "park", "parking": "park", "kid": "child", "children": "child", "child": "child", "hour": "hour", "hours": "hour",
}

// telling are words of which a question and its answer must have the same: what holds on Sunday does not
// hold on Monday, and where to park is not what it costs.
var telling = wordSet(`monday tuesday wednesday thursday friday saturday sunday weekend weekday today tomorrow tonight now holiday christmas thanksgiving easter
	not no never without before after price book pay park`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// content are the words that tell what a message is about, each once.
func (h heard) content() map[string]bool {
	set := map[string]bool{}
	if h.says("how much") {
		set["price"] = true
	}
	for _, w := range h.words {
		if !filler[w] {
			set[stem(w)] = true
		}
	}
	return set
}

// stem takes the commonest endings off, so that "haircuts" and "haircut" are one word.
func stem(w string) string {
	if same, ok := sames[w]; ok {
		return same
	}
	for _, end := range []string{"ing", "ies", "es", "ed", "s"} {
		if root, ok := strings.CutSuffix(w, end); ok && len(root) >= 3 && !strings.HasSuffix(root, "s") {
			if end == "ies" {
				root += "y"
			}
			w = root
			break
		}
	}
	w = strings.TrimSuffix(w, "e")
	if same, ok := sames[w]; ok {
		return same
	}
	return w
}

// alike says from 0 to 1 how much a message asks what a question does: the share of their words that both
// have. It is 0 when one has a telling word, or a number, that the other has not; when the message leaves
// out much of what the question is about; and, where it is about money, unless both are about the same.
func alike(message, question heard) float64 {
	x, y := message.content(), question.content()
	if len(x) == 0 || len(y) == 0 || tells(message) != tells(question) {
		return 0
	}
	both := 0
	for w := range x {
		if y[w] {
			both++
		}
	}
	if 3*both < 2*len(y) || y["price"] && (both < len(x) || both < len(y)) {
		return 0
	}
	return 2 * float64(both) / float64(len(x)+len(y))
}

// tells are a message's telling words, in order.
func tells(h heard) string {
	var found []string
	if h.says("how much") {
		found = append(found, "price")
	}
	for _, w := range h.words {
		w = strings.TrimSuffix(w, "s")
		if same := stem(w); telling[same] {
			w = same
		}
		if telling[w] || strings.ContainsFunc(w, unicode.IsDigit) {
			found = append(found, w)
		}
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

// answered is the owner's answer whose question is most like the message, with how much.
func answered(all []fibonacco.Answered, h heard) (best fibonacco.Answered, likeness float64) {
	for _, qa := range all {
		if l := alike(h, hear(qa.Question)); l > likeness {
			best, likeness = qa, l
		}
	}
	return best, likeness
}
