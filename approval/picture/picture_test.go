package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/picture"
)

// corners is a picture whose corners are red, green, blue and white, in reading order.
func corners(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			switch {
			case x >= w/2 && y < h/2:
				c = color.RGBA{0, 200, 0, 255}
			case x < w/2 && y >= h/2:
				c = color.RGBA{0, 0, 255, 255}
			case x >= w/2:
				c = color.RGBA{255, 255, 255, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts a place, a camera and an orientation into a JPEG.
func withEXIF(raw []byte, turn uint16, order binary.AppendByteOrder) []byte {
	mark := "II*\x00"
	if order.String() == "BigEndian" {
		mark = "MM\x00*"
	}
	tiff := order.AppendUint32([]byte(mark), 8)
	put := func(tag, kind uint16, count, value uint32) []byte {
		entry := order.AppendUint16(order.AppendUint16(nil, tag), kind)
		entry = order.AppendUint32(entry, count)
		if kind == 3 {
			return order.AppendUint16(order.AppendUint16(entry, uint16(value)), 0)
		}
		return order.AppendUint32(entry, value)
	}
	tiff = order.AppendUint16(tiff, 2)
	tiff = append(tiff, put(0x010f, 2, 14, 38)...)
	tiff = append(tiff, put(0x0112, 3, 1, uint32(turn))...)
	tiff = order.AppendUint32(tiff, 0)
	tiff = append(tiff, "SECRET CAMERA GPS 40.6782N"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, raw[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	return append(append(out, segment...), raw[2:]...)
}

func remade(t *testing.T, raw []byte) (*picture.Picture, image.Image) {
	t.Helper()
	p, err := picture.Remake(raw)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if b := m.Bounds(); b.Dx() != p.Width || b.Dy() != p.Height {
		t.Fatalf("it says %d × %d and is %v", p.Width, p.Height, b)
	}
	return p, m
}

// names of the corners of a picture, in reading order.
func seen(m image.Image) string {
	b := m.Bounds()
	name := func(x, y int) string {
		r, g, bl, _ := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
		switch r, g, bl = r>>8, g>>8, bl>>8; {
		case r > 200 && g > 200 && bl > 200:
			return "w"
		case r > 150:
			return "r"
		case g > 120:
			return "g"
		case bl > 150:
			return "b"
		}
		return "?"
	}
	w, h := b.Dx(), b.Dy()
	return name(w/8, h/8) + name(w-1-w/8, h/8) + name(w/8, h-1-h/8) + name(w-1-w/8, h-1-h/8)
}

// webP is a WebP file of 120 × 80 points: red, green, blue and yellow.
func webP(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/corners.webp")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRemakeWebP(t *testing.T) {
	t.Parallel()
	p, m := remade(t, webP(t))
	yellow := color.RGBAModel.Convert(m.At(100, 60)).(color.RGBA)
	if p.Width != 120 || p.Height != 80 || seen(m)[:3] != "rgb" || yellow.R < 200 || yellow.G < 200 || yellow.B > 100 {
		t.Errorf("%d × %d, corners %s, the last %v", p.Width, p.Height, seen(m), yellow)
	}
}

func TestRemake(t *testing.T) {
	t.Parallel()
	var g bytes.Buffer
	if err := gif.Encode(&g, corners(100, 80), nil); err != nil {
		t.Fatal(err)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 100, 100)) // transparent everywhere
	for name, tc := range map[string]struct {
		raw    []byte
		w, h   int
		corner string
	}{
		"JPEG": {asJPEG(t, corners(300, 200)), 300, 200, "rgbw"}, "PNG": {asPNG(t, corners(300, 200)), 300, 200, "rgbw"}, "GIF": {g.Bytes(), 100, 80, "rgbw"},
		"wide": {asJPEG(t, corners(3300, 500)), 1600, 242, "rgbw"}, "tall": {asPNG(t, corners(100, 2000)), 80, 1600, "rgbw"},
		"a little too large": {asPNG(t, corners(1601, 1599)), 1600, 1598, "rgbw"}, "transparent": {asPNG(t, clear), 100, 100, "wwww"},
	} {
		p, m := remade(t, tc.raw)
		if p.Width != tc.w || p.Height != tc.h || seen(m) != tc.corner {
			t.Errorf("%s: %d × %d, corners %s", name, p.Width, p.Height, seen(m))
		}
	}
}

// A photo comes out as it was seen through the camera, and tells neither the camera nor the place.
func TestOrientationIsAppliedAndDropped(t *testing.T) {
	t.Parallel()
	raw := asJPEG(t, corners(160, 80))
	for turn, want := range map[uint16]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb", 9: "rgbw", 0: "rgbw"} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, m := remade(t, withEXIF(raw, turn, order))
			if wide := p.Width > p.Height; seen(m) != want || wide != (turn < 5 || turn > 8) {
				t.Errorf("turned %d: %d × %d, corners %s, want %s", turn, p.Width, p.Height, seen(m), want)
			}
			for _, no := range []string{"Exif", "SECRET", "GPS"} {
				if bytes.Contains(p.JPEG, []byte(no)) {
					t.Errorf("turned %d: it still holds %q", turn, no)
				}
			}
		}
	}
}

// bomb is a PNG of some bytes that claims to be w × h.
func bomb(w, h uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		out = append(append(out, kind...), data...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(append([]byte(kind), data...)))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	head = append(head, 8, 6, 0, 0, 0)
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head)...)
	return append(append(out, chunk("IDAT", pixels.Bytes())...), chunk("IEND", nil)...)
}

func TestRemakeRefuses(t *testing.T) {
	t.Parallel()
	good := asJPEG(t, corners(300, 200))
	for name, tc := range map[string]struct {
		raw  []byte
		says string
	}{
		"nothing":              {nil, "choose a file"},
		"text":                 {[]byte("<svg onload=alert(1)>"), "not a picture"},
		"a page named .jpg":    {[]byte("<!DOCTYPE html><script>"), "not a picture"},
		"a truncated JPEG":     {good[:len(good)/2], "damaged or was cut short"},
		"a JPEG's first bytes": {good[:4], "damaged or was cut short"},
		"a truncated PNG":      {asPNG(t, corners(100, 100))[:60], "damaged or was cut short"},
		"a bomb":               {bomb(60_000, 60_000), "25 million pixels"},
		"a long bomb":          {bomb(1_000_000, 64), "25 million pixels"},
		"a bomb that lies":     {bomb(4000, 4000), "damaged or was cut short"},
		"an overflowing one":   {bomb(1<<31-1, 1<<31-1), "damaged or was cut short"},
		"a dot":                {asPNG(t, corners(1, 1)), "too small"},
		"too many bytes":       {append(good, make([]byte, picture.MaxBytes)...), "12 MB"},
		"a WebP's first bytes": {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 "), "damaged or was cut short"},
		"a sound":              {[]byte("RIFF\x10\x00\x00\x00WAVEfmt "), "damaged or was cut short"},
		"a WebP that lies":     {bytes.Replace(webP(t), []byte{0x77, 0, 0, 0x4f, 0, 0}, []byte{0xff, 0x1f, 0, 0xff, 0x1f, 0}, 1), "25 million pixels"},
		"HEIC":                 {[]byte("\x00\x00\x00\x18ftypheic\x00\x00"), "HEIC"},
	} {
		_, err := picture.Remake(tc.raw)
		if fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRemake(f *testing.F) {
	good := asJPEG(f, corners(80, 80))
	for _, seed := range [][]byte{good, withEXIF(good, 6, binary.BigEndian), withEXIF(good, 3, binary.LittleEndian), asPNG(f, corners(70, 70)), bomb(70, 70), webP(f)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if turn := picture.Orientation(raw); turn < 1 || turn > 8 {
			t.Fatalf("turned %d", turn)
		}
		p, err := picture.Remake(raw)
		if err != nil {
			if fibonacco.CodeOf(err) != fibonacco.Invalid {
				t.Fatal(err)
			}
			return
		}
		if p.Width > 1600 || p.Height > 1600 || len(p.JPEG) == 0 {
			t.Fatalf("%d × %d, %d bytes", p.Width, p.Height, len(p.JPEG))
		}
	})
}
