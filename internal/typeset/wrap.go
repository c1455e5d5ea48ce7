package typeset

import "slices"

// wrap fills lines as far as they go. breaks tells whether a line may end before the i-th cluster.
func wrap(clusters []Cluster, breaks func(int) byte, width float64) []Line {
	var lines []Line
	for i := 0; i < len(clusters); {
		end := lineEnd(clusters, breaks, i, width)
		last := end
		for last > i && clusters[last-1].space {
			last--
		}
		lines = append(lines, visual(clusters[i:last]))
		i = end
	}
	return lines
}

// lineEnd finds where the line from i on ends: after as many words as fit, or else after as many graphemes, and at
// least after one cluster. Spaces may stand beyond the edge, where nobody sees them.
func lineEnd(clusters []Cluster, breaks func(int) byte, i int, width float64) int {
	sum, end, word, grapheme := 0.0, i, i, i
	for ; end < len(clusters); end++ {
		switch {
		case end == i:
		case breaks(end) == breakWord:
			word = end
		case breaks(end) == breakGrapheme:
			grapheme = end
		}
		if sum+clusters[end].Advance > width && !clusters[end].space && end > i {
			break
		}
		sum += clusters[end].Advance
	}
	switch {
	case end == len(clusters):
		return end
	case word > i:
		return word
	case grapheme > i:
		return grapheme
	}
	return end
}

// visual puts clusters into the order of the eye: rule L2 of the Unicode bidirectional algorithm.
func visual(clusters []Cluster) Line {
	l := Line{Clusters: slices.Clone(clusters)}
	top := uint8(0)
	for _, c := range clusters {
		l.Width += c.Advance
		top = max(top, c.Level)
	}
	for level := top; level > 0; level-- {
		for i := 0; i < len(l.Clusters); {
			end := i
			for end < len(l.Clusters) && l.Clusters[end].Level >= level {
				end++
			}
			slices.Reverse(l.Clusters[i:end])
			i = max(end, i+1)
		}
	}
	return l
}
