package console

import (
	"fmt"
	"strings"
)

// The picture of where a post goes: from X to Repazoo, which may show its words to a model, and as a report to its
// author.

// station is a place that a post, or what is made of it, comes to.
type station struct {
	Name  string
	Lines []string // what happens there
}

func atX() station { return station{"X", []string{"holds your posts,", "as public as they are"}} }

func atHome(s Site) station {
	return station{"Repazoo", []string{"reads all with its word screen,", "erases them after " + counted(s.PostDays,
		"day")}}
}

func atModel() station {
	return station{"Anthropic’s Claude", []string{"reads the words again and", "is not told whose they are"}}
}

func atYou() station {
	return station{"You", []string{"read, dismiss, delete; nobody", "sees it until you give it"}}
}

// flowWords tell the picture to those who do not see it.
func flowWords(s Site) string {
	said := "X " + strings.Join(atX().Lines, " ") + ". Your posts go to Repazoo, which " +
		strings.Join(atHome(s).Lines, " ") + ". "
	if s.Judged {
		said += "With names hidden they go on to Anthropic’s Claude, which " + strings.Join(atModel().Lines, " ") +
			"; quotes come back, and each is checked. "
	}
	return said + "Your report goes to you: you " + strings.Join(atYou().Lines, " ") + "."
}

// sketch is a drawing of boxes and arrows.
type sketch struct {
	ViewBox string
	Boxes   []box
	Arrows  []arrow
}

type box struct {
	station
	X, Y, Width int
}

type arrow struct {
	Path  string
	Words string
	X, Y  int // where the words begin
}

const boxHeight = 92

// lying is the picture for wide windows.
func lying(s Site) sketch {
	const width, step, below = 262, 408, boxHeight + 60
	d := sketch{
		ViewBox: fmt.Sprintf("0 0 %d %d", 2*step+width+2, boxHeight+2),
		Boxes:   []box{{atX(), 1, 1, width}, {atHome(s), 1 + step, 1, width}, {atYou(), 1 + 2*step, 1, width}},
		Arrows: []arrow{
			{right(width+12, 54, step-width-24), "your posts", width + 36, 44},
			{right(step+width+12, 54, step-width-24), "your report", step + width + 34, 44},
		},
	}
	if s.Judged {
		d.ViewBox = fmt.Sprintf("0 0 %d %d", 2*step+width+2, below+boxHeight+2)
		d.Boxes = append(d.Boxes, box{atModel(), 1 + step, 1 + below, width})
		d.Arrows = append(d.Arrows,
			arrow{down(step+60, boxHeight+9, 44), "names hidden", step + 70, boxHeight + 35},
			arrow{up(step+200, below-7, 44), "quotes", step + 210, boxHeight + 35})
	}
	return d
}

// upright is the picture for phones.
func upright(s Site) sketch {
	const width, step, inset = 298, boxHeight + 56, 60
	last := 1 + 2*step
	if s.Judged {
		last += step
	}
	d := sketch{
		ViewBox: fmt.Sprintf("0 0 %d %d", width+2, last+boxHeight+1),
		Boxes:   []box{{atX(), 1, 1, width}, {atHome(s), 1, 1 + step, width}, {atYou(), 1, last, width}},
		Arrows: []arrow{
			{down(28, boxHeight+8, 40), "your posts", 40, boxHeight + 34},
			{down(28, step+boxHeight+8, last-step-boxHeight-15), "your report", 40, last - 22},
		},
	}
	if s.Judged {
		at := 1 + 2*step
		d.Boxes = append(d.Boxes, box{atModel(), 1 + inset, at, width - inset})
		d.Arrows = append(d.Arrows,
			arrow{down(96, at-48, 40), "names hidden", 106, at - 24},
			arrow{up(236, at-8, 40), "quotes", 245, at - 24})
	}
	return d
}

func right(x, y, length int) string {
	return fmt.Sprintf("M %d %d h %d m -9 -7 l 9 7 l -9 7", x, y, length)
}

func down(x, y, length int) string {
	return fmt.Sprintf("M %d %d v %d m -7 -9 l 7 9 l 7 -9", x, y, length)
}

func up(x, y, length int) string {
	return fmt.Sprintf("M %d %d v -%d m -7 9 l 7 -9 l 7 9", x, y, length)
}

func units(n int) string { return fmt.Sprint(n) }
