package console

import (
	"fmt"
)

// The picture of where a post goes: from X to Repazoo, which may show its words to a model, and as a report to its
// author.

// station is a place that a post, or what is made of it, comes to.
type station struct {
	Name  string
	Lines []string // what happens there
}

func atX(l tongue) station { return station{"X", []string{l.Say("flow.x.1"), l.Say("flow.x.2")}} }

func atHome(l tongue, s Site) station {
	return station{"Repazoo", []string{l.Say("flow.home.1"), l.Say("flow.home.2", "n", s.PostDays)}}
}

func atModel(l tongue) station {
	return station{"Anthropic’s Claude", []string{l.Say("flow.model.1"), l.Say("flow.model.2")}}
}

func atYou(l tongue) station {
	return station{l.Say("flow.you"), []string{l.Say("flow.you.1"), l.Say("flow.you.2")}}
}

// flowWords tell the picture to those who do not see it.
func flowWords(l tongue, s Site) string {
	model := ""
	if s.Judged {
		model = l.Say("flow.words_model") + " "
	}
	return l.Say("flow.words", "n", s.PostDays, "model", model)
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
func lying(l tongue, s Site) sketch {
	const width, step, below = 262, 408, boxHeight + 60
	d := sketch{
		ViewBox: fmt.Sprintf("0 0 %d %d", 2*step+width+2, boxHeight+2),
		Boxes:   []box{{atX(l), 1, 1, width}, {atHome(l, s), 1 + step, 1, width}, {atYou(l), 1 + 2*step, 1, width}},
		Arrows: []arrow{
			{right(width+12, 54, step-width-24), l.Say("flow.posts"), width + 36, 44},
			{right(step+width+12, 54, step-width-24), l.Say("flow.report"), step + width + 34, 44},
		},
	}
	if s.Judged {
		d.ViewBox = fmt.Sprintf("0 0 %d %d", 2*step+width+2, below+boxHeight+2)
		d.Boxes = append(d.Boxes, box{atModel(l), 1 + step, 1 + below, width})
		d.Arrows = append(d.Arrows,
			arrow{down(step+60, boxHeight+9, 44), l.Say("flow.hidden"), step + 70, boxHeight + 35},
			arrow{up(step+200, below-7, 44), l.Say("flow.quotes"), step + 210, boxHeight + 35})
	}
	return d
}

// upright is the picture for phones.
func upright(l tongue, s Site) sketch {
	const width, step, inset = 298, boxHeight + 56, 60
	last := 1 + 2*step
	if s.Judged {
		last += step
	}
	d := sketch{
		ViewBox: fmt.Sprintf("0 0 %d %d", width+2, last+boxHeight+1),
		Boxes:   []box{{atX(l), 1, 1, width}, {atHome(l, s), 1, 1 + step, width}, {atYou(l), 1, last, width}},
		Arrows: []arrow{
			{down(28, boxHeight+8, 40), l.Say("flow.posts"), 40, boxHeight + 34},
			{down(28, step+boxHeight+8, last-step-boxHeight-15), l.Say("flow.report"), 40, last - 22},
		},
	}
	if s.Judged {
		at := 1 + 2*step
		d.Boxes = append(d.Boxes, box{atModel(l), 1 + inset, at, width - inset})
		d.Arrows = append(d.Arrows,
			arrow{down(96, at-48, 40), l.Say("flow.hidden"), 106, at - 24},
			arrow{up(236, at-8, 40), l.Say("flow.quotes"), 245, at - 24})
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
