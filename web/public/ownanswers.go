package public

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
)

func (s *site) ownAnswers(w http.ResponseWriter, r *http.Request, v pageVisit) {
	values := url.Values{"services": {strings.Join(v.page.Services, "\n")}}
	setAnswers(values, v.page.Questions)
	s.show(w, r, http.StatusOK, s.ownAnswersForm(v, form{r.URL.EscapedPath(), values, nil}, len(v.page.Questions)+2))
}

func (s *site) saveAnswers(w http.ResponseWriter, r *http.Request, v pageVisit) {
	if !s.readForm(w, r) {
		return
	}
	questions := typedAnswers(r.PostForm)
	err := s.Business.SaveAnswers(r.Context(), v.SMBID, strings.Split(r.PostForm.Get("services"), "\n"), questions)
	s.saved(w, r, v, "answers", err, answersWords, func(again form) {
		s.show(w, r, http.StatusUnprocessableEntity, s.ownAnswersForm(v, again, len(questions)))
	})
}

// setAnswers puts questions with their answers into a form.
func setAnswers(v url.Values, all []fibonacco.Answered) {
	for i, q := range all {
		v.Set(fmt.Sprintf("questions[%d].question", i), q.Question)
		v.Set(fmt.Sprintf("questions[%d].answer", i), q.Answer)
	}
}

// typedAnswers is the questions of a form with their answers.
func typedAnswers(v url.Values) (all []fibonacco.Answered) {
	for i := range rowsOf(v, "questions", "question") {
		all = append(all, fibonacco.Answered{Question: v.Get(fmt.Sprintf("questions[%d].question", i)), Answer: v.Get(fmt.Sprintf("questions[%d].answer", i))})
	}
	return all
}

// answersWords is what the fields are called.
var answersWords = fieldWords{
	"services": "What you do", "questions": "The questions", "questions.question": "Question #", "questions.answer": "Answer #",
}
