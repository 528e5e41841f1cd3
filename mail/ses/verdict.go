package ses

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/fibonacco/fibonacco"
)

// verdict is what an error of SendEmail means for the mail, and for all the others: failed says why
// SES takes no mail at all for now, "" when it was about this mail. left tells whether the whole
// request had gone out.
func verdict(err error, left bool, from string) (h fibonacco.Handover, failed string, pause time.Duration) {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) && answered.HTTPStatusCode() >= http.StatusMultipleChoices {
		return judge(err, answered.HTTPStatusCode(), from)
	}
	words := reason(err)
	switch {
	case !left && errors.Is(err, context.Canceled):
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: words}, "", 0
	case !left:
		return fibonacco.Handover{Result: fibonacco.NotTried, Reason: words}, words, 0
	case errors.Is(err, context.Canceled):
		return fibonacco.Handover{Result: fibonacco.Unanswered, Reason: words}, "", 0
	}
	// It has left, and no answer came that could be read: it may have arrived.
	return fibonacco.Handover{Result: fibonacco.Unanswered, Reason: words}, words, 0
}

// judge reads an error that SES gave.
func judge(err error, status int, from string) (h fibonacco.Handover, failed string, pause time.Duration) {
	words := reason(err)
	notTried := fibonacco.Handover{Result: fibonacco.NotTried, Code: status, Reason: words}
	refused := fibonacco.Handover{Result: fibonacco.Refused, Code: status, Reason: words}
	text := strings.ToLower(spoken(err))
	switch code := codeOf(err); code {
	case "TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException":
		if strings.Contains(text, "daily") {
			return notTried, words, dailyPause
		}
		return notTried, words, 0
	case "AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException", "NotFoundException":
		return notTried, words, time.Minute // somebody has to do something; no mail is lost meanwhile
	case "MessageRejected", "MessageRejectedException":
		if strings.Contains(text, "not verified") && aboutSender(text, from) {
			return notTried, words, time.Minute // every mail would be refused like this one
		}
		return refused, "", 0
	case "BadRequestException", "ValidationException":
		return refused, "", 0
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return notTried, "Amazon SES does not accept the credentials: " + words, time.Minute
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		return notTried, words, 0
	case status >= 500: // it may have been taken before something broke
		return fibonacco.Handover{Result: fibonacco.Unanswered, Code: status, Reason: words}, words, 0
	case status == http.StatusRequestEntityTooLarge:
		return refused, "", 0
	}
	return refused, "", 0
}

// dailyPause: AWS drops what goes over the daily quota, and asks to wait.
const dailyPause = 10 * time.Minute

// aboutSender reports whether SES's words name our own address or domain.
func aboutSender(text, from string) bool {
	from = strings.ToLower(from)
	_, domain, _ := strings.Cut(from, "@")
	for word := range strings.FieldsSeq(text) {
		if word = strings.Trim(word, ".,:;()<>'\""); word == from || word == domain {
			return true
		}
	}
	return false
}

// spoken is what SES itself says, addresses and all; "" when it did not answer.
func spoken(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return ""
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// reason is an error in few words, without addresses: it is stored and shown.
func reason(err error) string {
	words := spoken(err)
	switch {
	case words != "":
	case errors.Is(err, context.DeadlineExceeded):
		words = "no answer in time"
	case errors.Is(err, context.Canceled):
		words = "given up at the end"
	default:
		words = lastCause(err).Error()
	}
	fields := strings.Fields(words)
	for i, f := range fields {
		if strings.Contains(f, "@") {
			fields[i] = "(address)"
		}
	}
	words = strings.Join(fields, " ")
	return strings.ToValidUTF8(words[:min(len(words), 500)], "")
}

// lastCause is the innermost error: the SDK wraps it in a sentence a layer.
func lastCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
