package public

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

func (s *site) ownAnswers(w http.ResponseWriter, r *http.Request, v pageVisit) {
	values := url.Values{"services": {strings.Join(v.page.Services, "\n")}}
	for i, q := range v.page.Questions {
		values.Set(fmt.Sprintf("questions[%d].question", i), q.Question)
		values.Set(fmt.Sprintf("questions[%d].answer", i), q.Answer)
	}
	s.show(w, r, http.StatusOK, s.ownAnswersForm(v, ownForm{r.URL.EscapedPath(), values, nil}, len(v.page.Questions)+2))
}

func (s *site) saveAnswers(w http.ResponseWriter, r *http.Request, v pageVisit) {
	if !s.readOwnForm(w, r, formLimit) {
		return
	}
	var questions []fibonacco.Answered
	for i := 0; i < 40 && r.PostForm.Has(fmt.Sprintf("questions[%d].question", i)); i++ {
		questions = append(questions, fibonacco.Answered{
			Question: r.PostForm.Get(fmt.Sprintf("questions[%d].question", i)), Answer: r.PostForm.Get(fmt.Sprintf("questions[%d].answer", i)),
		})
	}
	err := s.Business.SaveAnswers(r.Context(), v.SMBID, strings.Split(r.PostForm.Get("services"), "\n"), questions)
	s.saved(w, r, v, "answers", err, func(bad []fibonacco.FieldError) {
		s.show(w, r, http.StatusUnprocessableEntity, s.ownAnswersForm(v, ownForm{r.URL.EscapedPath(), r.PostForm, bad}, len(questions)))
	})
}

func answersLabel(field string) string {
	var n int
	switch {
	case field == "services":
		return "What you do"
	case strings.HasSuffix(field, ".question"):
		if _, err := fmt.Sscanf(field, "questions[%d].question", &n); err == nil {
			return "Question " + strconv.Itoa(n+1)
		}
	case strings.HasSuffix(field, ".answer"):
		if _, err := fmt.Sscanf(field, "questions[%d].answer", &n); err == nil {
			return "Answer " + strconv.Itoa(n+1)
		}
	}
	return "The questions"
}
