package pdf

import (
	"bytes"
	"fmt"
	"image"
	imagecolor "image/color"
	"image/draw"
	_ "image/jpeg" // a picture may be one
	"image/png"

	"codeberg.org/go-pdf/fpdf"
)

const (
	mostPixels   = 12 << 20 // of one picture
	mostPictures = 24       // of one paper
	pointsAPixel = .75      // at the size a browser shows it
	tallest      = 330.0    // points
)

// picture sets an image in the width of the text, or what it shows in words.
func (s *sheet) picture(b block, width float64) []line {
	name, w, h := s.load(b.src)
	if name == "" {
		if b.alt == "" {
			return nil
		}
		words := []run{{text: "Picture: " + b.alt, style: italic, link: s.press.absolute(b.src)}}
		return s.text(block{runs: words, color: text2, before: b.before}.measures(), 0, width)
	}
	scale := min(1, width/w, tallest/h)
	w, h = w*scale, h*scale
	return []line{{before: b.before, height: h + 4, draw: func(y float64) {
		s.pdf.ImageOptions(name, s.left, y, w, h, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	}}}
}

// load reads a picture and writes it anew, so that nothing of a stranger's file reaches the paper but
// its pixels. The size is in points; name is "" when there is no picture.
func (s *sheet) load(src string) (name string, w, h float64) {
	if s.press.Picture == nil || src == "" || s.images >= mostPictures {
		return "", 0, 0
	}
	raw := s.press.Picture(src)
	cfg, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || cfg.Width < 1 || cfg.Height < 1 || cfg.Width > mostPixels/cfg.Height {
		return "", 0, 0
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", 0, 0
	}
	size := img.Bounds()
	flat := image.NewRGBA(image.Rect(0, 0, size.Dx(), size.Dy()))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(imagecolor.White), image.Point{}, draw.Src) // white paper
	draw.Draw(flat, flat.Bounds(), img, size.Min, draw.Over)
	var out bytes.Buffer
	if err := png.Encode(&out, flat); err != nil {
		return "", 0, 0
	}
	s.images++
	name = fmt.Sprintf("picture-%d", s.images)
	s.pdf.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, &out)
	return name, float64(size.Dx()) * pointsAPixel, float64(size.Dy()) * pointsAPixel
}
