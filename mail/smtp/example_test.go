package smtp_test

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// A mailer runs until its channel is closed. Whoever feeds it hears once about each mail.
func ExampleMailer_Run() {
	server, err := mailtest.StartSink(mailtest.SinkOptions{})
	if err != nil {
		panic(err)
	}
	defer server.Close()

	mailer, err := smtp.New(smtp.Options{URL: server.URL() + "?connections=2"})
	if err != nil {
		panic(err)
	}
	mails := make(chan *fibonacco.Mail, 1) // with a buffer, lanes find the next mail at hand
	mails <- mailtest.NewMail(1)
	close(mails)
	mailer.Run(context.Background(), mails, mailtest.NewBook(), func(m *fibonacco.Mail, h fibonacco.Handover) {
		fmt.Println(m.To, "accepted:", h.Result == fibonacco.Accepted)
	})
	fmt.Println(server.Count(), "arrived")
	// Output:
	// recipient1@example.test accepted: true
	// 1 arrived
}
