package learning

import (
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
)

// compiled is one version of a page, ready to be filled. Safe for concurrent use.
type compiled struct {
	version
	content fibonacco.Content // as stored
	texts   []*template.Template
	article *template.Template
}

// eachText calls do for every text of the content that a reader sees, in a fixed order. The
// article is apart: it is Markdown.
func eachText(c *fibonacco.Content, do func(text *string)) {
	do(&c.Title)
	do(&c.ApprovalButtonText)
	for i := range c.Slides {
		slide := &c.Slides[i]
		do(&slide.Headline)
		do(&slide.Body)
		do(&slide.Narration)
		for j := range slide.Items {
			do(&slide.Items[j])
		}
	}
}

// compile returns an error that names the text and its line when a template is wrong.
func compile(c fibonacco.Content, v version) (*compiled, error) {
	p := &compiled{version: v, content: c}
	var err error
	eachText(&p.content, func(text *string) {
		t, e := template.Compile(*text, template.Text)
		if e != nil && err == nil {
			err = fmt.Errorf("%q: %w", *text, e)
		}
		p.texts = append(p.texts, t)
	})
	if err != nil {
		return nil, err
	}
	if p.article, err = render.CompileArticle(c.ArticleBody); err != nil {
		return nil, fmt.Errorf("article: %w", err)
	}
	return p, nil
}

// fill renders every text for one reader.
func (p *compiled) fill(f template.Fields) (*fibonacco.LearningPage, error) {
	page := &fibonacco.LearningPage{Content: p.content}
	page.Slides = make([]fibonacco.Slide, len(p.content.Slides))
	for i, slide := range p.content.Slides {
		slide.Items = append([]string(nil), slide.Items...)
		page.Slides[i] = slide
	}
	var err error
	var buf []byte
	next := 0
	eachText(&page.Content, func(text *string) {
		var e error
		if buf, e = p.texts[next].Render(buf[:0], f); e != nil && err == nil {
			err = e
		}
		*text = string(buf)
		next++
	})
	if err != nil {
		return nil, err
	}
	article, err := p.article.Render(nil, f)
	if err != nil {
		return nil, fmt.Errorf("article: %w", err)
	}
	page.ArticleHTML = string(article)
	return page, nil
}
