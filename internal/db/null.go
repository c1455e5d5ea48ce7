package db

// OrNull is the argument of a statement for a value that may be missing: NULL for the zero value of its type. A zero
// time must be of UTC, as all times of this package are.
func OrNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
