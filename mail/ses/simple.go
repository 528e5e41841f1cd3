package ses

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/fibonacco/fibonacco/mail/part"
)

// ownHeaders are those that SES writes itself for a simple mail.
var ownHeaders = []string{"From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding", "Reply-To"}

// simple takes a mail of ours apart: subject, HTML, text and further headers.
func simple(message []byte) (*types.Message, error) {
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	out := &types.Message{Subject: text(subject), Body: &types.Body{}}
	for name, values := range m.Header {
		if slices.Contains(ownHeaders, textproto.CanonicalMIMEHeaderKey(name)) {
			continue
		}
		for _, v := range values {
			out.Headers = append(out.Headers, types.MessageHeader{Name: aws.String(name), Value: aws.String(v)})
		}
	}
	slices.SortFunc(out.Headers, func(a, b types.MessageHeader) int { return strings.Compare(*a.Name, *b.Name) })
	if err := part.Each(textproto.MIMEHeader(m.Header), m.Body, func(media string, content []byte) error {
		switch media {
		case "text/html":
			out.Body.Html = text(string(content))
		case "text/plain":
			out.Body.Text = text(string(content))
		default:
			return fmt.Errorf("a part of type %s has no place in a simple mail", media)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if out.Body.Html == nil && out.Body.Text == nil {
		return nil, errors.New("it has neither text nor HTML")
	}
	return out, nil
}

func text(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

// headerOf is one header of a mail, unfolded; "" when it is not there.
func headerOf(message []byte, name string) string {
	head, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	m, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(head), "\r\n\r\n"...)))
	if err != nil {
		return ""
	}
	return m.Header.Get(name)
}
