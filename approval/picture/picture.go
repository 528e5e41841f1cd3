// Package picture makes small JPEGs of pictures that strangers upload. What comes out was drawn pixel by
// pixel: it holds nothing of the file but what can be seen, no place, no camera, no hidden payload. It
// looks at the size that a file claims before it unpacks it.
package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"github.com/fibonacco/fibonacco"
)

// Limits of what is taken. A telephone's photo has 12 to 24 million pixels.
const (
	MaxBytes  = 12 << 20
	maxPixels = 25_000_000
	maxSide   = 12_000
	minSide   = 64
)

// longest is the longer side of what is made, in pixels, and quality its JPEG quality.
const (
	longest = 1600
	quality = 82
)

// Picture is a picture that was made anew.
type Picture struct {
	JPEG          []byte
	Width, Height int
}

// format reads one kind of file.
type format struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []struct {
	begins string
	format
}{
	{"\xff\xd8\xff", format{"JPEG", jpeg.DecodeConfig, jpeg.Decode}},
	{"\x89PNG\r\n\x1a\n", format{"PNG", png.DecodeConfig, png.Decode}},
	{"RIFF", format{"WebP", webp.DecodeConfig, webp.Decode}},
	{"GIF87a", format{"GIF", gif.DecodeConfig, gif.Decode}},
	{"GIF89a", format{"GIF", gif.DecodeConfig, gif.Decode}},
}

// Remake makes a JPEG of a JPEG, PNG, WebP or GIF file, upright, at most 1,600 pixels wide and high, on white
// where the file is transparent. Of an animation it is the first picture. Returns Invalid, with a reason
// for whoever uploaded it under the field "photo".
func Remake(raw []byte) (*Picture, error) {
	if len(raw) == 0 {
		return nil, refused("is missing: choose a file first")
	}
	if len(raw) > MaxBytes {
		return nil, refused("is larger than 12 MB: send a smaller copy of it")
	}
	f, err := formatOf(raw)
	if err != nil {
		return nil, err
	}
	size, err := f.config(bytes.NewReader(raw))
	if err != nil {
		return nil, refused("cannot be read: the " + f.name + " file is damaged or was cut short")
	}
	switch {
	case size.Width < minSide || size.Height < minSide:
		return nil, refused(fmt.Sprintf("is too small to show: it needs at least %d pixels each way", minSide))
	case size.Width > maxSide || size.Height > maxSide || size.Width*size.Height > maxPixels:
		return nil, refused("has more than 25 million pixels: send a smaller copy of it")
	}
	src, err := f.decode(bytes.NewReader(raw))
	if err != nil {
		return nil, refused("cannot be read: the " + f.name + " file is damaged or was cut short")
	}
	if src.Bounds().Empty() {
		return nil, refused("shows nothing")
	}
	small := shrink(src, longest)
	if f.name == "JPEG" {
		small = turned(small, orientation(raw))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("write a JPEG: %w", err)
	}
	return &Picture{JPEG: out.Bytes(), Width: small.Rect.Dx(), Height: small.Rect.Dy()}, nil
}

// formatOf goes by what the file holds, whatever it is called.
func formatOf(raw []byte) (format, error) {
	for _, f := range formats {
		if bytes.HasPrefix(raw, []byte(f.begins)) {
			return f.format, nil
		}
	}
	if len(raw) >= 12 {
		switch kind := string(raw[8:12]); {
		case string(raw[4:8]) == "ftyp" && (kind == "heic" || kind == "heix" || kind == "mif1" || kind == "avif"):
			return format{}, refused("is a HEIC or AVIF file, which we cannot read: save it as JPEG, or take a screenshot of it")
		}
	}
	return format{}, refused("is not a picture that we can read: it should be JPEG, PNG, WebP or GIF")
}

func refused(reason string) error {
	return fibonacco.InvalidFields("the photo cannot be used", []fibonacco.FieldError{{Field: "photo", Reason: reason}})
}

// shrink draws src on white so that neither side is longer than most: each new pixel is the average of
// the area it stands for. It holds one row of the source at a time.
func shrink(src image.Image, most int) *image.RGBA {
	b := src.Bounds()
	sw, sh := b.Dx(), b.Dy()
	dw, dh := sw, sh
	if long := max(sw, sh); long > most {
		dw, dh = max(1, (sw*most+long/2)/long), max(1, (sh*most+long/2)/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, dw, dh))
	row := image.NewRGBA(image.Rect(0, 0, sw, 1))
	white := image.NewUniform(color.White)
	line, sum := make([]float32, 3*dw), make([]float32, 3*dw)
	stepX, stepY := float64(sw)/float64(dw), float64(sh)/float64(dh)
	next := 0
	var filled float64 // of the row that is being summed up, in source rows
	for y := range sh {
		draw.Draw(row, row.Rect, white, image.Point{}, draw.Src)
		draw.Draw(row, row.Rect, src, image.Pt(b.Min.X, b.Min.Y+y), draw.Over)
		average(line, row.Pix, sw, dw, stepX)
		for left := 1.0; left > 1e-9 && next < dh; {
			part := min(left, stepY-filled)
			for i, v := range line {
				sum[i] += v * float32(part)
			}
			left, filled = left-part, filled+part
			if filled >= stepY-1e-9 || y == sh-1 && left <= 1e-9 {
				store(out, next, sum, float32(filled))
				clear(sum)
				next, filled = next+1, 0
			}
		}
	}
	return out
}

// average makes one row of dw pixels of one of sw.
func average(line []float32, pix []byte, sw, dw int, step float64) {
	for x := range dw {
		from, to := float64(x)*step, min(float64(x+1)*step, float64(sw))
		var r, g, b float32
		for i := int(from); i < sw && float64(i) < to; i++ {
			part := float32(min(to, float64(i+1)) - max(from, float64(i)))
			r += part * float32(pix[4*i])
			g += part * float32(pix[4*i+1])
			b += part * float32(pix[4*i+2])
		}
		width := float32(to - from)
		line[3*x], line[3*x+1], line[3*x+2] = r/width, g/width, b/width
	}
}

func store(out *image.RGBA, y int, sum []float32, rows float32) {
	for x := range out.Rect.Dx() {
		p := out.Pix[out.PixOffset(x, y):][:4]
		for c := range 3 {
			p[c] = uint8(min(255, sum[3*x+c]/rows+.5))
		}
		p[3] = 255
	}
}
