package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"slices"
)

// colours is what a PNG with a palette can hold.
const colours = 256

// small writes a picture with the colours that it has most of, the bright ones before greys; the others,
// shades at the edges of letters, become the nearest of these. Nobody sees it, and a page takes a third.
func small(picture []byte) ([]byte, error) {
	src, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	bounds := src.Bounds()
	counts := map[color.RGBA]int{}
	each(bounds, func(x, y int) { counts[rgba(src.At(x, y))]++ })
	all := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b]*(1+bright(b)), counts[a]*(1+bright(a))), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range all[:min(len(all), colours)] {
		palette = append(palette, c)
	}
	index := map[color.RGBA]uint8{}
	for _, c := range all {
		index[c] = uint8(palette.Index(c)) // at most colours of them
	}
	dst := image.NewPaletted(bounds, palette)
	each(bounds, func(x, y int) { dst.SetColorIndex(x, y, index[rgba(src.At(x, y))]) })
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, dst)
	return out.Bytes(), err
}

func each(r image.Rectangle, do func(x, y int)) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			do(x, y)
		}
	}
}

// bright is how far a colour is from grey: a small dot may mean more than a large field.
func bright(c color.RGBA) int {
	return int(max(c.R, c.G, c.B)) - int(min(c.R, c.G, c.B))
}

func rgba(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
}
